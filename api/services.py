"""The services that requests use: one of each per process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from flask import current_app

from api.operator_tokens import OperatorTokens
from api.process.appender import Appender
from api.process.login_guard import LoginGuard
from api.process.monitor import Monitor
from api.process.reader import Reader
from api.settings import ApiSettings
from core.dead_letter_groups import DeadLetterGroups
from core.dead_letters import AllDeadLetters
from core.journals import Journals
from core.wakeups import Waker

EXTENSION = "dummies"


@dataclass(frozen=True, slots=True)
class Services:
    """What a request may need."""

    settings: ApiSettings
    journals: Journals
    appenders: Sequence[Appender]
    waker: Waker
    dead_letters: AllDeadLetters
    groups: DeadLetterGroups
    reader: Reader
    monitor: Monitor
    operator_tokens: OperatorTokens
    logins: LoginGuard

    def appender(self, number: int) -> Appender:
        """Return the appender of a shard; raises as ``Monitor.check`` does where it refuses strings at present."""
        self.monitor.check_shard(number)
        return self.appenders[number]

    @property
    def draining(self) -> bool:
        """Whether the process is shutting down."""
        file = self.settings.draining_file
        return file is not None and file.exists()


def services() -> Services:
    """Return the services of the application that serves this request."""
    return cast("Services", current_app.extensions[EXTENSION])
