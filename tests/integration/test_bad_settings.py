"""What programs do with a bad setting, and with a Redis that speaks TLS, through both clients."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kombu import pools
from kombu.exceptions import OperationalError
from redis.exceptions import ConnectionError as RedisConnectionError
from tls_proxy import make_certificate

from core.addresses import redis_address
from core.connection import connect
from core.wakeups import DRAIN_TASK, QUEUE, make_celery
from local.ports import free_port
from local.redis import Redis
from local.system import ROOT, api_command, worker_command

ENV = {
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "DATABASE_URL": "postgresql://w:password@127.0.0.1:1/dummy",
    "DATABASE_READ_URL": "postgresql://r:password@127.0.0.1:1/dummy",
    "DATABASE_OWNER_URL": "postgresql://o:password@127.0.0.1:1/dummy",
    "PYTHONWARNINGS": "ignore",
}
PROGRAMS = {
    "api": api_command(free_port()),
    "worker": worker_command(),
    "flower": [sys.executable, "-m", "celery", "-A", "worker.app", "flower", f"--port={free_port()}"],
    "migrate": [sys.executable, "-m", "database.migrate"],
    "wait": [sys.executable, "-m", "database.wait"],
    "doctor": [sys.executable, "-m", "doctor"],
}


JOURNAL = {"REDIS_URL": "redis://:hunter2@127.0.0.1/0?health_check_interval=5"}
BROKER = {"CELERY_BROKER_URL": "sentinel://:hunter2@127.0.0.1/0"}
WRITER = {"DATABASE_URL": "postgresql://w:hunter2@127.0.0.1/d?options=-c"}
READER = {"DATABASE_READ_URL": "postgresql://r:hunter2@127.0.0.1/d?sslmode=verify_full"}
OWNER = {"DATABASE_OWNER_URL": "postgresql://o:hunt#er2@127.0.0.1/d"}


@pytest.mark.parametrize(
    ("program", "given"),
    [
        ("api", JOURNAL | BROKER | READER | {"OPERATOR_TOKEN": "비밀-hunter2-hunter2"}),
        ("worker", JOURNAL | BROKER),
        ("worker", WRITER),
        ("flower", JOURNAL | BROKER),
        ("migrate", OWNER),
        ("migrate", {"DATABASE_OWNER_URL": "", "DATABASE_OWNER_URL_FILE": "/dev/zero"}),
        ("wait", WRITER),
        ("doctor", JOURNAL | BROKER | WRITER | READER | OWNER),
        *((program, {"BROKER_URL": "redis://:hunter2@127.0.0.1/0"}) for program in ("api", "worker", "flower")),
    ],
)
def test_a_program_with_a_bad_setting_ends_at_its_start_with_a_line_for_each(
    program: str, given: dict[str, str]
) -> None:
    """Celery alone reads BROKER_URL, so that the API would send its wake-ups elsewhere."""
    env = {name: value for name, value in os.environ.items() if "_URL" not in name} | ENV | given
    ended = subprocess.run(
        PROGRAMS[program], cwd=ROOT, env=env, timeout=60, capture_output=True, text=True, check=False
    )
    said = ended.stdout + ended.stderr
    assert ended.returncode == 2, said
    assert "Traceback" not in said
    assert "hunter2" not in said
    lines = [line.lstrip("✗ ").replace(" ", ":", 1).split(":")[0] for line in said.splitlines() if line[:1] in "CDRO✗"]
    wanted = {
        name.removesuffix("_FILE").replace("BROKER", "CELERY_BROKER").replace("CELERY_CELERY", "CELERY")
        for name in given
    }
    assert sorted(line for line in lines if "_" in line) == sorted(wanted)


class TlsRedis(Redis):
    """A Redis that speaks TLS alone, with this certificate."""

    certificate: Path

    def address(self, host: str) -> str:
        """Return its address by this name of the host."""
        return f"rediss://:{self.password}@{host}:{self.port}/0"

    def command(self) -> list[str]:
        """Return the command line."""
        given = super().command()
        given[given.index("--port") + 1] = "0"
        files = {"cert": self.certificate, "key": self.certificate.with_suffix(".key")}
        return [
            *given,
            *("--tls-port", str(self.port), "--tls-auth-clients", "no"),
            *(word for name, file in files.items() for word in (f"--tls-{name}-file", str(file))),
        ]

    def answers(self) -> bool:
        """Tell whether this Redis answers."""
        with connect(f"{self.address('127.0.0.1')}?ssl_cert_reqs=none") as client:
            try:
                return bool(client.ping())
            except RedisConnectionError:
                return False


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsRedis]:
    """Such a server."""
    binary = shutil.which("redis-server")
    if binary is None or shutil.which("openssl") is None:
        pytest.skip("NO REDIS WITH TLS: rediss:// is not tested; install redis-server and openssl")
    folder = tmp_path_factory.mktemp("tls")
    server = TlsRedis(folder / "redis", free_port(), Path(binary))
    server.certificate = make_certificate(folder, "127.0.0.1")
    with server:
        yield server


@pytest.mark.parametrize(
    ("host", "query", "reached"),
    [
        ("127.0.0.1", "", False),
        ("localhost", "?ssl_ca_certs={ca}", False),
        ("127.0.0.1", "?ssl_ca_certs=/nowhere", False),
        ("127.0.0.1", "?ssl_ca_certs={ca}", True),
        ("127.0.0.1", "?ssl_cert_reqs=CERT_REQUIRED&ssl_ca_certs={ca}&ssl_check_hostname=true", True),
        ("127.0.0.1", "?ssl_ca_certs={ca}&ssl_certfile={ca}&ssl_keyfile={key}", True),
        ("localhost", "?ssl_ca_certs={ca}&ssl_check_hostname=false", True),
        ("localhost", "?ssl_cert_reqs=none", True),
        ("localhost", "?ssl_cert_reqs=CERT_NONE", True),
        ("localhost", "?ssl_cert_reqs=none&ssl_check_hostname=true", True),
    ],
)
def test_the_journal_and_the_broker_trust_the_same_servers(
    tls: TlsRedis, monkeypatch: pytest.MonkeyPatch, host: str, query: str, *, reached: bool
) -> None:
    query = query.format(ca=tls.certificate, key=tls.certificate.with_suffix(".key"))
    given = f"{tls.address(host)}{query}"
    monkeypatch.setenv("CELERY_BROKER_URL", given)  # Celery reads it unchanged
    celery = make_celery(redis_address(given))
    pools.reset()  # they would share connections that differ in nothing but TLS
    with connect(redis_address(given)) as journal:
        if reached:
            journal.delete(QUEUE)
            celery.send_task(DRAIN_TASK, ignore_result=True, retry=False)
            assert journal.llen(QUEUE) == 1
        else:
            with pytest.raises(RedisConnectionError):
                journal.ping()
            with pytest.raises(OperationalError):
                celery.send_task(DRAIN_TASK, ignore_result=True, retry=False)
