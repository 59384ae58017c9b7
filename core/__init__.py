"""The contract between the tiers: what a submission is, how it travels, and the keys in Redis."""
