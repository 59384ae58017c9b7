"""The schema: numbered SQL and the program that applies it; and sessions with PostgreSQL."""
