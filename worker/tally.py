"""What became of the strings of a batch, or of all that a drain took: the result of the worker's task."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(repr=False)
class Tally:
    """Counts of strings; its repr() is what Flower and Celery's log show as the task's result."""

    stored: int = 0
    """New rows."""
    skipped: int = 0
    """Strings that had their row already."""
    failed: int = 0
    """Strings that failed alone: set aside, or dead-lettered."""
    seconds: float = 0.0

    def add(self, other: Tally) -> None:
        """Add another's counts."""
        self.stored += other.stored
        self.skipped += other.skipped
        self.failed += other.failed

    def __bool__(self) -> bool:
        """Whether it counts any string."""
        return bool(self.stored or self.skipped or self.failed)

    @property
    def ms(self) -> int:
        """The time it took, in whole milliseconds."""
        return round(1000 * self.seconds)

    def __repr__(self) -> str:
        return f"stored {self.stored}, skipped {self.skipped}, failed {self.failed} in {self.ms} ms"
