"""The clocks that must nest, in seconds: each must run out before the next one does.

A statement gives up first, then our own deadline around it (a stopped server cannot time itself out), then the
lease on the claimed entries, then the task that holds them, then the pod. A test keeps them in order.
"""

STATEMENT_TIMEOUT = 4.0
CALL_DEADLINE = 6.0
LEASE = 15.0
TASK_TIME_LIMIT = 30.0
GRACE_PERIOD = 40.0

CONNECT_TIMEOUT = 3.0
DRAIN_BUDGET = 3.0  # after which a drain gives way to the next one
BISECT_BUDGET = 8.0  # after which a batch with poison in it is released, not held
POOL_STUCK_AFTER = 25.0  # a pool that began nothing of what it was given for so long will never do so
WORKER_SILENT_AFTER = 5.0  # a worker that has not been heard of for this long is away
