"""Failed logins slow down their address, and no other."""

from __future__ import annotations

import threading
import tracemalloc
from collections import Counter
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import pytest
from support import capture_logs

from api.http.client_address import address_of
from api.http.problems import ApiProblem
from api.process import login_guard
from api.process.login_guard import FORGOTTEN_AFTER, FREE, LONGEST_WAIT, MOST_ADDRESSES, LoginGuard

HERE, ELSEWHERE = ip_address("192.0.2.1"), ip_address("192.0.2.2")


class Clock:
    """A clock that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The guard's clock."""
    monkeypatch.setattr(login_guard, "monotonic", made := Clock())
    return made


def refused(guard: LoginGuard, address: Any = HERE, *, right: bool = False) -> int | None:
    """Log in; return after how many seconds to try again, None if the token was looked at."""
    try:
        guard.note(address, right=right)
    except ApiProblem as problem:
        return problem.retry_after if problem.name == "rate-limited" else -1
    return None


def fail(guard: LoginGuard, times: int, address: Any = HERE) -> None:
    """Use up tries."""
    for _ in range(times):
        assert refused(guard, address) is None


def test_each_failure_doubles_the_wait_up_to_a_minute(clock: Clock) -> None:
    guard = LoginGuard()
    fail(guard, FREE)
    waits = []
    for _ in range(8):
        waits.append(refused(guard) or 0)
        clock.now += waits[-1]
        fail(guard, 1)
    assert waits == [1, 2, 4, 8, 16, 32, LONGEST_WAIT, LONGEST_WAIT]


def test_during_the_wait_no_token_is_looked_at_and_nothing_prolongs_it(clock: Clock) -> None:
    guard = LoginGuard()
    fail(guard, FREE)
    for _ in range(1000):
        assert refused(guard) == refused(guard, right=True) == 1
    clock.now += 1
    assert refused(guard, right=True) is None


def test_the_right_token_is_let_in_from_any_other_address() -> None:
    guard = LoginGuard()
    fail(guard, FREE)
    assert refused(guard) == 1
    assert refused(guard, ELSEWHERE, right=True) is None
    fail(guard, FREE, ELSEWHERE)


def test_the_right_token_ends_the_failures_of_its_address(clock: Clock) -> None:
    guard = LoginGuard()
    for _ in range(3):
        fail(guard, FREE)
        clock.now += 1
        assert refused(guard, right=True) is None


def test_failures_are_forgotten_after_an_hour_without_any(clock: Clock) -> None:
    guard = LoginGuard()
    fail(guard, FREE)
    clock.now += 1 + FORGOTTEN_AFTER - 1
    fail(guard, 1)
    assert refused(guard) == 2
    clock.now += 3 + FORGOTTEN_AFTER
    fail(guard, FREE)


def test_requests_at_the_same_time_have_no_more_tries() -> None:
    """Each is counted where it is decided, so that threads cannot all be let in before the first has failed."""
    guard, outcomes = LoginGuard(), Counter[int | None]()
    start = threading.Barrier(32)

    def guess() -> None:
        start.wait()
        outcomes[refused(guard)] += 1

    threads = [threading.Thread(target=guess) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == {None: FREE, 1: 32 - FREE}


def test_an_ipv6_client_cannot_evade_by_the_part_of_its_address_that_it_chooses() -> None:
    guard = LoginGuard()
    for number in range(FREE):
        fail(guard, 1, IPv6Address(f"2001:db8:1:1::{number}"))
    assert refused(guard, IPv6Address("2001:db8:1:1:ffff::")) == 1
    assert refused(guard, IPv6Address("2001:db8:1:2::")) is None


def test_any_number_of_addresses_takes_bounded_memory() -> None:
    guard = LoginGuard()
    tracemalloc.start()
    try:
        for number in range(2 * MOST_ADDRESSES):
            guard.note(IPv6Address(number << 64), right=False)
        assert tracemalloc.get_traced_memory()[0] < 2 * 2**20
    finally:
        tracemalloc.stop()
    assert len(guard._failures) == MOST_ADDRESSES
    fail(guard, FREE - 1, IPv6Address(number << 64))
    assert refused(guard, IPv6Address(number << 64)) == 1


def test_what_was_refused_is_logged_with_the_next_failure_and_not_line_by_line(clock: Clock) -> None:
    guard = LoginGuard()
    with capture_logs() as logs:
        fail(guard, FREE)
        for _ in range(1000):
            refused(guard)
        clock.now += 1
        fail(guard, 1)
    assert len(logs) == FREE + 1
    assert (logs[0]["address"], logs[0]["failures"], logs[0]["log_level"]) == ("192.0.2.1", 1, "warning")
    assert (logs[-1]["failures"], logs[-1]["refused_since"], logs[-1]["wait"]) == (FREE + 1, 1000, 2)


@pytest.mark.parametrize(
    ("header", "peer", "address"),
    [
        ("192.0.2.1", "127.0.0.1", HERE),
        ("::ffff:192.0.2.1", "127.0.0.1", HERE),
        ("2001:db8::1", "127.0.0.1", IPv6Address("2001:db8::1")),
        (None, "192.0.2.1", HERE),
        (None, "::ffff:192.0.2.1", HERE),
        ("", "192.0.2.1", HERE),
        ("192.0.2.2, 192.0.2.1", "192.0.2.1", HERE),
        ("unix:", "127.0.0.1", IPv4Address("127.0.0.1")),
        (None, "", None),
    ],
)
def test_nginx_names_the_client_otherwise_the_connection_does(header: str | None, peer: str, address: Any) -> None:
    environ = {"REMOTE_ADDR": peer} | ({"HTTP_X_DUMMIES_CLIENT": header} if header is not None else {})
    assert address_of(environ) == address
