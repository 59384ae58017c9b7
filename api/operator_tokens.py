"""Operators' tokens: those in a file, each with a name, and the one in ``OPERATOR_TOKEN``.

The file has a line ``name token`` for each; empty lines and comments (``#``) are skipped. It is read for every request
of an operator: a token is valid, or no longer, as soon as the file says so. Only digests are kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path

import structlog

from core.outage_log import OutageLog
from core.settings import content

log = structlog.get_logger()

SHORTEST = 16
UNNAMED = "operator"
"""Reserved for ``OPERATOR_TOKEN``, which goes by another name if the file names that token, too."""
_is_token = re.compile("[!-~]+").fullmatch
_is_line = re.compile(rf"([A-Za-z0-9_.@-]{{1,64}})[ \t]+([!-~]{{{SHORTEST},}})").fullmatch


class OperatorTokens:
    """The tokens that are valid now; threads may share it."""

    def __init__(self, unnamed: str | None, file: Path | None) -> None:
        """Take the token without a name and the file, where there are any.

        A bad file is logged and has no tokens. It stops no start: strings are accepted without operators, too.
        """
        self._unnamed = {digest(unnamed): UNNAMED} if unnamed else {}
        self._file = file
        self._named: dict[bytes, str] = {}
        self._trouble = OutageLog("operators file refused, tokens stay as they were", "operators file read again")
        self.current()

    def current(self) -> Mapping[bytes, str]:
        """Return the name of each token by its digest. While the file cannot be used its last good content counts."""
        if self._file is None:
            return self._unnamed
        try:
            named = read(self._file)
        except ValueError as error:
            self._trouble.met(str(error))
            return self._unnamed | self._named
        self._trouble.over()
        if named != self._named:
            self._named = named
            log.info("operator tokens changed", names=sorted(named.values()))
        return self._unnamed | named


def name_of(token: str, tokens: Mapping[bytes, str]) -> str | None:
    """Return whose token this is; None if it is unknown. It takes the same time for any."""
    given, name = digest(token), None
    for known, owner in tokens.items():
        if compare_digest(known, given):
            name = owner
    return name


def read(file: Path) -> dict[bytes, str]:
    """Return the names by their tokens' digests; raises ValueError, which names the line and not what is in it."""
    names: dict[bytes, str] = {}
    for number, line in enumerate(map(str.strip, content(file).removeprefix("\ufeff").splitlines()), 1):
        if not line or line.startswith("#"):
            continue
        found = _is_line(line)
        if not found or found[1] == UNNAMED:
            raise ValueError(
                f"write line {number} of {file} as a name, which is not {UNNAMED}, a space, and a token of at least"
                f" {SHORTEST} visible ASCII characters"
            )
        token = digest(found[2])
        if token in names:
            raise ValueError(f"line {number} of {file} has the token of another line")
        names[token] = found[1]
    return names


def check(token: str) -> None:
    """Raise ValueError for a token that is too short, or that a line of the file or the page's field cannot carry."""
    if len(token) < SHORTEST:
        raise ValueError(f"use at least {SHORTEST} characters")
    if not _is_token(token):
        raise ValueError("use visible ASCII characters, without spaces")


def digest(token: str) -> bytes:
    """Return what is kept of a token, and compared."""
    return sha256(token.encode()).digest()
