"""The nightly dump of provision.sh --dump, and its restore."""

from __future__ import annotations

import re

import pytest
from machine import Machine, restore

pytestmark = pytest.mark.timeout(400)


def test_the_nightly_job_dumps_and_tries_the_restore(machine: Machine, stored: str) -> None:
    """As systemd runs it; and the dump brings back a table that was lost, by the command in docs/database.md."""
    rows = int(machine.sql("SELECT count(*) FROM dummies"))
    machine.shell("systemctl start ix-dummies-dump.service")
    journal = machine.shell("journalctl --no-pager -u ix-dummies-dump -o cat")
    assert re.search(rf"restored: .*, {rows} rows", journal)
    assert "ix-dummies-dump.timer" in machine.shell("systemctl list-timers --all")
    assert machine.sql("SELECT count(*) FROM pg_database WHERE datname LIKE '%restore%'") == "0"
    machine.sql("DROP TABLE dummies, schema_migrations")
    restore(machine)
    assert machine.sql(f"SELECT count(*) FROM dummies WHERE text = '{stored}'") == "1"
    assert int(machine.sql("SELECT count(*) FROM dummies")) == rows
    assert machine.faults() == []


def test_a_dump_that_cannot_be_restored_is_noticed(machine: Machine, stored: str) -> None:  # noqa: ARG001
    """--restore-test fails, and --check says that the newest dump was not restored."""
    assert machine.provision("--restore-test").returncode == 0
    broken = "/var/backups/ix-dummies/dummy-99991231T000000Z.dump"
    machine.shell(f"echo broken >{broken}; chown postgres {broken}")
    assert machine.provision("--restore-test").returncode == 1
    assert [line.split("; ")[0] for line in machine.faults()] == [f"FAULT dump: {broken} was not restored"]
    machine.shell(f"rm {broken}")
    assert machine.faults() == []


def test_without_systemd_it_says_that_there_is_no_timer(machine: Machine) -> None:
    """Something else must run the job then."""
    script = "mount -t tmpfs tmpfs /run/systemd && bash /srv/provision.sh --dump"
    done = machine.run("unshare", "--mount", "bash", "-c", script)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "this machine has no systemd: schedule /usr/local/sbin/ix-dummies-dump" in done.stdout
