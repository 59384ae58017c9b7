"""Only nginx may retry a request: no header that clients can send decides whether two requests are one."""

from __future__ import annotations

import http.client
import http.server
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from front import POST, Web, answer_of, connect, serving, with_body
from name_server import A, NameServer
from strings import REMEMBERED_KEYS
from support import eventually, query, redis_of, waiting

from local.ports import free_port
from local.system import Process, System, api_command

SHARED = {
    "X-Request-ID": "a" * 32,
    "X-Correlation-ID": "a" * 32,
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "X-Dummies-Request": "a" * 32,
    "x-dummies-request": "b" * 32,
    "X_Dummies_Request": "a" * 32,
    "X-Dummies_Request": "a" * 32,
}
ADDRESSES = ["127.0.0.1", "127.0.0.2"]
LONG = "가" * 100
LARGE = json.dumps({"texts": ["a"], "padding": "x" * 100_000}).encode()
"""A bulk that nginx keeps in a file."""


@pytest.fixture(scope="module")
def web(system: System) -> Iterator[Web]:
    """Nginx before the module's API."""
    with serving(system, "front") as made:
        yield made


@contextmanager
def serving_two(system: System, addresses: list[str] = ADDRESSES, **front: Any) -> Iterator[Web]:
    """Run nginx before two API processes under one name."""
    with NameServer("api.test", {A: addresses}) as names:
        resolver = f"127.0.0.1:{names.port} ipv6=off"
        with serving(system, "two", upstream=f"api.test:{system.api_port}", resolver=resolver, **front) as web:
            yield web


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("header", SHARED)
def test_no_header_makes_one_string_of_two_requests(web: Web, header: str, times: int) -> None:
    head = POST + f"{header}: {SHARED[header]}\r\n".encode() * times
    ids = set()
    for port in (web.port, web.port, web.api_port, web.api_port):
        with connect(port, with_body(head, b'{"text": "one of four"}')) as connection:
            ids.add(json.loads(answer_of(connection)[2])["id"])
    assert len(ids) == 4


@contextmanager
def killed_before_it_answers(system: System) -> Iterator[list[str]]:
    """Play an API process that dies after each append: pass requests on, and drop the responses; yield the paths."""
    seen: list[str] = []

    class Dying(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            api = http.client.HTTPConnection("127.0.0.1", system.api_port, timeout=10)
            api.request("POST", self.path, body, dict(self.headers))
            if api.getresponse().status == 202:
                seen.append(self.path)
            api.close()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer((ADDRESSES[1], system.api_port), Dying) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield seen
        server.shutdown()


@pytest.mark.parametrize("addresses", [ADDRESSES, ADDRESSES[1:]])
@pytest.mark.parametrize(("path", "body"), [("/dummies/", b'{"text": "a"}'), ("/dummies/bulk", LARGE)])
def test_a_request_that_nginx_repeats_is_one_string(
    bare_system: System, path: str, body: bytes, addresses: list[str]
) -> None:
    head = POST.replace(b"/dummies/", path.encode()) + b"X-Request-ID: shared\r\n"
    fallback = f"{ADDRESSES[0]}:{bare_system.api_port}"
    with killed_before_it_answers(bare_system) as seen, serving_two(bare_system, addresses, fallback=fallback) as web:
        for _ in range(12):
            with connect(web.api_port, with_body(head, body)) as connection:
                assert answer_of(connection)[0] == 202
    assert seen
    assert waiting(bare_system) == 12


@pytest.mark.parametrize("gone", ["refused", "lost"])
def test_while_a_name_leads_to_processes_that_are_gone_the_fallback_answers(bare_system: System, gone: str) -> None:
    """Name servers cache it for half a minute; a refusal keeps its form."""
    port, address = bare_system.api_port, "127.0.0.3"
    with ExitStack() as stack:
        if gone == "lost":  # what is sent there stays without a response
            stack.enter_context(socket.create_server((address, port), backlog=0))
            stack.enter_context(socket.create_connection((address, port)))
        web = stack.enter_context(serving_two(bare_system, [address], fallback=f"127.0.0.1:{port}"))
        for each, text, status in ((web.port, b'"one"', 202), (web.api_port, b"1", 422)):
            with connect(each, with_body(POST, b'{"text": %s}' % text)) as connection:
                found, headers, body = answer_of(connection)
            assert (found, "json" in headers["Content-Type"]) == (status, True)
            assert json.loads(body)["id" if status == 202 else "type"]
    assert waiting(bare_system) == 1


@pytest.mark.parametrize("path", ["/dummies/", "/dummies/bulk", "/dummies/export"])
def test_where_the_fallback_is_gone_too_the_response_has_its_form_and_headers(tmp_path: Path, path: str) -> None:
    with serving_two(System(tmp_path / "nothing"), fallback=f"127.0.0.1:{free_port()}") as web:
        answer = web.get(path)
    assert (answer.status, answer.getheader("Content-Type")) == (503, "application/problem+json")
    assert json.loads(answer.body)["type"] == "urn:ix-dummies:problem:api-away"  # type: ignore[attr-defined]
    assert (answer.getheader("Retry-After"), answer.getheader("Cache-Control")) == ("2", "no-store")
    assert len(answer.headers.get_all("X-Request-ID") or []) == 1


def test_an_api_that_does_not_answer_in_time_is_not_waited_for_twice(bare_system: System) -> None:
    """A client does not wait that long."""
    port = bare_system.api_port
    with (
        socket.create_server(("127.0.0.3", port)) as hanging,
        serving_two(bare_system, ["127.0.0.3"], fallback=f"127.0.0.3:{port}", read_timeout="1s") as web,
    ):
        assert web.get("/pipeline").status == 503
        hanging.settimeout(0)
        hanging.accept()[0].close()
        with pytest.raises(BlockingIOError):
            hanging.accept()


def is_ready(port: int) -> bool:
    """Tell whether the other API process serves."""
    try:
        return httpx.get(f"http://{ADDRESSES[1]}:{port}/readyz", timeout=2).is_success
    except httpx.HTTPError:
        return False


def has_sent_strings(process: Process, redis_port: int) -> bool:
    """Tell whether Redis has a group of strings of this process's children to read."""
    children = psutil.Process(process.pid).children(recursive=True)
    ports = {each.laddr.port for child in children for each in child.net_connections() if each.raddr}
    lines = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    ends = [(int(line[1][-4:], 16), int(line[2][-4:], 16), int(line[4][-8:], 16)) for line in lines]
    return any(here == redis_port and there in ports and unread > 300 for here, there, unread in ends)


def test_while_an_api_process_is_killed_each_request_is_one_string(bare_system: System) -> None:
    """Without keys, with one tracing header for all, and with appends in flight that Redis still executes."""
    command = [word.replace(*ADDRESSES) for word in api_command(bare_system.api_port)]
    other = bare_system.start(command, "other", None)

    def post(web: Web, client: int) -> list[int]:
        head, statuses = POST + b"X-Request-ID: shared\r\n", []
        for n in range(40):
            with connect(web.api_port, with_body(head, b'{"text": "%d of %d"}' % (n, client))) as connection:
                statuses.append(answer_of(connection)[0])
        return statuses

    eventually(lambda: is_ready(bare_system.api_port), within=20)
    with serving_two(bare_system) as web, ThreadPoolExecutor(64) as pool:
        clients = [pool.submit(post, web, client) for client in range(64)]
        eventually(lambda: waiting(bare_system) > 400, within=20)
        bare_system.redis.pause()
        eventually(lambda: has_sent_strings(other, bare_system.redis.port), within=2)
        other.kill()
        bare_system.redis.resume()
        assert {status for client in clients for status in client.result()} == {202}
    bare_system.start_worker()
    eventually(lambda: waiting(bare_system) == 0, within=20)
    assert query(bare_system, "SELECT count(*), count(DISTINCT text) FROM dummies") == [(2560, 2560)]


@pytest.mark.parametrize("state", ["queued", "stored"])
def test_a_repeat_is_answered_as_before_whatever_the_limit_is_now(bare_system: System, state: str) -> None:
    """The answer was lost, a rollout lowered the limit: refusing now what is kept would be false, and double it."""
    requests = [("/dummies/", {"text": LONG}), ("/dummies/bulk", {"texts": ["short", LONG, LONG]})]

    def submit(api: str) -> list[httpx.Response]:
        return [
            httpx.post(api + path, json=body, headers=headers)
            for path, body in requests
            for headers in ({"Idempotency-Key": path}, {"X-Dummies-Request": "a" * 32})
        ]

    before = submit(bare_system.api_url)
    if state == "stored":
        bare_system.start_worker()
        eventually(lambda: waiting(bare_system) == 0, within=20)
    with serving_with(bare_system, MAX_TEXT_BYTES="60") as api:
        again = submit(api)
    assert [each.status_code for each in before + again] == [202] * 8
    assert [ids_of(each) for each in again] == [ids_of(each) for each in before]
    if state == "queued":
        assert waiting(bare_system) == 8


def test_the_limit_is_not_lifted_by_what_was_accepted_under_the_same_key(bare_system: System) -> None:
    kept = {"/dummies/": {"text": LONG}, "/dummies/bulk": {"texts": ["short", LONG]}}
    for path, body in kept.items():
        httpx.post(bare_system.api_url + path, json=body, headers={"Idempotency-Key": path}).raise_for_status()
    redis_of(bare_system).delete(*redis_of(bare_system).keys(REMEMBERED_KEYS))  # as after a minute
    others = [
        ("/dummies/", {"text": LONG + "b"}),
        ("/dummies/", {"text": LONG + "\0"}),
        ("/dummies/", {"text": f"1\0{LONG}"}),
        ("/dummies/bulk", {"texts": ["short", LONG, LONG]}),
        ("/dummies/bulk", {"texts": ["short", LONG + "b"]}),
        ("/dummies/bulk", {"texts": ["short", LONG + "\0"]}),
        ("/dummies/bulk", {"texts": [LONG, "short"]}),
    ]
    with serving_with(bare_system, MAX_TEXT_BYTES="60") as api:
        for path, body in others:
            refused = httpx.post(api + path, json=body, headers={"Idempotency-Key": path})
            assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (422, "invalid-text")
            assert httpx.post(api + path, json=body).status_code == 422
        bare_system.postgres.stop()
        refused = httpx.post(api + path, json=body, headers={"Idempotency-Key": path})
        assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (503, "database-away")
        assert "retry later" in refused.json()["detail"]
    assert waiting(bare_system) == 3


def ids_of(response: httpx.Response) -> object:
    """Return the id or the ids that a response names."""
    body = response.json()
    return body.get("ids") or body["id"]


@contextmanager
def serving_with(system: System, **env: str) -> Iterator[str]:
    """Run one more API with these settings; yield its URL."""
    command = [word.replace(*ADDRESSES) for word in api_command(system.api_port)]
    other = system.start(command, "other", env)
    eventually(lambda: is_ready(system.api_port), within=20)
    yield f"http://{ADDRESSES[1]}:{system.api_port}"
    other.stop()
