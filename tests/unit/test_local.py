"""The parts of `make run` that decide something."""

from __future__ import annotations

import errno
import re
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import psutil
import pytest

from local import nginx
from local.ports import free_port, is_free
from local.postgres import QUIET
from local.redis import Redis
from local.run import PORTS, PortError, choose_ports, programs
from local.servers import Servers
from local.supervisor import Program, Supervisor, SupervisorError
from local.system import ROOT

ENDLESS = "import signal; signal.pause()"
PARENT = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', '{ENDLESS}']); print('up'); {ENDLESS}"


def python(code: str) -> list[str]:
    """Return the command that runs this code."""
    return [sys.executable, "-c", code]


def test_ports_are_chosen_by_their_variables() -> None:
    chosen = {name: str(free_port()) for name in PORTS}
    assert choose_ports(chosen) == {name: int(port) for name, port in chosen.items()}


@pytest.mark.parametrize("bad", ["0", "65536", "http", "-1", "8080x"])
def test_an_invalid_port_is_named_with_its_variable(bad: str) -> None:
    chosen = {name: str(free_port()) for name in PORTS} | {"WEB_PORT": bad}
    with pytest.raises(PortError, match=f"^WEB_PORT {re.escape(bad)}: .*WEB_PORT=8080 make run$"):
        choose_ports(chosen)


def test_the_same_port_twice_is_taken() -> None:
    chosen = {name: str(free_port()) for name in PORTS}
    chosen["API_PORT"] = chosen["WEB_PORT"]
    with pytest.raises(PortError, match=r"^API_PORT .* is taken"):
        choose_ports(chosen)


def test_a_free_port_is_free_and_given_once() -> None:
    given = [free_port() for _ in range(50)]
    assert len(set(given)) == 50
    assert all(is_free(port) for port in given)


def test_a_template_keeps_nginx_own_variables() -> None:
    assert nginx.render("listen ${PORT}; set $host ${OTHER};", {"PORT": "80"}) == "listen 80; set $host ${OTHER};"


def test_the_pages_template_needs_no_more_than_what_is_filled_in(tmp_path: Path) -> None:
    binary = nginx.find()
    if binary is None:
        pytest.skip("NO NGINX on this machine: its configuration is not tested")
    front = nginx.Front(free_port(), free_port(), "127.0.0.1:5000")
    command = nginx.write_config(binary, tmp_path / "폴더 [a]", ROOT / "web", front)
    subprocess.run([*command, "-t", "-q"], check=True, timeout=20)
    assert "${" not in (tmp_path / "폴더 [a]" / "nginx.conf").read_text()


@pytest.mark.parametrize("binary", [None, Path("/usr/sbin/nginx")])
def test_programs_meet_nginx_wherever_there_is_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, binary: Path | None
) -> None:
    """Otherwise the API itself, which then listens where nginx would."""
    fronts: list[nginx.Front] = []
    monkeypatch.setattr(nginx, "find", lambda: binary)
    monkeypatch.setattr(nginx, "write_config", lambda *given: fronts.append(given[-1]) or ["nginx"])
    monkeypatch.setattr("local.run.WEB", tmp_path)
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "index.html").touch()
    ports = {name: free_port() for name in PORTS}
    api, *_, web = programs(ports, Servers(tmp_path, ports), "token", "operator:password")
    served = int(api.command[api.command.index("--port") + 1])
    if binary is None:
        assert (served, web.env["API_ORIGIN"]) == (ports["API_PORT"], f"http://127.0.0.1:{served}")
    else:
        [front] = fronts
        assert served not in ports.values()
        assert (front.page, front.api, front.upstream) == (
            ports["WEB_PORT"],
            ports["API_PORT"],
            f"127.0.0.1:{served}",
        )


@pytest.mark.parametrize(
    ("file", "form"),
    [
        ("compose.yaml", "-c, {}={}"),
        ("k8s/overlays/dev/postgresql.yaml", "-c, {}={}"),
        ("database/provision.sh", "{} = '{}'"),
    ],
)
def test_every_postgresql_of_ours_keeps_texts_out_of_its_log(file: str, form: str) -> None:
    written = (ROOT / file).read_text("utf-8")
    assert [form.format(*setting) for setting in QUIET.items() if form.format(*setting) not in written] == []


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    """One for two programs."""
    made = Supervisor(["one", "three"])
    yield made
    made.stop()


def test_what_programs_print_comes_under_their_names(
    capsys: pytest.CaptureFixture[str], supervisor: Supervisor
) -> None:
    supervisor.complete(Program("one", python("print('안녕')")), 20)
    assert re.fullmatch(r"\d\d:\d\d:\d\d one   \| 안녕\n", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("line", "matters"),
    [
        ('event="drain lost" level=warning logger=worker', True),
        ('event="PostgreSQL stores again" level=info logger=worker', True),
        ('{"event": "draining has resumed", "level": "info"}', True),
        ('event="batch settled" level=info logger=worker.drain', False),
        ('{"event": "string dead-lettered", "level": "error"}', True),
        ("[WARNING] Configuration", True),
        ("2026/01/01 00:00:00 [error] 7#7: *1 connect() failed", True),
        ('event="worker ready" level=info', False),
        ("[INFO] Starting granian", False),
        (" -------------- [queues]", False),
    ],
)
def test_all_lines_are_in_the_log_and_warnings_on_the_terminal(
    capsys: pytest.CaptureFixture[str], line: str, *, matters: bool
) -> None:
    with StringIO() as log:
        Supervisor(["one"], log=log).say("one", line)
        assert log.getvalue().endswith(f" one | {line}\n")
    assert (line in capsys.readouterr().out) == matters


def test_a_log_that_takes_no_more_stops_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    class Full(StringIO):
        def write(self, _: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    supervisor = Supervisor(["one"], log=Full())
    supervisor.say("one", "level=error")
    assert "level=error" in capsys.readouterr().out
    assert not supervisor.stopping


@pytest.mark.parametrize(
    ("is_terminal", "no_color", "coloured"), [(True, "", True), (True, "1", False), (False, "", False)]
)
def test_names_are_coloured_on_a_terminal_unless_no_color_is_set(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    no_color: str,
    *,
    is_terminal: bool,
    coloured: bool,
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal)
    monkeypatch.setenv("NO_COLOR", no_color)
    Supervisor(["one", "two"]).say("two", "text")
    start, end = (r"\033\[33m", r"\033\[0m") if coloured else ("", "")
    assert re.fullmatch(rf"{start}\d\d:\d\d:\d\d two \| {end}text\n", capsys.readouterr().out)


def test_a_program_that_fails_is_named_with_what_it_said(supervisor: Supervisor) -> None:
    with pytest.raises(SupervisorError, match="one ended with status 3:\n  because"):
        supervisor.complete(Program("one", python("print('because'); raise SystemExit(3)")), 20)


def test_a_program_that_ends_by_itself_is_an_error(supervisor: Supervisor) -> None:
    supervisor.start(Program("one", python(ENDLESS)))
    supervisor.start(Program("three", python("pass")))
    with pytest.raises(SupervisorError, match="three ended with status 0"):
        supervisor.wait()


def test_a_server_that_ends_by_itself_is_an_error_with_what_it_logged(tmp_path: Path) -> None:
    with Redis(tmp_path / "redis", free_port()) as redis:
        supervisor = Supervisor(["one"], [redis])
        supervisor.start(Program("one", python(ENDLESS)))
        psutil.Process(redis.pid).kill()
        with pytest.raises(SupervisorError, match=r"Redis ended with status -9:\n(?s:.*)Ready to accept connections"):
            supervisor.wait()
        supervisor.stop()


def test_a_program_that_does_not_answer_is_named(supervisor: Supervisor) -> None:
    supervisor.start(Program("one", python(ENDLESS)))
    supervisor.start(Program("three", python(ENDLESS), lambda: False))
    with pytest.raises(SupervisorError, match="no answer within 0 s from: three"):
        supervisor.wait_ready(0.1)


def test_stopping_ends_what_a_program_has_started_too(
    capsys: pytest.CaptureFixture[str], supervisor: Supervisor
) -> None:
    supervisor.start(Program("one", python(PARENT), lambda: capsys.readouterr().out))
    supervisor.wait_ready(20)
    [parent] = [child for child in psutil.Process().children() if PARENT in child.cmdline()]
    family = [parent, *parent.children()]
    assert len(family) == 2
    supervisor.stop()
    _, alive = psutil.wait_procs(family, timeout=5)
    assert not alive


def test_the_scripts_are_well_formed_and_every_target_is_listed() -> None:
    subprocess.run(["bash", "-n", ROOT / "tests" / "packages.sh"], check=True, timeout=10)
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout
    assert {line.split()[1] for line in listed.splitlines() if line.startswith("make ")} == {
        "help",
        "observed",
        "run",
        "test",
        "test-page",
        "lint",
        "bench",
        "pairs",
        "sbom",
        "audit",
        "faults",
        "faults-mutants",
        "faults-page",
        "doctor",
        "page-speed",
        "screenshots",
        "test-alerts",
        "test-containers",
        "test-cluster",
        "test-provision",
        "test-upgrade",
        "test-runbooks",
        "test-workflows",
    }
