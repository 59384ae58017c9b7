"""The deadline around calls to PostgreSQL."""

from __future__ import annotations

import socket
import time

import psycopg2
import pytest

from database.deadline import DeadlineExceeded, wait


class Call:
    """A call under way, in the states that a test gives it; the other end of its connection may speak or not."""

    def __init__(self, *states: int, seconds: float) -> None:
        self.seconds = seconds
        self.states = list(states)
        self.near, self.far = socket.socketpair()

    def poll(self) -> int:
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def fileno(self) -> int:
        return self.near.fileno()

    def close(self) -> None:
        self.near.close()
        self.far.close()


def test_a_call_that_ends_is_waited_for() -> None:
    call = Call(2, 1, 0, seconds=5)
    call.far.send(b"answer")
    wait(call)
    call.close()


def test_a_call_that_does_not_end_is_given_up() -> None:
    call = Call(1, seconds=0.05)
    started = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        wait(call)
    assert time.monotonic() - started >= 0.05
    assert call.expired
    assert issubclass(DeadlineExceeded, psycopg2.OperationalError)  # what callers expect of a server that is gone
    call.close()
