"""The API tier: validates strings, appends them to the journal, reports their status."""
