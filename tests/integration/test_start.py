"""The start of the page's image: how it reads addresses and name servers, and that nginx finds the API with them."""

from __future__ import annotations

import http.server
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from front import Web, serving
from name_server import AAAA, A, NameServer

from local.system import ROOT, System

# in a network and a mount table of its own: an interface with these addresses, and this resolv.conf
CONTAINER = """
ip link set lo up && ip link add eth0 type veth peer name other && ip link set eth0 up && ip link set other up
for address in $ADDRESSES; do ip address add "$address" dev eth0 || exit; done
mount --bind "$RESOLV_CONF" /etc/resolv.conf && exec "$@"
"""
V4, V6, LINK_LOCAL = "10.1.2.3/24", "fd00::5/64", "169.254.172.3/22"
KUBERNETES = "nameserver 10.0.0.10\nsearch ix.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n"


def start(
    folder: Path, addresses: list[str], resolv_conf: str, upstream: str = "api:5000", **given: str
) -> dict[str, str]:
    """Return the variables that nginx is filled in with, in a container of these addresses."""
    file = folder / "resolv.conf"
    file.write_text(resolv_conf, encoding="utf-8", newline="")
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "ADDRESSES": " ".join(addresses), "RESOLV_CONF": str(file)}
    env |= {"API_UPSTREAM": upstream, "API_FALLBACK": "", "WEB_PORT": "8080", "API_PORT": "5000"}
    env |= {"RATE_LIMIT": "1000r/s", "API_RATE_LIMIT": "2000r/s"} | given
    unshare = ["unshare", "--map-root-user", "--net", "--mount", "sh", "-c", CONTAINER, "sh"]
    try:
        subprocess.run([*unshare, "true"], env=env, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"NO NAMESPACES, the start of the page's image is not tested: {error}")
    script = str(ROOT / "web" / "nginx" / "start.sh")
    done = subprocess.run([*unshare, script, "env"], env=env, capture_output=True, text=True, timeout=20, check=True)
    return dict(line.split("=", 1) for line in done.stdout.splitlines()) | {"said": done.stderr}


@pytest.mark.parametrize(
    ("addresses", "family", "listens"),
    [
        ([V4], "ipv6=off", "8080"),
        ([V6], "ipv4=off", "[::]:8080 ipv6only=off"),
        ([V6, V4], "ipv6=off", "[::]:8080 ipv6only=off"),
        ([LINK_LOCAL, V6], "ipv4=off", "[::]:8080 ipv6only=off"),
        ([], "", "8080"),
    ],
)
def test_names_are_asked_for_in_the_family_that_there_is(
    tmp_path: Path, addresses: list[str], family: str, listens: str
) -> None:
    given = start(tmp_path, addresses, "nameserver 10.0.0.10\n")
    assert given["RESOLVER"].split() == ["10.0.0.10", *family.split()]
    assert given["WEB_PORT"] == listens
    assert given["API_PORT"] == listens.replace("8080", "5000")


def test_an_address_to_listen_on_stays(tmp_path: Path) -> None:
    assert start(tmp_path, [V6], "", WEB_PORT="127.0.0.1:80")["WEB_PORT"] == "127.0.0.1:80"


def test_rates_are_said_as_quotas(tmp_path: Path) -> None:
    given = start(tmp_path, [V4], "", RATE_LIMIT="90r/m")
    assert (given["RATE_QUOTA"], given["API_RATE_QUOTA"]) == ("q=90;w=60", "q=2000;w=1")


@pytest.mark.parametrize(
    ("proxies", "directives"),
    [
        ("", ""),
        ("10.0.0.0/8, fd00::/8", "set_real_ip_from 10.0.0.0/8; set_real_ip_from fd00::/8; "),
        ("10.1.2.3 10.1.2.4", "set_real_ip_from 10.1.2.3; set_real_ip_from 10.1.2.4; "),
    ],
)
def test_each_trusted_proxy_becomes_a_directive(tmp_path: Path, proxies: str, directives: str) -> None:
    assert start(tmp_path, [V4], "", TRUSTED_PROXIES=proxies)["TRUSTED_PROXIES"] == directives


@pytest.mark.parametrize(
    ("resolv_conf", "servers", "left_out"),
    [
        ("", ["127.0.0.1"], ""),
        ("# nameserver 10.9.9.9\n;nameserver 10.9.9.9\noptions ndots:5\nsearch x\n", ["127.0.0.1"], ""),
        ("nameserver 10.0.0.10", ["10.0.0.10"], ""),
        ("nameserver\t10.0.0.10 \r\nnameserver fd00::a # second\r\n", ["10.0.0.10", "[fd00::a]"], ""),
        ("nameserver fe80::1%eth0\nnameserver 10.0.0.10\n", ["10.0.0.10"], "fe80::1%eth0"),
        ("nameserver fe80::1%2\n", ["127.0.0.1"], "fe80::1%2"),
        ("nameserver dns.example\nnameserver ::1\nnameserver\n", ["[::1]"], "dns.example"),
    ],
)
def test_name_servers_come_as_nginx_takes_them(
    tmp_path: Path, resolv_conf: str, servers: list[str], left_out: str
) -> None:
    given = start(tmp_path, [V4], resolv_conf)
    assert given["RESOLVER"].split() == [*servers, "ipv6=off"]
    assert left_out in given["said"]
    assert bool(left_out) == bool(given["said"])
    with serving(System(tmp_path / "nothing"), "nginx", resolver=given["RESOLVER"]) as web:
        assert web.get("/").status == 200


@pytest.mark.parametrize(
    ("upstream", "resolv_conf", "full"),
    [
        ("api-pods:5000", KUBERNETES, "api-pods.ix.svc.cluster.local:5000"),
        ("api-pods:5000", "search a.example ix.svc.c.example. svc.c.example.\r\n", "api-pods.ix.svc.c.example:5000"),
        ("api-pods:5000", "search old.svc.example\nsearch new.svc.example\n", "api-pods.new.svc.example:5000"),
        ("api-pods.other:5000", KUBERNETES, "api-pods.other.svc.cluster.local:5000"),
        ("api-pods.other.svc:5000", KUBERNETES, "api-pods.other.svc.cluster.local:5000"),
        ("api-pods.ix.svc.cluster.local:5000", KUBERNETES, "api-pods.ix.svc.cluster.local:5000"),
        ("api.example.:5000", KUBERNETES, "api.example.:5000"),
        ("10.1.2.3:5000", KUBERNETES, "10.1.2.3:5000"),
        ("[fd00::7]:5000", KUBERNETES, "[fd00::7]:5000"),
        ("api:5000", "search corp.example\n", "api:5000"),
        ("api.example:5000", "search corp.example\n", "api.example:5000"),
    ],
)
def test_a_short_name_is_completed_as_a_cluster_does(
    tmp_path: Path, upstream: str, resolv_conf: str, full: str
) -> None:
    given = start(tmp_path, [V4], resolv_conf, upstream, API_FALLBACK=upstream)
    assert (given["API_UPSTREAM"], given["API_FALLBACK"]) == (full, full)


def test_no_fallback_stays_none(tmp_path: Path) -> None:
    assert start(tmp_path, [V4], KUBERNETES)["API_FALLBACK"] == ""


class Api(http.server.BaseHTTPRequestHandler):
    """Answers whatever it is asked with 200 and nothing."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def api() -> Iterator[int]:
    """The port of 127.0.0.1 on which something plays the API."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def asked(folder: Path, api: int, answers: list[dict[int, list[str] | str]], family: str, name: str) -> list[int]:
    """Return what two requests are answered, where these name servers are there."""
    with ExitStack() as stack:
        ports = [stack.enter_context(NameServer("api.test", each)).port for each in answers]
        resolver = " ".join([*(f"127.0.0.1:{port}" for port in ports), family])
        web: Web = stack.enter_context(
            serving(System(folder / "system"), "nginx", upstream=f"{name}:{api}", resolver=resolver)
        )
        return [web.get("/pipeline").status for _ in range(2)]


@pytest.mark.parametrize("aaaa", ["empty", "nxdomain", "servfail", "notimp", "refused", "silence", ["fd00::9"]])
def test_the_api_is_found_whatever_is_answered_for_the_other_family(
    tmp_path: Path, api: int, aaaa: list[str] | str
) -> None:
    family = start(tmp_path, [V4], "nameserver 127.0.0.1\n")["RESOLVER"].removeprefix("127.0.0.1")
    assert asked(tmp_path, api, [{A: ["127.0.0.1"], AAAA: aaaa}], family, "api.test") == [200, 200]


def test_a_name_that_ends_with_a_dot_is_found(tmp_path: Path, api: int) -> None:
    assert asked(tmp_path, api, [{A: ["127.0.0.1"]}], "ipv6=off", "api.test.") == [200, 200]


def test_a_name_server_that_does_not_answer_is_given_up_for_the_next(tmp_path: Path, api: int) -> None:
    answers: list[dict[int, list[str] | str]] = [{A: "silence"}, {A: ["127.0.0.1"]}]
    assert asked(tmp_path, api, answers, "ipv6=off", "api.test") == [200, 200]
