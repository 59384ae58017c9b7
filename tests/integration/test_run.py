"""`make run`: everything answers, everything ends, and the data is still there the next time."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest
from support import Client, copy_wheel, eventually, rows_in_flower

from local import nginx
from local.ports import free_port
from local.run import NAMES, PORTS
from local.system import ROOT, Process

pytestmark = pytest.mark.timeout(180)
PARTS = ("core", "database", "api", "worker", "doctor", "local", "web/dist", "web/nginx")
READY = "Ctrl-C ends it all"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of what runs and PostgreSQL's wheel, in a folder that only we may enter, with an odd name."""
    if not (ROOT / "web" / "dist" / "index.html").exists():
        pytest.skip("THE PAGE IS NOT BUILT: run `make test`")
    copy = tmp_path / "내 폴더"
    copy.mkdir(mode=0o700)
    copy_wheel(copy)
    for part in PARTS:
        shutil.copytree(ROOT / part, copy / part)
    shutil.copy(ROOT / "web" / "vite.config.ts", copy / "web")  # which serves the page where there is no nginx
    (copy / "web" / "node_modules").symlink_to(ROOT / "web" / "node_modules")
    return copy


@pytest.fixture
def ports() -> dict[str, str]:
    """Free ports for all."""
    return {name: str(free_port()) for name in PORTS}


@pytest.fixture
def start(folder: Path, ports: dict[str, str]) -> Iterator[Callable[[], Process]]:
    """What starts it as `make run` does, in a terminal that knows only ASCII; none outlives the test."""
    env = ports | {"ALLOWED_HOSTS": "laptop.example", "PYTHONPATH": str(folder / "wheel"), "PYTHONIOENCODING": "ascii"}
    started = []

    def begin() -> Process:
        started.append(Process([sys.executable, "-m", "local.run"], folder / "run.log", env, folder))
        return started[-1]

    yield begin
    for run in started:
        run.stop()


def get_as(ports: dict[str, str], host: str) -> int:
    """Return the API's status for a request under a name."""
    url = f"http://127.0.0.1:{ports['API_PORT']}/pipeline"
    return httpx.get(url, headers={"Host": f"{host}:{ports['API_PORT']}"}).status_code


def wait_ready(run: Process) -> str:
    """Wait until it says where everything is; return what it said."""
    eventually(lambda: READY in run.log.read_text() or not run.running, within=60)
    said = run.log.read_text()
    assert READY in said, said
    assert not [password for password in passwords(run.log.parent / ".local") if password in said]
    run.log.write_text("")
    return said


def passwords(data: Path) -> list[str]:
    """Return the servers' passwords, as they are kept."""
    kept = json.loads((data / "postgres" / "passwords.json").read_text())
    return [(data / "redis" / "password").read_text(), *kept.values()]


def family(run: Process) -> list[psutil.Process]:
    """Return every process that was started."""
    return psutil.Process(run.pid).children(recursive=True)


def find(run: Process, is_wanted: Callable[[psutil.Process], bool]) -> psutil.Process:
    """Return the one that is wanted of those that were started; others may end meanwhile."""
    found = []
    for process in family(run):
        with suppress(psutil.NoSuchProcess):
            found += [process] * is_wanted(process)
    [wanted] = found
    return wanted


def test_everything_answers_and_ends_and_the_data_stays(
    folder: Path, ports: dict[str, str], start: Callable[[], Process]
) -> None:
    """It ends by Ctrl-C, by SIGTERM, with a tier that dies, and with a server that dies."""
    run = start()
    said = wait_ready(run)
    assert said.startswith("Starting; ")
    log = folder / ".local" / "run.log"
    assert log.stat().st_mode & 0o077 == 0
    with Client(base_url=f"http://127.0.0.1:{ports['WEB_PORT']}", timeout=10) as client:
        assert '<div id="root">' in client.get("/").text
        kept = client.submit("안녕").json()["id"]
        eventually(lambda: client.state(kept)["status"] == "stored", within=30)
        flower = ports["FLOWER_HTTP_PORT"]
        [password] = re.findall(rf"http://operator:(\w+)@127\.0\.0\.1:{flower}/flower/\n", said)
        login = ("operator", password)
        eventually(lambda: client.submit("more") and rows_in_flower(flower, login) > 0, within=30)
        assert httpx.get(f"http://127.0.0.1:{flower}/flower/tasks").status_code == 401
        columns = httpx.get(f"http://127.0.0.1:{flower}/flower/tasks", auth=login).text
        assert re.search(r"<th[^>]*>\s*Result\s*</th>", columns)
    assert failures(doctor(folder, ports)) == []
    end(run, lambda: os.kill(run.pid, signal.SIGINT))
    assert [line for line in (said + run.log.read_text()).splitlines() if " | " in line] == []
    assert [name for name in NAMES if f" {name:7} | " not in log.read_text()] == ["web"]

    run = start()
    wait_ready(run)
    answer = httpx.get(f"http://127.0.0.1:{ports['API_PORT']}/dummies/{kept}")
    assert answer.json()["text"] == "안녕"
    assert (answer.headers.get("Server") == "nginx") == bool(nginx.find())
    assert get_as(ports, "localhost") == get_as(ports, "laptop.example") == 200
    assert get_as(ports, "evil.example") == 421
    end(run, lambda: os.kill(run.pid, signal.SIGTERM))

    run = start()
    wait_ready(run)
    api = find(run, lambda p: p.cmdline()[1:3] == ["-m", "api"] and p.ppid() == run.pid)
    end(run, api.kill)
    assert "api ended with status" in run.log.read_text()

    run = start()
    wait_ready(run)
    redis = find(run, lambda p: p.name() == "redis-server")
    end(run, redis.kill)
    assert run.wait() == 1
    assert re.search(r"^Redis ended with status -9:\n(  .*\n)+", run.log.read_text(), re.MULTILINE)
    assert any(line.startswith("✗ Redis ") for line in failures(doctor(folder, ports)))


def doctor(folder: Path, ports: dict[str, str]) -> str:
    """Return what `make doctor` prints."""
    command = [sys.executable, "-m", "local.doctor"]
    env = {name: value for name, value in os.environ.items() if name != "REDIS_URL"} | ports
    run = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == (0 if "all checks passed" in run.stdout else 1), run.stderr
    return run.stdout


def failures(table: str) -> list[str]:
    """Return the lines of the checks that failed."""
    return [line for line in table.splitlines() if line.startswith("✗")]


def end(run: Process, blow: Callable[[], None]) -> None:
    """End it this way; whatever was started ends."""
    started = family(run)
    assert len(started) > 8
    blow()
    eventually(lambda: not run.running, within=30)
    _, alive = psutil.wait_procs(started, timeout=5)
    assert not alive


def test_a_taken_port_is_named_in_one_line_with_the_variable_that_moves_it(
    ports: dict[str, str], start: Callable[[], Process]
) -> None:
    with socket.create_server(("127.0.0.1", int(ports["API_PORT"]))):
        run = start()
        eventually(lambda: not run.running, within=20)
    [line] = run.log.read_text().splitlines()
    assert line.startswith(f"API_PORT {ports['API_PORT']} is taken")
    assert re.search(r"API_PORT=\d+ make run", line)
