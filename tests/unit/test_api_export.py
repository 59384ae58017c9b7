"""An export frees its slot, however it ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from api.process.reader import Piece
from api.services import Services
from api.views.export import CONCURRENT_EXPORTS
from core.errors import DatabaseUnavailable, ReadsBusy


def _fail() -> None:
    raise RuntimeError


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("happens", [_fail, lambda: None], ids=["an unexpected error", "nothing"])
def test_an_export_frees_its_slot_however_it_ends(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch, method: str, happens: Callable[[], None]
) -> None:
    def export(*_: object, csv: bool) -> Piece:  # noqa: ARG001
        happens()
        return Piece("lines\n", None)

    monkeypatch.setattr(services.reader, "export", export)
    monkeypatch.setattr("api.views.export._places.patience", 0)
    for _ in range(CONCURRENT_EXPORTS + 1):
        with client.open("/dummies/export", method=method) as answer:
            assert answer.status_code == (500 if happens is _fail else 200)


@pytest.mark.parametrize("error", [DatabaseUnavailable, ReadsBusy])
def test_an_export_that_has_begun_waits_for_its_turn(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    pieces = iter([Piece("one\n", 2), error, error, Piece("two\n", None)])

    def export(_: str | None, before: int | None, *, csv: bool) -> Piece:  # noqa: ARG001
        piece = next(pieces)
        if isinstance(piece, Piece):
            assert before == (None if piece.before else 2)
            return piece
        raise piece

    monkeypatch.setattr(services.reader, "export", export)
    monkeypatch.setattr("api.views.export.DATABASE_TRIED_AGAIN", (0, 0))
    with client.get("/dummies/export") as answer:
        assert answer.text == "one\ntwo\n"
