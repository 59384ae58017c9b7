"""Logging: one line per event, whatever is in it: key=value pairs for people, or JSON for machines."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.processors import JSONRenderer, LogfmtRenderer
from structlog.typing import Processor


def printable(text: str) -> str:
    """Return a text in which whatever ends a line, moves a cursor or is invisible is escaped, as repr() would."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Logs as much as it can of a record that cannot be formatted, instead of failing."""

    def format(self, record: logging.LogRecord) -> str:
        try:
            line = super().format(record)
        except Exception as error:  # noqa: BLE001 - whatever a record holds
            message = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
            told = f"a record that cannot be formatted: {message:.1000}: {error!r}"
            line = super().format(logging.LogRecord(record.name, record.levelno, "", 0, told, None, None))
        return printable(line)


def configure(*, json: bool) -> None:
    """Send structlog's events and the standard library's records to stderr, formatted alike."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    render: list[Processor] = [JSONRenderer()] if json else [_name_keys, LogfmtRenderer(bool_as_flag=False)]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _Formatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    _take_over()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _take_over() -> None:
    """Have loggers with handlers of their own, such as granian's, write through ours."""
    for logger in logging.root.manager.loggerDict.values():
        if isinstance(logger, logging.Logger) and logger.handlers:
            logger.handlers.clear()
            logger.propagate = True


def _name_keys(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace in keys whatever would end them, or the line."""
    return {"".join(each if each.isprintable() and each not in ' ="' else "_" for each in str(key)): value
            for key, value in event.items()}  # fmt: skip
