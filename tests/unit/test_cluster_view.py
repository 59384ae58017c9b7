"""What the gate of a Redis Cluster reads from a peer's CLUSTER NODES: whether that peer has given this node up."""

from __future__ import annotations

import subprocess

import pytest

from local.cluster import SCRIPTS

NAME, ADDRESS, PORT = "redis-cluster-0-0.redis-cluster", "10.0.0.7", "6379"
ASK = '. "$1/nodes.sh"; host=$2 ip=$3 port=$4 look -v ask=word'
PEER = "aaaa 10.0.0.2:6379@16379,redis-cluster-1-0.redis-cluster myself,master - 0 0 2 connected 5461-10922"
THIRD = "bbbb 10.0.0.3:6379@16379,redis-cluster-2-0.redis-cluster master - 0 0 3 connected 10923-16383"
REPLICA = "cccc 10.0.0.4:6379@16379,redis-cluster-0-1.redis-cluster {} 0 0 1 connected {}"
FOLLOWS = REPLICA.format("slave dddd", "")
TOOK_OVER = REPLICA.format("master -", "0-5460")


def ours(flags: str, slots: str = "", place: str = f"{ADDRESS}:{PORT}@16379,{NAME}") -> str:
    return f"dddd {place} {flags} - 0 0 1 connected {slots}"


WORDS = {
    "it is a primary": ([FOLLOWS, ours("master", "0-5460")], "owner"),
    "it may have failed": ([FOLLOWS, ours("master,fail?", "0-5460")], "owner"),
    "it has failed and still owns slots": ([FOLLOWS, ours("master,fail", "0-5460")], "owner"),
    "it is known under another address": (
        [FOLLOWS, ours("master,fail", "0-5460", f"10.0.0.9:6379@16379,{NAME}")],
        "owner",
    ),
    "its address was another's": ([FOLLOWS, ours("master,fail", "0-5460", f"{ADDRESS}:6379@16379,other")], "owner"),
    "names are unknown": ([FOLLOWS, ours("master", "0-5460", f"{ADDRESS}:6379@16379")], "owner"),
    "it is a primary without slots": ([TOOK_OVER, ours("master")], "owner"),
    "its replica took over": ([TOOK_OVER, ours("master,fail")], "gave_up"),
    "it was forgotten": ([TOOK_OVER], "gave_up"),
    "another id took its address": ([TOOK_OVER, ours("master,fail,noaddr", "", f":0@0,{NAME}")], "gave_up"),
    "it is a replica": ([TOOK_OVER, ours("slave")], "gave_up"),
    "slots move": ([TOOK_OVER, THIRD + " [0->-dddd]", ours("slave")], "gave_up"),
    "single slots": ([REPLICA.format("master -", "0 1 2-5460"), ours("slave")], "gave_up"),
    "a slot has no owner": ([REPLICA.format("master -", "1-5460"), ours("slave")], "unsettled"),
}


@pytest.mark.parametrize("case", WORDS)
def test_a_peer_has_given_up_a_node_once_others_own_every_slot(case: str) -> None:
    lines, word = WORDS[case]
    third = [] if any("bbbb" in line for line in lines) else [THIRD]
    assert read([PEER, *third, *lines]) == f"aaaa {word}"


def test_a_peer_without_slots_is_empty_and_an_error_says_nothing() -> None:
    assert read(["aaaa :6379@16379 myself,master - 0 0 0 connected"]) == "aaaa empty"
    assert read(["LOADING Redis is loading the dataset in memory"]) == ""


def read(lines: list[str]) -> str:
    """Return what the gate reads from an answer."""
    command = ["sh", "-c", ASK, "sh", str(SCRIPTS), NAME, ADDRESS, PORT]
    return subprocess.run(
        command, input="\n".join(lines), capture_output=True, text=True, check=True, timeout=10
    ).stdout.strip()
