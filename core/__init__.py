"""The contract between the tiers: what a submission is, how it travels, what everything is called."""
