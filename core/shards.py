"""The shards of a journal on a Redis Cluster: which one a string belongs to, and which slot the shard's keys are in."""

from __future__ import annotations

from binascii import crc_hqx
from functools import cache
from itertools import count

SLOTS = 16_384
MOST_SHARDS = 48
_PLACE = slice(15, 18)
"""Where the place is in an id: core/ids.py."""
_WINDOW = SLOTS // MOST_SHARDS


def shard_of(id_: str, shards: int) -> int:
    """Return the number of the shard that a string with this id is appended to, where there are as many."""
    return int(id_[_PLACE], 16) % shards


def slot_of(tag: str) -> int:
    """Return the hash slot of the keys whose names have this in braces (Redis Cluster specification)."""
    return crc_hqx(tag.encode(), 0) % SLOTS


@cache
def tag_of(shard: int) -> str:
    """Return a shard's hash tag: the first ``dummies:<shard>.<n>`` whose slot is where the shard should be.

    Shards 0, 1, 2 are at the beginning of each third of all slots, 3, 4, 5 in the middle of each, and so on, always in
    the largest gaps: so primaries with equal shares of the slots, above all three or six, have about as many shards.
    """
    first = _position(shard)
    return next(tag for n in count() if 0 <= slot_of(tag := f"dummies:{shard}.{n}") - first < _WINDOW)


def _position(shard: int) -> int:
    """Return the first slot of those that a shard's may be."""
    fraction, part, radix = 0.0, 1.0, 3
    while shard:
        shard, digit = divmod(shard, radix)
        part /= radix
        fraction += digit * part
        radix = 2
    return int(fraction * SLOTS)
