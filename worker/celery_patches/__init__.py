"""Workarounds for Celery, kombu and billiard: each says what they do, where that is reported, and when it can go."""
