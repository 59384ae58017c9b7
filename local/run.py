"""`make run`: the whole system on this machine, until Ctrl-C."""

from __future__ import annotations

import io
import json
import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from secrets import token_hex

from local import nginx, private
from local.ports import free_port, is_free
from local.ready import get
from local.server import ServerError
from local.servers import ClusteredServers, Servers
from local.supervisor import Program, Supervisor, SupervisorError
from local.system import ROOT, api_command, worker_command

DATA = ROOT / ".local"
LOG = DATA / "run.log"
METRICS = DATA / "metrics"
ADDRESSES = DATA / "addresses.json"
"""Where its servers are, with the passwords, for the doctor."""
WEB = ROOT / "web"
PORTS = {"WEB_PORT": 8080, "API_PORT": 5000, "FLOWER_HTTP_PORT": 5555, "POSTGRES_PORT": 15432, "REDIS_PORT": 16379}
HOSTS = "127.0.0.1,localhost,[::1]"
"""Names of this machine that no website can take: only under them does the API answer."""
NAMES = ["migrate", "api", "worker", "flower", "web"]
READY_TIMEOUT = 60.0
MIGRATE_TIMEOUT = 60.0
FLOWER = [sys.executable, "-m", "celery", "-A", "worker.app", "flower", "--conf=worker/flowerconfig.py"]
LATEST = "SELECT * FROM dummies ORDER BY seq DESC LIMIT 10"


class PortError(Exception):
    """Ports are unavailable; the message names the variable that moves each, one a line."""


def choose_ports(environ: Mapping[str, str]) -> dict[str, int]:
    """Return the port of each variable. Raises PortError."""
    ports: dict[str, int] = {}
    problems = []
    for name, default in PORTS.items():
        try:
            port = _number(environ.get(name) or str(default))
            if port in ports.values() or not is_free(port):
                other = _next_free(port, ports)
                problems.append(f"{name} {port} is taken; choose another: {name}={other} make run")
            ports[name] = port
        except (ValueError, PermissionError) as error:
            problems.append(f"{name} {environ[name]}: {error}; choose another: {name}={default} make run")
    if problems:
        raise PortError("\n".join(problems))
    return ports


def _number(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:  # noqa: PLR2004
        raise ValueError("not the number of a port")
    return int(text)


def _next_free(port: int, ports: Mapping[str, int]) -> int:
    taken = {*ports.values(), *PORTS.values()}
    while port in taken or not is_free(port):
        port = port + 1 if 1024 <= port < 65535 else 1024  # noqa: PLR2004
    return port


def main() -> None:
    """Run until a signal comes; exit with 1 when something ended by itself."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal may lack what programs print
    try:
        ports = choose_ports(os.environ)
    except PortError as error:
        sys.exit(str(error))
    try:
        servers = (ClusteredServers if os.environ.get("CLUSTER") else Servers)(DATA, ports)
    except ServerError as error:
        sys.exit(str(error))
    with private.fresh(LOG) as log:
        supervisor = Supervisor(NAMES, servers.all, log)
        supervisor.obey_signals()
        try:
            run(supervisor, ports, servers)
        except (ServerError, SupervisorError, OSError) as error:
            sys.exit(str(error))
        finally:
            supervisor.stop()
            servers.stop()


def run(supervisor: Supervisor, ports: dict[str, int], servers: Servers) -> None:
    """Start everything in order, say where it is, and wait. Raises what the parts raise."""
    given = os.environ.get("OPERATOR_TOKEN")
    token = given or token_hex(12)
    # Flower answers to any name, so to any website that has one led here
    login = f"operator:{token_hex(12)}"
    print(f"Starting; all that the programs say is in {DATA.name}/{LOG.name}, and their warnings are here", flush=True)
    servers.start()
    if not supervisor.stopping:
        migrate = [sys.executable, "-m", "database.migrate", "--post"]
        supervisor.complete(Program("migrate", migrate, env=servers.owner, cwd=ROOT), MIGRATE_TIMEOUT)
        private.write(ADDRESSES, json.dumps(servers.journal | servers.reader | servers.writer | servers.owner))
    shutil.rmtree(METRICS, ignore_errors=True)  # an older version may have written it
    if not supervisor.stopping:
        for program in programs(ports, servers, token, login):
            supervisor.start(program)
        supervisor.wait_ready(READY_TIMEOUT)
    if not supervisor.stopping:
        shown = "that of OPERATOR_TOKEN" if given else f"{token}   of operators; new at each start"
        print(summary(ports, servers, shown, login), flush=True)
        supervisor.wait()


def programs(ports: Mapping[str, int], servers: Servers, token: str, login: str) -> list[Program]:
    """Return the tiers; the API lets in operators with this token, and Flower with this login."""
    binary, flower = nginx.find(), ports["FLOWER_HTTP_PORT"]
    # clients meet nginx wherever there is one: it alone waits for the slow ones
    api = _next_free(free_port(), ports) if binary else ports["API_PORT"]
    queue, read, write = servers.journal, servers.reader, servers.writer
    own = {"OPERATOR_TOKEN": token, "ALLOWED_HOSTS": f"{HOSTS},{os.environ.get('ALLOWED_HOSTS', '')}"}
    own["PROMETHEUS_MULTIPROC_DIR"], write["PROMETHEUS_MULTIPROC_DIR"] = str(METRICS / "api"), str(METRICS / "worker")
    look = [*FLOWER, "--address=127.0.0.1", f"--port={flower}"]
    return [
        Program("api", api_command(api), partial(_up, api, "/readyz"), queue | read | own, ROOT),
        Program("worker", worker_command(), partial(_worker_online, flower, login), queue | write, ROOT),
        Program(
            "flower", look, partial(_up, flower, "/flower/healthcheck"), queue | {"FLOWER_BASIC_AUTH": login}, ROOT
        ),
        _web(binary, ports, api),
    ]


def _web(binary: Path | None, ports: Mapping[str, int], granian: int) -> Program:
    if not (WEB / "dist" / "index.html").exists():
        raise SupervisorError("the page is not built: start with `make run`")
    page = ports["WEB_PORT"]
    up = partial(_up, page, "/")
    if binary:
        front = nginx.Front(page, ports["API_PORT"], f"127.0.0.1:{granian}")
        return Program("web", nginx.write_config(binary, DATA / "nginx", WEB, front), up)
    origin = {"API_ORIGIN": f"http://127.0.0.1:{granian}"}
    return Program("web", nginx.preview_command(WEB, page), up, origin, WEB)


def _up(port: int, path: str) -> bool:
    return get(port, path) is not None


def _worker_online(flower_port: int, login: str) -> bool:
    """Return whether Flower sees a worker: then it runs, and so do its events."""
    answer = get(flower_port, "/flower/workers?json=1", login)
    return bool(answer and any(worker["status"] for worker in json.loads(answer)["data"]))


def summary(ports: Mapping[str, int], servers: Servers, token: str, login: str) -> str:
    """Return where everything is, ready to be clicked and pasted."""
    postgres = servers.postgres
    psql = shlex.join([str(postgres.psql_path), postgres.reader_login, "-c", LATEST])
    places = f"{DATA.name}/" if postgres.home.is_relative_to(DATA) else f"{DATA.name}/ and {postgres.home}/"
    return f"""
  Page    http://127.0.0.1:{ports["WEB_PORT"]}/
  API     http://127.0.0.1:{ports["API_PORT"]}/docs
  Flower  http://{login}@127.0.0.1:{ports["FLOWER_HTTP_PORT"]}/flower/
  psql    {psql}
  Token   {token}
  Log     {DATA.name}/{LOG.name}
{servers.summary()}
  Ctrl-C ends it all; the data stays in {places}
"""


if __name__ == "__main__":
    main()
