"""Status records and repeats on Redis in memory: the cases, and any history of one bulk and some single strings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dead_letters import balance
from fakeredis import FakeRedis, FakeServer
from hypothesis import given, settings
from hypothesis import strategies as st
from record_cases import Calls, LookUps, RepeatedBulks
from strings import bulk, ids_of, records_in, single

from core.consumer import Consumer, Entry
from core.dead_letters import DeadLetters
from core.journal import Journal


class TestLookUps(LookUps):
    """On Redis in memory."""


class TestRepeatedBulks(RepeatedBulks):
    """On Redis in memory."""


class TestCalls(Calls):
    """On Redis in memory."""


COUNT, SINGLES = 9, 3
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.lists(st.tuples(st.integers(0, COUNT - 1), st.integers(1, COUNT)), max_size=3)),
        st.tuples(st.just("submit"), st.sets(st.integers(0, SINGLES - 1), min_size=1)),
        st.tuples(st.sampled_from(["complete", "split", "dead_letter", "retry", "discard"]), st.integers(0, 20)),
    ),
    max_size=25,
)


class History:
    """What happens to the strings, and what must be known of each: its state, by id; one that is stored has none."""

    def __init__(self) -> None:
        self.redis = FakeRedis(server=FakeServer(version=(7,)), protocol=2)
        self.journal, self.consumer, self.letters = Journal(self.redis), Consumer(self.redis), DeadLetters(self.redis)
        self.bulk, self.singles = bulk(*map(str, range(COUNT))), [single(str(number)) for number in range(SINGLES)]
        self.ids = [*ids_of(self.bulk), *(unit.first_id for unit in self.singles)]
        self.states: dict[str, str] = {}
        self.held: list[Entry] = []
        self.settled: list[Entry] = []

    def append(self, spans: list[tuple[int, int]]) -> None:
        """Append parts of the bulk, in one call."""
        units = [self.bulk.part(start, end) for start, end in spans if start < end]
        if units:
            self.journal.append(units)
        self._queue(id_ for unit in units for id_ in ids_of(unit))

    def submit(self, numbers: set[int]) -> None:
        """Append single strings, in one call."""
        units = [self.singles[number] for number in numbers]
        self.journal.append(units)
        self._queue(unit.first_id for unit in units)

    def complete(self, number: int) -> None:
        """Complete an entry."""
        self._settle(number, lambda entry: self.consumer.complete([entry], 0), None)

    def split(self, number: int) -> None:
        """Split an entry."""
        self._settle(number, self.consumer.split, "queued")

    def dead_letter(self, number: int) -> None:
        """Have an entry refused, split if it has several strings."""
        if self.held and len(self.held[number % len(self.held)].strings) > 1:
            self.split(number)
        else:
            self._settle(number, lambda entry: self.consumer.dead_letter(entry, "because"), "failed")

    def retry(self, number: int) -> None:
        """Retry a dead letter."""
        if failed := [id_ for id_ in self.ids if self.states.get(id_) == "failed"]:
            assert self.letters.retry(failed[number % len(failed)])
            self.states[failed[number % len(failed)]] = "queued"

    def discard(self, number: int) -> None:
        """Discard a dead letter."""
        if failed := [id_ for id_ in self.ids if self.states.get(id_) == "failed"]:
            assert self.letters.discard(failed[number % len(failed)])
            del self.states[failed[number % len(failed)]]

    def check(self) -> None:
        """Compare all that is known with what must be; what was settled long since changes nothing."""
        self.held += self.consumer.claim().entries
        for entry in self.settled:
            self.consumer.complete([entry], 0)
            self.consumer.split(entry)
        entries = {id_: entry.id for entry in self.held for id_ in entry.strings.ids}
        expected = {id_: "failed" if state == "failed" else entries[id_] for id_, state in self.states.items()}
        found = zip(self.ids, self.journal.records(self.ids), strict=True)
        assert {id_: record.entry for id_, record in found if record} == expected
        assert records_in(self.redis) == len(expected)
        counted = balance(self.redis)
        states = list(self.states.values())
        assert (counted["waiting"], counted["failed"]) == (states.count("queued"), states.count("failed"))

    def _queue(self, ids: Any) -> None:
        for id_ in ids:
            self.states.setdefault(id_, "queued")

    def _settle(self, number: int, act: Callable[[Entry], object], state: str | None) -> None:
        if self.held:
            entry = self.held.pop(number % len(self.held))
            act(entry)
            self.settled.append(entry)
            for id_ in entry.strings.ids:
                if state:
                    self.states[id_] = state
                else:
                    del self.states[id_]


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_whatever_happens_each_string_is_known_once_and_the_counters_balance(steps: list[tuple[str, Any]]) -> None:
    history = History()
    for name, argument in steps:
        getattr(history, name)(argument)
        history.check()
