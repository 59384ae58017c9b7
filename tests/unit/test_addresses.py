"""Only addresses that all their readers understand alike are accepted; an error repeats nothing of them."""

from __future__ import annotations

from typing import Any

import pytest
from kombu import Connection
from psycopg2.extensions import parse_dsn
from redis.connection import URL_QUERY_ARGUMENT_PARSERS, parse_url

from core.addresses import database_address, hosts_in, journal_address, nodes_in, place_of, redis_address

REDIS = [
    "redis://127.0.0.1",
    "redis://redis.ix-dummies.svc:6379/",
    "redis://redis_1/0",
    "redis://:p%40ss%2Fw%3Ard@redis/15",
    "redis://:a:b@redis/0",
    "redis://worker:~a!$&'()*+,=b@redis:1/1",
    "redis://worker@redis",
    "redis://%ED%95%9C:%20@redis",
    "redis://[::1]:6379/2",
    "redis://[fe80::1]/2",
    "rediss://redis:6380/0",
    "rediss://redis/0?ssl_ca_certs=/run/ca.crt&ssl_certfile=/run/a.crt&ssl_keyfile=%2Frun%2Fa.key",
    *(f"rediss://redis/0?ssl_cert_reqs={word}" for word in ("none", "optional", "required")),
    *(f"rediss://redis/0?ssl_cert_reqs=CERT_{word}" for word in ("NONE", "OPTIONAL", "REQUIRED")),
    *(f"rediss://redis/0?ssl_check_hostname={word}" for word in ("true", "false")),
]
BAD_REDIS = [
    "",
    "secret",
    "redis:",
    "redis://",
    "redis:///0",
    "redis://secret:secret@/0",
    "http://secret",
    "REDIS://secret",
    "unix:///run/secret",
    "unix://secret@/run/redis.sock?db=1",
    "redis+socket:///run/secret",
    "socket:///run/secret",
    "sentinel://secret:26379/0",
    "redis+sentinel://secret:26379/0",
    "valkey://secret",
    "redis://secret:0/0",
    "redis://secret:65536/0",
    "redis://secret:99999999999999999999",
    "redis://secret:-1",
    "redis://secret:/0",
    "redis://secret:port/0",
    "redis://secret:٦/0",
    "redis://secret,secret/0",
    "redis://secret/0;redis://secret/0",
    "redis://secret/zero",
    "redis://secret/-1",
    "redis://secret/1.0",
    "redis://secret/01",
    "redis://secret/0/1",
    "redis://secret//1",
    "redis://secret/ 1",
    "redis://secret/999999999",
    "redis://secret/0#secret",
    "redis://secret#0",
    "redis://secret /0",
    " redis://secret/0",
    "redis://secret/0\n",
    "redis://sec\tret/0",
    "redis://비밀/0",
    "redis://:비밀@secret/0",
    "redis://:se@cret@redis/0",
    "redis://:sec/ret@redis/0",
    "redis://u:1/sec@redis/0",
    "redis://u:1?secret=1@redis/0",
    "redis://:sec#ret@redis/0",
    "redis://:sec%ret@redis/0",
    "redis://:sec%ff@redis/0",
    "redis://:sec%00@redis/0",
    "redis://:[sec]@redis/0",
    "redis://[secret]/0",
    "redis://[::1/0",
    "redis://[1:2]/0",
    "redis://[fe80::1%25eth0]/0",
    "redis://:secret;@redis/0",
    "rediss://redis/0?ssl_ca_certs=/secret;x",
    "redis://secret/0?db=1&db=1",
    "redis://secret/0?ssl_cert_reqs=none",
    "rediss://secret/0?ssl_cert_reqs=secret",
    "rediss://secret/0?ssl_cert_reqs=CERT_none",
    "rediss://secret/0?ssl_cert_reqs=",
    "rediss://secret/0?ssl_cert_reqs",
    "rediss://secret/0?ssl_cert_reqs=none&ssl_cert_reqs=none",
    "rediss://secret/0?ssl_check_hostname=0",
    "rediss://secret/0?ssl_check_hostname=no",
    "rediss://secret/0?ssl_keyfile=/secret",
    *(f"redis{s}://secret/0?{name}=1" for name in URL_QUERY_ARGUMENT_PARSERS for s in ("", "s")),
    *(
        f"redis://secret/0?{name}=1"
        for name in ("virtual_host", "username", "password", "transport", "decode_responses", "encoding", "client_name")
    ),
]
DATABASES = [
    "postgresql://writer:p%40ss%2Fw%3Ard@db.example:5432/dummy",
    "postgres://127.0.0.1/dummy",
    "postgresql://writer@db",
    "postgresql://writer@a:1,b,[::1]:3/dummy?sslmode=verify-full&sslrootcert=/run/ca.crt",
    "postgresql://writer@/dummy?host=/run/postgresql",
    "postgresql://writer@db/dummy?hostaddr=10.0.0.1",
    "postgresql://writer@db/dummy?sslmode=require&channel_binding=require",
]
BAD_DATABASES = [
    "mysql://secret",
    "postgresql+psycopg2://secret/dummy",
    "host=secret dbname=dummy",
    "postgresql:///secret",
    "postgresql://writer@/secret",
    "postgresql://secret:0/dummy",
    "postgresql://a:1,secret:65536/dummy",
    "postgresql://secret:x/dummy",
    "postgresql://a,,secret/dummy",
    "postgresql://w:se@cret@db/dummy",
    "postgresql://w:se/cret@db/dummy",
    "postgresql://w:1?secret=x@db/dummy",
    "postgresql://w:se%cret@db/dummy",
    "postgresql://w:se%ff@db/dummy",
    "postgresql://w:se%00cret@db/dummy",
    "postgresql://secret/dummy#secret",
    "postgresql://secret/dummy\n",
    "postgresql://secret/du mmy",
    "postgresql://secret/dummy?host=/run",
    "postgresql://secret@/dummy?host=elsewhere",
    "postgresql://a,b/dummy?hostaddr=10.0.0.1",
    "postgresql://secret/dummy?sslmode=verify_full",
    "postgresql://secret/dummy?sslmode=secret",
    "postgresql://secret/dummy?sslmode=",
    "postgresql://secret/dummy?sslmode=require&sslmode=disable",
    "postgresql://secret/dummy?SSLMODE=require",
    *(
        f"postgresql://secret/dummy?{name}=1"
        for name in (
            *("options", "application_name", "fallback_application_name", "target_session_attrs", "connect_timeout"),
            *("client_encoding", "keepalives_idle", "tcp_user_timeout", "load_balance_hosts", "service", "servicefile"),
            *("passfile", "user", "password", "dbname", "port", "replication", "ssl", "pgbouncer", "statement_timeout"),
        )
    ),
]


def by_kombu(address: str) -> dict[str, Any]:
    """Return how kombu reads an address."""
    with Connection(address) as connection:
        return {
            "host": connection.hostname,
            "port": connection.port,
            "username": connection.userid,
            "password": connection.password,
            "db": int(connection.virtual_host.strip("/") or 0),
        }


@pytest.mark.parametrize("address", REDIS)
def test_both_readers_of_redis_understand_what_is_taken_alike(address: str) -> None:
    address = redis_address(address)
    read = parse_url(address)
    for name, value in by_kombu(address).items():
        assert (read.get(name) or None) == (value or None), name
    assert [read["host"]] == hosts_in(address)
    assert read.get("ssl_cert_reqs", "required") in {"none", "optional", "required"}


@pytest.mark.parametrize("address", BAD_REDIS)
def test_other_addresses_of_redis_are_refused_in_a_line_without_them(address: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as raised:
        redis_address(address)
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("address", DATABASES)
def test_libpq_understands_what_is_taken(address: str) -> None:
    assert database_address(address) == address
    read = parse_dsn(address)
    assert [host for host in read["host"].split(",") if "/" not in host] == hosts_in(address)
    assert read.get("password", "p@ss/w:rd") == "p@ss/w:rd"


@pytest.mark.parametrize("address", BAD_DATABASES)
def test_other_addresses_of_a_database_are_refused_in_a_line_without_them(address: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as raised:
        database_address(address)
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("postgresql://user:secret@db.example:5432/dummy", "db.example:5432/dummy"),
        ("postgresql://user:sec%40ret@one:1,two:2/dummy?sslmode=require", "one:1,two:2/dummy"),
        ("postgresql://user:secret@/dummy?host=%2Frun%2Fpostgresql&password=secret", "/run/postgresql/dummy"),
        ("secret", ""),
    ],
)
def test_a_log_line_names_the_server_without_the_password(address: str, place: str) -> None:
    assert place_of(address) == place
    assert "secret" not in place_of(address)


CLUSTERS = {
    "redis+cluster://a:7000/": [("redis://a:7000/", "a", 7000)],
    "redis+cluster://u:p,w@a,b:7001": [("redis://u:p,w@a:6379", "a", 6379), ("redis://u:p,w@b:7001", "b", 7001)],
    "rediss+cluster://[::1]:1/0?ssl_ca_certs=/ca": [("rediss://[::1]:1/0?ssl_ca_certs=/ca", "::1", 1)],
}
BAD_CLUSTERS = [
    "redis+cluster://",
    "redis+cluster:///0",
    "redis+cluster://a,/0",
    "redis+cluster://a/1",
    "redis+cluster://a:0/",
    "redis+cluster://a/?ssl_ca_certs=/ca",
    "rediss+cluster://a/?ssl_keyfile=/key",
    "redis+sentinel://a/0",
    "redis://a,b/0",
]


@pytest.mark.parametrize("address", [*CLUSTERS, *REDIS])
def test_a_journal_may_be_on_a_cluster(address: str) -> None:
    assert journal_address(address) == redis_address(address) if address in REDIS else address


@pytest.mark.parametrize(("address", "nodes"), CLUSTERS.items())
def test_each_node_of_a_cluster_has_an_address_of_its_own(address: str, nodes: list[tuple[str, str, int]]) -> None:
    assert nodes_in(address) == nodes
    for node, host, port in nodes:
        assert (parse_url(node).get("host"), parse_url(node).get("port")) == (host, port)


@pytest.mark.parametrize("address", BAD_CLUSTERS)
def test_a_bad_address_of_a_cluster_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        journal_address(address)


@pytest.mark.parametrize("address", CLUSTERS)
def test_a_broker_cannot_be_a_cluster(address: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        redis_address(address)
