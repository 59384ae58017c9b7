"""A log event is one line, whatever anyone has put into it."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from contextvars import Context
from io import StringIO
from typing import Any

import pytest
import structlog

from core import logs
from local.system import ROOT

CONTROLS = "".join(
    chr(code) for code in range(0x11_0000) if unicodedata.category(chr(code)) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
)
"""C0, C1, DEL, line and paragraph separators, what overrides a text's direction or is not seen, lone surrogates."""
FORGED = "ok\r\nlevel=error event=forged\x1b[2J\x9b31m\u2028\u202e\u0085\x00"


@pytest.fixture(autouse=True)
def stderr(monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    """What is written; logging is left as it was."""
    monkeypatch.setattr(sys, "stderr", stream := StringIO())
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture(params=["logfmt", "json"])
def style(request: pytest.FixtureRequest, stderr: StringIO) -> str:  # noqa: ARG001
    """Each of the two formats, in use."""
    logs.configure(json=request.param == "json")
    return request.param


def the_line(stderr: StringIO) -> str:
    """Return the one line that was written."""
    written = stderr.getvalue()
    stderr.seek(stderr.truncate(0))
    assert written.endswith("\n")
    assert written[:-1].isprintable()
    assert not set(written[:-1]) & set(CONTROLS)
    return written[:-1]


@pytest.mark.parametrize("value", [FORGED, CONTROLS, FORGED.encode(), [FORGED], {FORGED: FORGED}], ids=type)
def test_a_value(stderr: StringIO, style: str, value: Any) -> None:
    structlog.get_logger("test").info("event", value=value)
    line = the_line(stderr)
    if style == "json" and value is FORGED:
        assert json.loads(line)["value"] == value


def test_the_event_itself(stderr: StringIO, style: str) -> None:
    structlog.get_logger("test").info(FORGED)
    line = the_line(stderr)
    assert (json.loads(line)["event"] == FORGED) if style == "json" else ('event="ok\\r\\nlevel=error' in line)


@pytest.mark.parametrize("key", [FORGED, "a b", "a=b", 'a"b', "", "\x1b", "키\u202e", "a\x7fb"])
def test_a_key(stderr: StringIO, style: str, key: str) -> None:
    structlog.get_logger("test").info("event", **{key: "value"})
    line = the_line(stderr)
    assert "value" in line
    if style == "json":
        assert json.loads(line)[key] == "value"


@pytest.mark.usefixtures("style")
def test_an_exception(stderr: StringIO) -> None:
    try:
        {}[FORGED]
    except KeyError as error:
        error.add_note(FORGED)
        structlog.get_logger("test").exception("failed")
    assert "Traceback" in the_line(stderr)


@pytest.mark.usefixtures("style")
def test_the_standard_librarys_records(stderr: StringIO) -> None:
    logger = logging.getLogger(f"a{FORGED}")
    logger.warning("said %s", FORGED)
    assert "said ok" in the_line(stderr)
    try:
        {}[FORGED]
    except KeyError:
        logger.exception("failed", stack_info=True)
    assert "Traceback" in the_line(stderr)


class Unprintable:
    """Fails when it is formatted."""

    def __repr__(self) -> str:
        raise RuntimeError(FORGED)


@pytest.mark.usefixtures("style")
@pytest.mark.parametrize(
    ("message", "argument"),
    [("%d", FORGED), ("%s %s", FORGED), (FORGED + "%", 1), ("%s", Unprintable()), ({"event": Unprintable()}, None)],
)
def test_a_record_that_cannot_be_formatted(message: Any, argument: Any) -> None:
    """The handlers of pytest fail at it, so that it is given to ours alone."""
    [handler] = [each for each in logging.getLogger().handlers if isinstance(each.formatter, logs._Formatter)]
    line = handler.format(logging.LogRecord("test", logging.ERROR, "", 0, message, (argument,), None))
    assert line.isprintable()
    assert "cannot be formatted" in line


@pytest.mark.usefixtures("style")
def test_a_context(stderr: StringIO) -> None:
    """In a context of its own, so that nothing stays bound for other tests."""
    context = Context()
    context.run(structlog.contextvars.bind_contextvars, request_id=FORGED)
    context.run(structlog.get_logger("test").info, "event")
    assert "request_id" in the_line(stderr)


@pytest.mark.parametrize("style", ["logfmt"], indirect=True)
@pytest.mark.usefixtures("style")
def test_what_people_write_stays_readable(stderr: StringIO) -> None:
    structlog.get_logger("test").info("안녕 ü 👍", path="C:\\a b")
    assert the_line(stderr).startswith('path="C:\\\\a b" event="안녕 ü 👍"')


def test_a_librarys_own_handlers_write_the_same_way(stderr: StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", stderr)
    logger = logging.getLogger("_granian")
    logger.addHandler(logging.StreamHandler(sys.stdout))
    logger.propagate = False
    logs.configure(json=False)
    logger.error("application failed: %s", FORGED)
    assert the_line(stderr).startswith("event=")


def test_programs_of_make_run_cannot_move_the_terminals_cursor() -> None:
    code = f"import sys; sys.stdout.buffer.write({FORGED!r}.encode('utf-8', 'surrogateescape') + b'\\n')"
    script = (
        "import sys; from local.supervisor import Program, Supervisor; "
        f"Supervisor(['one']).complete(Program('one', [sys.executable, '-c', {code!r}]), 20)"
    )
    said = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert all(line.isprintable() for line in said.split("\n"))
    assert "forged" in said
