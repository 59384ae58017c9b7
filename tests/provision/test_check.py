"""provision.sh --check on a machine on which something was changed by hand."""

from __future__ import annotations

import re

import pytest
from machine import ARGUMENTS, Machine

pytestmark = [pytest.mark.timeout(400), pytest.mark.usefixtures("migrated")]
SQL = 'runuser -u postgres -- psql -qd dummy -c "{}"'
SETTING = SQL.format("ALTER SYSTEM SET {}") + " && systemctl reload postgresql && sleep 1"
CONFIGURATION = "/etc/postgresql/*/main"
OTHER = "openssl req -x509 -key server.key -subj /CN=other -addext subjectAltName=DNS:{} -days {} -out server.crt"

FAULTS = {
    "open to the world": (
        f"echo 'host all all 0.0.0.0/0 md5' >>{CONFIGURATION}/pg_hba.conf",
        "pg_hba: line 5 is not expected: host all all 0.0.0.0 0.0.0.0 md5",
    ),
    "TLS not demanded": (
        f"sed -i s/hostssl/host/ {CONFIGURATION}/pg_hba.conf",
        "pg_hba: line 4 is not expected: host dummy",
        "pg_hba: a line is missing: hostssl dummy",
    ),
    "no way in for dumps": (
        f"sed -i '/^local *dummy,/d' {CONFIGURATION}/pg_hba.conf",
        "pg_hba: a line is missing: local dummy,dummy_restore_test dummy_owner peer map=dumps",
    ),
    "no map for it": (
        f"rm {CONFIGURATION}/pg_ident.conf",
        r"pg_ident: /etc/postgresql/\d+/main/pg_ident.conf differs; run provision.sh again",
    ),
    "another map": (
        f"echo 'dumps postgres postgres' >>{CONFIGURATION}/pg_ident.conf",
        r"pg_ident: /etc/postgresql/\d+/main/pg_ident.conf differs",
    ),
    "TLS off": (SETTING.format("ssl = off"), "settings: ssl is 'off' where 'on' is wanted", "pg_hba: ", "TLS: "),
    "listens everywhere": (SETTING.format("listen_addresses = '*'"), r"settings: listen_addresses is '\*'"),
    "passwords by MD5": (SETTING.format("password_encryption = md5"), "settings: password_encryption is 'md5'"),
    "texts in the log": (SETTING.format("log_statement = 'all'"), "settings: log_statement is 'all'"),
    "not durable": (SETTING.format("synchronous_commit = off"), "settings: synchronous_commit is 'off'"),
    "settings gone": (
        f"rm {CONFIGURATION}/conf.d/ix-dummies.conf",
        r"settings: listen_addresses is '192.168.10.7' where '192.168.10.7' is wanted \(not in any file",
        "settings: ",
    ),
    "superuser": (SQL.format("ALTER ROLE dummy_writer SUPERUSER"), "roles: dummy_writer is a superuser"),
    "no time-out": (
        SQL.format("ALTER ROLE dummy_reader RESET statement_timeout"),
        "roles: dummy_reader lacks statement_timeout=10s",
    ),
    "no limit": (
        SQL.format("ALTER ROLE dummy_reader CONNECTION LIMIT -1"),
        "roles: dummy_reader may have -1 connections where 60 are wanted",
    ),
    "member of a powerful role": (
        SQL.format("GRANT pg_write_all_data TO dummy_reader"),
        "roles: dummy_reader is a member of a role",
        "grants: dummy_reader may ",
    ),
    "MD5 hash": (
        SQL.format("SET password_encryption = md5; ALTER ROLE dummy_writer PASSWORD 'password'"),
        "passwords: dummy_writer has none by scram-sha-256",
    ),
    "another password": (
        SQL.format("ALTER ROLE dummy_writer PASSWORD 'password'"),
        "passwords: dummy_writer has another password",
    ),
    "not let in": (
        SQL.format("REVOKE CONNECT ON DATABASE dummy FROM dummy_reader"),
        "rights: dummy_reader may not connect",
    ),
    "anyone may create tables": (
        SQL.format("GRANT CREATE ON SCHEMA public TO PUBLIC"),
        "rights: dummy_writer may create tables",
        "rights: dummy_reader may create tables",
    ),
    "anyone may use the database": (
        SQL.format("GRANT ALL ON DATABASE dummy TO PUBLIC"),
        "rights: the database dummy gives PUBLIC rights",
        r"rights: dummy_\w+ may ",
    ),
    "key that anyone may read": (
        "chmod 644 /etc/ix-dummies/server.key",
        "files: /etc/ix-dummies/server.key is 644 postgres where 600 postgres is wanted",
    ),
    "passwords that anyone may read": (
        "chmod 644 /etc/ix-dummies/passwords.env",
        "files: /etc/ix-dummies/passwords.env is 644 root where 600 root is wanted",
    ),
    "another certificate": (
        f"cd /etc/ix-dummies && {OTHER.format('postgresql', 90)} && systemctl reload postgresql && sleep 1",
        "certificate: not valid for the name postgresql: self-signed certificate",
        "certificate: not valid for the name ",
        "TLS: a client that verifies the name postgresql",
    ),
    "another name": (
        "sed -i 's/^NAMES=.*/NAMES=(postgresql db.example)/' /etc/ix-dummies/arguments",
        "certificate: not valid for the name db.example: hostname mismatch",
        "TLS: a client that verifies the name db.example is refused",
    ),
    "an older job": (
        "sed -i 's/as_owner pg_restore/pg_restore/' /usr/local/sbin/ix-dummies-dump",
        "dump: /usr/local/sbin/ix-dummies-dump differs",
    ),
    "no timer": ("systemctl disable -q --now ix-dummies-dump.timer", "dump: ix-dummies-dump.timer does not run"),
    "stopped": ("systemctl stop 'postgresql@*'", "server: does not run"),
}


@pytest.mark.parametrize(("planted", "found", "consequences"), [(p, f, c) for p, f, *c in FAULTS.values()], ids=FAULTS)
def test_check_finds_a_fault_and_a_run_mends_it(
    machine: Machine, planted: str, found: str, consequences: list[str]
) -> None:
    """It names the fault, and nothing but what follows from it; the run ends with its own check."""
    machine.shell(planted)
    named = machine.faults()
    assert [line for line in named if re.match(f"FAULT {found}", line)], named
    assert [line for line in named if not re.match(f"FAULT ({'|'.join([found, *consequences])})", line)] == []
    done = machine.provision(*ARGUMENTS)
    assert (done.returncode, "FAULT" in done.stdout) == (0, False), done.stdout + done.stderr


def test_a_right_that_no_migration_gave_is_found_and_left_to_the_operator(machine: Machine) -> None:
    """Revoking what a newer migration grants would be an outage."""
    machine.sql("GRANT DELETE ON dummies TO dummy_writer")
    assert machine.faults() == [
        "FAULT grants: dummy_writer may DELETE dummies; REVOKE it, the migrations grant what is needed"
    ]
    assert machine.provision(*ARGUMENTS).returncode == 1
    machine.sql("REVOKE DELETE ON dummies FROM dummy_writer")
    assert machine.faults() == []
