"""What is retried after a lost connection, and what is reported then."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, ReadOnlyError, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from core.connection import connect, without_repeats, write_again


def answering(*answers: RedisError | int) -> Callable[[], int]:
    """Return a call that gives or raises these, one after the other."""
    left = iter(answers)

    def call() -> int:
        answer = next(left)
        if isinstance(answer, RedisError):
            raise answer
        return answer

    return call


def test_a_write_whose_connection_was_lost_is_made_once_more() -> None:
    assert write_again(answering(RedisConnectionError(), 7)) == 7


@pytest.mark.parametrize("second", [OutOfMemoryError(), ReadOnlyError(), RedisConnectionError(), RedisTimeoutError()])
def test_what_refuses_the_second_write_says_nothing_of_the_first(second: RedisError) -> None:
    with pytest.raises(RedisConnectionError):
        write_again(answering(RedisConnectionError(), second))


@pytest.mark.parametrize("first", [OutOfMemoryError(), RedisTimeoutError()])
def test_a_refused_or_timed_out_write_is_not_repeated(first: RedisError) -> None:
    with pytest.raises(type(first)):
        write_again(answering(first, 7))


def test_a_client_without_repeats_has_everything_else_of_the_first() -> None:
    client = connect("redis://user:word@example.test:1234/5", timeout=3)
    once = without_repeats(client).connection_pool.connection_kwargs
    assert once["retry"].get_retries() == 0
    assert client.connection_pool.connection_kwargs["retry"].get_retries() == 1
    assert {name: value for name, value in once.items() if name != "retry"} == {
        name: value for name, value in client.connection_pool.connection_kwargs.items() if name != "retry"
    }
