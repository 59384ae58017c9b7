"""Timeouts in seconds, innermost first; each must expire before the next.

A statement times out first, then our own deadline around it (a stopped server cannot time itself out), then the lease
on the claimed entries, then the task that holds them, then the pod. A test checks the order.
"""

LOCK_TIMEOUT = 3.0  # less than the statement's, or PostgreSQL reports every wait for a lock as a slow statement
STATEMENT_TIMEOUT = 4.0
CALL_DEADLINE = 6.0
LEASE = 15.0
TASK_TIME_LIMIT = 30.0
GRACE_PERIOD = 40.0

CONNECT_TIMEOUT = 3.0
DRAIN_BUDGET = 3.0  # after which a drain gives way to the next one
SETTLE_BUDGET = 8.0  # after which no more of a claimed batch is tried: one more call still ends within the lease
PROBE_AT_LEAST = 20.0  # each process tries an unavailable PostgreSQL at least this often, whatever Redis' clock says
ABANDONED_AFTER = TASK_TIME_LIMIT + 5.0  # no process can have held an entry for this long
STUCK_AFTER = 25.0  # a pool that has not started a task by then is stuck; so is a thread that has not started a round
WORKER_SILENT_AFTER = 5.0  # a worker without a heartbeat for this long counts as gone
