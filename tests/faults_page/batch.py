"""What the user sends: single strings and batches, each text with a name of its own."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from random import Random

MAX_TEXT_BYTES = 1_000
"""The API's limit during a run; the page knows only its own, 64 KiB."""
POISON = "poison"
"""A word that the table's constraint refuses while a run lasts."""
MOST_LINES = 6_000


@dataclass(frozen=True)
class Batch:
    """The lines of a file or of the field; no two batches of a round have the same number of lines or of strings."""

    name: str
    lines: tuple[str, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """The lines that the page sends: those that are neither empty nor impossible anywhere."""
        return tuple(line for line in self.lines if line and "\0" not in line)

    @property
    def refused(self) -> int:
        """How many lines the service refuses once they have all been sent."""
        return sum(len(text) > MAX_TEXT_BYTES for text in self.texts)

    @property
    def wanted(self) -> Counter[str]:
        """How many rows and dead letters of each text there are once all is sent."""
        return Counter(text for text in self.texts if len(text) <= MAX_TEXT_BYTES)

    @property
    def content(self) -> str:
        """The file."""
        return "\n".join(self.lines)


def make_batch(name: str, number: int, random: Random) -> Batch:
    """Return the round's batch of this number, below 20."""
    sizes = [0, random.randrange(5, MOST_LINES // 200), random.randrange(12, MOST_LINES // 200)]
    # its last digits tell which batch it is, though a few lines are not sent
    count = random.choice(sizes) * 200 + number * 10 + 9
    lines = [f"{name} {line}" for line in range(count)]
    for _ in range(random.choice([0, 1, 3, 3])):
        lines[random.randrange(count)] += f" {'x' * MAX_TEXT_BYTES}"
    for _ in range(random.choice([0, 0, 2, 10])):
        lines[random.randrange(count)] += f" {POISON}"
    for _ in range(random.choice([0, 2, 20])):
        lines[random.randrange(count)] = lines[random.randrange(count)]
    for _ in range(random.choice([0, 2])):
        lines[random.randrange(count - 1)] = ""  # a line break at the end begins no line
    for _ in range(random.choice([0, 0, 1])):
        lines[random.randrange(count)] += "\0"
    return Batch(name, tuple(lines))
