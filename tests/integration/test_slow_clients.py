"""Clients of granian that send or read slowly, or not at all: probes are answered, and what they held is freed."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
from slow import connections, ended, refuses
from support import Client, eventually, query, redis_of

from api.process.request_threads import COUNT
from api.views.export import CONCURRENT_EXPORTS
from api.views.submit import CONCURRENT_BULKS
from core.journal import Journal
from local.ports import free_port
from local.ready import get
from local.system import System

pytestmark = pytest.mark.timeout(120)
MANY = 80
STUCK_AFTER = 1.0
OPERATIONS = free_port()
SINGLE = b"POST /dummies/ HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n"
BULK = b"POST /dummies/bulk HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 200000\r\n\r\n"
TOO_LARGE = b"POST /dummies/bulk HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 9000000\r\n\r\n"
CHUNKED = (
    b"POST /dummies/bulk HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n"
)
EXPECTING = SINGLE.replace(b"Host: a", b"Expect: 100-continue")
EXPORT = b"GET /dummies/export HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """An API of one process, without nginx, and 30 MB of rows."""
    with System(tmp_path_factory.mktemp("system")) as started:
        started.start_api({"OPERATIONS_PORT": str(OPERATIONS), "STUCK_AFTER": str(STUCK_AFTER)}, workers=1)
        rows = "SELECT gen_random_uuid(), repeat('x', 20000), now() FROM generate_series(1, 1500)"
        query(started, f"INSERT INTO dummies (id, text, received_at) {rows}")
        yield started


@contextmanager
def trickling(port: int, count: int, head: bytes) -> Iterator[None]:
    """Have this many clients send their body a byte at a time."""
    over = threading.Event()

    def trickle(clients: list[socket.socket]) -> None:
        while not over.wait(0.05):
            for client in clients:
                client.sendall(b"x")

    with connections(port, count, head) as clients:
        thread = threading.Thread(target=trickle, args=[clients])
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def streams(count: int) -> bytes:
    """Return a connection of HTTP/2 with this many requests whose bodies do not end."""
    fields = b"\x83\x86\x44\x09/dummies/\x41\x01a\x5c\x0299\x5f\x10application/json"
    frames = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", struct.pack(">I", 0)[1:] + b"\x04\x00" + struct.pack(">I", 0)]
    frames += [
        struct.pack(">I", len(fields))[1:] + b"\x01\x04" + struct.pack(">I", 2 * number + 1) + fields
        for number in range(count)
    ]
    return b"".join(frames)


@pytest.mark.parametrize(
    "head",
    [SINGLE + b"{", BULK + b"x" * 100_000, TOO_LARGE, CHUNKED + b"x", EXPECTING],
    ids=["single", "bulk", "too large", "chunked", "expecting"],
)
def test_bodies_that_do_not_end_stop_no_probe(system: System, client: Client, head: bytes) -> None:
    """The operations port answers throughout, and fails after a while; once the clients are gone everything serves."""
    with connections(system.api_port, MANY, head):
        assert get(OPERATIONS, "/healthz")
        eventually(lambda: refuses(OPERATIONS, "/healthz") and refuses(OPERATIONS, "/readyz"), within=30)
    eventually(lambda: get(OPERATIONS, "/healthz") and get(OPERATIONS, "/readyz"), within=30)
    assert client.submit("after").status_code == 202


@pytest.mark.parametrize(
    ("head", "count"), [(SINGLE, COUNT), (BULK, MANY), (CHUNKED, MANY)], ids=["single", "bulk", "chunked"]
)
def test_bodies_that_trickle_stop_no_probe(system: System, client: Client, head: bytes, count: int) -> None:
    with trickling(system.api_port, count, head):
        eventually(lambda: refuses(OPERATIONS, "/healthz"), within=30)
    eventually(lambda: get(OPERATIONS, "/healthz"), within=30)
    assert client.submit("after").status_code == 202


def test_one_connection_is_one_request(system: System, client: Client) -> None:
    """HTTP/2, in which one connection could hold every thread, is not spoken."""
    with connections(system.api_port, 1, streams(MANY)) as [connection]:
        eventually(lambda: ended(connection), within=30)
        assert client.submit("meanwhile").status_code == 202
        assert get(OPERATIONS, "/healthz")


def test_connections_without_a_request_do_not_use_up_the_process(system: System, client: Client) -> None:
    """More of them than granian takes keep no probe from being answered, and each has its time."""
    kinds = [b"", b"PRI *", b"GET /dummies/ HTTP/1.1\r\nHost: a\r\n", b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"]
    for kind in kinds:
        with connections(system.api_port, 700, kind):
            assert get(OPERATIONS, "/healthz")
            assert get(OPERATIONS, "/readyz")
    eventually(lambda: client.submit("after").status_code == 202, within=30)
    with ExitStack() as opened:
        lasting = [opened.enter_context(connections(system.api_port, 1, kind)) for kind in kinds]
        eventually(lambda: all(ended(each) for [each] in lasting), within=20)


@pytest.mark.parametrize("head", [BULK, CHUNKED], ids=["bulk", "chunked"])
def test_a_bulk_takes_a_slot_only_once_its_body_is_complete(system: System, client: Client, head: bytes) -> None:
    with trickling(system.api_port, 2 * CONCURRENT_BULKS, head):
        assert all(client.submit_all(["meanwhile"]) for _ in range(20))


def test_readers_that_do_not_read_give_back_what_they_held(system: System, client: Client) -> None:
    """A slot and a thread each, however they disconnect; other clients are served, or told to wait."""

    def exports() -> int:
        with client.stream("GET", "/dummies/export?q=nothing") as answer:
            return answer.status_code

    for vanish in (False, True):
        with connections(system.api_port, CONCURRENT_EXPORTS, EXPORT) as readers:
            eventually(lambda: exports() == 503, within=30)
            assert client.submit("meanwhile").status_code == 202
            assert get(OPERATIONS, "/healthz")
            for reader in readers if vanish else []:
                reader.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        eventually(lambda: exports() == 200, within=30)
    with client.stream("GET", "/dummies/export") as answer:
        assert sum(map(len, answer.iter_bytes())) > 1500 * 20000


def test_a_reader_that_goes_while_the_database_is_down_is_noticed(system: System, client: Client) -> None:
    """Its export has nothing to send meanwhile, and would have waited for PostgreSQL."""

    def refusal() -> str:
        return client.get("/dummies/export").json()["type"].rpartition(":")[2]

    with connections(system.api_port, CONCURRENT_EXPORTS, EXPORT) as readers:
        assert all(reader.recv(1) for reader in readers)
        system.postgres.kill()
        for reader in readers:
            _drain(reader)
        assert refusal() == "busy"
    eventually(lambda: refusal() == "database-away", within=30)
    system.postgres.start()
    eventually(lambda: client.get("/dummies/export?q=nothing").status_code == 200, within=30)


def _drain(connection: socket.socket) -> None:
    """Read until nothing has come for a second."""
    connection.settimeout(1)
    with suppress(TimeoutError):
        while connection.recv(65536):
            pass


@pytest.mark.parametrize(
    "request_",
    [
        BULK + b"one\ntwo\nthr",
        SINGLE + b'{"text":"cut off"}',
        SINGLE.replace(b"/json", b"/json; charset=utf-8") + b'{"text":"cut off"}',
    ],
    ids=["bulk", "fast path", "single"],
)
def test_a_body_that_is_cut_off_stores_nothing(system: System, request_: bytes) -> None:
    """Granian hands it over as if it were whole; the client repeats it, and must not find its key used."""
    with redis_of(system) as redis:
        before = Journal(redis).counts().appended
    with socket.create_connection(("127.0.0.1", system.api_port), timeout=20) as client:
        client.sendall(request_)
        client.shutdown(socket.SHUT_WR)
        assert client.recv(4096).startswith(b"HTTP/1.1 400 ")
    with redis_of(system) as redis:
        assert Journal(redis).counts().appended == before
