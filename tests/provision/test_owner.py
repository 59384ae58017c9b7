"""Whoever took over `dummy_owner` leaves code in the database; then the superuser comes, to check or to dump it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from machine import ARGUMENTS, Machine, restore

pytestmark = [pytest.mark.timeout(400), pytest.mark.usefixtures("stored")]
Execute = Callable[..., list[tuple[Any, ...]]]
MARK = "/var/lib/postgresql/taken-over"
TAKE_OVER = f"""
    RESET ROLE;
    RESET SESSION AUTHORIZATION;
    IF current_setting('is_superuser') = 'on' THEN
        COPY (SELECT 1) TO PROGRAM 'touch {MARK}';
        IF current_setting('transaction_read_only') = 'off' THEN ALTER ROLE dummy_owner SUPERUSER; END IF;
    END IF;"""
FUNCTION = f"CREATE FUNCTION public.{{}} LANGUAGE plpgsql AS $$ BEGIN {TAKE_OVER} {{}}; END $$;"
RESOLVED_FIRST = {
    "exact instead of variadic": ("format(text, name, text, name) RETURNS text", "RETURN 'nothing'"),
    "exact instead of polymorphic": ("unnest(text[]) RETURNS SETOF text", "RETURN NEXT 'INSERT'"),
}
"""Functions that a search path with `public` finds before those of PostgreSQL."""


def taken_over(machine: Machine) -> str:
    """Return what the superuser's rights were used for."""
    superuser = machine.sql("SELECT rolname FROM pg_roles WHERE rolsuper AND rolname <> 'postgres'", "postgres")
    return superuser + machine.shell(f"find {MARK} 2>/dev/null || true")


@contextmanager
def planted(machine: Machine, execute: Execute, attack: str, undo: str) -> Iterator[None]:
    """Let the owner do this, and undo it; what stays of a takeover that succeeded would spoil other tests."""
    execute("dummy_owner", attack)
    try:
        yield
    finally:
        machine.sql("ALTER ROLE dummy_owner NOSUPERUSER", "postgres")
        machine.shell(f"rm -f {MARK}")
        execute("dummy_owner", undo)
    assert machine.faults() == []


def test_a_restore_runs_the_owners_check_as_the_owner(machine: Machine, execute: Execute) -> None:
    """The restore test, and the restore by hand; both restore every row."""
    rows = machine.sql("SELECT count(*) FROM public.dummies")
    attack = FUNCTION.format("f(text) RETURNS boolean", "RETURN true")
    attack += "ALTER TABLE dummies ADD CONSTRAINT planted CHECK (f(text))"
    with planted(machine, execute, attack, "ALTER TABLE dummies DROP CONSTRAINT planted; DROP FUNCTION f"):
        machine.shell("systemctl start ix-dummies-dump.service")
        assert f", {rows} rows" in machine.provision("--restore-test").stdout
        assert taken_over(machine) == ""
        restore(machine)
        assert taken_over(machine) == ""
    assert machine.sql("SELECT count(*) FROM public.dummies") == rows


def test_counting_rows_runs_the_owners_view_as_the_owner(machine: Machine, execute: Execute) -> None:
    """It is counted before the dump and after the restore."""
    rows = machine.sql("SELECT count(*) FROM public.dummies")
    attack = FUNCTION.format("g() RETURNS boolean", "RETURN true")
    attack += "ALTER TABLE dummies RENAME TO kept; CREATE VIEW dummies AS SELECT * FROM kept WHERE g()"
    undo = "DROP VIEW dummies; ALTER TABLE kept RENAME TO dummies; DROP FUNCTION g"
    with planted(machine, execute, attack, undo):
        machine.shell("systemctl start ix-dummies-dump.service")
        assert f", {rows} rows" in machine.provision("--restore-test").stdout
        assert taken_over(machine) == ""


@pytest.mark.parametrize(("function", "result"), RESOLVED_FIRST.values(), ids=RESOLVED_FIRST)
def test_the_superusers_statements_find_no_function_of_the_owner(
    machine: Machine, execute: Execute, function: str, result: str
) -> None:
    """Neither those of --check, in a read-only session, nor those of a run; both report what the owner granted."""
    attack = f"{FUNCTION.format(function, result)} GRANT DELETE ON dummies TO dummy_writer"
    name = function.partition(" RETURNS")[0]
    undo = f"DROP FUNCTION public.{name}; REVOKE DELETE ON dummies FROM dummy_writer"
    with planted(machine, execute, attack, undo):
        for arguments in (("--check",), ARGUMENTS):
            done = machine.provision(*arguments)
            assert taken_over(machine) == ""
            assert "FAULT grants: dummy_writer may DELETE dummies" in done.stdout


def test_the_scratch_database_gives_the_owner_no_more_than_tables(machine: Machine, execute: Execute) -> None:
    """Who owned it could make extensions there, whose scripts the superuser runs."""
    checks = "rolsuper OR has_database_privilege(current_user, current_database(), 'CREATE, TEMP')"
    attack = f"""
        CREATE FUNCTION f(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
            RETURN NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = current_user AND ({checks}));
        END $$;
        ALTER TABLE dummies ADD CONSTRAINT planted CHECK (f(text))"""
    with planted(machine, execute, attack, "ALTER TABLE dummies DROP CONSTRAINT planted; DROP FUNCTION f"):
        machine.shell("systemctl start ix-dummies-dump.service")
