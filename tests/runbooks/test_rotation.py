"""Every secret is replaced while clients submit and read, and no request fails."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from redis.exceptions import AuthenticationError
from runbooks.book import Runbook
from runbooks.processes import OVERLAY, Processes
from steady_load import SteadyLoad, compare
from support import Client, eventually, query

from core.connection import connect
from core.wakeups import QUEUE

pytestmark = pytest.mark.timeout(500)
RATE, CLIENTS = 60.0, 8
READER = "the-first-token-of-readers"


@contextmanager
def reading(url: str, tokens: list[str]) -> Iterator[list[str]]:
    """Read the history all the time meanwhile, with each of the tokens; yields what was no 200."""
    failures: list[str] = []
    ended = threading.Event()

    def read() -> None:
        with Client(base_url=url, timeout=15) as client:
            while not ended.wait(0.1):
                for token in list(tokens):
                    try:
                        answer = client.get("/dummies/", headers={"Authorization": f"Bearer {token}"})
                        failures.extend([f"{answer.status_code} {answer.text}"] if answer.status_code != 200 else [])
                    except httpx.HTTPError as error:
                        failures.append(repr(error))

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield failures
    finally:
        ended.set()
        thread.join()


def refused(cluster: Processes, user: str, password: str) -> bool:
    """Tell whether Redis refuses this password."""
    with connect(f"redis://{user}:{password}@127.0.0.1:{cluster.redis.port}/0") as redis:
        try:
            redis.ping()
        except AuthenticationError:
            return True
    return False


def secrets_of(cluster: Processes) -> dict[str, str]:
    """Return what the overlay's .env holds."""
    text = (cluster.folder / f"k8s/overlays/{OVERLAY}/.env").read_text("utf-8")
    return dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))


def test_every_secret_is_replaced_while_strings_are_accepted_and_read(
    cluster: Processes, shell: dict[str, str]
) -> None:
    book = Runbook("rotating-secrets", cluster.folder, shell)
    env = cluster.folder / f"k8s/overlays/{OVERLAY}/.env"
    env.write_text(env.read_text("utf-8") + f"READ_TOKEN={READER}", "utf-8")  # a last line without its end
    cluster.render()
    cluster.apply("api")
    before, redis_lives = secrets_of(cluster), cluster.redis.pid
    tokens, load = [READER], SteadyLoad([cluster.url], RATE, CLIENTS)
    with reading(cluster.url, tokens) as failed_reads, load:
        load.go_on()
        book.run("Redis' users, the broker's users, Flower")
        book.run("The database's roles")
        book.run("Operators' tokens")
        book.run("The readers' token")
        tokens.append(secrets_of(cluster)["READ_TOKEN"].split()[1])
        load.go_on()
        tokens.remove(READER)
        env.write_text(env.read_text("utf-8").replace(f"{READER} ", ""), "utf-8")
        cluster.render()
        cluster.apply("api")
        load.go_on()
    print(load.report(), f"{len(failed_reads)} reads failed", failed_reads[:3], sep="\n")
    assert not load.failures
    assert failed_reads == []
    assert cluster.redis.pid == redis_lives
    with connect(cluster.redis.url) as redis:  # after the load some remain, and a process takes two a second
        eventually(lambda: redis.llen(QUEUE) == 0, within=30)
    assert "all checks passed" in book.run("How you know that it worked")

    with Client(base_url=cluster.url, timeout=10) as client:
        eventually(lambda: client.pipeline()["waiting"] == 0, within=60)
        assert client.pipeline()["unaccounted"] == 0
        assert client.get("/dummies/", headers={"Authorization": f"Bearer {READER}"}).status_code == 401
    texts = [text for (text,) in query(cluster.system, "SELECT text FROM dummies")]
    assert compare(load.accepted, texts) == ([], [])
    after = secrets_of(cluster)
    for name in [name for name in before if name != "READ_TOKEN"]:
        assert before[name] != after[name], name
    for user in cluster.redis.passwords:
        assert refused(cluster, user, before[f"REDIS_{user.upper()}_PASSWORD"])
        assert not refused(cluster, user, after[f"REDIS_{user.upper()}_PASSWORD"])
    for login, status in ((before, 401), (after, 200)):
        asked = httpx.get(
            f"http://127.0.0.1:{cluster.flower_port}/flower/workers",
            auth=("operator", login["FLOWER_PASSWORD"]),
            timeout=15,
        )
        assert asked.status_code == status
    book.run("Redis' users, the broker's users, Flower", 1)
    assert cluster.redis.pid != redis_lives
    with Client(base_url=cluster.url, timeout=10) as client:
        eventually(lambda: client.submit("after it").status_code == 202, within=30)
    assert book.left() == []
