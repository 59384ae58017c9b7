"""PostgreSQL as the doctor sees it through each role: reachable, encrypted, writable, up to date, with its rights."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from typing import Any, NamedTuple

import psycopg2

from core.addresses import hosts_in
from database.migrate import migrations
from database.session import Connector, UnfitDatabase
from doctor.clock import compare
from doctor.finding import Finding, ill, well
from doctor.settings import LOOPBACK

TIMEOUT = 10.0
PROCESS = "SELECT pg_backend_pid()"
REFUSALS = (
    ("password authentication failed", "the password is wrong", "mend the password in {setting}"),
    ("no pg_hba.conf entry", "it lets nobody in from here", "allow this network, with TLS, in pg_hba.conf"),
    ("does not match host name", "its certificate is for another name", "connect by a name in it, or make it anew"),
    (
        "certificate verify failed",
        "its certificate is not signed by our CA",
        "give the CA's certificate as sslrootcert",
    ),
    ("root certificate file", "the CA's certificate is missing", "mount it where sslrootcert says"),
    ("server does not support SSL", "it speaks no TLS", "turn ssl on in postgresql.conf"),
)


class Right(NamedTuple):
    """A right, as SQL that tells whether the role has it."""

    name: str
    sql: str


class Rights(NamedTuple):
    """What a role must have, and what it must not."""

    needed: Sequence[Right]
    excess: Sequence[Right]


def _table(right: str) -> Right:
    return Right(f"{right} on dummies", f"has_table_privilege('dummies', '{right}')")


def _column(right: str, column: str, table: str = "dummies") -> Right:
    return Right(f"{right} ({column}) on {table}", f"has_column_privilege('{table}', '{column}', '{right}')")


VERSION = _column("SELECT", "version", "schema_migrations")
ANYBODY = (
    Right("being superuser", "(SELECT rolsuper FROM pg_roles WHERE rolname = current_user)"),
    Right(
        "making roles or databases", "(SELECT rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = current_user)"
    ),
    Right("CREATE in the schema", "has_schema_privilege(current_schema(), 'CREATE')"),
    Right(
        "being the owner",
        "pg_has_role((SELECT relowner FROM pg_class WHERE oid = 'public.dummies'::regclass), 'MEMBER')",
    ),
    *map(_table, ("UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")),
)
RIGHTS = {
    "DATABASE_URL": Rights(
        [VERSION, *(_column("INSERT", name) for name in ("id", "text", "received_at")), _column("SELECT", "id")],
        [*ANYBODY, _column("SELECT", "text")],
    ),
    "DATABASE_READ_URL": Rights([VERSION, _table("SELECT")], [*ANYBODY, _table("INSERT"), _column("INSERT", "id")]),
}
ROLES = {"DATABASE_URL": "writer", "DATABASE_READ_URL": "reader", "DATABASE_OWNER_URL": "owner"}


def connector_of(url: str) -> Connector:
    """Return what makes the doctor's sessions."""
    return Connector(url=url, application="ix-doctor", statement_timeout=TIMEOUT, call_deadline=TIMEOUT)


def look_at_postgres(setting: str, url: str) -> list[Finding]:
    """Return what is found of PostgreSQL through one role; where it cannot be reached, that alone."""
    what = f"PostgreSQL as {ROLES[setting]}"
    connector = connector_of(url)
    try:
        connection = connector.connect()
    except psycopg2.OperationalError as error:
        return [_refused(what, setting, error)]
    except UnfitDatabase as error:
        return [ill(what, str(error), "make another database, or have it dumped and restored into one in UTF8")]
    with closing(connection), connection.cursor() as cursor:
        findings = [
            well(what, f"answers, version {connection.server_version // 10000}"),
            _tls(what, url, connection),
            _look(partial(_pooler, what, connector, connection), cursor),
        ]
        looks: Sequence[Callable[[Any], Finding]] = [_writable, _clock, _schema]
        if setting == "DATABASE_URL":
            findings += [_look(look, cursor) for look in looks]
        if setting in RIGHTS:
            findings.append(_look(lambda cursor: _rights(what, RIGHTS[setting], cursor), cursor))
        return findings


def _refused(what: str, setting: str, error: psycopg2.OperationalError) -> Finding:
    said = " ".join(str(error).split())
    for sign, seen, remedy in REFUSALS:
        if sign in said:
            return ill(what, f"{seen}: {said}", remedy.format(setting=setting))
    return ill(what, f"does not answer: {said}", f"start it, open the way to it, or mend {setting}")


def _look(look: Callable[[Any], Finding], cursor: Any) -> Finding:
    try:
        return look(cursor)
    except psycopg2.Error as error:
        return ill(
            "PostgreSQL's answer", " ".join(str(error).split()), "apply the migrations: python -m database.migrate"
        )


def _tls(what: str, url: str, connection: Any) -> Finding:
    what = f"TLS of {what}"
    mode = connection.info.dsn_parameters.get("sslmode")
    if connection.info.ssl_in_use and mode == "verify-full":
        return well(what, f"{connection.info.ssl_attribute('protocol')}, the server's name is verified")
    if set(hosts_in(url)) <= LOOPBACK:
        return well(what, "not needed: the server is on this machine")
    if not connection.info.ssl_in_use:
        return ill(what, "the connection is not encrypted", "turn ssl on in PostgreSQL and set sslmode=verify-full")
    return ill(what, f"the server's name is not verified (sslmode={mode})", "set sslmode=verify-full and sslrootcert")


def _pooler(what: str, connector: Connector, connection: Any, cursor: Any) -> Finding:
    """Tell a pooler by the number of the process behind it, and its mode by two sessions that share a process."""
    what = f"way to {what}"
    cursor.execute(PROCESS)
    process = cursor.fetchone()
    if process == (connection.info.backend_pid,):
        return well(what, "no pooler is between")
    with closing(connector.connect()) as second, second.cursor() as other:
        other.execute(PROCESS)
        if other.fetchone() != process:
            return well(what, "a pooler is between, which was not seen to share sessions")
    seen = "a pooler shares sessions between transactions: time-outs and the schema do not stay as we set them"
    return ill(what, seen, "have it pool by session, or address the server itself")


def _writable(cursor: Any) -> Finding:
    cursor.execute("SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::bool")
    if cursor.fetchone()[0]:
        return ill(
            "PostgreSQL takes writes", "it is a standby or read-only", "address the primary, or end read-only mode"
        )
    return well("PostgreSQL takes writes", "it is the primary")


def _clock(cursor: Any) -> Finding:
    before = time.time()
    cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float")
    return compare("PostgreSQL's clock", cursor.fetchone()[0], (before + time.time()) / 2)


def _schema(cursor: Any) -> Finding:
    cursor.execute("SELECT version FROM schema_migrations")
    applied, known = {version for (version,) in cursor.fetchall()}, migrations()
    missing = [each.name for each in known if not each.post and each.version not in applied]
    if missing:
        return ill("schema", f"not applied: {', '.join(missing)}", "apply the migrations: python -m database.migrate")
    newer = applied - {each.version for each in known}
    if newer:
        return ill(
            "schema", f"newer than this code: {sorted(newer)}", "roll out the version that the schema belongs to"
        )
    return well("schema", f"version {max(applied)}")


def _rights(what: str, rights: Rights, cursor: Any) -> Finding:
    what = f"rights of {what.removeprefix('PostgreSQL as ')}"
    asked = [*rights.needed, *rights.excess]
    cursor.execute(f"SELECT {', '.join(right.sql for right in asked)}")
    has = dict(zip(asked, cursor.fetchone(), strict=True))
    missing = ", ".join(right.name for right in rights.needed if not has[right])
    excess = ", ".join(right.name for right in rights.excess if has[right])
    seen = [f"missing: {missing}"] * bool(missing) + [f"too much: {excess}"] * bool(excess)
    if seen:
        return ill(what, "; ".join(seen), "GRANT what is missing, REVOKE what is too much: see database/migrations")
    return well(what, "what it needs and nothing more")
