"""A field of a submission gets everywhere. What leaves it out is silent otherwise: each place works without it."""

from __future__ import annotations

import re
from types import SimpleNamespace
from uuid import uuid4

import msgspec
import pytest
from flask import Flask
from strings import submissions_of

from api.http.bodies import decode_one, read_many
from api.http.contract import BulkRequest, StringState, SubmitRequest
from api.strings import stored
from api.submissions import accept, accept_bulk
from core.append import Unit
from core.submission import StoredString, Submission
from doctor.postgres import RIGHTS
from local.system import ROOT

FIELDS = Submission.__struct_fields__
KEPT = {"id", "received_at"}
"""Those that an erased string keeps."""


SENT = {field: f"a {field}" for field in SubmitRequest.__struct_fields__}
"""What a client may say of a string: its every field."""


def sql(name: str) -> str:
    """Return the statement in a file, without its comments."""
    return re.sub("--.*", "", (ROOT / name).read_text(encoding="utf-8"))


class Journal:
    """Keeps what is appended to it."""

    def __init__(self) -> None:
        self.units: list[Unit] = []

    def append(self, units: list[Unit]) -> SimpleNamespace:
        self.units += units
        return SimpleNamespace(earlier=None, appended=1)

    @property
    def kept(self) -> list[dict[str, object]]:
        return [msgspec.structs.asdict(each) for unit in self.units for each in submissions_of(unit)]


def parts_with(journal: Journal) -> SimpleNamespace:
    """Return services whose only shard this is."""
    monitor = SimpleNamespace(appended_elsewhere=lambda _: 0)
    return SimpleNamespace(appenders=[journal], appender=lambda _: journal, monitor=monitor)


def test_every_field_is_submitted_but_what_the_service_knows_itself() -> None:
    assert set(SENT) == set(FIELDS) - KEPT
    assert set(BulkRequest.__struct_fields__) - {"texts"} == set(SENT) - {"text"}


def test_every_field_of_a_single_string_reaches_the_journal() -> None:
    journal = Journal()
    accept(parts_with(journal), decode_one(msgspec.json.encode(SENT), 99), "key", None)  # type: ignore[arg-type]
    assert journal.kept[0].items() >= SENT.items()


@pytest.mark.parametrize("padding", [0, 2**20])
@pytest.mark.parametrize("kind", ["json", "x-ndjson"])
def test_every_field_of_a_bulk_reaches_the_journal(kind: str, padding: int) -> None:
    """Whether its body is small or large, for which another decoder is used."""
    journal = Journal()
    body = msgspec.json.encode({**SENT, "texts": [SENT["text"]]} if kind == "json" else SENT)
    with Flask("").test_request_context(content_type=f"application/{kind}"):
        submitted = read_many(body + b" " * padding, 99, lambda _: False)
    accept_bulk(parts_with(journal), submitted, "key", None)  # type: ignore[arg-type]
    assert journal.kept[0].items() >= SENT.items()


def test_a_worker_inserts_every_field_and_has_the_right_to() -> None:
    insert = sql("worker/sql/insert.sql")
    assert re.findall(r"INSERT INTO public\.dummies \((.+?)\)", insert) == [", ".join(FIELDS)]
    assert tuple(re.findall(r"%\((\w+)\)s", insert)) == FIELDS
    needed = {right for right in RIGHTS["DATABASE_URL"][0] if right.startswith("INSERT")}
    assert needed == {f"INSERT ({field}) on dummies" for field in FIELDS}


@pytest.mark.parametrize("field", StoredString.__struct_fields__)
def test_every_field_of_a_row_is_read(field: str) -> None:
    assert re.search(rf"(?m)^(.*, )?{field},|AS {field}\b", sql("api/process/sql/columns.sql"))


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_is_exported_in_both_formats(field: str) -> None:
    export = sql("api/process/sql/export.sql")
    assert field in export.partition(r"\uFEFF")[2].partition(r"\r\n")[0].split(",")
    assert f'"{field}":' in export


@pytest.mark.parametrize("field", [field for field in FIELDS if field not in KEPT])
def test_every_field_is_erased_but_what_tells_that_there_was_a_string(field: str) -> None:
    assert f" {field} = " in sql("database/sql/erase.sql").partition("DO UPDATE SET")[2].partition("WHERE")[0]


def test_every_field_is_shown() -> None:
    given = [str(uuid4()), *(f"a {field}" for field in FIELDS if field not in KEPT)]
    given.insert(FIELDS.index("received_at"), 1)  # type: ignore[arg-type]
    shown = stored(StoredString(*given, stored_at=2, seq=3))  # type: ignore[arg-type]
    assert set(FIELDS) <= set(StringState.__struct_fields__)
    assert {field: getattr(shown, field) for field in FIELDS if field not in KEPT} == {
        field: f"a {field}" for field in FIELDS if field not in KEPT
    }
