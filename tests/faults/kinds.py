"""The kinds of faults, by the half of a string's path that they harm."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from core.timeouts import LEASE
from faults import (
    harm_clock,
    harm_database,
    harm_journal,
    harm_network,
    harm_processes,
    harm_replies,
    harm_requests,
    harm_rows,
    points,
)
from faults.clock import can_move_redis_clock, find_faketime
from faults.harm import Harm, Seen
from faults.small_disk import can_mount
from faults.texts import KILLER, POISON


@dataclass(frozen=True)
class Kind:
    """A kind of fault by name; ``inject`` does the harm, heals it, and tells whether it was seen to take effect."""

    name: str
    inject: Callable[[Harm], Seen]
    shortest: float = 0.0
    longest: float = 0.0
    """Between these (s) the schedule draws the duration, where the fault has one."""
    lingers: bool = False
    """Whether it takes minutes until everything is over: such a fault comes first in its round."""


ACCEPTING = (
    Kind("wake-ups stolen", harm_journal.steal_wakeup, 1, 3),
    Kind("messages that are no wake-ups", harm_journal.send_junk),
    Kind("broker flushed", harm_journal.flush_broker, 1, 2),
    Kind("consumer group deleted", harm_journal.delete_group),
    *(Kind(f"killed at {point}", partial(harm_processes.kill_at, point)) for point in points.API_POINTS),
    Kind("API killed", harm_processes.kill_api, 0, 3),
    Kind("Redis killed", harm_journal.kill_redis, 0, 3),
    Kind("Redis killed again", harm_journal.kill_redis, 0, 3),
    Kind("Redis killed a third time", harm_journal.kill_redis, 0, 3),
    Kind("append-only file torn", harm_journal.truncate_aof),
    Kind("Redis stopped beyond the lease", partial(harm_journal.pause_server, "redis"), LEASE + 1, LEASE + 2),
    *(
        Kind(f"{link} {mode}", partial(harm_network.partition, link, mode), 1.5, 5)
        for link in ("web-api", "api-redis", "api-postgres")
        for mode in harm_network.MODES
    ),
    Kind("Redis full", harm_journal.fill_redis, 1, 4),
    *(
        Kind(f"Redis refuses: {error}", partial(harm_replies.refuse, error, refusing), 1, 5)
        for error, refusing in (
            ("NOREPLICAS", harm_replies.few_replicas),
            ("READONLY", harm_replies.replica),
            ("MASTERDOWN", harm_replies.stale_replica),
        )
    ),
    Kind("Redis refuses: BUSY", harm_replies.busy, 2, 6),
    Kind("Redis refuses: NOPERM", harm_replies.take_permission, 1, 5),
    Kind("entry of a newer version", harm_journal.append_newer),
    *([Kind("disk full under the append-only file", harm_journal.fill_disk, 1, 4)] if can_mount() else []),
    Kind("2 MB of text", harm_requests.send_too_much),
    Kind("APIs rolled out", harm_processes.roll_apis),
    *(
        [
            Kind("clock five minutes ahead", partial(harm_processes.shift_clock, "+300"), 1, 4),
            Kind("clock five minutes behind", partial(harm_processes.shift_clock, "-300"), 1, 4),
        ]
        if find_faketime()
        else []
    ),
    *([Kind("Redis' clock put back", harm_clock.put_back)] if can_move_redis_clock() else []),
)
STORING = (
    Kind("text that kills the worker", partial(harm_requests.send_poison, KILLER), lingers=True),
    Kind("poison", partial(harm_requests.send_poison, POISON)),
    *(Kind(f"killed at {point}", partial(harm_processes.kill_at, point)) for point in points.WORKER_POINTS),
    Kind("process of a worker's pool killed", harm_processes.kill_idle),
    Kind("worker killed", harm_processes.kill_worker, 0, 3),
    Kind("PostgreSQL shut down immediately (SIGQUIT)", partial(harm_database.stop_postgres, signal.SIGQUIT), 0, 3),
    Kind("PostgreSQL stopped", partial(harm_database.stop_postgres, signal.SIGINT), 0, 3),
    Kind("PostgreSQL unavailable for 30 s", partial(harm_database.stop_postgres, signal.SIGINT), 30, 30),
    Kind("backends terminated", harm_database.terminate_backends, 0.5, 2),
    Kind("PostgreSQL read-only", harm_database.read_only, 0, 3),
    Kind("table locked for 10 s", harm_database.lock_table, 10, 10),
    Kind("out of connections", harm_database.exhaust_connections, 0, 3),
    Kind("table renamed away", harm_database.rename_table, 0, 2),
    Kind("every row refused", harm_rows.refuse_all, 0, 30),
    *(
        Kind(f"some rows refused: {sqlstate}", partial(harm_rows.refuse_some, sqlstate), 0, 5)
        for sqlstate in ("P0001", "XX001")
    ),
    Kind("slow rows", harm_rows.slow_down, 0, 10),
    Kind("slow string", harm_rows.slow_string, 0, 20),
    Kind("rights revoked", harm_rows.revoke_rights, 0, 3),
    Kind("rows numbered again from 1", harm_rows.restart_sequence, 0, 3),
    Kind("settings of a role", harm_rows.set_role, 0, 3),
    Kind("settings in a worker's environment", harm_rows.change_environment, 0, 3),
    Kind("answer to commit dropped", harm_network.drop_commit_answer, 1, 2),
    Kind("worker stopped beyond its lease", harm_processes.pause_worker),
    Kind("PostgreSQL stopped beyond the lease", partial(harm_journal.pause_server, "postgres"), LEASE + 1, LEASE + 2),
    *(
        Kind(f"{link} {mode}", partial(harm_network.partition, link, mode), 1.5, 5)
        for link in ("worker-redis", "worker-postgres")
        for mode in harm_network.MODES
    ),
    Kind("worker-postgres slow", harm_network.slow_line, 3, 10),
    Kind("workers rolled out", harm_processes.roll_workers),
)
"""Faults of the two halves of the path; where both are played concurrently, two of one half never coincide."""
KINDS = ACCEPTING + STORING
