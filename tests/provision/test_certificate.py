"""The runbook of certificates, its commands for PostgreSQL's run as they are written."""

from __future__ import annotations

import os
import re
import ssl
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from machine import Machine
from runbooks.book import Runbook

from local.system import ROOT

pytestmark = pytest.mark.timeout(400)
NOT_RUN = ("k8s/deploy.sh", "kubectl", "curl")
"""How lines begin that need the cluster."""
EXPIRES = """cd /etc/ix-dummies
openssl req -new -key server.key -subj /CN=postgresql |
    openssl x509 -req -CA ca.crt -CAkey ca.key -days 10 -extfile <(echo subjectAltName=DNS:postgresql) -out server.crt
systemctl reload postgresql
sleep 1"""


def days_left(printed: str) -> list[float]:
    """Return how long the certificates are valid that openssl printed."""
    return [(ssl.cert_time_to_seconds(end) - time.time()) / 86400 for end in re.findall("notAfter=(.*)", printed)]


def answers(connection: psycopg2.extensions.connection) -> bool:
    """Tell whether the connection works."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchall() == [(1,)]


def test_a_certificate_that_is_about_to_expire_is_replaced_under_clients_that_are_connected(
    machine: Machine, url: Callable[..., str], tmp_path: Path
) -> None:
    overlay = tmp_path / "k8s/overlays/ixcloud"
    overlay.mkdir(parents=True)
    (tmp_path / "database").symlink_to(ROOT / "database")
    for name in ("ca.crt", "tls.crt"):
        (overlay / name).write_text(machine.shell("cat /etc/ix-dummies/ca.crt") + "\n")
    other = "openssl req -x509 -newkey rsa:2048 -nodes -days 90 -subj /CN=another -keyout /dev/null -out new-ca.crt"
    subprocess.run(other.split(), cwd=tmp_path, capture_output=True, check=True, timeout=30)
    (tmp_path / "ssh").write_text(f'#!/bin/sh\nshift\nexec {" ".join(machine.entering())} "$@"\n')
    (tmp_path / "ssh").chmod(0o755)
    book = Runbook("certificate", tmp_path, {"PATH": f"{tmp_path}:{os.environ['PATH']}"}, NOT_RUN)

    machine.shell(EXPIRES)
    with closing(psycopg2.connect(url("dummy_writer"))) as connected:
        assert 9 < days_left(book.run("Find the cause"))[0] < 10
        book.run("Repair", 0)
        assert answers(connected)
    [left] = days_left(book.run("How you know that it worked"))
    assert left > 3000
    book.run("Repair", 1)
    with closing(psycopg2.connect(url("dummy_reader", sslrootcert=str(overlay / "ca.crt")))) as trusting_both:
        assert answers(trusting_both)
    assert book.left() == []
