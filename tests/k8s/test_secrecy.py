"""No secret is in the repository, and git would not take one."""

from __future__ import annotations

import subprocess

import pytest
from k8s.policies import OVERLAYS
from k8s.rules_secrecy import leaks

from local.system import ROOT

KEY = "ab" * 24
LEAKING = [
    "value: redis://api:hunter2@redis:6379/0",
    f"apiVersion: v1\nkind: Secret\nstringData:\n  REDIS_API_PASSWORD: {KEY}\n",
    f"secretGenerator:\n  - name: passwords\n    literals: [REDIS_API_PASSWORD={KEY}]\n",
    f"secretGenerator:\n  - name: passwords\n    literals:\n      - REDIS_API_PASSWORD={KEY}\n",
]


def git(*arguments: str) -> list[str]:
    """Return the lines that git says."""
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split("\n")


def test_no_manifest_holds_a_secret() -> None:
    files = [name for name in git("ls-files", "--cached", "--others", "--exclude-standard", "k8s") if name]
    assert len(files) > 40
    found = {name: leaks((ROOT / name).read_text(encoding="utf-8")) for name in files if (ROOT / name).is_file()}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize("text", LEAKING)
def test_a_secret_in_a_manifest_would_be_noticed(text: str) -> None:
    assert leaks(text)


@pytest.mark.parametrize("overlay", ["ixcloud", "production"])
def test_examples_hold_no_passwords(overlay: str) -> None:
    lines = (ROOT / f"k8s/overlays/{overlay}/.env.example").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line and not line.startswith("#") and not line.endswith("=")] == []


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("name", [".env", "ca.crt", "operators", "tls.key"])
def test_git_ignores_what_is_secret(overlay: str, name: str) -> None:
    path = f"k8s/overlays/{overlay}/{name}"
    assert git("check-ignore", path) == [path, ""]
