"""Each pod of k8s/overlays/dev starts and does its work as its manifest says, run as a container.

Run by `make test-containers`. What only a cluster shows (scheduling, rollouts, network policies) is not shown here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx
import psycopg2
import pytest
from containers.pods import Cluster, Pod
from containers.stack import docker, missing, stop
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError
from redis.retry import Retry
from steady_load import SteadyLoad, compare
from support import Client, eventually

from k8s import render

pytestmark = pytest.mark.timeout(120)
PODS = ["api", "worker", "web", "flower", "redis", "postgresql"]
LOOKS_IN = "observer"  # a Redis user that the tests add, since no other may look into the log of refusals
FLOWER_PAGES = ["/workers?refresh=1", "/broker", "/tasks", "/api/workers?refresh=1", "/api/queues/length", "/metrics"]
REFUSED = {
    "api": ["SET dummies:journal x", "DEL dummies:failed", "FLUSHALL", "CONFIG GET *"],
    "worker": ["DEL dummies:journal", "BRPOP dummies.wakeups 1", "FLUSHALL", "KEYS *"],
    "waker": ["XLEN dummies:journal", "BRPOP dummies.wakeups 1"],
    "celery": ["XLEN dummies:journal", "FLUSHALL"],
    "flower": ["XRANGE dummies:journal - +", "XLEN dummies:journal"],
    "keda": ["XRANGE dummies:journal - +"],
}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Every pod of the overlay, all started together, as a cluster does."""
    reason = missing() or render.missing()
    if reason:
        pytest.skip(f"THE PODS ARE NOT TESTED, no container engine or no kubectl: {reason}")
    folder = tmp_path_factory.mktemp("pods")
    render.copy(folder)
    with (folder / "k8s/base/redis/users.acl").open("a", encoding="utf-8") as users:
        users.write(f"\nuser {LOOKS_IN} on >{LOOKS_IN} ~* &* +@all\n")
    with Cluster(render.render(folder, "dev"), folder) as prepared:
        began = time.monotonic()
        prepared.start()
        print(f"started after {time.monotonic() - began:.1f} s: {wait_until_ready(prepared)}")
        print(f"ready after {time.monotonic() - began:.1f} s")
        yield prepared


@pytest.fixture(scope="module")
def accepted() -> list[str]:
    """Every text that was accepted, for the comparison with the rows."""
    return []


@pytest.fixture
def client(cluster: Cluster) -> Iterator[Client]:
    """A client of the page's nginx."""
    with Client(base_url=f"http://127.0.0.1:{cluster.pods['web'].port('http')}", timeout=15) as opened:
        yield opened


def wait_until_ready(cluster: Cluster) -> dict[str, float]:
    """Wait for what a kubelet waits for: the startup probe, then the readiness probe. Return each pod's seconds."""

    def wait(pod: Pod) -> float:
        budget = pod.main["startupProbe"]["failureThreshold"] * pod.main["startupProbe"].get("periodSeconds", 10)
        started = eventually(lambda: pod.probe("startupProbe"), within=min(budget, 60))
        return round(started + eventually(lambda: pod.probe("readinessProbe"), within=20), 1)

    with ThreadPoolExecutor() as pool:
        return dict(zip(cluster.pods, pool.map(wait, cluster.pods.values()), strict=True))


def redis_as(cluster: Cluster, user: str | None, password: str | None) -> Redis:
    """Return a client of Redis as one of its users."""
    options = {"socket_timeout": 5, "decode_responses": True, "retry": Retry(NoBackoff(), 0)}
    return Redis(port=cluster.pods["redis"].port("redis"), username=user, password=password, **options)


def rows(cluster: Cluster) -> list[str]:
    """Return the text of every row."""
    port = cluster.pods["postgresql"].port("postgresql")
    secret = render.generated("DATABASE_READER_PASSWORD")
    address = f"host=127.0.0.1 port={port} dbname=dummy user=dummy_reader password={secret} connect_timeout=5"
    with (
        closing(psycopg2.connect(address)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT text FROM dummies")
        return [text for (text,) in cursor.fetchall()]


def refused(cluster: Cluster) -> list[tuple[str, str]]:
    """Return what Redis refused since it began, and to whom."""
    with redis_as(cluster, LOOKS_IN, LOOKS_IN) as redis:
        return [(entry["username"], entry["object"]) for entry in redis.acl_log()]


def at_once(action: Callable[[str], object], *names: str) -> None:
    """Do something for several pods at the same time."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(action, names))


def test_these_are_all(cluster: Cluster) -> None:
    assert set(cluster.pods) == set(PODS)
    assert set(cluster.jobs) == {"migrate", "migrate-post", "doctor", "erase", "retention"}


@pytest.mark.parametrize("name", PODS)
def test_each_probe_succeeds(cluster: Cluster, name: str) -> None:
    for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert cluster.pods[name].probe(kind), kind


def test_the_migrations_for_after_a_rollout_run_by_hand(cluster: Cluster) -> None:
    cluster.jobs["migrate-post"].complete()


def test_strings_are_taken_in_through_the_page(cluster: Cluster, client: Client, accepted: list[str]) -> None:
    """Singly, in bulks small and as large as nginx lets through, and one twice under its key."""
    bulk = [f"bulk {n}" for n in range(20_000)] + [f"{n} {'가' * 20_000}" for n in range(100)]
    ids = client.submit_all(bulk)
    assert client.submit("once", key="a key").json()["id"] == client.submit("once", key="a key").json()["id"]
    with SteadyLoad([str(client.base_url).rstrip("/")]) as load:
        time.sleep(4)
    print(load.report())
    assert not load.failures
    accepted += [*bulk, "once", *load.accepted]
    eventually(lambda: not compare(accepted, rows(cluster)).lost, within=30)
    assert {each["status"] for each in client.states(ids[::200])} == {"stored"}


def test_the_doctor_finds_only_that_the_database_in_this_overlay_has_no_tls(cluster: Cluster) -> None:
    with pytest.raises(RuntimeError) as said:
        cluster.jobs["doctor"].complete()
    lines = str(said.value).splitlines()
    assert {line.split("  ")[0] for line in lines if line.startswith("✗")} == {
        f"✗ TLS of PostgreSQL as {role}" for role in ("writer", "reader", "owner")
    }
    for well in (
        "Redis",
        "PostgreSQL as writer",
        "schema",
        "rights of writer",
        "rights of reader",
        "workers",
        "wake-up",
    ):
        assert any(line.startswith(f"✓ {well} ") for line in lines), well


def test_each_is_a_row_exactly_once(cluster: Cluster, client: Client, accepted: list[str]) -> None:
    stored = rows(cluster)
    assert compare(accepted, stored) == ([], [])
    assert len(stored) == len(accepted)
    newest = client.get("/dummies/", params={"limit": 50}).raise_for_status().json()["items"]
    assert len(newest) == 50
    assert {each["text"] for each in newest} <= set(accepted)


def test_flower_answers_its_operator_alone(cluster: Cluster) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{cluster.pods['flower'].port('http')}/flower", timeout=15) as flower:
        assert flower.get("/workers").status_code == 401
        flower.auth = ("operator", render.generated("FLOWER_PASSWORD"))
        assert [page for page in FLOWER_PAGES if flower.get(page).status_code != 200] == []
        # a busy worker does not answer every question in time
        eventually(lambda: len(flower.get("/api/workers?refresh=1").json()) == 1, within=20)
        assert any(task["state"] == "SUCCESS" for task in flower.get("/api/tasks").json().values())


def test_redis_refused_nothing_to_anybody(cluster: Cluster) -> None:
    assert refused(cluster) == []


@pytest.mark.parametrize("user", REFUSED)
def test_a_redis_user_can_do_no_more_than_its_tier_does(cluster: Cluster, user: str) -> None:
    with redis_as(cluster, user, render.generated(f"REDIS_{user.upper()}_PASSWORD")) as redis:
        assert redis.ping()
        for command in REFUSED[user]:
            with pytest.raises(NoPermissionError):
                redis.execute_command(*command.split())


@pytest.mark.parametrize("password", [None, "", "guessed", render.generated("REDIS_API_PASSWORD")])
def test_redis_lets_in_nobody_as_default(cluster: Cluster, password: str | None) -> None:
    user = None if password is None else "default"
    with redis_as(cluster, user, password) as redis, pytest.raises(AuthenticationError):
        redis.ping()


def test_memory_used_after_the_load_is_within_what_is_requested(cluster: Cluster) -> None:
    used = cluster.memory_used()
    print(f"\n{'MiB':12}{'used':>8}{'request':>8}{'limit':>8}")
    over = []
    for name, pod in cluster.pods.items():
        figures = (used[name], pod.memory("requests"), pod.memory("limits"))
        over += [name] if used[name] > pod.memory("requests") else []
        print(f"{name:12}" + "".join(f"{each / 2**20:8.0f}" for each in figures), "OVER" if name in over else "")
        assert used[name] <= 0.9 * pod.memory("limits"), name
    assert not over


def test_without_redis_the_worker_is_not_ready_but_alive(cluster: Cluster, client: Client) -> None:
    redis, worker = cluster.pods["redis"], cluster.pods["worker"]
    docker("stop", redis.container)
    print(f"not ready after {eventually(lambda: not worker.probe('readinessProbe'), within=40):.0f} s")
    assert worker.probe("livenessProbe")
    age = docker("exec", worker.container, "sh", "-c", "echo $(($(date +%s) - $(stat -c %Y /tmp/worker/progress)))")
    assert int(age) < 10  # so that it stays alive, however long this lasts
    assert client.submit("in vain").status_code == 503
    docker("start", redis.container)
    print(f"ready again after {eventually(lambda: worker.probe('readinessProbe'), within=30):.0f} s")
    eventually(lambda: client.submit("and on").status_code == 202, within=20)
    eventually(lambda: "and on" in rows(cluster), within=20)
    assert refused(cluster) == []


def test_what_waits_in_redis_survives_its_restart(cluster: Cluster, client: Client, accepted: list[str]) -> None:
    """Redis reads its file as the user "default": what that may not do, it leaves out without a word."""
    redis, worker = cluster.pods["redis"], cluster.pods["worker"]
    docker("stop", worker.container)
    waiting = [f"waits {n}" for n in range(1000)]
    ids = client.submit_all(waiting)
    docker("restart", redis.container)
    eventually(lambda: redis.probe("readinessProbe"), within=20)
    assert refused(cluster) == []
    docker("start", worker.container)
    eventually(lambda: client.submit("and on again").status_code == 202, within=20)
    eventually(lambda: {each["status"] for each in client.states(ids)} == {"stored"}, within=30)
    assert compare([*accepted, *waiting], rows(cluster)) == ([], [])


def test_a_worker_outlives_its_servers_with_a_wake_up_in_hand(
    cluster: Cluster, client: Client, accepted: list[str]
) -> None:
    """Celery wants to give its message back to a Redis whose very name is gone; that must not end the worker."""
    redis, postgresql, worker = (cluster.pods[name] for name in ("redis", "postgresql", "worker"))
    docker("stop", postgresql.container)
    waiting = [f"waits for two {n}" for n in range(100)]
    bulk, key = {"texts": waiting}, {"Idempotency-Key": "waits for two"}
    # in the moment after these restarts the API may refuse with 503: repeating under the key is what that asks for
    eventually(lambda: client.post("/dummies/bulk", json=bulk, headers=key).status_code == 202, within=10)
    ids = client.post("/dummies/bulk", json=bulk, headers=key).raise_for_status().json()["ids"]
    eventually(lambda: client.part_is("database", "away"), within=20)
    docker("stop", redis.container)
    eventually(lambda: not worker.probe("readinessProbe"), within=40)
    docker("start", redis.container, postgresql.container)
    eventually(lambda: worker.probe("readinessProbe"), within=30)
    eventually(lambda: {each["status"] for each in client.states(ids)} == {"stored"}, within=40)
    assert compare([*accepted, *waiting], rows(cluster)) == ([], [])


def test_told_that_they_will_end_they_let_go_of_connections(cluster: Cluster, client: Client) -> None:
    api = cluster.pods["api"]
    assert api.probe("readinessProbe")
    at_once(lambda name: cluster.pods[name].pre_stop(), "api", "web")
    assert not api.probe("readinessProbe")
    for url in (str(client.base_url), f"http://127.0.0.1:{api.port('http')}/healthz"):
        answer = httpx.get(url)
        assert answer.status_code == 200
        assert answer.headers["Connection"] == "close"


def test_nothing_was_restarted_or_killed(cluster: Cluster) -> None:
    state = "{{.State.Running}} {{.RestartCount}} {{.State.OOMKilled}} {{.HostConfig.ReadonlyRootfs}}"
    for pod in cluster.pods.values():
        assert docker("inspect", "--format", state, pod.container) == "true 0 false true", pod.container


def test_told_to_end_each_does(cluster: Cluster) -> None:
    """Without an init process before it, as in a pod; the servers last, since a worker that cannot reach them waits."""
    ended: dict[str, int] = {}
    for names in (PODS[:4], PODS[4:]):
        at_once(lambda name: ended.update({name: stop(cluster.pods[name].container)}), *names)
    assert ended == dict.fromkeys(PODS, 0)
