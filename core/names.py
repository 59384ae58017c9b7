"""What the tiers call the same things: Redis keys, the consumer group, the Celery queue and task."""

JOURNAL = "dummies:journal"  # stream: the queue itself, one entry per group of strings
WAITING = "dummies:waiting"  # integer: strings in the journal
APPENDED = "dummies:appended"  # integer: strings appended so far; it never falls unless the journal was set back
SET_BACK = "dummies:set_back"  # "at_ms before after": the counter was seen to fall; an operator deletes it
STORED = "dummies:stored"  # integer: strings completed so far, for the rate
FAILED = "dummies:failed"  # hash: id -> dead letter
WAKEUP = "dummies:wakeup"  # flag: a wake-up is under way, or a drain that will see what is appended
HELP = "dummies:help"  # flag: a wake-up for one more drain is under way
WORKERS = "dummies:workers"  # sorted set: worker -> when it was last heard of, ms
DATABASE_AWAY = "dummies:database_away"  # "since attempts": PostgreSQL does not answer the workers
DATABASE_PROBE = "dummies:database_probe"  # flag: somebody tries, or it is too early to try again

GROUP = "writers"
CONSUMER = "worker"  # one name for all processes: an entry belongs to the lease, not to a process

QUEUE = "dummies.wakeups"
DRAIN_TASK = "dummies.drain"


def status_key(submission_id: str) -> str:
    """Return the key of a string's status record."""
    return f"dummies:status:{submission_id}"


def idempotency_key(key_hash: str) -> str:
    """Return the key under which an Idempotency-Key is remembered, by the key's hash."""
    return f"dummies:key:{key_hash}"
