"""What can go wrong between the tiers; an exception's docstring is its default message."""

from __future__ import annotations


class DummiesError(Exception):
    """Something went wrong."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or type(self).__doc__)


class InvalidText(DummiesError):
    """The text cannot be stored."""


class TextTooLong(InvalidText):
    """The text is longer than the limit, which may have been higher before."""


class JournalUnavailable(DummiesError):
    """The journal does not answer."""


class CredentialsRefused(JournalUnavailable):
    """Redis refuses the user or the password."""


class JournalFull(DummiesError):
    """The journal has no room."""


class Paused(DummiesError):
    """An operator has paused draining."""


class KeyReused(DummiesError):
    """The idempotency key was used for another request a short while ago."""


class ReadsBusy(DummiesError):
    """Too many read at the same time."""


class ReadTooSlow(ReadsBusy):
    """Reading took too long."""


class ReadFailed(DummiesError):
    """PostgreSQL cannot be read."""


class DatabaseUnavailable(ReadFailed):
    """PostgreSQL does not answer, or is in trouble itself."""


class ReadRefused(ReadFailed):
    """PostgreSQL answers, but refuses to read: a right is missing, or what the statement names."""
