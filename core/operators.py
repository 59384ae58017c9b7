"""What an operator's commands share: who runs them, and why."""

from __future__ import annotations

import argparse
import os
from pwd import getpwuid
from socket import gethostname

MOST_CHARACTERS = 500


def operator() -> str:
    """Return who runs the command, as user@host; from the user database and the hostname, not the environment."""
    try:
        user = getpwuid(os.getuid()).pw_name
    except KeyError:  # containers' users often have no name
        user = str(os.getuid())
    return f"{user}@{gethostname()}"


def printable_text(text: str) -> str:
    """Return an option's text; raises ArgumentTypeError if it is empty, too long or unprintable."""
    if not 0 < len(text) <= MOST_CHARACTERS or not text.isprintable():
        raise argparse.ArgumentTypeError(f"give 1 to {MOST_CHARACTERS} printable characters")
    return text
