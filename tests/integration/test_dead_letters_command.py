"""``python -m worker.dead_letters``: as operators use it, killed, interrupted, and without a Redis."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from pwd import getpwuid
from socket import gethostname

import pytest
from dead_letters import ODD, balance, plant, queued
from redis import Redis as RedisClient
from support import eventually

import core.dead_letter_groups
from core.dead_letter_groups import DeadLetterGroups
from core.dead_letters import DeadLetters
from core.keys import KEYS
from local.ports import free_port
from local.redis import Redis
from local.system import ROOT
from worker.dead_letters import INCOMPLETE, INTERRUPTED, follow, main

MANY = 8_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """The machine's Redis."""
    with Redis(tmp_path_factory.mktemp("redis"), free_port()) as started:
        yield started


def command(redis: Redis, *arguments: str) -> list[str]:
    """Return the operator's command."""
    return ["env", f"REDIS_URL={redis.url}", sys.executable, "-m", "worker.dead_letters", *arguments]


def told(redis: Redis, *arguments: str) -> tuple[int, str, str]:
    """Run the operator's command; return its exit code and what it said."""
    run = subprocess.run(command(redis, *arguments), cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    return run.returncode, run.stdout, run.stderr


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_killed_anywhere_and_repeated_it_decides_each_once(
    redis: RedisClient, server: Redis, number: signal.Signals
) -> None:
    ids = plant(redis, MANY)
    for floor in (1, 2_000):
        run = subprocess.Popen(
            command(server, "retry", "--all"), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        eventually(lambda floor=floor: int(redis.get(KEYS.retried) or 0) >= floor, within=20)
        run.send_signal(number)
        out, err = run.communicate(timeout=20)
        if run.returncode:  # else it was faster
            assert run.returncode == (-signal.SIGKILL if number == signal.SIGKILL else INTERRUPTED)
            assert number == signal.SIGKILL or "interrupted" in out.splitlines()[-1]
        assert "Traceback" not in err
        balance(redis)
    left = redis.hlen(KEYS.failed)
    code, out, _ = told(server, "retry", "--all")
    assert (code, out.splitlines()[-1]) == (0, f"{left:,} done, 0 skipped, 0 left to look at. complete")
    assert balance(redis)["retried"] == MANY
    assert {s.id for s in queued(redis)} == set(ids)


def test_what_it_lists_can_be_pasted_into_a_shell(redis: RedisClient, server: Redis) -> None:
    for count, reason in enumerate(ODD, 1):
        plant(redis, count, reason)
    code, out, _ = told(server, "list")
    assert code == 0
    assert all(character.isprintable() for character in out.replace("\n", ""))
    lines = [line.split(None, 1) for line in out.splitlines()]
    assert lines.pop() == ["28", "dead letters"]
    assert [int(count) for count, _ in lines] == [7, 6, 5, 4, 3, 2, 1]
    pasted = "".join(f" --reason {quoted}" for _, quoted in lines)
    subprocess.run(
        ["bash", "-euc", f"{shlex.join(command(server, 'retry'))}{pasted}"], cwd=ROOT, check=True, timeout=30
    )
    assert balance(redis)["retried"] == 28


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["retry"],
        ["discard", "--all"],
        ["discard", "--all", "--why", ""],
        ["discard", "--all", "--why", "x" * 501],
        ["discard", "--all", "--why", "a\nb"],
        ["discard", "--why", "a"],
        ["retry", "--all", "--reason", "one"],
        ["retry", "--al"],
        ["discard", "--all", "--why", "a", "--containing", ""],
        ["retry", "--containing", "one"],
    ],
)
def test_it_asks_for_all_it_needs(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


def test_it_discards_no_other_group_and_the_log_says_why(redis: RedisClient, server: Redis) -> None:
    ids = plant(redis, 3, "one")
    plant(redis, 4, "two")
    code, out, err = told(server, "discard", "--reason", "one", "--reason", "none", "--why", "a test of ours")
    assert (code, out.splitlines()[-1]) == (0, "3 done, 0 skipped, 0 left to look at. complete")
    assert "a test of ours" in err
    assert all(each in err for each in ids)
    [line] = [line for line in err.splitlines() if 'event="operator action"' in line]
    assert f"operator={getpwuid(os.getuid()).pw_name}@{gethostname()} " in line
    assert all(part in line for part in ('action="discard group"', "count=3", "left=0", 'reason="a test of ours"'))
    assert balance(redis)["failed"] == 4


def test_it_decides_only_those_that_contain_a_text(redis: RedisClient, server: Redis) -> None:
    plant(redis, 3, "one", "한글")
    plant(redis, 4, "two", "other")
    code, out, _ = told(server, "retry", "--all", "--containing", "한글 1")
    assert (code, out.splitlines()[-1]) == (0, "1 done, 0 skipped, 0 left to look at. complete")
    code, _, err = told(server, "discard", "--reason", "two", "--containing", "one", "--why", "a test")
    assert (code, "one" in err) == (0, True)
    assert balance(redis)["failed"] == 6


@pytest.mark.parametrize("action", [["retry"], ["discard", "--why", "a test"]])
def test_a_dry_run_counts_what_would_be_taken_and_takes_nothing(
    redis: RedisClient, server: Redis, action: list[str]
) -> None:
    plant(redis, 3, "one", "한글")
    plant(redis, 4, "two")
    before = balance(redis)
    code, out, err = told(server, *action, "--all", "--containing", "text", "--dry-run")
    assert (code, out.split()) == (0, f"4 two 4 dead letters that {action[0]} would take".split())
    assert "operator action" not in err
    assert balance(redis) == before


def test_an_export_has_each_dead_letter_of_the_group_and_changes_nothing(redis: RedisClient, server: Redis) -> None:
    texts = [f"{ODD[3]} {ODD[4]} {number}" for number in range(500)]
    ids = plant(redis, 500, ODD[2], f"{ODD[3]} {ODD[4]}")
    plant(redis, 1, "another reason")
    before = balance(redis)
    code, out, _ = told(server, "export", "--reason", ODD[2])
    lines = {line["id"]: line for line in map(json.loads, out.splitlines())}
    assert (code, balance(redis)) == (0, before)
    assert [lines[each]["text"] for each in ids] == texts
    assert lines[ids[7]] == {
        "id": ids[7],
        "text": texts[7],
        "received_at": "2023-11-14T22:13:20.000007Z",
        "reason": ODD[2],
        "attempts": 1,
    }


def test_an_export_says_when_it_is_not_whole(redis: RedisClient, server: Redis) -> None:
    """Because another version wrote a dead letter, or because its reader has gone."""
    plant(redis, 2_000, "because", "x" * 1_000)
    redis.hset(KEYS.failed, "from another version", '{"what": "is this?"}')
    code, out, err = told(server, "export", "--all")
    assert (code, len(out.splitlines()), "1 are missing" in err) == (INCOMPLETE, 2_000, True)
    piped = f"{shlex.join(command(server, 'export', '--all'))} | head -n 1; echo ${{PIPESTATUS[0]}}"
    run = subprocess.run(["bash", "-c", piped], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert (run.stdout.splitlines()[1], run.stderr) == (str(INCOMPLETE), "")


def test_on_a_full_redis_it_says_what_is_left(
    redis: RedisClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(core.dead_letter_groups, "PATIENCE", 0.1)
    plant(redis, 4)
    redis.config_set("maxmemory", "1")
    assert follow(DeadLetterGroups([DeadLetters(redis)]).retry(None, lambda: None, "a test")) == INCOMPLETE
    assert "0 done, 0 skipped, 4 left to look at. There is no room" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["list"], ["discard", "--all", "--why", "a test"]])
def test_without_a_redis_it_says_so(tmp_path: Path, arguments: list[str]) -> None:
    code, _, err = told(Redis(tmp_path, free_port()), *arguments)
    assert code == INCOMPLETE
    assert "The journal does not answer." in err
    assert "Traceback" not in err
