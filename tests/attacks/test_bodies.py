"""Bodies that cost more than their size: refused within the API's memory limit, while other clients are served."""

from __future__ import annotations

import http.client
import json
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import cycle

import pytest
from attacks.bystander import Bystander
from attacks.conftest import Attacked
from attacks.limits import MIB, forget_peak, memory_limit, peak_memory
from front import answer_of, connect, with_body
from support import eventually

SIZE = 8_000_000
JSON, NDJSON, PLAIN = "application/json", "application/x-ndjson", "text/plain"
SINGLE, BULK, STATUS, FAILED = "/dummies/", "/dummies/bulk", "/dummies/status", "/dummies/failed/discard"
TOKEN = "token-of-an-operator"
BUDGET = 64 * MIB
ALLOCATORS = 48 * MIB
"""What a process may keep beside its budget: what allocators have not given back, and what requests load."""
WIDE = ("👋" + "x" * 1000 + "\n").encode()


def filled(beginning: bytes, item: bytes, end: bytes, size: int = SIZE) -> bytes:
    """Return a body of nearly this size with as many of the items as fit."""
    return beginning + b",".join([item] * ((size - len(beginning) - len(end)) // (len(item) + 1))) + end


def hostile() -> Iterator[tuple[str, str, bytes]]:
    """Yield path, media type and body of what must be refused."""
    for item in (b"{}", b"[" * 100 + b"]" * 100, b'{"":' * 100 + b"0" + b"}" * 100, b'"a"'):
        yield BULK, JSON, filled(b'{"texts":[', item, b"]}")
        yield BULK, NDJSON, filled(b'{"text":[', item, b"]}")
        yield SINGLE, JSON, filled(b'{"text":[', item, b"]}", 390_000)
        yield STATUS, JSON, filled(b'{"ids":[', item, b"]}", 250_000)
        yield FAILED, JSON, filled(b'{"why":"a","reasons":[', item, b"]}", 1_000_000)
    for deep in (b"[" * 16384, b'{"a":' * 3276, b'{"text":"a","texts":["a"],"a":' + b"[" * 16000):
        yield from ((path, JSON, deep) for path in (SINGLE, BULK, STATUS, FAILED))
        yield BULK, NDJSON, deep
    yield BULK, JSON, filled(b"{", b'"texts":["a","b",1]', b"}")
    for text in (b"\\u0001" * (SIZE // 6), b"\\ud800" * (SIZE // 6), WIDE[:-1] * (SIZE // len(WIDE)) + b"\xff"):
        yield BULK, JSON, b'{"texts":["' + text + b'"]}'
        yield BULK, NDJSON, b'\n{"text":"' + text + b'"}'
        yield BULK, PLAIN, b"\n" + text


def request(path: str, media: str, body: bytes) -> bytes:
    """Return an operator's request."""
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: {media}\r\n"
    return with_body(head.encode(), body)


def sent(port: int, whole: bytes, source: str = "127.0.0.1") -> tuple[int, http.client.HTTPMessage]:
    """Send a request; return the answer's status and headers."""
    with connect(port, whole, source) as connection:
        return answer_of(connection)[:2]


@contextmanager
def in_little_memory(attacked: Attacked, idle: int) -> Iterator[None]:
    """Fail where the block takes more of the API's memory than the budget, or ends one of its processes."""
    forget_peak(attacked.api.pid)
    with Bystander(attacked):
        yield
    peak = peak_memory(attacked.api.pid)
    print(f"{idle / MIB:.0f} MiB before any attack, {peak / MIB:.0f} MiB at most")
    assert peak < memory_limit("api/deployment.yaml")
    assert peak - idle < BUDGET + ALLOCATORS


@pytest.fixture(scope="module")
def api_settings() -> dict[str, str]:
    """Operators' routes are open."""
    return {"OPERATOR_TOKEN": TOKEN}


@pytest.fixture(scope="module")
def idle(attacked: Attacked) -> int:
    """Return the memory (bytes) that the API takes before any attack."""
    with Bystander(attacked):
        pass
    return peak_memory(attacked.api.pid)


@pytest.fixture(params=["granian", "nginx"])
def port(request: pytest.FixtureRequest, attacked: Attacked) -> int:
    """Where the attack is sent: to the API itself, or through nginx."""
    return attacked.system.api_port if request.param == "granian" else attacked.web.api_port


def test_whatever_is_in_a_body_it_is_refused_in_little_memory(attacked: Attacked, idle: int) -> None:
    ports = cycle((attacked.system.api_port, attacked.web.api_port))
    with in_little_memory(attacked, idle):
        for each in hostile():
            assert sent(next(ports), request(*each))[0] in (400, 413, 422), each[:2]


def test_many_small_hostile_bodies_at_the_same_time(attacked: Attacked, idle: int, port: int) -> None:
    small = [request(*each) for each in hostile() if len(each[2]) < MIB]
    with in_little_memory(attacked, idle), ThreadPoolExecutor(64) as pool:
        statuses = Counter(pool.map(lambda n: sent(port, small[n % len(small)], f"127.0.0.{n % 5 + 2}")[0], range(200)))
    print(statuses)
    assert set(statuses) <= {400, 413, 422, 503}


def test_many_large_bodies_at_the_same_time_starve_no_small_ones(attacked: Attacked, idle: int, port: int) -> None:
    """From several addresses, of the kind that takes most; those without room are told when to come back."""
    large = [
        request(BULK, PLAIN, WIDE * (SIZE // len(WIDE)) + b"\0"),
        request(
            BULK,
            JSON,
            json.dumps({"texts": [WIDE.decode()] * (SIZE // len(WIDE) - 100) + ["\0"]}, ensure_ascii=False).encode(),
        ),
    ]
    over = threading.Event()

    def small() -> list[int]:
        body = request(BULK, PLAIN, b"small\n" * 100)
        statuses = []
        while not over.wait(0.05):
            statuses.append(sent(port, body, "127.0.0.8")[0])
        return statuses

    with in_little_memory(attacked, idle), ThreadPoolExecutor(13) as pool:
        meanwhile = pool.submit(small)
        answers = list(pool.map(lambda n: sent(port, large[n % 2], f"127.0.0.{n % 4 + 2}"), range(48)))
        over.set()
    print(Counter(status for status, _ in answers), Counter(meanwhile.result()))
    assert {422} <= {status for status, _ in answers} <= {422, 503}
    assert all(headers["Retry-After"] for status, headers in answers if status == 503)
    assert set(meanwhile.result()) == {202}


@pytest.mark.parametrize("clients", [1, 20])
def test_bulks_that_take_long_to_append_starve_no_single_strings(attacked: Attacked, idle: int, clients: int) -> None:
    """Small bodies of very many strings, 200 at a time: few wait for their turn, the others are told to come back."""
    each = request(BULK, PLAIN, b"a\n" * 9_999)
    with in_little_memory(attacked, idle), ThreadPoolExecutor(200) as pool:
        answers = pool.map(lambda n: sent(attacked.web.api_port, each, f"127.0.1.{n % clients + 1}"), range(600))
        statuses = Counter(status for status, _ in answers)
    print(statuses)
    assert {202, 503} == set(statuses)


def test_clients_that_vanish_in_the_middle_of_a_body_leave_nothing_behind(
    attacked: Attacked, idle: int, port: int
) -> None:
    whole = request(BULK, PLAIN, WIDE * (SIZE // len(WIDE)))
    with in_little_memory(attacked, idle):
        for length in (len(whole) // 2, len(whole) - 1):
            clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(8)]
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(lambda client: vanish(client, whole[:length]), clients))  # noqa: B023
        eventually(lambda: sent(port, whole)[0] == 202, within=30)


def vanish(client: socket.socket, beginning: bytes) -> None:
    """Send the beginning of a request, as far as it is read, and reset the connection."""
    client.settimeout(2)
    with suppress(OSError):
        client.sendall(beginning)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
