"""An export frees its slot, however it ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from api.process.reader import Piece
from api.services import Services
from api.views.export import CONCURRENT_EXPORTS


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
    monkeypatch.setattr("api.views.export.EXPORT_PATIENCE", 0)
    for _ in range(CONCURRENT_EXPORTS + 1):
        with client.open("/dummies/export", method=method) as answer:
            assert answer.status_code == (500 if happens is _fail else 200)
