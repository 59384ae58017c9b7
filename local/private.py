"""Files that no other user may read at any moment, whatever our umask is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TextIO

FILE, FOLDER = 0o600, 0o700
UMASK = 0o077


def write(file: Path, text: str) -> None:
    """Write a text: the file is there as a whole or not at all. Raises OSError."""
    new = file.with_name(f"{file.name}.new")
    new.touch(FILE)
    new.write_text(text, encoding="utf-8")
    new.rename(file)


def fresh(file: Path) -> TextIO:
    """Open a file for lines, which is empty now. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    file.touch(FILE)
    return file.open("w", encoding="utf-8", errors="backslashreplace", buffering=1)


def kept(file: Path, make: Callable[[], str]) -> str:
    """Return the text that is kept in the file; it is made the first time. Raises OSError."""
    if not file.exists():
        file.parent.mkdir(FOLDER, parents=True, exist_ok=True)
        write(file, make())
    return file.read_text(encoding="utf-8")


def close(folder: Path, mode: int) -> None:
    """Give a folder its mode, and take from others the files that an earlier run left in it. Raises OSError."""
    folder.chmod(mode)
    for file in folder.iterdir():
        if file.is_file() and not file.is_symlink():
            file.chmod(FILE)
