"""A runbook's blocks, run as they are written."""

from __future__ import annotations

import os
import re
import subprocess
import textwrap
from collections.abc import Sequence
from pathlib import Path

import pytest
from runbooks.commands import LIMIT

from local.system import ROOT

FENCE = re.compile(r"^( *)```sh\n(.*?)^\1```\n", re.MULTILINE | re.DOTALL)


class Runbook:
    """A runbook whose blocks are run as they are written, except for the lines that cannot be run here."""

    def __init__(self, name: str, folder: Path, shell: dict[str, str], not_run: Sequence[str] = ()) -> None:
        text = (ROOT / f"docs/runbooks/{name}.md").read_text("utf-8")
        parts = re.split(r"^## (.*)\n", text, flags=re.MULTILINE)[1:]
        self._blocks = {
            (section, number): textwrap.dedent(code)
            for section, body in zip(parts[::2], parts[1::2], strict=True)
            for number, (_, code) in enumerate(FENCE.findall(body))
        }
        self._left, self._not_run = set(self._blocks), not_run
        self._folder, self._env = folder, os.environ | shell

    def run(self, section: str, number: int = 0, statuses: Sequence[int] = (0,)) -> str:
        """Run a block of a section; return what it printed. It fails unless each line succeeds, or as expected."""
        code = self._blocks[section, number]
        self._left.discard((section, number))
        code = "".join(line for line in code.splitlines(keepends=True) if not line.startswith(tuple(self._not_run)))
        done = subprocess.run(
            ["bash", "-e", "-c", code], cwd=self._folder, env=self._env, capture_output=True, text=True, timeout=LIMIT,
            check=False,
        )  # fmt: skip
        print(f"--- {section}\n{code}{done.stdout}{done.stderr}")
        if done.returncode not in statuses:
            pytest.fail(f"{section}: status {done.returncode}\n{code}{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def left(self) -> list[tuple[str, int]]:
        """Return the blocks that were not run, except those of which no line can be."""
        return sorted(
            each for each in self._left
            if any(line and not line.startswith(tuple(self._not_run)) for line in self._blocks[each].splitlines())
        )  # fmt: skip
