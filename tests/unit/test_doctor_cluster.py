"""What the doctor finds in a cluster's answers, which are made up: no cluster is available here."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from doctor import cluster
from doctor.finding import Finding

KUBECTL = """#!/bin/sh
shift
while [ $# -gt 0 ] && [ "$1" != -o ]; do words="$words-$1"; shift; done
cat "$ANSWERS/$words.json" 2>/dev/null || { echo "The connection was refused" >&2; exit 1; }
"""
DOCKER = """#!/bin/sh
case "$2" in ls) echo id ;; inspect) echo "$ARCHITECTURE" ;; esac
"""


def secret(name: str, made: str, **data: str) -> dict[str, Any]:
    """Return a Secret."""
    coded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {"metadata": {"name": name, "creationTimestamp": made}, "data": coded}


def named(*names: str) -> list[dict[str, Any]]:
    """Return objects that have nothing but names."""
    return [{"metadata": {"name": name}} for name in names]


def service(namespace: str, port: int) -> dict[str, Any]:
    """Return a Service with a port of the nodes'."""
    return {"metadata": {"namespace": namespace, "name": "s"}, "spec": {"ports": [{"nodePort": port}, {}]}}


def copy(shard: str, machine: str | None) -> dict[str, Any]:
    """Return a pod of the Redis Cluster."""
    name = "app.kubernetes.io"
    labels = {f"{name}/name": "redis-cluster", f"{name}/instance": f"redis-cluster-{shard}"}
    return {"metadata": {"labels": labels}, "spec": {"nodeName": machine} if machine else {}}


DEFAULT_CLASS = {"metadata": {"name": "local", "annotations": {cluster.DEFAULT_CLASS: "true"}}}
GOOD: dict[str, Any] = {
    "version": {"serverVersion": {"gitVersion": "v1.31.2"}},
    "get-nodes": [{"status": {"nodeInfo": {"architecture": "amd64"}}}],
    "get-storageclasses": [*named("other"), DEFAULT_CLASS],
    "get-services---all-namespaces": [service("ix-dummies", 30000), service("other", 31000)],
    "get-namespaces": named("default", "ix-dummies"),
    "get-pods--n-ix-dummies": [
        copy("0", "a"),
        copy("0", "b"),
        {"metadata": {"name": "api"}, "spec": {"nodeName": "a"}},
    ],
    "get-secrets--n-ix-dummies": [
        secret("passwords-old", "2026-01-01T00:00:00Z", A="development"),
        secret("passwords-h4sh", "2026-02-01T00:00:00Z", A="0f3c"),
        secret("postgresql-ca-h4sh", "2026-02-01T00:00:00Z", **{"ca.crt": "-----BEGIN CERTIFICATE-----"}),
    ],
}


@pytest.fixture
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the answers that kubectl gives."""
    for name, script in (("kubectl", KUBECTL), ("docker", DOCKER)):
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("ANSWERS", str(tmp_path))
    monkeypatch.setenv("ARCHITECTURE", "amd64")
    return tmp_path


def found(answers: Path, **changes: Any) -> dict[str, Finding]:
    """Return what the doctor finds when some answers differ."""
    for words, answer in (GOOD | {name.replace("_", "-"): value for name, value in changes.items()}).items():
        body = {"items": answer} if isinstance(answer, list) else answer
        (answers / f"-{words}.json").write_text(json.dumps(body))
    return {finding.what: finding for finding in cluster.examine()}


def ill(findings: dict[str, Finding]) -> dict[str, str]:
    """Return the failed checks, and what was seen."""
    return {name: finding.seen for name, finding in findings.items() if finding.ok is False}


def test_where_all_is_well_nothing_else_is_found(answers: Path) -> None:
    findings = found(answers)
    assert ill(findings) == {}
    assert {"version", "architecture", "storage", "node ports", "namespace", "passwords"} <= set(findings)


@pytest.mark.parametrize(
    ("changes", "what", "seen"),
    [
        ({"version": {"serverVersion": {"gitVersion": "v1.22.9"}}}, "version", "v1.22.9"),
        ({"get-nodes": [{"status": {"nodeInfo": {"architecture": "arm64"}}}]}, "architecture", "nodes: arm64"),
        ({"get-storageclasses": named("other")}, "storage", "no storage class"),
        ({"get-services---all-namespaces": [service("other", 30001)]}, "node ports", "30001 belongs to other/s"),
        ({"get-secrets--n-ix-dummies": []}, "passwords", "does not exist"),
        ({"get-pods--n-ix-dummies": [copy("1", "a"), copy("1", "a")]}, "redis-cluster-1's copies", "on a, a"),
        ({"get-pods--n-ix-dummies": [copy("1", "a")]}, "redis-cluster-1's copies", "on a"),
        (
            {"get-secrets--n-ix-dummies": [secret("passwords", "1", A="development-operators", B="x", C="")]},
            "passwords",
            "examples: A, C",
        ),
    ],
)
def test_each_fault_is_named(answers: Path, changes: dict[str, Any], what: str, seen: str) -> None:
    assert seen in ill(found(answers, **changes))[what]


def test_before_the_first_deploy_the_namespace_is_not_missed(answers: Path) -> None:
    findings = found(answers, **{"get-namespaces": named("default")})
    assert ill(findings) == {}
    assert findings["namespace"].ok is None


def test_a_cluster_that_does_not_answer_is_all_that_is_said(answers: Path) -> None:
    assert answers
    assert list(ill({each.what: each for each in cluster.examine()})) == ["cluster"]
