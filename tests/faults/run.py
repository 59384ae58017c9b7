"""A run: the world, the clients, the faults as planned, then healing, draining and the checker."""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random

from core.shards import shard_of
from faults.checker import Found, Verdict, check
from faults.clients import Answer, Clients
from faults.harm import Harm
from faults.ledger import Ledger
from faults.schedule import Planned
from faults.world import SETTLED_WITHIN, World, wait_for_calm

STATUS_IDS_AT_ONCE = 100
STATUSES_ASKED = 20_000
WARM_UP = 2.0
LINGERS = 300.0
"""The most seconds until all that lingers is over: a text that ends its worker does so nine times, each for a lease."""
LINGERING_RATE = 10.0
"""Requests a second meanwhile: the faults are over, and so much is enough."""
LATE = "SELECT count(*) FROM dummies WHERE stored_at > greatest(received_at, %s) + %s * INTERVAL '1 s'"
CALM = 100
"""Waiting strings below which a backlog counts as gone: some are always on their way."""


@dataclass
class Happened:
    """A fault that happened: when (s since the clients began), whether it was seen, and how long the backlog stayed.

    ``shards`` is the number of shards after it.
    """

    name: str
    began: float
    ended: float
    seen: bool
    shards: int = 1
    drained_after: float | None = None


@dataclass
class Run:
    """What a run brought."""

    seed: int
    verdict: Verdict
    happened: list[Happened] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    ledger: Ledger | None = None

    def during(self, fault: Happened) -> list[Answer]:
        """Return the answers to the requests that were in flight during a fault."""
        return [each for each in self.answers if each.at < fault.ended and each.at + each.took > fault.began]


def run(  # noqa: PLR0913
    folder: Path,
    lanes: Sequence[Sequence[Planned]],
    *,
    seed: int,
    rate: float,
    seconds: float,
    settle: float = SETTLED_WITHIN,
    make: Callable[[Path], World] = World,
) -> Run:
    """Play the lanes at the same time, each until its faults are over or the time is up; then judge.

    With one lane the backlog of each fault is waited for and its duration noted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(folder / "ledger.jsonl")
    happened: list[Happened] = []
    with make(folder / "world") as world:
        with Clients(world.url, ledger, rate, seed) as clients:
            world.clients = clients
            time.sleep(WARM_UP)
            until = time.monotonic() + seconds
            wait = settle if len(lanes) == 1 else None
            arguments = [(world, lane, until, happened, wait) for lane in lanes]
            threads = [threading.Thread(target=_play, args=each) for each in arguments]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            _replay_unseen(world, lanes, happened)
            [[healed_at]] = world.query("SELECT clock_timestamp()")
            if any(planned.kind.lingers for lane in lanes for planned in lane):
                _outlast_lingering(world)
            time.sleep(WARM_UP)
        wait_for_calm(world, 0, settle)
        found = look(world, ledger, [each.name for each in happened if not each.seen], healed_at, settle)
    ledger.close()
    happened.sort(key=lambda each: each.began)
    return Run(seed, check(ledger, found), happened, clients.answers, ledger)


def _play(world: World, lane: Sequence[Planned], until: float, happened: list[Happened], settle: float | None) -> None:
    for planned in lane:
        time.sleep(planned.pause)
        if time.monotonic() > until:
            return
        began = time.monotonic() - world.clients.started
        try:
            seen = planned.kind.inject(Harm(world, Random(planned.seed), planned.lasts))
        except Exception as error:  # noqa: BLE001 - it counts as not seen, and the others continue
            print(f"{planned.kind.name}: {type(error).__name__}: {error}", flush=True)
            seen = False
        ended = time.monotonic() - world.clients.started
        happened.append(Happened(planned.kind.name, began, ended, seen, world.shard_count))
        if settle is not None:
            happened[-1].drained_after = wait_for_calm(world, CALM, settle)


def _replay_unseen(world: World, lanes: Sequence[Sequence[Planned]], happened: list[Happened]) -> None:
    """Play once more, alone, what could not take effect because of another fault at the same time."""
    planned = {each.kind.name: each for lane in lanes for each in lane}
    for fault in [each for each in happened if not each.seen]:
        print(f"once more, alone: {fault.name}", flush=True)
        again: list[Happened] = []
        _play(world, [planned[fault.name]], float("inf"), again, None)
        fault.seen = again[0].seen


def _outlast_lingering(world: World) -> None:
    """Keep sending until all that lingers is over: what is set aside is judged only while other strings are stored."""
    world.clients.rate = min(world.clients.rate, LINGERING_RATE)
    until = time.monotonic() + LINGERS
    while time.monotonic() < until and not world.is_settled():
        time.sleep(0.2)


def look(
    world: World,
    ledger: Ledger,
    unseen: list[str],
    healed_at: datetime | None = None,
    settle: float = SETTLED_WITHIN,
) -> Found:
    """Return the state at the end; the table is read as the superuser, past the proxy.

    If ``healed_at`` is known, strings that took longer than ``settle`` (s) from then on are counted.
    """
    rows = [(str(row_id), text) for row_id, text in world.query("SELECT id, text FROM dummies")]
    letters = world.dead_letters()
    ids = [each for known in ledger.ids.values() for each in known]
    if len(ids) > STATUSES_ASKED:
        ids = Random(0).sample(ids, STATUSES_ASKED)
    counts = world.counts()
    return Found(
        rows=rows,
        dead_letters=[(letter["id"], letter["text"]) for letter in letters],
        statuses=_statuses(world, ids),
        waiting=counts.waiting,
        set_aside=counts.set_aside,
        late=world.query(LATE, healed_at, settle)[0][0] if healed_at else 0,
        unaccounted=counts.unaccounted,
        unseen_faults=unseen,
    )


def _statuses(world: World, ids: list[str]) -> dict[str, str]:
    statuses = dict.fromkeys(ids, "unknown")
    for start in range(0, len(ids), STATUS_IDS_AT_ONCE):
        answer = json.loads(world.ask("/dummies/", ids[start : start + STATUS_IDS_AT_ONCE]))
        statuses |= {each["id"]: each["status"] for each in answer["items"]}
    return statuses


def table(run: Run) -> str:
    """Return what each kind of fault did to the clients, a line for each kind."""
    lines = ["| fault | times | p99 ms | 503 or broken | last of them after s | most shards | backlog gone after s |"]
    lines.append("|---" * 7 + "|")
    for name in sorted({each.name for each in run.happened}):
        faults = [each for each in run.happened if each.name == name]
        answers = [answer for each in faults for answer in run.during(each)]
        bad = sum(_is_bad(answer) for answer in answers)
        last = max((a.at - f.began for f in faults for a in run.during(f) if _is_bad(a)), default=0.0)
        shards = max(len(_shards_of(filter(_is_bad, run.during(each)), each.shards)) for each in faults)
        took = [answer.took * 1000 for answer in answers if answer.outcome == "acknowledged"]
        p99 = f"{statistics.quantiles(took, n=100)[98]:,.0f}" if len(took) > 1 else "none"
        drained = [each.drained_after for each in faults if each.drained_after is not None]
        after = f"{max(drained):.1f}" if drained else ""
        lines.append(
            f"| {name} | {len(faults)} | {p99} | {bad:,} of {len(answers):,} | {last:.1f} | {shards} | {after} |"
        )
    return "\n".join(lines)


def _shards_of(answers: Iterable[Answer], shards: int) -> set[int]:
    return {shard_of(each.id, shards) for each in answers if each.id}


def _is_bad(answer: Answer) -> bool:
    return answer.outcome == "unknown" or answer.what.startswith("503")
