"""What the tiers call the same things: Redis keys, the consumer group, the Celery queue and task."""

JOURNAL = "dummies:journal"  # stream: the queue itself, one entry per group of strings
WAITING = "dummies:waiting"  # integer: strings in the journal
APPENDED = "dummies:appended"  # integer: strings appended so far; it never falls unless the journal was set back
WRITABLE = "dummies:writable"  # flag: written each second by whoever looks whether anything can be
SET_BACK = "dummies:set_back"  # "at_ms before after": the counter was seen to fall; an operator deletes it
STORED = "dummies:stored"  # integer: strings completed so far, for the rate
INSERTED = "dummies:inserted"  # integer: rows that were new so far: proof that PostgreSQL takes strings
FAILED = "dummies:failed"  # hash: id -> dead letter
RETRIED = "dummies:retried"  # integer: dead letters that were put back into the journal so far
DISCARDED = "dummies:discarded"  # integer: dead letters that were removed for good so far
BALANCE_BASE = "dummies:balance_base"  # integer: what the books were out by when they were first kept
SET_ASIDE = "dummies:set_aside"  # sorted set: entry -> when it is tried again, ms: strings that failed alone
ASIDE_TURN = "dummies:aside_turn"  # flag: a worker tries what was set aside, or it is too early to
SET_ASIDE_NOTES = "dummies:set_aside_notes"  # hash: entry -> "rows inserted when it failed last" and how it failed
WAKEUP = "dummies:wakeup"  # flag: a wake-up is under way, or a drain that will see what is appended
HELP = "dummies:help"  # flag: a wake-up for one more drain is under way
WORKERS = "dummies:workers"  # sorted set: worker -> when it was last heard of, ms
DATABASE_AWAY = "dummies:database_away"  # "since attempts": PostgreSQL does not answer the workers
DATABASE_PROBE = "dummies:database_probe"  # flag: somebody tries, or it is too early to try again

GROUP = "writers"
CONSUMER = "worker"  # one name for all processes: an entry belongs to the lease, not to a process
ASIDE_CONSUMER = "aside"  # holds the entries that are set aside

QUEUE = "dummies.wakeups"
DRAIN_TASK = "dummies.drain"


def status_key(submission_id: str) -> str:
    """Return the key of a string's status record."""
    return f"dummies:status:{submission_id}"


def idempotency_key(key_hash: str) -> str:
    """Return the key under which an Idempotency-Key is remembered, by the key's hash."""
    return f"dummies:key:{key_hash}"
