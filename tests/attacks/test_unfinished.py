"""What clients do not finish is bounded: heads, bodies and answers, in little memory, while others are served.

Also those that are slow because their line is.
"""

from __future__ import annotations

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

from attacks.bystander import Bystander
from attacks.conftest import Attacked
from attacks.limits import family, forget_peak, memory_limit, peak_memory
from front import POST, answer_of, connect, get_head, with_body
from slow import connections
from support import eventually, query

HEAD = b"GET /pipeline HTTP/1.1\r\nHost: a\r\nX-Slow: " + 8_000 * b"a"
BULK = POST.replace(b"/dummies/", b"/dummies/bulk")
KB = 1_000


def nginx_pid(attacked: Attacked) -> int:
    """Return the process whose children serve."""
    return int((attacked.web.folder / "nginx.pid").read_text("ascii"))


def in_files(attacked: Attacked) -> int:
    """Return the bytes of bodies in nginx' files, which have no names; they may be in memory in a container."""
    total = 0
    for process in family(nginx_pid(attacked)):
        for file in Path(f"/proc/{process.pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                if f"{attacked.web.folder}/body/" in str(file.readlink()):
                    total += file.stat().st_blocks * 512
    return total


def trickling(length: int) -> bytes:
    """Return a request whose last byte does not come."""
    return with_body(POST, length * b" ")[:-1]


def send_at(port: int, head: bytes, body: bytes, rate: int, slow: int) -> int:
    """Send a body, the last ``slow`` bytes of it at this rate (bytes a second); return the status of the response."""
    with connect(port, with_body(head, body)[:-slow], "127.0.0.5") as connection:
        for at in range(len(body) - slow, len(body), rate // 5):
            connection.sendall(body[at : at + rate // 5])
            time.sleep(0.2)
        return answer_of(connection)[0]


def test_unfinished_heads_and_bodies_fit_and_slow_clients_succeed(attacked: Attacked) -> None:
    """One client holds all the places that it gets; others send 64 KiB at 10 KB/s, and 1 MiB at 35 KB/s.

    Of the 1 MiB only the last 385 KB come at that rate: 11 s of 30, longer than a client may be silent.
    """
    web = attacked.web
    line = b'"' + 1_021 * b"x" + b'",'
    single, bulk = b'{"text": "' + 65_524 * b"x" + b'"}', b'{"texts": [' + 1_023 * line + b'"x"]}'
    forget_peak(nginx_pid(attacked))
    with Bystander(attacked), ExitStack() as held, ThreadPoolExecutor(2) as pool:
        slow = [
            pool.submit(send_at, web.port, POST, single, 10 * KB, len(single)),
            pool.submit(send_at, web.api_port, BULK, bulk, 35 * KB, 385 * KB),
        ]
        for length, count in ((19 * KB, 256), (299 * KB, 32), (1_199 * KB, 8), (8_000 * KB, 3)):
            for n in range(count):
                held.enter_context(connect([web.port, web.api_port][n % 2], trickling(length), "127.0.0.2"))
        held.enter_context(connections(web.port, 650, HEAD))
        held.enter_context(connections(web.api_port, 650, HEAD))
        eventually(lambda: in_files(attacked) > 42_000 * KB, within=20)
        taken = peak_memory(nginx_pid(attacked)) + in_files(attacked)
        assert [each.result() for each in slow] == [202, 202]
    print(f"{taken / 2**20:.0f} MiB of nginx and its files")
    assert taken < memory_limit("web/deployment.yaml")


def reader(port: int, sent: bytes, source: str) -> socket.socket:
    """Send a request from this address; of the answer the beginning is read, and little is kept in the kernel."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(15)
    connection.bind((source, 0))
    connection.connect(("127.0.0.1", port))
    connection.sendall(sent)
    assert connection.recv(12) == b"HTTP/1.1 200"
    return connection


def test_answers_that_are_not_read_fit(attacked: Attacked) -> None:
    """Of one text of 64 KiB, which takes 384 KiB in JSON; one too many is told when to retry."""
    web, values = attacked.web, "VALUES (gen_random_uuid(), repeat('\x01', 65536), now())"
    [(id_,)] = query(attacked.system, f"INSERT INTO dummies (id, text, received_at) {values} RETURNING id")
    asked = get_head(f"/dummies/?id={id_}")
    forget_peak(nginx_pid(attacked))
    forget_peak(attacked.api.pid)
    with Bystander(attacked), ExitStack() as held:
        for address in ("127.0.0.2", "127.0.0.3"):
            for n in range(32):
                held.enter_context(reader([web.port, web.api_port][n % 2], asked, address))
            with connect(web.port, asked, address) as connection:
                assert answer_of(connection)[0] == 503
        with connect(web.api_port, asked, "127.0.0.4") as connection:
            assert answer_of(connection)[0] == 503
    print(f"{peak_memory(nginx_pid(attacked)) / 2**20:.0f} MiB of nginx")
    assert peak_memory(nginx_pid(attacked)) < memory_limit("web/deployment.yaml")
    assert peak_memory(attacked.api.pid) < memory_limit("api/deployment.yaml")


def test_files_of_the_page_that_are_not_read_are_bounded_for_each_address_and_in_all(attacked: Attacked) -> None:
    port, asked = attacked.web.port, get_head("/assets/large.js")
    (attacked.web.folder / "site" / "dist" / "assets" / "large.js").write_bytes(8_000 * KB * b" ")
    forget_peak(nginx_pid(attacked))
    with ExitStack() as held:
        with Bystander(attacked):
            for address in ("127.0.0.2", "127.0.0.3"):
                for _ in range(64):
                    held.enter_context(reader(port, asked, address))
                assert_busy(port, asked, address)
                assert_busy(port, get_head("/none"), address)
        for address in ("127.0.0.4", "127.0.0.5"):
            for _ in range(64):
                held.enter_context(reader(port, asked, address))
        assert_busy(port, asked, "127.0.0.6")
        with connect(port, get_head("/settings.json"), "127.0.0.6") as connection:
            assert answer_of(connection)[0] == 200  # as to probes
        with connect(port, with_body(POST, b'{"text": "a"}'), "127.0.0.6") as connection:
            assert answer_of(connection)[0] == 202
    assert peak_memory(nginx_pid(attacked)) < memory_limit("web/deployment.yaml")


def assert_busy(port: int, sent: bytes, address: str) -> None:
    """Check that this is refused, with the problem that says so."""
    with connect(port, sent, address) as connection:
        status, headers, body = answer_of(connection)
    assert (status, headers["Retry-After"]) == (503, "2")
    assert json.loads(body)["type"] == "urn:ix-dummies:problem:busy"


def test_hundreds_of_large_heads_fit_the_api_itself(attacked: Attacked) -> None:
    """Only nginx reaches it in the cluster, but whoever does gets no more than its 512 connections of 32 KiB."""
    forget_peak(attacked.api.pid)
    with ExitStack() as held:
        for _ in range(900):
            connection = held.enter_context(socket.create_connection(("127.0.0.1", attacked.system.api_port), 5))
            connection.settimeout(0)
            with suppress(ConnectionError, BlockingIOError):
                connection.sendall(HEAD + 400 * KB * b"a")
        assert peak_memory(attacked.api.pid) < memory_limit("api/deployment.yaml")
    with Bystander(attacked):
        pass
