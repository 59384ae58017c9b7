"""When a search ends: a statement of it may have to wait, or others may have to wait for it."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from api import history
from api.process.reader import Reader, Search
from api.services import Services
from core.errors import ReadsBusy

FIRST, SECOND = Search([], 1_000, 9_000, 0), Search([], 30, 8_970, 0)


class Looks:
    """A table in which nothing is found, and what happens at each look at it."""

    def __init__(self) -> None:
        self.happens: list[Search | ReadsBusy | None] = []
        self.steps: list[tuple[int | None, int]] = []
        """Of each look the place and the strings it was to look at."""

    def search(self, _: str, before: int | None, most: int, limit: int) -> Search | None:
        assert limit == history.DEFAULT_PAGE
        self.steps.append((before, most))
        happens = self.happens.pop(0)
        if isinstance(happens, ReadsBusy):
            raise happens
        return happens


@pytest.fixture
def looks(services: Services, monkeypatch: pytest.MonkeyPatch) -> Looks:
    """A search's looks, with time enough."""
    made = Looks()
    monkeypatch.setattr(history, "SEARCH_BUDGET", 60)
    monkeypatch.setattr(services.reader, "search", made.search)
    return made


@pytest.mark.parametrize(
    ("happens", "cursor", "steps"),
    [
        ([None], None, [(None, 1_000)]),
        ([FIRST, SECOND, None], None, [(None, 1_000), (9_000, 4_000), (8_970, 120)]),
        ([FIRST, ReadsBusy()], "9000", [(None, 1_000), (9_000, 4_000)]),
    ],
    ids=["nothing there", "long strings", "busy later"],
)
def test_a_search_answers_how_far_it_got(
    client: FlaskClient,
    looks: Looks,
    happens: list[Search | ReadsBusy | None],
    cursor: str | None,
    steps: list[tuple[int | None, int]],
) -> None:
    looks.happens = list(happens)
    assert client.get("/dummies/?q=a").json["next_cursor"] == cursor
    assert looks.steps == steps


def test_a_search_ends_where_another_waits(client: FlaskClient, looks: Looks, monkeypatch: pytest.MonkeyPatch) -> None:
    looks.happens = [FIRST]
    monkeypatch.setattr(Reader, "others_search", True)
    assert client.get("/dummies/?q=a").json["next_cursor"] == "9000"


def test_a_search_that_gets_no_turn_is_told_so(client: FlaskClient, looks: Looks) -> None:
    looks.happens = [ReadsBusy()]
    assert client.get("/dummies/?q=a").status_code == 503
