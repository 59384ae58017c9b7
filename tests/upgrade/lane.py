"""A rollout from an older revision, and back, under load: then every string that was acknowledged is judged."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

from faults.checker import Verdict, check, report
from faults.ledger import Ledger
from faults.run import look
from faults.texts import is_poison
from faults.world import CONSTRAINT
from support import Client, eventually

from core.timeouts import LEASE
from upgrade.clients import RollingClients
from upgrade.probes import Probes
from upgrade.versions import Version, Versions

SEED = 1
RATE = 60.0
IDS_PER_QUESTION = 2_000
SETTLED_WITHIN = LEASE + 45
"""Seconds until all is stored that a killed worker held."""
OLD, NEW, BOTH = ("old",), ("new",), ("old", "new")


class Phase(NamedTuple):
    """What runs of which version."""

    name: str
    apis: tuple[Version, ...]
    workers: tuple[Version, ...]


PHASES = (
    Phase("the old version", OLD, OLD),
    Phase("the new API beside the old one", BOTH, OLD),
    Phase("the new API, both workers", NEW, BOTH),
    Phase("the new version", NEW, NEW),
    Phase("the old version beside it again", BOTH, BOTH),
    Phase("the old version alone again", OLD, OLD),
    Phase("the new version for good", NEW, NEW),
)
"""What a phase does not have is killed at its beginning, and not asked to end: what it held is in the journal.

Else workers roll out first, so that none meets a newer entry; here the API does: entries have one format so far.
"""


def roll_out(folder: Path, old: Path, seconds: float, *, settles: bool) -> None:
    """Play the phases, each for this many seconds at least, and judge.

    With ``settles`` workers are killed amid their batches, and each phase lasts until all that was acknowledged before
    is stored: a lease at least. Raises AssertionError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(folder / "ledger.jsonl")
    with Versions(folder / "system", old) as versions:
        versions.query(CONSTRAINT)
        versions.run(PHASES[0].apis, PHASES[0].workers)
        probes = Probes(versions, ledger)
        with RollingClients(versions.ports, ledger, RATE, SEED):
            for phase in PHASES:
                _play(phase, versions, probes, ledger, seconds, settles=settles)
            versions.migrate("new", "--post")
            probes.settle_letters(versions.clients)
        eventually(lambda: not versions.counts().waiting, SETTLED_WITHIN)
        verdict = _judge(versions, ledger)
    ledger.close()
    assert verdict.ok, report(verdict, ledger, SEED)
    print(report(verdict, ledger, SEED))


def _play(phase: Phase, versions: Versions, probes: Probes, ledger: Ledger, seconds: float, *, settles: bool) -> None:
    """Change to a phase, and see that all holds in it; the order is that of what must not wait."""
    began = time.monotonic()
    if "new" in phase.apis + phase.workers:
        versions.migrate("new")
    versions.run(phase.apis, phase.workers, amid=settles)
    apis, known = versions.clients, _ids(ledger)
    probes.reuse_keys(apis)
    probes.retry_the_same(apis)
    probes.settle_letters(apis)
    probes.make_letters(apis)
    for api in apis.values():
        _ask(api, known, probes, settles=settles)
        assert api.pipeline()["unaccounted"] == 0
    time.sleep(max(0.0, began + seconds - time.monotonic()))
    probes.carry_keys(apis)
    print(f"{phase.name}: {time.monotonic() - began:.1f} s, {len(_ids(ledger)):,} strings", flush=True)


def _ids(ledger: Ledger) -> dict[str, str]:
    """Return the text's nonce of each id that was acknowledged."""
    return {id_: nonce for nonce, ids in ledger.ids.copy().items() for id_ in ids.copy()}


def _ask(api: Client, known: dict[str, str], probes: Probes, *, settles: bool) -> None:
    """See that an API has the right status of every string, and with ``settles`` wait until all are stored."""
    ids = list(known)
    for start in range(0, len(ids), IDS_PER_QUESTION):
        asked = ids[start : start + IDS_PER_QUESTION]

        def queued(asked: list[str] = asked) -> int:
            answer = api.post("/dummies/status", json={"ids": asked}).raise_for_status().json()
            assert (answer["not_found"], answer["unavailable"]) == ([], 0)
            failed = {letter["id"] for letter in answer["failed"]}
            assert failed <= {id_ for id_ in asked if is_poison(known[id_])} | probes.letters.keys()
            return int(answer["queued"])

        eventually(lambda queued=queued: queued() == 0 or not settles, SETTLED_WITHIN)


def _judge(versions: Versions, ledger: Ledger) -> Verdict:
    counts = versions.counts()
    assert (counts.entries, counts.pending, counts.unaccounted) == (0, 0, 0), f"the journal has entries: {counts}"
    return check(ledger, look(versions, ledger, []), least_acknowledged=100 * len(PHASES))
