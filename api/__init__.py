"""The API tier: validates strings, appends them to the journal, reports their status."""

import core  # noqa: F401 - before redis-py, see there
