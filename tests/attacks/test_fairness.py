"""One client takes its share at most, whatever headers it sends and however many addresses its network has."""

from __future__ import annotations

import http.server
import json
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from email.message import Message
from itertools import count
from pathlib import Path
from uuid import UUID

import pytest
from attacks.bystander import Bystander
from attacks.conftest import Attacked
from front import POST, Web, answer_of, connect, get_head, serving, with_body

from local.system import System

PROXY, CLIENT, OTHER = "127.0.0.8", "127.0.0.2", "127.0.0.3"
FEW = ("1r/m", "1")
"""A rate at which the third request is refused."""
addresses = (f"192.0.2.{number}" for number in count(1))


class Echo(http.server.BaseHTTPRequestHandler):
    """An API that answers with the headers of the request."""

    def do_GET(self) -> None:
        """Answer."""
        body = json.dumps(dict(self.headers)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """Nginx behind a proxy, in which few requests are a client's share."""
    system, trusted = System(tmp_path_factory.mktemp("nothing")), (PROXY, "10.0.0.0/8")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo) as echo:
        threading.Thread(target=echo.serve_forever, daemon=True).start()
        upstream = f"127.0.0.1:{echo.server_port}"
        with serving(system, "front", upstream=upstream, rate=FEW, api_rate=FEW, trusted=trusted) as made:
            yield made
        echo.shutdown()


def ask(port: int, source: str, **headers: str) -> tuple[int, Message, bytes]:
    """Return the answer to a request with these headers from this address of the loopback interface."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items()).encode()
    with connect(port, get_head("/pipeline")[:-2] + lines + b"\r\n", source) as connection:
        return answer_of(connection)


def statuses(port: int, source: str, forwarded: list[str]) -> list[int]:
    """Return the statuses of a request for each X-Forwarded-For."""
    return [ask(port, source, X_Forwarded_For=each)[0] for each in forwarded]


@pytest.mark.parametrize(
    ("source", "forwarded", "client"),
    [
        ("127.0.0.4", "192.0.2.250", "127.0.0.4"),  # a client that forges it
        (PROXY, "198.51.100.1", "198.51.100.1"),
        (PROXY, "192.0.2.250, 198.51.100.2", "198.51.100.2"),  # a client that forges it, behind the proxy
        (PROXY, "192.0.2.250, 198.51.100.3, 10.1.2.3", "198.51.100.3"),  # two proxies
        (PROXY, "::ffff:198.51.100.4", "::ffff:198.51.100.4"),
        (PROXY, "2001:db8::5", "2001:db8::5"),
    ],
)
def test_only_trusted_proxies_say_who_the_client_is(web: Web, source: str, forwarded: str, client: str) -> None:
    status, _, body = ask(web.api_port, source, X_Forwarded_For=forwarded, X_Dummies_Client="192.0.2.250")
    assert (status, json.loads(body)["X-Dummies-Client"]) == (200, client)


@pytest.mark.parametrize("port", ["port", "api_port"])
def test_clients_behind_a_trusted_proxy_are_counted_one_by_one(web: Web, port: str) -> None:
    """And no one gets a second share by sending other headers, or from another address of its IPv6 network."""
    place = getattr(web, port)
    alone, forging = next(addresses), next(addresses)
    assert statuses(place, PROXY, [alone] * 3) == [200, 200, 429]
    assert statuses(place, PROXY, [f"{next(addresses)}, {forging}" for _ in range(3)]) == [200, 200, 429]
    assert statuses(place, CLIENT, [next(addresses) for _ in range(3)]) == [200, 200, 429]
    assert statuses(place, PROXY, ["2001:db8:0:1::1", "2001:db8::1:a:b:c:d", "2001:db8:0:1:ffff::"]) == [200, 200, 429]
    assert statuses(place, PROXY, ["2001:db8:0:2::1"]) == [200]


def test_a_client_over_its_rate_is_told_how_much_it_may_send(web: Web) -> None:
    """As draft-ietf-httpapi-ratelimit-headers has it: what is left is named only where that is known."""
    client = next(addresses)
    *passed, refused = [ask(web.api_port, PROXY, X_Forwarded_For=client) for _ in range(3)]
    for _, headers, _ in passed:
        assert (headers["RateLimit-Policy"], headers["RateLimit"]) == ('"small";q=1;w=60', None)
    status, headers, body = refused
    assert (status, headers["Content-Type"]) == (429, "application/problem+json")
    assert json.loads(body)["type"] == "urn:ix-dummies:problem:rate-limited"
    assert (headers["RateLimit-Policy"], headers["RateLimit"]) == ('"small";q=1;w=60', '"small";r=0;t=60')
    assert headers["Retry-After"] == "60"


def until_refused(port: int, head: bytes, most: int) -> tuple[int, Message]:
    """Send heads until nginx refuses one instead of asking for its body; return how many it asked, and the headers."""
    for passed in range(most):
        with connect(port, head, PROXY) as connection:
            if connection.recv(12, socket.MSG_PEEK) != b"HTTP/1.1 100":
                status, headers, _ = answer_of(connection)
                assert status == 429
                return passed, headers
    raise AssertionError(f"none of {most} was refused")


@pytest.mark.parametrize(
    ("kind", "length", "burst", "quota"),
    [("medium", 20_000, 200, 100), ("large", 1_100_000, 40, 20), ("huge", 1_200_000, 20, 3), ("huge", None, 20, 3)],
)
def test_larger_requests_have_rates_of_their_own(
    web: Web, kind: str, length: int | None, burst: int, quota: int
) -> None:
    """They count before their bodies are read, which no one sends here."""
    client, sent = next(addresses), f"Content-Length: {length}" if length else "Transfer-Encoding: chunked"
    head = POST + f"X-Forwarded-For: {client}\r\nExpect: 100-continue\r\n{sent}\r\n\r\n".encode()
    passed, headers = until_refused(web.api_port, head, burst + 50 * quota)
    assert passed > burst
    assert (headers["RateLimit-Policy"], headers["RateLimit"]) == (f'"{kind}";q={quota};w=1', f'"{kind}";r=0;t=1')


def test_the_pages_files_have_a_rate_of_their_own(web: Web) -> None:
    """Other requests of the address still have theirs, of which it has used up none."""
    each, source, sent = 900, "127.0.0.10", get_head("/favicon.svg")
    for _ in range(30):
        with connect(web.port, sent * each, source) as connection:
            if b"429" in read_statuses(connection, each):
                break
    else:
        raise AssertionError("none was refused")
    assert ask(web.port, source)[0] == 200
    with connect(web.port, get_head("/none"), "127.0.0.11") as connection:
        status, headers, _ = answer_of(connection)
    assert (status, headers["RateLimit-Policy"]) == (404, '"file";q=1000;w=1')


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/dummies/export?q=a", 1),
        ("/dummies?limit=1&q=a", 2),
        ("/dummies/?%71=a", 2),
        ("/dummies/", 32),
        ("/dummies/0", 128),
        ("POST /dummies/ {}", 256),
        ("POST /dummies/bulk", 16),
        ("POST /dummies/status", 32),
    ],
)
def test_one_client_has_a_part_of_the_places_for_requests(tmp_path: Path, path: str, most: int) -> None:
    """On both ports together, whomever it claims to send for: the API, which never answers, gets no more of them."""
    path, _, sent = path.partition(" {")
    head = get_head(path).replace(b"GET POST", b"POST")
    if sent:
        head = head[:-2] + b"Content-Length: 2\r\n\r\n{}"
    with socket.create_server(("127.0.0.1", 0), backlog=most + 2) as api, ExitStack() as held:
        api.settimeout(20)
        web = held.enter_context(serving(System(tmp_path), "front", upstream=f"127.0.0.1:{api.getsockname()[1]}"))
        for n in range(most):
            forged = head.replace(b"Host:", b"X-Forwarded-For: %s\r\nHost:" % next(addresses).encode())
            held.enter_context(connect([web.port, web.api_port][n % 2], forged, CLIENT))
        held.enter_context(connect(web.api_port, head, OTHER))
        for _ in range(most + 1):
            held.enter_context(api.accept()[0])
        with connect(web.port, head, CLIENT) as connection:
            status, headers, body = answer_of(connection)
        assert (status, headers["Retry-After"]) == (503, "2")
        assert json.loads(body)["type"] == "urn:ix-dummies:problem:busy"
        with connect(web.port, get_head("/"), CLIENT) as connection:
            assert answer_of(connection)[0] == 200


def test_a_flood_from_one_client_is_cut_down_and_others_are_served(attacked: Attacked) -> None:
    """On the port for programs, too: 64 connections that send all their requests without reading an answer."""
    each, rate, burst = 100, 100, 200
    limits = (f"{rate}r/s", str(burst))
    with serving(attacked.system, "flooded", api_rate=limits) as web, Bystander(attacked._replace(web=web)):
        began, sent = time.monotonic(), with_body(POST, b'{"text": "a flood"}') * each
        with ExitStack() as held:
            flood = [held.enter_context(connect(web.api_port, sent, CLIENT)) for _ in range(64)]
            found = Counter(status for connection in flood for status in read_statuses(connection, each))
        assert found.keys() <= {b"202", b"429"}
        assert found[b"202"] <= burst + 1 + rate * (time.monotonic() - began)


@pytest.mark.parametrize(
    ("request_", "answer"),
    [(with_body(POST, b'{"text": "a flood"}'), b"202"), (get_head(f"/dummies/{UUID(int=0)}"), b"404")],
    ids=["strings", "status"],
)
def test_others_are_served_while_one_client_does_all_that_it_may(
    attacked: Attacked, request_: bytes, answer: bytes
) -> None:
    """With the rates and numbers of connections that are shipped, over more connections than it may use at a time."""
    each = 20
    with Bystander(attacked), ExitStack() as held:
        flood = [held.enter_context(connect(attacked.web.api_port, request_ * each, CLIENT)) for _ in range(300)]
        found = Counter(status for connection in flood for status in read_statuses(connection, each))
    assert found[answer] > each
    assert found.keys() <= {answer, b"429", b"503"}


def read_statuses(connection: socket.socket, count: int) -> list[bytes]:
    """Return the statuses of this many answers that follow each other, or of fewer where the connection is closed."""
    received = b""
    while received.count(b"HTTP/1.1 ") < count and (more := connection.recv(65536)):
        received += more
    return re.findall(rb"HTTP/1.1 (\d+)", received)
