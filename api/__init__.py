"""The API tier: validates strings, appends them to the journal, answers what became of them."""
