"""database/provision.sh on a clean Debian: who can connect, what each role may do, and that it can be repeated."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg2
import psycopg2.extensions
import pytest
from machine import ADDRESS, ARGUMENTS, NAMES, Machine, network

from api.process.reader import Reader

pytestmark = pytest.mark.timeout(400)
REPOSITORY = Path(__file__).parents[2]
ROLES = ("dummy_owner", "dummy_writer", "dummy_reader")
Execute = Callable[..., list[tuple[Any, ...]]]
Url = Callable[..., str]


# Who can connect


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("host", NAMES)
def test_each_role_gets_in_from_the_clusters_network_with_the_server_verified(
    execute: Execute, role: str, host: str
) -> None:
    """The pods' way: sslmode=verify-full by the Service's name."""
    [(user, version, address)] = execute(
        role,
        "SELECT current_user, version, inet_client_addr()::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
        host=host,
    )
    assert (user, version, address) == (role, "TLSv1.3", "192.168.10.5/32")


@pytest.mark.parametrize(
    ("role", "parameters", "reason"),
    [
        ("dummy_writer", {"sslmode": "disable"}, "no encryption"),
        ("dummy_writer", {"password": "wrong"}, "password authentication failed"),
        ("dummy_writer", {"password": "password"}, "password authentication failed"),
        ("dummy_writer", {"database": "postgres"}, "no pg_hba.conf entry"),
        ("postgres", {"password": "postgres"}, "no pg_hba.conf entry"),
        ("dummy_writer", {"host": "db.example"}, "does not match host name"),
        ("dummy_writer", {"sslrootcert": "/etc/ssl/certs/ca-certificates.crt"}, "certificate verify failed"),
        ("dummy_writer", {"ssl_max_protocol_version": "TLSv1.2"}, "protocol version"),
        ("dummy_writer", {"hostaddr": "192.168.20.7"}, "Network is unreachable"),
    ],
)
def test_whoever_comes_otherwise_is_refused(
    execute: Execute, role: str, parameters: dict[str, str], reason: str
) -> None:
    """Without TLS, with a wrong password, to another database, as the superuser; and clients notice a wrong server."""
    with pytest.raises(psycopg2.OperationalError, match=reason):
        execute(role, "SELECT 1", **parameters)


def test_another_network_is_refused(machine: Machine, execute: Execute) -> None:
    """Even with the right password; and on the machine's address in that network nothing listens."""
    with network(machine.outside):
        with pytest.raises(psycopg2.OperationalError, match=r'no pg_hba.conf entry for host "192.168.20.5"'):
            execute("dummy_writer", "SELECT 1")
        with pytest.raises(psycopg2.OperationalError, match="Connection refused"):
            execute("dummy_writer", "SELECT 1", hostaddr="192.168.20.7")


# What each role may do


def test_the_project_works_with_it(migrated: str, stored: str, url: Url) -> None:
    """The owner migrates, the worker's store inserts, the API's rows read."""
    assert "applied 0001_pre_dummies" in migrated
    assert stored in [row.text for row in Reader(url("dummy_reader")).history(10, None)]


@pytest.mark.parametrize(
    ("role", "sql"),
    [
        ("dummy_writer", "DROP TABLE dummies"),
        ("dummy_writer", "UPDATE dummies SET text = 'x'"),
        ("dummy_writer", "DELETE FROM dummies"),
        ("dummy_writer", "TRUNCATE dummies"),
        ("dummy_writer", "SELECT text FROM dummies"),
        ("dummy_writer", "CREATE TABLE mine ()"),
        ("dummy_writer", "CREATE TEMP TABLE mine ()"),
        ("dummy_writer", "SELECT lo_from_bytea(0, 'x')"),
        ("dummy_reader", "INSERT INTO dummies (id, text, received_at) VALUES (gen_random_uuid(), 'a', now())"),
        ("dummy_reader", "UPDATE dummies SET text = 'x'"),
        ("dummy_reader", "DROP TABLE dummies"),
        ("dummy_reader", "CREATE TEMP TABLE mine ()"),
        ("dummy_reader", "SELECT lo_create(0)"),
        ("dummy_owner", "CREATE ROLE more"),
        ("dummy_owner", "CREATE DATABASE more"),
        ("dummy_owner", "CREATE SCHEMA more"),
        ("dummy_owner", "COPY dummies TO '/tmp/dummies'"),
    ],
)
def test_a_role_may_do_no_more_than_it_must(execute: Execute, migrated: str, role: str, sql: str) -> None:  # noqa: ARG001
    """Not even in a session that turns off the reader's read-only default."""
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        execute(role, sql, options="-c default_transaction_read_only=off")


def test_a_forgotten_statement_or_transaction_ends(execute: Execute) -> None:
    """Limits hold for sessions that set none."""
    for role in ROLES:
        limits = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        assert all(execute(role, f"SHOW {limit}") != [("0",)] for limit in limits)
    assert execute("dummy_reader", "SHOW default_transaction_read_only") == [("on",)]


def test_it_is_sized_for_one_core_and_one_gigabyte(machine: Machine) -> None:
    """A quarter of the memory, and no second process for one query."""
    names = ("shared_buffers", "max_connections", "max_parallel_workers_per_gather", "fsync", "synchronous_commit")
    assert [machine.sql(f"SHOW {name}") for name in names] == ["256MB", "100", "0", "on", "on"]


# What is written where


def test_no_password_is_in_any_log(machine: Machine, first_run: str, passwords: dict[str, str]) -> None:
    """Not in what the script writes, which cloud-init keeps, nor in PostgreSQL's log or the journal."""
    logs = first_run + machine.shell("cat /var/log/postgresql/*; journalctl --no-pager")
    assert "changed: the database dummy" in logs
    assert not [role for role, password in passwords.items() if password in logs]
    assert "SCRAM-SHA-256$" not in logs


def test_no_text_is_in_the_log(machine: Machine, execute: Execute, stored: str) -> None:
    """A statement that fails holds users' data."""
    insert = f"INSERT INTO dummies (id, text, received_at) VALUES ('{uuid4()}', '{stored} again', NULL)"
    with pytest.raises(psycopg2.errors.NotNullViolation):
        execute("dummy_writer", insert)
    log = machine.shell("cat /var/log/postgresql/*")
    assert "violates not-null constraint" in log
    assert stored not in log


def test_the_printed_command_makes_the_secrets(
    machine: Machine, first_run: str, passwords: dict[str, str], tmp_path: Path
) -> None:
    """It is run as it is printed, with stand-ins for ssh and kubectl; k8s/deploy.sh finds all that it asks for."""
    overlay = shutil.copytree(REPOSITORY / "k8s", tmp_path / "k8s") / "overlays/ixcloud"
    (overlay / ".env").write_text(
        re.sub(r"(?m)^((?!DATABASE_)[A-Z_]+)=.*$", r"\1=chosen-before", (overlay / ".env.example").read_text())
    )
    (overlay / "operators").write_text("someone token-of-an-operator\n")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "ssh").write_text(f'#!/bin/sh\n[ "$1" = root@{ADDRESS} ] && shift && exec chroot {machine.root} "$@"\n')
    (tools / "kubectl").write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/kubectl.log\n')
    for tool in tools.iterdir():
        tool.chmod(0o755)
    command = first_run[first_run.index("(cd k8s/") : first_run.index("\n\nSet the server")]
    subprocess.run(["sh", "-c", command], cwd=tmp_path, env={"PATH": f"{tools}:{os.environ['PATH']}"}, check=True)
    written = dict(re.findall(r"(?m)^([A-Z_]+)=(.*)$", (overlay / ".env").read_text()))
    assert {role: written[f"DATABASE_{role.upper()}_PASSWORD"] for role in passwords} == passwords
    assert written["REDIS_API_PASSWORD"] == "chosen-before"
    assert (overlay / "ca.crt").read_text() == machine.shell("cat /etc/ix-dummies/ca.crt") + "\n"
    assert "apply --kustomize ixcloud" in (tmp_path / "kubectl.log").read_text()


# Again, and --check


def test_a_second_run_changes_nothing(machine: Machine, migrated: str) -> None:  # noqa: ARG001
    """No file, no role, no right, no restart; with the arguments of the first run, and without."""
    before = machine.state()
    for arguments in (ARGUMENTS, ()):
        done = machine.provision(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "nothing to change" in done.stdout
        assert "changed:" not in done.stdout
    assert machine.state() == before


def test_check_changes_nothing_and_finds_nothing(machine: Machine, migrated: str) -> None:  # noqa: ARG001
    """On the machine as provision.sh left it."""
    before = machine.state()
    assert machine.faults() == []
    assert machine.state() == before


# Arguments


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--cidr", "0.0.0.0/0"], "--cidr 0.0.0.0/0: give an IPv4 network"),
        (["--cidr", "192.168.10.300/24"], "--cidr 192.168.10.300/24: give an IPv4 network"),
        (["--cidr"], "--cidr needs a value (see --help)"),
        (["--address", "192.0.2.1"], "--address 192.0.2.1: this machine has 192.168.10.7 192.168.20.7"),
        (["--name", "two words"], "--name two words: give a host name"),
        (["--name", "$(reboot)"], "--name $(reboot): give a host name"),
        (["--keep", "soon"], "--keep soon: give a number of days"),
        (["--certificate", "/etc/hostname"], "--certificate, --key and --ca go together"),
        (["--open"], "unknown option --open (see --help)"),
    ],
)
def test_a_bad_argument_gets_one_clear_line(machine: Machine, arguments: list[str], reason: str) -> None:
    """And changes nothing."""
    before = machine.state()
    done = machine.provision(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"provision.sh: {reason}")
    assert machine.state() == before


def test_a_certificate_of_ones_own_is_taken_if_it_is_good(machine: Machine, execute: Execute, tmp_path: Path) -> None:
    """One that is not valid for the names is refused, and changes nothing."""
    make = (
        "cd /srv; openssl req -x509 -newkey rsa:2048 -nodes -days 90 -subj /CN=given -keyout {0}.key -out {0}.crt"
        " -addext subjectAltName=DNS:{0} 2>/dev/null"
    )
    machine.shell(f"{make.format('db.example')}; {make.format('other.example')}")
    files = ["--certificate", "/srv/{}.crt", "--key", "/srv/{}.key", "--ca", "/srv/{}.crt"]
    before = machine.state()
    refused = machine.provision("--name", "db.example", *(word.format("other.example") for word in files))
    assert refused.returncode == 2
    assert "other.example.crt is not valid for the name db.example: hostname mismatch" in refused.stderr
    assert machine.state() == before
    taken = machine.provision("--name", "db.example", *(word.format("db.example") for word in files))
    assert taken.returncode == 0, taken.stdout + taken.stderr
    authority = tmp_path / "given.crt"
    authority.write_text(machine.shell("cat /srv/db.example.crt"))
    assert execute("dummy_reader", "SELECT 1", host="db.example", sslrootcert=str(authority)) == [(1,)]
    assert "nothing to change" in machine.provision().stdout
