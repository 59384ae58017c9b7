"""What an operator erases is gone, and nothing that brings it again stores it; what is old is deleted."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import psycopg2
import pytest
from forwarding import LateForwarder
from strings import REMEMBERED_KEYS, key_of
from support import REFUSE, UNPLANT, Client, count_rows, eventually, query, redis_of, waiting

from core.keys import KEYS
from database.erase import main
from local.system import ROOT, Process, System

OLD = """INSERT INTO dummies (id, text, received_at, stored_at)
SELECT gen_random_uuid(), 'old', now() - INTERVAL '31 days', now() - INTERVAL '31 days' FROM generate_series(1, %s)"""
TRIGGER = REFUSE.format("IF starts_with(NEW.text, 'secret') THEN RAISE 'not now'; END IF;")
CONSTRAINT = "ALTER TABLE dummies ADD CONSTRAINT planted CHECK (NOT starts_with(text, 'secret')) NOT VALID"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system whose worker is started when the first test needs it."""
    with System(tmp_path_factory.mktemp("system")) as started:
        started.start_api()
        yield started


@pytest.fixture(scope="module")
def worker(system: System) -> Process:
    """The system's worker."""
    return system.start_worker()


@pytest.fixture
def client(client: Client, worker: Process) -> Client:  # noqa: ARG001 - it stores what the client submits
    """A client of a system with a worker."""
    return client


def erase(system: System, *arguments: str, **env: str) -> subprocess.Popen[str]:
    """Start the operator's command."""
    command = [sys.executable, "-m", "database.erase", *arguments, "--why", "sent by mistake"]
    return subprocess.Popen(
        command, cwd=ROOT, env=system.env | env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def erased(system: System, *arguments: str, **env: str) -> tuple[int, str, str]:
    """Run the operator's command; return its exit code and what it said, to the operator and to the log."""
    run = erase(system, *arguments, **env)
    said, logged = run.communicate(timeout=100)
    return run.returncode, said, logged


def submitted(client: Client, text: str, key: str) -> str:
    """Submit a string; return its id."""
    return client.submit(text, key).raise_for_status().json()["id"]


def rows(system: System, submission_id: str) -> list[tuple]:
    """Return the row of a string, as far as it stays: its place, its text, and whether it is erased."""
    return query(system, "SELECT seq, text, erased_at IS NOT NULL FROM dummies WHERE id = %s", submission_id)


def settled(system: System, client: Client) -> None:
    """Wait until nothing waits; check that nothing is missing or too much."""
    eventually(lambda: waiting(system) == 0, within=30)
    eventually(lambda: client.pipeline()["waiting"] == 0, within=30)
    assert client.pipeline()["unaccounted"] == 0


def forget_keys(system: System) -> None:
    """Do what time does: Redis remembers a key for a minute."""
    with redis_of(system) as redis:
        for key in redis.scan_iter(REMEMBERED_KEYS):
            redis.delete(key)


@pytest.fixture
def refused_for_its_text(system: System) -> Iterator[None]:
    """Have PostgreSQL refuse secrets, which become dead letters."""
    query(system, CONSTRAINT)
    yield
    query(system, "ALTER TABLE dummies DROP CONSTRAINT planted")


@pytest.fixture
def refused_for_now(system: System) -> Iterator[None]:
    """Have PostgreSQL refuse secrets for what may pass: they are set aside."""
    query(system, TRIGGER)
    yield
    query(system, UNPLANT)


def test_killed_while_a_string_is_queued_it_is_never_stored(system: System, request: pytest.FixtureRequest) -> None:
    """No worker runs yet, so the command waits."""
    with Client(base_url=system.api_url, timeout=10) as client:
        received_at = client.submit("secret in the queue", "queued").json()["received_at"]
        id_ = submitted(client, "secret in the queue", "queued")
        run = erase(system, id_)
        eventually(lambda: rows(system, id_), within=30)
        run.kill()
        run.communicate()
        assert waiting(system) == 1
        row = rows(system, id_)
        assert row[0][1:] == ("", True)

        request.getfixturevalue("worker")
        settled(system, client)
        assert rows(system, id_) == row
        assert client.state(id_)["received_at"] == received_at
    code, said, _ = erased(system, id_)
    assert (code, "Redis has none of them" in said) == (0, True)


def test_an_erased_string_keeps_its_id_and_nothing_else(system: System, client: Client) -> None:
    id_ = submitted(client, "secret: 1234", "a key")
    eventually(lambda: rows(system, id_), within=30)
    [(seq, text, _)] = rows(system, id_)
    assert text == "secret: 1234"

    code, said, logged = erased(system, id_)
    assert (code, said.splitlines()[0]) == (0, "1 erased; 0 kept from being stored; 0 erased before.")
    assert all(part in logged for part in ("operator action", id_, "sent by mistake", "count=1"))
    assert "1234" not in said + logged

    assert rows(system, id_) == [(seq, "", True)]
    state = client.state(id_)
    assert (state["status"], state["text"]) == ("stored", None)
    assert state["erased_at"] > state["stored_at"]
    assert client.get("/dummies/", params={"limit": 1}).json()["items"] == [state]
    assert client.get("/dummies/", params={"q": "secret"}).json()["items"] == []
    assert client.get("/dummies/", params={"id": id_, "preview": 5}).json()["items"] == [state]
    assert "secret" not in client.get("/dummies/export").text

    assert erased(system, id_)[1].splitlines()[0] == "0 erased; 0 kept from being stored; 1 erased before."
    assert client.state(id_) == state


def test_a_dry_run_says_what_would_be_erased_and_erases_nothing(system: System, client: Client) -> None:
    id_, unknown = submitted(client, "secret to be kept", "kept"), str(uuid4())
    eventually(lambda: rows(system, id_), within=30)
    row = rows(system, id_)
    code, said, logged = erased(system, id_, unknown, "--dry-run")
    assert (code, said) == (0, "Would be: 1 erased; 1 kept from being stored; 0 erased before.\n")
    assert "operator action" not in logged
    assert (rows(system, id_), rows(system, unknown)) == (row, [])


def test_a_repeat_long_after_is_accepted_and_stores_nothing(system: System, client: Client) -> None:
    id_ = submitted(client, "secret of yesterday", "yesterday")
    eventually(lambda: rows(system, id_), within=30)
    erased(system, id_)
    row = rows(system, id_)
    assert row[0][1:] == ("", True)
    forget_keys(system)
    again = client.submit("secret of yesterday", "yesterday")
    assert (again.status_code, again.json()["id"]) == (202, id_)
    settled(system, client)
    assert rows(system, id_) == row


def test_killed_before_it_commits_it_has_done_nothing(system: System, client: Client) -> None:
    id_ = submitted(client, "secret that is held", "held")
    eventually(lambda: rows(system, id_), within=30)
    waits = "SELECT pid FROM pg_stat_activity WHERE application_name = 'ix-erase' AND wait_event_type = 'Lock'"
    with closing(psycopg2.connect(system.postgres.superuser_url)) as connection:
        connection.cursor().execute("SELECT FROM dummies WHERE id = %s FOR UPDATE", [id_])
        run = erase(system, id_, str(uuid4()))
        eventually(lambda: query(system, waits), within=30)
        run.kill()
        run.communicate()
        before = count_rows(system)
        query(system, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ix-erase'")
        eventually(lambda: not query(system, waits), within=30)
    assert (rows(system, id_)[0][1], count_rows(system)) == ("secret that is held", before)
    assert erased(system, id_)[0] == 0
    assert rows(system, id_)[0][1:] == ("", True)


@pytest.mark.usefixtures("refused_for_its_text")
@pytest.mark.parametrize("key", ["refused", "refused, and its status lost"])
def test_an_erased_dead_letter_is_discarded(system: System, client: Client, key: str) -> None:
    id_ = submitted(client, "secret and refused", key)
    eventually(lambda: client.state(id_)["status"] == "failed", within=30)
    if "lost" in key:
        with redis_of(system) as redis:
            assert redis.delete(key_of(id_)) == 1
    code, said, _ = erased(system, id_)
    assert (code, said.splitlines()[1]) == (0, "Redis has none of them any more; dead letters discarded: 1.")
    assert client.state(id_)["text"] is None
    with redis_of(system) as redis:
        assert not redis.hexists(KEYS.failed, id_)
    settled(system, client)


@pytest.mark.usefixtures("refused_for_its_text")
def test_a_dead_letter_that_is_retried_later_is_gone_although_it_is_refused_still(
    system: System, client: Client
) -> None:
    id_ = submitted(client, "secret and retried", "retried")
    eventually(lambda: client.state(id_)["status"] == "failed", within=30)
    code, said, _ = erased(system, id_, REDIS_URL="")
    assert (code, "REDIS_URL is not set" in said) == (0, True)
    row = rows(system, id_)
    retry = [sys.executable, "-m", "worker.dead_letters", "retry", "--all"]
    subprocess.run(retry, cwd=ROOT, env=system.env, check=True, capture_output=True, timeout=30)
    settled(system, client)
    assert (client.state(id_)["status"], rows(system, id_)) == ("stored", row)


@pytest.mark.usefixtures("refused_for_now")
def test_a_string_that_is_set_aside_ends_with_its_next_try(system: System, client: Client) -> None:
    id_ = submitted(client, "secret and set aside", "aside")
    with redis_of(system) as redis:
        eventually(lambda: redis.zcard(KEYS.set_aside), within=30)
    code, said, _ = erased(system, id_)
    assert (code, "Redis has none of them" in said) == (0, True)
    assert client.state(id_)["status"] == "stored"
    settled(system, client)


def test_without_redis_the_row_is_erased_and_the_command_says_what_is_left(system: System, client: Client) -> None:
    id_ = submitted(client, "secret without Redis", "no Redis")
    eventually(lambda: rows(system, id_), within=30)
    code, said, _ = erased(system, id_, REDIS_URL="redis://127.0.0.1:1/0")
    assert (code, "Redis may still have texts" in said) == (1, True)
    assert rows(system, id_)[0][1:] == ("", True)


def test_old_strings_are_deleted_while_others_are_stored_and_erased_ones_stay(system: System, client: Client) -> None:
    """The first run is killed, the second is told to end, and says how far it came; the third does the rest."""
    id_ = submitted(client, "secret of last month", "last month")
    eventually(lambda: rows(system, id_), within=30)
    erased(system, id_)
    query(system, "UPDATE dummies SET stored_at = now() - INTERVAL '31 days'")
    kept = count_rows(system) - len(query(system, "SELECT seq FROM dummies WHERE erased_at IS NULL"))
    query(system, OLD, 20_000)
    old = count_rows(system) - kept
    code, said, logged = erased(system, "--older-than", "30", "--dry-run")
    assert (code, said) == (0, f"{old:,} would be deleted that were stored more than 30 days ago.\n")
    assert (count_rows(system), "operator action" in logged) == (kept + old, False)
    run = erase(system, "--older-than", "30")
    new = [submitted(client, "new", str(uuid4())) for _ in range(10)]
    eventually(lambda: count_rows(system) < 19_000, within=30)
    run.kill()
    run.communicate()
    left = count_rows(system)
    run = erase(system, "--older-than", "30")
    eventually(lambda: count_rows(system) < left, within=30)
    run.terminate()
    assert re.search(r'count=[1-9]\d* event="operator action" ', run.communicate()[1])
    assert run.returncode == 143
    new += [submitted(client, "new", str(uuid4())) for _ in range(10)]
    code, said, logged = erased(system, "--older-than", "30")
    assert (code, said.endswith("deleted that were stored more than 30 days ago.\n")) == (0, True)
    assert f"count={said.split()[0].replace(',', '')}" in logged
    settled(system, client)
    assert count_rows(system) == kept + len(new)
    assert {state["status"] for state in client.states(new)} == {"stored"}
    assert rows(system, id_)[0][1:] == ("", True)


@pytest.mark.parametrize(
    "arguments",
    [[], ["not-an-id"], ["--older-than", "0"], [str(uuid4()), "--older-than", "30"], [str(uuid4()), "--why", "a\nb"]],
)
def test_what_is_not_clear_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--why", "sent by mistake", *arguments])
    assert ended.value.code == 2


def test_a_network_that_does_not_know_the_pod_yet(system: System, client: Client) -> None:
    stored = submitted(client, "secret", str(uuid4()))
    settled(system, client)
    with LateForwarder(system.postgres.port) as late:
        url = re.sub(r":\d+/", f":{late.port}/", system.env["DATABASE_OWNER_URL"])
        code, said, logged = erased(system, stored, DATABASE_OWNER_URL=url)
    assert code == 0, logged
    assert said.startswith("1 erased")
