"""`make faults-mutants`: the promise is broken in the code, by one mutant at a time; the checker must see each.

Words after the module's name choose the mutants whose names contain one.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from local.child import Child
from local.system import ROOT

COPIED = ("api", "core", "database", "k8s", "local", "tests", "worker")
TRIAL = {"RATE": "100", "SETTLE": "30"}
LONGEST = 600.0


class Mutant(NamedTuple):
    """What is broken, where and how, the faults that must bring it to light, and what the checker must say."""

    name: str
    edits: tuple[tuple[str, str, str], ...]
    """File, the text in it, and what replaces it."""
    faults: str
    says: re.Pattern[str]
    seconds: int = 20
    seeds: int = 1
    """Runs to try: one that chooses at random what it does may not come across it."""
    lane: str = ""


def offence(name: str) -> re.Pattern[str]:
    """Return what the table looks like where strings have broken this rule."""
    return re.compile(rf"^ *{name} +[\d,]*[1-9][\d,]* +must be 0$", re.MULTILINE)


MUTANTS = (
    Mutant(
        "completed before the commit",
        (
            (
                "worker/settle.py",
                "            rows = self._store.insert(",
                "            self._consumer.complete(entries, 0)\n            rows = self._store.insert(",
            ),
        ),
        "killed at worker-before-commit",
        offence("lost"),
    ),
    Mutant(
        "stale entries are never claimed",
        (("core/lua/claim.lua", "'IDLE', lease,", "'IDLE', 9000000000,"),),
        "killed at worker-after-claim",
        re.compile("strings wait in the journal still"),
    ),
    Mutant(
        "neither a conflict clause nor a primary key",
        (
            ("worker/sql/insert.sql", "ON CONFLICT (id) DO NOTHING", ""),
            (
                "tests/faults/world.py",
                "self.query(CONSTRAINT)",
                'self.query("ALTER TABLE dummies DROP CONSTRAINT dummies_pkey")',
            ),
        ),
        "answer to commit dropped",
        offence("duplicated"),
    ),
    Mutant(
        "acknowledged before the append has returned",
        (
            (
                "api/process/appender.py",
                "        for group in self._join(units, ticket):\n",
                "        list(self._join(units, ticket))\n        for group in ():\n",
            ),
        ),
        "killed at api-before-append",
        offence("lost"),
    ),
    Mutant(
        "whatever PostgreSQL says is the string's fault",
        (
            ("worker/failures.py", "counts=not code.startswith(ABOUT_THE_DATABASE))", "final=True)"),
            ("worker/settle.py", "self._doubt = self._store.probe()", "pass"),
        ),
        "read-only",
        offence("wrongly dead"),
    ),
    Mutant(
        "one failure alone is enough, though nothing can be stored",
        (
            ("core/retries.py", "if failure.final:", "if failure.counts:"),
            ("worker/settle.py", "self._doubt = self._store.probe()", "pass"),
        ),
        "every row refused",
        offence("wrongly dead"),
    ),
    Mutant(
        "leases end by Redis' clock alone",
        (("core/timeouts.py", "ABANDONED_AFTER = TASK_TIME_LIMIT + 5.0", "ABANDONED_AFTER = 9e9"),),
        "Redis' clock put back",
        re.compile("not seen to happen: Redis' clock put back"),
    ),
    Mutant(
        "a repeat does not keep its id",
        (
            (
                "api/submissions.py",
                "submission_id(submitted.text, key, request_id)",
                "submission_id(submitted.text, None, None)",
            ),
            (
                "api/submissions.py",
                "bulk_first_id(texts, key, request_id), texts",
                "bulk_first_id(texts, None, None), texts",
            ),
        ),
        "2 MB of text",
        offence("renamed"),
    ),
    Mutant(
        "acknowledged before any replica has it",
        (("core/scripts.py", "replication) if replication.replicas else script", "replication) if False else script"),),
        "while no replica follows",
        offence("lost"),
        lane="cluster",
    ),
)


def main(mutants: Sequence[Mutant] = MUTANTS, module: str = "faults") -> None:
    """Try each with a module's run, print whether it was noticed, and exit with 1 if one was not."""
    chosen = [mutant for mutant in mutants if not sys.argv[1:] or any(word in mutant.name for word in sys.argv[1:])]
    unnoticed = [mutant.name for mutant in chosen if not _is_noticed(mutant, module)]
    print(f"{len(chosen) - len(unnoticed)} of {len(chosen)} mutants were noticed")
    sys.exit(1 if unnoticed else 0)


def _is_noticed(mutant: Mutant, module: str) -> bool:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        tree = Path(folder)
        for name in COPIED:
            shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        if any(file.startswith("web/") for file, _, _ in mutant.edits):
            _copy_page(tree)
        else:
            (tree / "web").symlink_to(ROOT / "web")
        for file, old, new in mutant.edits:
            _edit(tree / file, old, new)
        if not (tree / "web" / "dist").exists():
            subprocess.run(["npm", "run", "--silent", "build"], cwd=tree / "web", check=True, stdout=subprocess.DEVNULL)
        asked = {"FAULTS": mutant.faults, "LANE": mutant.lane, "DURATION": str(mutant.seconds), "PYTHONPATH": folder}
        for seed in range(1, mutant.seeds + 1):
            output, code = _try(tree, module, TRIAL | asked | {"SEED": str(seed)})
            if noticed := code == 1 and mutant.says.search(output) is not None:
                break
    print(f"{'noticed' if noticed else 'NOT NOTICED'}: {mutant.name}", flush=True)
    if not noticed:
        print(output[-3000:], flush=True)
    return noticed


def _copy_page(tree: Path) -> None:
    """Copy what the page is built from, but not the page."""
    shutil.copytree(ROOT / "web", tree / "web", ignore=shutil.ignore_patterns("node_modules", "dist"))
    (tree / "web" / "node_modules").symlink_to(ROOT / "web" / "node_modules")


def _try(tree: Path, module: str, env: dict[str, str]) -> tuple[str, int]:
    """Play the faults on a broken copy; return what was printed, and the exit code."""
    printed: list[str] = []
    trial = Child([sys.executable, "-m", module], printed.append, env, tree / "tests")
    try:
        with suppress(subprocess.TimeoutExpired):
            trial.wait(LONGEST)
    finally:
        trial.stop(LONGEST, signal.SIGINT)  # or what it has started would outlive it
    return "\n".join(printed), trial.wait()


def _edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    if old not in text:
        raise ValueError(f"{file.name} has changed: the mutant's text is not in it any more: {old!r}")
    file.write_text(text.replace(old, new), encoding="utf-8")


if __name__ == "__main__":
    main()
