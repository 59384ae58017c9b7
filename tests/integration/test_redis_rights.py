"""The users that Redis has in a cluster can do no more than their tiers do, on no key."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError
from redis_pod import KEEPER, USERS, RedisPod, skip_without_users
from strings import bulk, key_of, new_id

from core.keys import KEYS

KEYS_USED = {name: key for name, key in vars(KEYS).items() if not name.startswith("_")}
KEYS_USED |= {"strings": key_of(new_id()), "bulk": key_of(bulk("a").first_id), "keys": KEYS.idempotency(b"a-hash")[0]}
DESTRUCTIVE = {
    "SET": "{} x",
    "MSET": "{} x",
    "GETSET": "{} x",
    "GETDEL": "{}",
    "DEL": "{}",
    "UNLINK": "{}",
    "EXPIRE": "{} 1",
    "PEXPIRE": "{} 1",
    "RENAME": "{} {}",
    "COPY": "{} {} REPLACE",
    "RESTORE": "{} 0 x REPLACE",
    "XTRIM": "{} MAXLEN 0",
    "XADD": "{} MAXLEN 0 * v 1",
    "XDEL": "{} 0-1",
    "XSETID": "{} 0-1",
    "LPUSH": "{} x",
    "HSET": "{} x y",
    "HDEL": "{} x",
    "ZADD": "{} 1 x",
    "ZREM": "{} x",
    "ZREMRANGEBYSCORE": "{} 0 1",
    "DECRBY": "{} 1",
}
"""Commands that replace, remove or end a key or what it holds."""
MAY = {
    "api": {
        "SET": "set_back wakeup writable",
        "HSET": "keys strings",
        "HDEL": "failed strings",
        "ZADD": "bulk",
        "ZREM": "bulk",
        "ZREMRANGEBYSCORE": "bulk",
        "XADD": "journal",
    },
    "worker": {
        "SET": "aside_turn balance_base database_away database_probe help paused wakeup writable",
        "GETDEL": "balance_base paused set_back",
        "DEL": "aside_turn database_away database_probe help wakeup",
        "PEXPIRE": "aside_turn database_away database_probe help wakeup",
        "XDEL": "journal",
        "XADD": "journal",
        "HSET": "failed set_aside_notes strings",
        "HDEL": "failed set_aside_notes strings",
        "ZADD": "bulk set_aside workers",
        "ZREM": "bulk set_aside",
        "ZREMRANGEBYSCORE": "bulk workers",
        "DECRBY": "appended discarded inserted retried stored waiting",
    },
    "waker": {},
    "celery": {},
    "flower": {},
    "keda": {},
    "probe": {},
}
"""On which keys each user may run them."""
REFUSED = {
    "api": [
        "SET dummies:journal x",
        "DEL dummies:failed",
        "XACK dummies:journal writers 1-0",
        "XGROUP DESTROY dummies:journal writers",
        "GET other",
        "LPUSH dummies.wakeups x",
    ],
    "worker": [
        "SET dummies:journal x",
        "DEL dummies:failed",
        "XGROUP DESTROY dummies:journal writers",
        "GET other",
        "BRPOP dummies.wakeups 1",
        "PUBLISH /0.celery.pidbox x",
    ],
    "waker": [
        "XLEN dummies:journal",
        "BRPOP dummies.wakeups 1",
        "DEL dummies.wakeups",
        "SADD _kombu.binding.celery.pidbox x",
        "PUBLISH /0.celery.pidbox x",
        "SCRIPT LOAD x",
    ],
    "celery": ["XLEN dummies:journal", "GET dummies:waiting", "PUBLISH other x", "HGET dummies.wakeups x"],
    "flower": ["XRANGE dummies:journal - +", "GET dummies:waiting", "BRPOP dummies.wakeups 1", "DEL dummies.wakeups"],
    "keda": ["XRANGE dummies:journal - +", "XLEN other", "INFO"],
    "probe": ["XLEN dummies:journal", "INFO", "TIME", "CLIENT LIST"],
}
REFUSED_TO_ALL = ["FLUSHALL", "CONFIG SET appendonly no", "KEYS *", "SHUTDOWN NOSAVE", "ACL LIST", "EVAL x 0"]


@pytest.fixture(scope="module")
def pod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisPod]:
    """Redis with its users."""
    skip_without_users()
    with RedisPod(tmp_path_factory.mktemp("redis")) as started:
        yield started


@pytest.fixture(scope="module")
def keeper(pod: RedisPod) -> Iterator[Redis]:
    """A client who may do everything."""
    with Redis.from_url(pod.url_as(KEEPER), socket_timeout=3, decode_responses=True) as redis:
        yield redis


def test_only_the_tiers_are_known(pod: RedisPod, keeper: Redis) -> None:
    assert set(keeper.acl_users()) == {"default", KEEPER, "probe", *USERS}
    for login in (f"redis://127.0.0.1:{pod.port}/0", f"redis://default:api@127.0.0.1:{pod.port}/0"):
        with Redis.from_url(login, socket_timeout=3) as redis, pytest.raises(AuthenticationError):
            redis.ping()


@pytest.mark.parametrize("user", REFUSED)
def test_a_user_can_do_no_more_than_its_tier_does(pod: RedisPod, user: str) -> None:
    with Redis.from_url(pod.url_as(user), socket_timeout=3) as redis:
        assert redis.ping()
        for command in REFUSED[user] + REFUSED_TO_ALL:
            with pytest.raises(NoPermissionError):
                redis.execute_command(*command.split())


@pytest.mark.parametrize("user", MAY)
def test_a_user_can_change_only_the_keys_that_its_tier_changes_so(keeper: Redis, user: str) -> None:
    for command, arguments in DESTRUCTIVE.items():
        may = {
            name
            for name, key in KEYS_USED.items()
            if keeper.acl_dryrun(user, command, *arguments.format(key, key).split()) in ("OK", True)
        }
        assert may == set(MAY[user].get(command, "").split()), command


def test_a_script_can_do_no_more_than_who_calls_it(pod: RedisPod, keeper: Redis) -> None:
    keeper.hset(KEYS.failed, "an id", "a dead letter")
    with Redis.from_url(pod.url_as("api"), socket_timeout=3) as redis:
        script = redis.script_load("return redis.call('HSET', KEYS[1], 'an id', 'another')")
        with pytest.raises(ResponseError, match=r"access|this command"):
            redis.evalsha(script, 1, KEYS.failed)
    assert keeper.hgetall(KEYS.failed) == {"an id": "a dead letter"}
