"""The worker with points at which it can be killed, and a word in a text that kills it.

Run as ``python -m faults.launch_worker``, with the options of ``python -m worker``.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from itertools import chain

from core.consumer import Batch, Consumer
from core.entries import Strings
from faults.points import around, pass_by
from faults.texts import KILLER, is_poison, nonce_of
from worker.__main__ import main
from worker.settle import Settling
from worker.store import Store

_claim = Consumer.claim
_insert = Store.insert


def _claim_and_pass(self: Consumer, *arguments: int) -> Batch:
    batch = _claim(self, *arguments)
    if batch.entries:
        pass_by("worker-after-claim")
    return batch


def _insert_or_die(self: Store, batch: Sequence[Strings]) -> int:
    for text in chain.from_iterable(strings.texts for strings in batch):
        nonce = nonce_of(text) or ""
        if is_poison(nonce) and nonce.endswith(KILLER):
            os.kill(os.getpid(), signal.SIGKILL)
    return _insert(self, batch)


Consumer.claim = _claim_and_pass  # type: ignore[method-assign]
Store.insert = _insert_or_die  # type: ignore[method-assign]
around(Store, "insert", before="worker-before-commit", after="worker-after-commit")
around(Settling, "_halve", before="worker-in-bisecting")

if __name__ == "__main__":
    main()
