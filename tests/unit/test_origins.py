"""Whose page a request comes from, under which name of the service, and what follows."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.http.origins import Origins, is_host, origin_pattern
from core.journal import Journal

ALLOWED = ("https://page.example", "https://page.example:8443", "https://*.good.example", "http://[2001:db8::1]:3000")
HOST = "dummies.example"


def origins(*allowed: str, ports: tuple[int, ...] = (), hosts: tuple[str, ...] = ()) -> Origins:
    """Return the rule."""
    return Origins(allowed, ports, hosts)


def environ(origin: str | None, host: str | None = HOST, site: str | None = None) -> dict[str, str]:
    """Return what the rule looks at."""
    given = {"HTTP_ORIGIN": origin, "HTTP_HOST": host, "HTTP_SEC_FETCH_SITE": site}
    return {name: value for name, value in given.items() if value is not None}


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://dummies.example", "dummies.example"),
        ("https://dummies.example", "dummies.example"),  # a proxy removed TLS
        ("https://dummies.example:8443", "dummies.example:8443"),
        ("https://dummies.example", "dummies.example:443"),
        ("http://dummies.example", "dummies.example:80"),
        ("http://dummies.example:80", "dummies.example"),
        ("http://Dummies.Example", "dummies.EXAMPLE"),
        ("http://127.0.0.1:30001", "127.0.0.1:30001"),
        ("http://[::1]:8080", "[::1]:8080"),
        ("https://[2001:db8::1]", "[2001:db8::1]:443"),
        ("http://dummies.example.", "dummies.example."),
        ("http://under_score:5000", "under_score:5000"),
    ],
)
def test_the_services_own_page_may_do_everything(origin: str, host: str) -> None:
    assert not origins().is_foreign(environ(origin, host))
    assert origins().is_plain(environ(origin, host))
    assert not origins(*ALLOWED, ports=(80, 443, 8080, 30001)).allows(origin, host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        *(("null", host) for host in (HOST, "null", "", None)),
        ("", HOST),
        ("", ""),
        ("http://", ""),
        ("http://", None),
        ("://dummies.example", HOST),
        ("dummies.example", HOST),
        ("ftp://dummies.example", HOST),
        ("chrome-extension://dummies.example", HOST),
        ("https://evil.example", HOST),
        ("https://dummies.example.evil.example", HOST),
        ("https://evil-dummies.example", HOST),
        ("https://www.dummies.example", HOST),
        ("https://dummies.example.", HOST),
        ("https://dummies.example", f"{HOST}."),
        ("https://dummies.example:8443", HOST),
        ("https://dummies.example", f"{HOST}:8443"),
        ("https://dummies.example", f"{HOST}:80"),
        ("http://dummies.example", f"{HOST}:443"),
        ("http://dummies.example:30001", f"{HOST}:30000"),
        ("http://[::1]:8080", "[::1]:5000"),
        ("http://[::1]", "::1"),
        ("https://dummies.example/", HOST),
        ("https://user@dummies.example", HOST),
        ("https://dummies.example@evil.example", HOST),
        ("https://dummies.example#evil.example", HOST),
        ("https://dummies.example https://evil.example", HOST),
        ("https://evil.example, https://dummies.example", HOST),
        ("https://dummies.example\n", HOST),
        (" https://dummies.example", HOST),
        ("https://dummies.example:", HOST),
        ("https://dummies.exàmple", HOST),
        ("https://dummies.example", f"{HOST}/evil"),
        ("https://dummies.example", f"evil@{HOST}"),
    ],
)
def test_no_other_page_may_change_anything(origin: str, host: str | None) -> None:
    assert origins().is_foreign(environ(origin, host))
    assert origins(*ALLOWED, ports=(30002,)).is_foreign(environ(origin, host))
    assert not origins().is_plain(environ(origin, host))


@pytest.mark.parametrize(
    ("site", "foreign"),
    [(None, False), ("none", False), ("same-origin", False), ("same-site", True), ("cross-site", True), ("x", True)],
)
def test_without_an_origin_the_browser_says_whose_page_it_is(site: str | None, *, foreign: bool) -> None:
    """Programs say nothing."""
    assert origins(*ALLOWED).is_foreign(environ(None, site=site)) == foreign
    assert not foreign or not origins().is_plain(environ(None, site=site))


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://page.example", True),
        ("HTTPS://PAGE.example", True),
        ("https://page.example:8443", True),
        ("https://a.good.example", True),
        ("https://a-1.b_2.good.example", True),
        ("http://[2001:db8::1]:3000", True),
        ("http://page.example", False),
        ("https://page.example:444", False),
        ("https://pageXexample", False),
        ("https://page.example.evil.example", False),
        ("https://good.example", False),
        ("https://xgood.example", False),
        ("https://.good.example", False),
        ("https://a..good.example", False),
        ("https://a.good.example.", False),
        ("https://a.good.example.evil.example", False),
        ("https://a.good.example:444", False),
        ("http://a.good.example", False),
        ("https://evil.example/.good.example", False),
        ("https://evil.example#.good.example", False),
        ("https://evil.example:1@a.good.example", False),
        ("https://*.good.example", False),
        ("https://a.good.example\n", False),
        ("https://" + "a." * 20_000 + "evil.example", False),
    ],
)
def test_an_entry_allows_one_origin_or_all_names_below_one(origin: str, *, allowed: bool) -> None:
    assert origins(*ALLOWED).allows(origin, HOST) == allowed
    assert origins(*ALLOWED).is_foreign(environ(origin)) != allowed
    assert not origins(*ALLOWED).is_plain(environ(origin))


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        ("http://192.0.2.7:30001", "192.0.2.7:30000", True),
        ("http://node.example:30001", "NODE.example:30000", True),
        ("http://[2001:db8::1]:30001", "[2001:db8::1]:30000", True),
        ("https://dummies.example", "dummies.example:8443", True),
        ("http://192.0.2.8:30001", "192.0.2.7:30000", False),
        ("http://192.0.2.7:30002", "192.0.2.7:30000", False),
        ("http://evil.example:30001", "192.0.2.7:30000", False),
        ("http://:30001", "", False),
        ("null", "null:30000", False),
    ],
)
def test_a_port_allows_pages_of_this_host(origin: str, host: str, *, allowed: bool) -> None:
    assert origins(ports=(30001, 443)).allows(origin, host) == allowed


def test_an_allowed_page_that_is_also_the_services_own_may_read_responses() -> None:
    """It is another origin to browsers where it has no TLS and the service has."""
    rule = origins(f"http://{HOST}")
    assert rule.allows(f"http://{HOST}", HOST)
    assert not rule.is_plain(environ(f"http://{HOST}"))


@pytest.mark.parametrize(
    "entry",
    [
        *("", "*", "null", "https://*", "https://*.", "https://*.example", "https://*.example.", "https://*."),
        *("https://a.*.example", "https://*a.good.example", "https://**.good.example", "https://*.*.good.example"),
        *("*.good.example", "*://*.good.example", "https://*.192.0.2.1", "https://*.[::1]", "https://*.good.0x1"),
        *(
            "page.example",
            "ftp://page.example",
            "HTTPS://page.example",
            "https://Page.example",
            "https://페이지.example",
        ),
        *(
            "https://page.example/",
            "https://page.example/a",
            "https://user@page.example",
            "https://page.example?",
            "//a.b",
        ),
        *("https://page.example:443", "http://page.example:80", "https://page.example:", "https://page.example:*"),
        *("https://page.example:0", "https://page.example:08", "https://page.example:65536", "https://.page.example"),
        *("https://page..example", "https://page.example..", "https://[::1", "https://::1", "https://[0:0::1]"),
        *("https://[::A]", "https://[192.0.2.1]", "https://192.0.2", "https://192.0.2.01", "https://192.0.2.256"),
        *(
            "https://0x7f.1",
            "https://page.example\n",
            "^https://.*$",
            "https://page.example|null",
            "https://pa+ge.example",
        ),
    ],
)
def test_no_other_entry_is_taken(entry: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        origin_pattern(entry)


@pytest.mark.parametrize(
    ("host", "known"),
    [
        *(
            (host, True)
            for host in ("dummies.example", "Dummies.Example:8080", "dummies.example.", "dummies.example.:80")
        ),
        *((host, True) for host in ("127.0.0.1:5000", "[::1]", "[::1]:5000")),
        *(
            (host, False)
            for host in ("", "evil.example", "dummiesXexample", "dummies.example.evil.example", "127.0.0.10")
        ),
        *(
            (host, False)
            for host in ("dummies.example..", "dummies.example@evil", "evil dummies.example", "::1", "[::1")
        ),
        *((host, False) for host in ("dummies.example:80:80", "dummies.example:x", "dummies.example\n", "x.localhost")),
    ],
)
def test_only_listed_names_are_the_services(host: str, *, known: bool) -> None:
    rule = origins(hosts=(HOST, "127.0.0.1", "[::1]"))
    assert rule.knows(host) == known
    assert rule.is_plain(environ(None, host)) == known
    assert origins().knows(host)


@pytest.mark.parametrize(
    "host", ["*", "*.example", "", "a:80", "[::1]:80", "http://a", "A", "::1", "1.2", "a/b", "a b"]
)
def test_a_name_is_listed_as_browsers_send_it(host: str) -> None:
    assert not is_host(host)


class TestRoutes:
    """What the API answers."""

    UNSAFE = ("POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW")

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        """A list of names, the page beside the API, and operators."""
        hosts = (HOST, "localhost")
        return {"allowed_hosts": hosts, "cors_ports": (30001,), "operator_token": "token-of-operators"}

    def test_no_route_takes_an_unsafe_request_from_elsewhere(
        self, app: Flask, client: FlaskClient, journal: Journal
    ) -> None:
        paths = {
            rule.rule.replace("<uuid:submission_id>", "0190163d-8694-739b-aea5-966c26f8ad91")
            for rule in app.url_map.iter_rules()
        } | {"/dummies", "/nowhere"}
        for path in paths:
            for method in self.UNSAFE:
                for headers in (
                    {"Origin": "https://evil.example"},
                    {"Origin": "null"},
                    {"Sec-Fetch-Site": "cross-site"},
                ):
                    answer = client.open(
                        path,
                        method=method,
                        data='{"text": "a", "texts": ["a"], "reasons": "all"}',
                        headers=headers | {"Authorization": "Bearer token-of-operators"},
                        content_type="application/json",
                    )
                    assert (answer.status_code, answer.json["type"].rpartition(":")[2]) == (403, "foreign-origin")
                    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]
        assert journal.counts().waiting == 0

    @pytest.mark.parametrize(
        ("headers", "answered"),
        [
            ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, False),
            ({"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"}, False),
            ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, False),
            ({"Origin": "https://evil.example"}, False),
            ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, True),
            ({"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}, True),
            ({"Origin": f"http://{HOST}:30001", "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}, True),
            ({}, True),
        ],
    )
    def test_no_website_learns_by_a_search_how_long_it_takes(
        self, client: FlaskClient, headers: dict[str, str], *, answered: bool
    ) -> None:
        for method in ("GET", "HEAD"):
            for path in ("/dummies/?q=a", "/dummies/export", "/pipeline"):
                status = client.open(path, method=method, headers=headers, base_url=f"http://{HOST}").status_code
                assert (status != 403) == answered

    @pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
    @pytest.mark.parametrize("path", ["/dummies/", "/dummies/bulk", "/dummies/status"])
    def test_an_unknown_name_gets_nothing(
        self, client: FlaskClient, journal: Journal, path: str, content_type: str
    ) -> None:
        for headers in ({}, {"Origin": "http://evil.example"}):
            answer = client.post(
                path, data='{"text": "a"}', content_type=content_type, headers=headers, base_url="http://evil.example"
            )
            assert (answer.status_code, answer.json["type"].rpartition(":")[2]) == (421, "unknown-host")
        assert client.get("/pipeline", base_url="http://evil.example:5000").status_code == 421
        assert client.options(path, base_url="http://evil.example").status_code == 421
        assert journal.counts().waiting == 0

    @pytest.mark.parametrize("path", ["/healthz", "/readyz"])
    def test_probes_are_answered_under_any_name(self, client: FlaskClient, path: str) -> None:
        assert client.get(path, base_url="http://10.1.2.3:5000").status_code == client.get(path).status_code != 421

    def test_the_page_beside_the_api_may_submit_after_a_preflight(self, client: FlaskClient, journal: Journal) -> None:
        page, api = {"Origin": f"http://{HOST}:30001"}, f"http://{HOST}:30000"
        asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
        preflight = client.options("/dummies", headers=page | asked, base_url=api)
        assert preflight.status_code == 200
        assert preflight.headers["Access-Control-Allow-Origin"] == page["Origin"]
        assert {"DELETE", "POST"} <= {*preflight.headers["Access-Control-Allow-Methods"].split(", ")}
        answer = client.post("/dummies", json={"text": "a"}, headers=page, base_url=api)
        assert answer.status_code == 202
        assert answer.headers["Access-Control-Allow-Origin"] == page["Origin"]
        assert answer.headers["Vary"] == "Origin"
        assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
        assert "Access-Control-Allow-Methods" not in answer.headers
        assert journal.counts().waiting == 1
