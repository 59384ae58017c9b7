"""PostgreSQL through each role: whether it is reachable, encrypted, writable and migrated, and its rights minimal."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from functools import partial

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class in spite of its name
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from core.addresses import hosts_in
from core.outage_log import describe
from database.migrate import migrations
from database.session import Connector, UnfitDatabase
from doctor.finding import UNREACHED, Finding, compare_clocks, failed, passed, skipped
from doctor.settings import LOOPBACK

TIMEOUT = 10.0
PROCESS = "SELECT pg_backend_pid()"
MIGRATE = "apply the migrations: python -m database.migrate"
REFUSALS = (
    ("password authentication failed", "the password is wrong", "fix the password in {setting}"),
    ("no pg_hba.conf entry", "it allows no connection from here", "allow this network, with TLS, in pg_hba.conf"),
    ("does not match host name", "its certificate is for another name", "connect by a name in it, or renew it"),
    (
        "certificate verify failed",
        "its certificate is signed by another CA",
        "give the CA's certificate as sslrootcert",
    ),
    ("root certificate file", "the CA's certificate is missing", "mount it where sslrootcert says"),
    ("server does not support SSL", "it does not offer TLS", "turn ssl on in postgresql.conf"),
    ("session is read-only", "each is a standby or read-only", "promote one of the servers that {setting} names"),
    ("server is in hot standby mode", "each is a standby", "promote one of the servers that {setting} names"),
)


def _table(*rights: str) -> dict[str, str]:
    return {f"{right} on dummies": f"has_table_privilege('dummies', '{right}')" for right in rights}


def _columns(right: str, *columns: str, table: str = "dummies") -> dict[str, str]:
    has = "has_column_privilege('{}', '{}', '{}')"
    return {f"{right} ({column}) on {table}": has.format(table, column, right) for column in columns}


VERSION = _columns("SELECT", "version", table="schema_migrations")
EXCESSIVE = {
    "being superuser": "(SELECT rolsuper FROM pg_roles WHERE rolname = current_user)",
    "making roles or databases": "(SELECT rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = current_user)",
    "CREATE in the schema": "has_schema_privilege(current_schema(), 'CREATE')",
    "being the owner": "pg_has_role((SELECT relowner FROM pg_class WHERE oid = 'public.dummies'::regclass), 'MEMBER')",
    **_table("UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"),
}
RIGHTS = {
    "DATABASE_URL": (
        VERSION | _columns("INSERT", "id", "text", "received_at") | _columns("SELECT", "id"),
        EXCESSIVE | _columns("SELECT", "text") | _columns("INSERT", "erased_at"),
    ),
    "DATABASE_READ_URL": (VERSION | _table("SELECT"), EXCESSIVE | _table("INSERT") | _columns("INSERT", "id")),
}
"""What each role must have and must not have, as SQL that tells whether it does."""
ROLES = {"DATABASE_URL": "writer", "DATABASE_READ_URL": "reader", "DATABASE_OWNER_URL": "owner"}


def connector_of(url: str, target: str = "read-write") -> Connector:
    """Return a connector for the doctor's sessions: with the one of several servers that is such a target."""
    return Connector(
        url=url,
        application="ix-doctor",
        statement_timeout=TIMEOUT,
        call_deadline=TIMEOUT,
        target=target if len(hosts_in(url)) > 1 else "any",
    )


def look_at_postgres(setting: str, url: str) -> list[Finding]:
    """Return the findings through one role; if PostgreSQL cannot be reached, only that."""
    what = f"PostgreSQL as {ROLES[setting]}"
    connector = connector_of(url, "primary" if setting == "DATABASE_READ_URL" else "read-write")
    try:
        connection = connector.connect()
    except psycopg2.OperationalError as error:
        return [_refused(what, setting, error)]
    except UnfitDatabase as error:
        return [failed(what, str(error), "create a database in UTF8, and dump and restore into it")]
    checks: list[Callable[[Cursor], Finding | None]] = [partial(_pooler, what, connector, connection)]
    if setting == "DATABASE_URL":
        checks += [_writable, partial(_standby, len(hosts_in(url)) > 1), _clock, _schema]
    if setting in RIGHTS:
        checks.append(partial(_rights, ROLES[setting], *RIGHTS[setting]))
    with closing(connection), connection.cursor() as cursor:
        answers = passed(what, f"answers, version {connection.server_version // 10000}")
        found = [_check(check, cursor) for check in checks]
        return [answers, _tls(what, url, connection), *(finding for finding in found if finding)]


def _refused(what: str, setting: str, error: psycopg2.OperationalError) -> Finding:
    said = describe(error)
    for sign, seen, remedy in REFUSALS:
        if sign in said:
            return failed(what, f"{seen}: {said}", remedy.format(setting=setting))
    return failed(what, f"{UNREACHED}: {said}", f"start it, open the network to it, or fix {setting}")


def _check(check: Callable[[Cursor], Finding | None], cursor: Cursor) -> Finding | None:
    try:
        return check(cursor)
    except psycopg2.Error as error:
        return failed("PostgreSQL's answer", describe(error), MIGRATE)


def _tls(what: str, url: str, connection: Connection) -> Finding:
    what = f"TLS of {what}"
    mode = connection.info.dsn_parameters.get("sslmode")
    if connection.info.ssl_in_use and mode == "verify-full":
        return passed(what, f"{connection.info.ssl_attribute('protocol')}, the server's name is verified")
    if set(hosts_in(url)) <= LOOPBACK:
        return passed(what, "not needed: the server is on this machine")
    if not connection.info.ssl_in_use:
        return failed(what, "the connection is not encrypted", "turn ssl on in PostgreSQL and set sslmode=verify-full")
    return failed(
        what, f"the server's name is not verified (sslmode={mode})", "set sslmode=verify-full and sslrootcert"
    )


def _pooler(what: str, connector: Connector, connection: Connection, cursor: Cursor) -> Finding:
    """Recognize a pooler by the id of the process behind it, and its mode by two sessions that share a process."""
    what = f"pooler before {what}"
    cursor.execute(PROCESS)
    process = cursor.fetchone()
    if process == (connection.info.backend_pid,):
        return passed(what, "none")
    with closing(connector.connect()) as second, second.cursor() as other:
        other.execute(PROCESS)
        if other.fetchone() != process:
            return passed(what, "one that was not seen to share sessions")
    seen = "transaction pooling: session settings do not persist"
    return failed(what, seen, "set it to session pooling, or connect to the server itself")


def _writable(cursor: Cursor) -> Finding:
    cursor.execute("SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::bool")
    [(refuses_writes,)] = cursor.fetchall()
    if refuses_writes:
        return failed(
            "PostgreSQL accepts writes", "it is a standby or read-only", "connect to the primary, or end read-only mode"
        )
    return passed("PostgreSQL accepts writes", "it is the primary")


def _standby(several: bool, cursor: Cursor) -> Finding | None:  # noqa: FBT001 - a part of the address
    """Return whether a standby has each row before COMMIT returns, where one is named or there are several servers."""
    what = "synchronous standby"
    cursor.execute(
        "SELECT current_setting('synchronous_standby_names') <> '', count(*), count(sync_state),"
        " count(*) FILTER (WHERE sync_state IN ('sync', 'quorum')) FROM pg_stat_replication"
    )
    [(named, following, visible, synchronous)] = cursor.fetchall()
    if not named and not several:
        return None
    if not named and not following:
        return skipped(what, "none is named in synchronous_standby_names, and none follows this server")
    if not named:
        remedy = "name it in synchronous_standby_names"
        return failed(what, "the standby is not synchronous: it may lack rows when it is promoted", remedy)
    if visible < following:
        return skipped(what, f"{following} following; only roles with pg_monitor may see whether it is synchronous")
    if not synchronous:
        return failed(what, "none follows: no COMMIT returns", "start it, and open the network between both")
    return passed(what, f"{synchronous} of {following} following")


def _clock(cursor: Cursor) -> Finding:
    before = time.time()
    cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float")
    [(clock,)] = cursor.fetchall()
    return compare_clocks("PostgreSQL's clock", clock, (before + time.time()) / 2)


def _schema(cursor: Cursor) -> Finding:
    cursor.execute("SELECT version FROM schema_migrations")
    applied, known = {version for (version,) in cursor.fetchall()}, migrations()
    missing = [each.name for each in known if not each.post and each.version not in applied]
    if missing:
        return failed("schema", f"not applied: {', '.join(missing)}", MIGRATE)
    newer = applied - {each.version for each in known}
    if newer:
        return failed(
            "schema", f"newer than this code: {sorted(newer)}", "roll out the version that the schema belongs to"
        )
    return passed("schema", f"version {max(applied)}")


def _rights(role: str, needed: dict[str, str], excessive: dict[str, str], cursor: Cursor) -> Finding:
    what, asked = f"rights of {role}", needed | excessive
    cursor.execute(f"SELECT {', '.join(asked.values())}")
    [row] = cursor.fetchall()
    has = dict(zip(asked, row, strict=True))
    missing = ", ".join(right for right in needed if not has[right])
    excess = ", ".join(right for right in excessive if has[right])
    seen = [f"missing: {missing}"] * bool(missing) + [f"too much: {excess}"] * bool(excess)
    if seen:
        return failed(what, "; ".join(seen), "GRANT or REVOKE what differs from database/migrations")
    return passed(what, "as needed, and no more")
