"""The worker tier: drains the journal into PostgreSQL."""

import core  # noqa: F401 - before redis-py, see there
