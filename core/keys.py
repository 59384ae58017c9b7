"""Keys in Redis, each with its type and what it holds, and the names within the journal's consumer group."""

from __future__ import annotations

from struct import Struct

from core.addresses import is_cluster
from core.ids import INDEX_BYTES, index_of
from core.shards import tag_of

GROUP = "writers"
CONSUMER = "worker"  # one name for all processes: an entry belongs to the lease, not to a process
ASIDE_CONSUMER = "aside"  # holds the entries that are set aside
HASHES = 2**16
"""Hashes among which the records of single strings are spread. Redis keeps one of up to 512 fields in little memory: so
here for up to 30,000,000 strings. With more of them each would have so few fields that it takes more than those do."""
KEY_HASHES = 2**13
"""Hashes among which the Idempotency-Keys of a minute are spread, for the same reason."""
_LAST_BYTES = Struct(">12xI")
_FIRST_BYTES = Struct(">H")


class Keys:
    """The keys of one journal, which all begin with its prefix."""

    def __init__(self, prefix: str) -> None:
        """Derive every key from the prefix; on a cluster it is a tag in braces, so that all keys are in one slot."""
        self.journal = f"{prefix}:journal"  # stream: the queue itself, an entry holds up to 500 strings
        self.waiting = f"{prefix}:waiting"  # integer: strings in the journal
        self.appended = f"{prefix}:appended"  # integer: strings ever appended; falls only if the journal is rolled back
        self.writable = f"{prefix}:writable"  # flag: written each second to see whether Redis takes writes
        self.set_back = f"{prefix}:set_back"  # "at_ms before after": a rollback was seen; an operator clears it
        self.stored = f"{prefix}:stored"  # integer: strings ever completed; those of a repeated request again
        self.inserted = f"{prefix}:inserted"  # integer: rows ever inserted: proof that PostgreSQL stores strings
        self.failed = f"{prefix}:failed"  # hash: id -> dead letter
        self.retried = f"{prefix}:retried"  # integer: dead letters ever put back into the journal
        self.discarded = f"{prefix}:discarded"  # integer: dead letters ever discarded
        self.paused = f"{prefix}:paused"  # JSON: an operator has paused draining: since when, who, why
        self.balance_base = f"{prefix}:balance_base"  # integer: imbalance when the balance was first kept
        self.set_aside = f"{prefix}:set_aside"  # sorted set: entry -> when it is retried, ms: strings that failed alone
        self.aside_turn = f"{prefix}:aside_turn"  # flag: a worker retries what is set aside, or it is too early to
        self.set_aside_notes = f"{prefix}:set_aside_notes"  # hash: entry -> "rows inserted at its last failure" + state
        self.wakeup = f"{prefix}:wakeup"  # flag: a wake-up is under way, or a drain that will see what is appended
        self.help = f"{prefix}:help"  # flag: a wake-up for one more drain is under way
        self.workers = f"{prefix}:workers"  # sorted set: worker -> its last heartbeat, ms
        self.database_away = f"{prefix}:database_away"  # "since attempts": PostgreSQL is unavailable to the workers
        self.database_probe = f"{prefix}:database_probe"  # flag: a worker tries PostgreSQL, or it is too early to retry
        self._strings, self._bulk, self._idempotency = f"{prefix}:strings:", f"{prefix}:bulk:", f"{prefix}:keys:"

    def record(self, packed_id: bytes) -> str:
        """Return the key of a string's status record, and of others': core/lua/records.lua explains them."""
        return self.records(packed_id)[0]

    def records(self, packed_ids: bytes) -> list[str]:
        """Return the key of each string's record; all were submitted alone, or it is one of a bulk."""
        if index_of(packed_ids) is None:
            return [f"{self._strings}{last % HASHES:x}" for (last,) in _LAST_BYTES.iter_unpack(packed_ids)]
        return [self._bulk + packed_ids[:-INDEX_BYTES].hex()]

    def idempotency(self, key_hash: bytes) -> list[str]:
        """Return the hashes, of even and of odd minutes, that remember an Idempotency-Key by its other bytes."""
        even = 2 * (_FIRST_BYTES.unpack_from(key_hash)[0] % KEY_HASHES)
        return [f"{self._idempotency}{even:x}", f"{self._idempotency}{even + 1:x}"]


KEYS = Keys("dummies")
"""The keys on a single Redis."""


def keys_at(address: str, shard: int = 0) -> Keys:
    """Return the keys of a journal at this address; on a Redis Cluster, those of a shard."""
    return Keys(f"{{{tag_of(shard)}}}") if is_cluster(address) else KEYS
