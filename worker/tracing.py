"""What a worker traces without a collector: nothing. ``worker/spans.py`` is what does, where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from core.consumer import Entry
from worker.tally import Tally


class Tracing:
    """Traces nothing, at no cost."""

    def batch(self, entries: Sequence[Entry], tally: Tally) -> AbstractContextManager[None]:  # noqa: ARG002
        """Trace how these entries are settled within the block, which counts in the tally what became of them."""
        return nullcontext()

    def statement(self, operation: str) -> AbstractContextManager[None]:  # noqa: ARG002
        """Trace a statement about the table within the block, if its batch is traced."""
        return nullcontext()
