"""The doctor: checks what the tiers need, from where it runs, before and after a deploy."""
