"""What each tier leaves to others; import-linter checks who may import whom."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from local.system import ROOT

TIERS = ("core", "api", "worker", "database", "doctor")
MODULES = sorted(path for tier in (*TIERS, "local") for path in (ROOT / tier).rglob("*.py"))


def test_only_the_settings_read_the_environment() -> None:
    readers = {
        str(module.relative_to(ROOT))
        for tier in TIERS
        for module in (ROOT / tier).rglob("*.py")
        if re.search(r"\bos\.environ|\bgetenv\b", module.read_text(encoding="utf-8"))
    }
    assert readers == {"core/settings.py"}


def test_the_api_never_writes_to_postgresql() -> None:
    written = re.compile(r"\b(INSERT|UPDATE|DELETE|TRUNCATE|CREATE|DROP|ALTER)\b(?= +(INTO|FROM|TABLE|\w+ +SET))")
    for file in (ROOT / "api").rglob("*"):
        if file.suffix in {".py", ".sql"}:
            assert not written.search(file.read_text(encoding="utf-8")), file.name


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_and_functions_stay_small(module: Path) -> None:
    source = module.read_text(encoding="utf-8")
    assert source.count("\n") <= 250
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 30, node.name
