"""A `postgres` that an attacker has taken over plants links in its folders; then root comes with provision.sh."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from machine import Machine

pytestmark = [pytest.mark.timeout(400), pytest.mark.usefixtures("migrated")]
ATTACKER = "runuser -u postgres -- "
CONFIGURATION = "/etc/postgresql/*/main"
SWAP = """
until [ -e /tmp/over ]; do
    for file in /etc/postgresql/*/main/{,conf.d/}*.??????; do ln -sfn /etc/shadow "$file"; done
done
"""
"""Puts a link to /etc/shadow in the place of whatever has a name as mktemp gives it."""


def of_root(machine: Machine) -> str:
    """Return what only root may change."""
    return machine.shell("stat -c '%n %a %U %Z' /etc/shadow; ls -lA --full-time /root /etc/ix-dummies")


@contextmanager
def planted(machine: Machine, attack: str, undo: str) -> Iterator[None]:
    """Let the attacker do this; afterwards a run finds nothing to change, or changes it back."""
    machine.shell(f"cd /; {ATTACKER}{attack}")
    try:
        yield
    finally:
        machine.shell(undo)
    done = machine.provision()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing to change" in machine.provision().stdout


def test_a_temporary_file_becomes_a_link(machine: Machine) -> None:
    before = of_root(machine)
    swap = f"bash -O nullglob -c '{SWAP}' >/dev/null 2>&1 </dev/null &"
    with planted(machine, swap, f"touch /tmp/over; sleep 1; find {CONFIGURATION}/ -type l -delete"):
        for _ in range(3):
            machine.provision()
            assert of_root(machine) == before


@pytest.mark.parametrize("name", ["conf.d", "pg_hba.conf"])
def test_a_name_becomes_a_link(machine: Machine, name: str) -> None:
    before = of_root(machine)
    attack = f"sh -c 'cd {CONFIGURATION} && mv {name} away && ln -s /root {name}'"
    with planted(machine, attack, f"cd {CONFIGURATION} && rm -f {name} && mv away {name}"):
        machine.provision()
        assert of_root(machine) == before


def test_a_note_beside_a_dump_becomes_a_link(machine: Machine) -> None:
    """What is printed may be kept by cloud-init, or passed on."""
    machine.shell("umask 077; echo hunter2 >/root/secret")
    note = "/var/backups/ix-dummies/dummy-99991231T000000Z.dump.restored"
    with planted(machine, f"ln -s /root/secret {note}", f"rm {note} /root/secret"):
        done = machine.provision("--check")
        assert "dump: " in done.stdout
        assert "hunter2" not in done.stdout + done.stderr


def test_a_folder_of_roots_that_was_given_away_is_refused(machine: Machine) -> None:
    """Its file of arguments is run by root."""
    before = machine.shell("cat /etc/ix-dummies/arguments")
    machine.shell("chown postgres /etc/ix-dummies")
    attack = "sh -c 'cd /etc/ix-dummies && cp arguments new && echo touch /root/owned >>new && mv -f new arguments'"
    undo = f"chown -R root /etc/ix-dummies && cat >/etc/ix-dummies/arguments <<'END'\n{before}\nEND"
    with planted(machine, attack, undo):
        for arguments in ((), ("--check",)):
            done = machine.provision(*arguments)
            assert (done.returncode, done.stdout) == (1, "")
            assert done.stderr.startswith("provision.sh: /etc/ix-dummies must be writable by root only")
        machine.shell("[ ! -e /root/owned ]")
