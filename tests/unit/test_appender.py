"""Group commit: what waits together is written together."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from strings import bulk

from api.ids import key_hash
from api.process import appender as appender_module
from api.process.appender import Appender, Ticket
from core.append import Unit
from core.errors import JournalFull, JournalUnavailable, KeyReused
from core.journal import Appended

KEPT = Ticket(appended=7, kept=True)


class SlowJournal:
    """Records the groups that it is given; holds the first one until it is released."""

    def __init__(self) -> None:
        self.groups: list[list[Unit]] = []
        self.entered, self.go_on = threading.Event(), threading.Event()
        self.error: Exception | None = None
        self.outcomes: list[Exception | None] = []
        """What befalls the next groups, one after the other, before ``error`` befalls the rest."""

    def append(self, units: Sequence[Unit]) -> Appended:
        self.groups.append(list(units))
        self.entered.set()
        assert self.go_on.wait(5)
        error = self.outcomes.pop(0) if self.outcomes else self.error
        if error:
            raise error
        refused = {index for index, unit in enumerate(units) if unit.key_hash == key_hash("refused")}
        return Appended(wake=True, refused=refused, earlier={}, appended=7)


@pytest.fixture
def journal() -> SlowJournal:
    """A journal that holds what comes."""
    return SlowJournal()


@pytest.fixture
def wakes() -> list[None]:
    """The wake-ups."""
    return []


@pytest.fixture
def appender(journal: SlowJournal, wakes: list[None]) -> Appender:
    """An appender in front of it."""
    return Appender(journal, lambda: wakes.append(None))  # type: ignore[arg-type]


def unit(count: int = 1, text: str = "a", key: str = "") -> Unit:
    """Return this many strings."""
    return bulk(*[text] * count, key=key)


def waiting(appender: Appender) -> int:
    """Return how many units wait."""
    return sum(len(group.waiting) for group in tuple(appender._groups))


def append_behind(appender: Appender, journal: SlowJournal, units: Sequence[Unit]) -> list[object]:
    """Append units from a thread each while a first one is under way; return what each got."""

    def append(one: Unit) -> object:
        try:
            return appender.append([one])
        except (JournalUnavailable, JournalFull, KeyReused) as error:
            return type(error)

    with ThreadPoolExecutor(len(units) + 1) as pool:
        first = pool.submit(append, unit())
        assert journal.entered.wait(5)
        rest = [pool.submit(append, one) for one in units]
        while waiting(appender) < len(units):
            pass
        journal.go_on.set()
        return [future.result(5) for future in (first, *rest)]


def test_what_comes_while_a_call_is_under_way_goes_with_the_next(
    appender: Appender, journal: SlowJournal, wakes: list[None]
) -> None:
    assert append_behind(appender, journal, [unit() for _ in range(20)]) == [KEPT] * 21
    assert [len(group) for group in journal.groups] == [1, 20]
    assert len(wakes) == 2


def test_a_group_ends_at_its_limits(appender: Appender, journal: SlowJournal) -> None:
    append_behind(appender, journal, [unit(300), unit(300), unit(1, "a" * 2**20), unit(1, "b" * 2**20)])
    assert sorted(sum(len(u.texts) for u in group) for group in journal.groups[1:]) in (
        [1, 1, 300, 300],
        [1, 1, 600],
    )
    assert all(sum(len(u.texts) for u in group) <= 500 for group in journal.groups)


def test_a_refused_key_refuses_its_request_alone(appender: Appender, journal: SlowJournal) -> None:
    assert append_behind(appender, journal, [unit(key="refused")]) == [KEPT, KeyReused]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (JournalUnavailable(), JournalUnavailable),
        (JournalFull(), JournalFull),
        (ZeroDivisionError(), JournalUnavailable),
    ],
)
def test_an_error_reaches_every_caller_and_later_calls_are_served(
    appender: Appender, journal: SlowJournal, error: Exception, told: type[Exception]
) -> None:
    journal.error = error
    assert append_behind(appender, journal, [unit(), unit()]) == [told] * 3
    journal.error = None
    assert appender.append([unit()]) == KEPT


def test_an_append_that_was_given_up_is_not_written_later(
    appender: Appender, journal: SlowJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appender_module, "PATIENCE", 0.05)
    for _ in range(2):
        with pytest.raises(JournalUnavailable):
            appender.append([unit()])
    journal.go_on.set()
    monkeypatch.setattr(appender_module, "PATIENCE", 5)
    appender.append([unit()])
    assert [len(group) for group in journal.groups] == [1, 1]


def test_a_group_waits_for_as_many_units_as_were_under_way(
    appender: Appender, journal: SlowJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appender_module, "GATHERING", 60)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(appender.append, [unit()])
        assert journal.entered.wait(5)
        rest = [pool.submit(appender.append, [unit()]) for _ in range(3)]
        while waiting(appender) < 3:
            pass
        journal.go_on.set()
        assert first.result(5) == KEPT
        assert wait(rest, 0.05).not_done == set(rest)
        assert pool.submit(appender.append, [unit()]).result(5) == KEPT
        assert [one.result(5) for one in rest] == [KEPT] * 3
    assert [len(group) for group in journal.groups] == [1, 4]


def test_it_does_not_wait_for_clients_that_are_gone(appender: Appender, journal: SlowJournal) -> None:
    append_behind(appender, journal, [unit() for _ in range(3)])
    for _ in range(2):
        assert appender.append([unit()]) == KEPT
    assert appender._enough == 1


LARGE = 500  # strings in a unit that fills a group


@pytest.mark.parametrize("error", [JournalFull(), JournalUnavailable(), ZeroDivisionError()])
def test_a_partly_appended_request_is_not_told_that_nothing_was_accepted(
    appender: Appender, journal: SlowJournal, error: Exception
) -> None:
    journal.go_on.set()
    journal.outcomes = [None, error]
    with pytest.raises(JournalUnavailable):
        appender.append([unit(LARGE) for _ in range(3)])


def test_nor_is_one_whose_last_part_alone_is_refused_for_its_key(appender: Appender, journal: SlowJournal) -> None:
    journal.go_on.set()
    with pytest.raises(JournalUnavailable):
        appender.append([unit(LARGE, key="known"), unit(LARGE, key="refused")])


@pytest.mark.parametrize(
    ("key", "outcomes", "told"),
    [("", [JournalFull()], JournalFull), ("refused", [], KeyReused), ("", [JournalUnavailable()], JournalUnavailable)],
)
def test_what_a_failed_request_has_left_is_not_written_when_there_is_room_again(
    appender: Appender, journal: SlowJournal, key: str, outcomes: list[Exception | None], told: type[Exception]
) -> None:
    """Not even with the next request: its client was told that nothing was accepted."""
    journal.go_on.set()
    journal.outcomes = outcomes
    refused = [unit(LARGE, key=key), unit(LARGE), unit(LARGE), unit()]
    with pytest.raises(told):
        appender.append(refused)
    assert appender.append([unit(LARGE)]) == KEPT
    written = [one for group in journal.groups for one in group]
    assert [one for one in written if one in refused] == refused[:1]


def test_the_thread_starts_with_the_first_string(appender: Appender, journal: SlowJournal) -> None:
    """In the process that serves, not in the one that forks it."""
    assert appender._thread is None
    journal.go_on.set()
    appender.append([unit()])
    assert appender._thread is not None
