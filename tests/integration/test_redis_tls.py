"""Redis with components/redis-tls: start.sh, the probes and every tier's rendered addresses, over real TLS."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from k8s.objects import Documents, Workload, titled
from k8s.render import add_redis_tls, copy, missing, render
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis_pod import RedisPod, probes, skip_without_users, url_as
from support import Client, eventually, from_flower, rows_in_flower, start_flower
from tls_proxy import make_certificate

from core.connection import connect
from local.ports import free_port
from local.system import ROOT, System


@pytest.fixture(scope="module")
def manifests(tmp_path_factory: pytest.TempPathFactory) -> Documents:
    """What an overlay with the component consists of."""
    skip_without_users()
    if reason := missing() or (None if shutil.which("openssl") else "NO OPENSSL, Redis over TLS is not tested"):
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("manifests")
    copy(folder)
    add_redis_tls(folder, "dev")
    return render(folder, "dev")


@pytest.fixture
def secured(manifests: Documents, tmp_path: Path) -> Iterator[RedisPod]:
    """Redis over TLS."""
    pod = RedisPod(tmp_path / "redis")
    pod.stop_timeout = 1  # s, then it is killed: while a script runs, it heeds no signal
    secure(pod, manifests)
    with pod:
        yield pod


def secure(pod: RedisPod, manifests: Documents) -> None:
    """Have Redis start as with the component; the certificate is by docs/deploy.md's command, for this machine too."""
    pod.variables = {"REDIS_TLS": container(manifests, "StatefulSet/redis")["REDIS_TLS"]}
    folder = pod.folder / "etc" / "redis-tls"
    folder.mkdir(parents=True)
    [command] = re.findall(r"(?m)^openssl req .*-keyout tls\.key .*$", (ROOT / "docs/deploy.md").read_text("utf-8"))
    words = command.replace("DNS:redis,", "DNS:redis,DNS:localhost,").split()
    subprocess.run(words, cwd=folder, check=True, capture_output=True, timeout=30)
    shutil.copy(folder / "tls.crt", folder / "ca.crt")


def container(manifests: Documents, title: str) -> dict[str, str]:
    """Return the variables with a value of their own that a workload's container has."""
    [found] = Workload(titled(manifests, title)).containers
    return {each["name"]: each["value"] for each in found["env"] if "value" in each}


def addresses(manifests: Documents, title: str, pod: RedisPod) -> dict[str, str]:
    """Return a workload's addresses of Redis, leading to this pod and its certificate."""

    def here(address: str) -> str:
        address = re.sub(r"\$\(REDIS_(\w+)_PASSWORD\)", lambda found: found[1].lower(), address)
        address = address.replace("@redis:6379", f"@localhost:{pod.port}")
        return address.replace("/etc/redis-ca", str(pod.folder / "etc" / "redis-tls"))

    given = container(manifests, title)
    return {name: here(value) for name, value in given.items() if "@redis:6379" in value}


def test_what_was_accepted_before_the_switch_is_stored_after_it(manifests: Documents, tmp_path: Path) -> None:
    system = System(tmp_path)
    system.redis = pod = RedisPod(tmp_path / "redis")
    with system:
        plain = {"REDIS_URL": url_as(pod.port, "api"), "CELERY_BROKER_URL": url_as(pod.port, "waker")}
        api = system.start_api(plain, workers=1)
        with Client(base_url=system.api_url, timeout=10) as client:
            accepted = client.submit("before the switch").json()["id"]
            pod.stop()
            secure(pod, manifests)
            pod.start()
            refused = client.submit("by an older pod")
            assert (refused.status_code, "Retry-After" in refused.headers) == (503, True)
            api.stop()

            system.start_api(addresses(manifests, "Deployment/api", pod), workers=1)
            port = free_port()
            start_flower(system, port, addresses(manifests, "Deployment/flower", pod))
            system.start_worker(env=addresses(manifests, "Deployment/worker", pod))
            eventually(lambda: client.state(accepted)["status"] == "stored", within=20)
            eventually(lambda: client.submit("after it").status_code == 202 and rows_in_flower(port) > 0, within=20)
            assert from_flower(port, "/broker").status_code == 200
        doctor = system.start([sys.executable, "-m", "doctor"], "doctor", addresses(manifests, "CronJob/doctor", pod))
        doctor.wait(60)
        said = doctor.log.read_text("utf-8")
        assert "✓ Redis " in said
        assert "✓ wake-up" in said
        with connect(pod.url) as keeper:
            assert keeper.acl_log() == []


def test_plain_text_another_authority_and_another_name_are_refused(
    manifests: Documents, secured: RedisPod, tmp_path: Path
) -> None:
    good = addresses(manifests, "Deployment/api", secured)["REDIS_URL"]
    bad = {
        "self-signed": re.sub("ssl_ca_certs=.*", f"ssl_ca_certs={make_certificate(tmp_path, 'localhost')}", good),
        "mismatch": good.replace("localhost", "127.0.0.1"),
        "reset|closed": url_as(secured.port, "api"),
    }
    for why, address in bad.items():
        with connect(address) as client, pytest.raises(RedisConnectionError, match=f"(?i){why}"):
            client.ping()
    with connect(good) as client:
        assert client.ping()
    with connect(secured.url) as keeper:
        assert keeper.config_get("port") == {"port": "0"}


def test_the_probes_and_new_passwords_work_over_tls(secured: RedisPod) -> None:
    assert all(secured.probe(kind) for kind in probes())
    secured.give_passwords("add", api="another")
    with connect(secured.url, timeout=0.5) as keeper:
        keeper.config_set("busy-reply-threshold", 100)
        with pytest.raises(RedisTimeoutError):
            keeper.eval("while true do end", 0)
    assert not secured.probe("readinessProbe")
    eventually(lambda: not secured.probe("livenessProbe"), within=20)
