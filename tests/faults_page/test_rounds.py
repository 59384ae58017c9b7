"""Two tabs on a secure origin and on plain http, with late and lost answers, restarts and crashes: no word is false."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from faults_page.run import report, run

SEED = 4
ROUNDS = 2
"""The first is on a secure origin, the second is not."""


@pytest.mark.timeout(400)
def test_rows_equal_receipts_whatever_two_tabs_and_the_network_do(tmp_path: Path) -> None:
    # in a thread of its own, because other tests may have left an event loop in this one
    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(run, tmp_path, SEED, rounds=ROUNDS).result()
    assert len({ledger.origin for ledger in result.ledgers}) == ROUNDS
    assert result.ok, report(result)
    assert not result.idle, report(result)
