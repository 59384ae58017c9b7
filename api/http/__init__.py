"""HTTP: the contract, reading requests, writing responses and problems. Knows nothing of Redis and PostgreSQL."""
