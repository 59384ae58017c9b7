"""The worker tier: drains the journal into PostgreSQL."""
