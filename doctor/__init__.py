"""The doctor: looks at everything that the tiers need from where it runs, before and after a deploy."""
