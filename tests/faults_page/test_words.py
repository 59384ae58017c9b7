"""What the run reads of the page is what the page says."""

from __future__ import annotations

import json
import re
import subprocess

import pytest
from browsing import WEB

from faults_page import tab
from faults_page.tab import COUNTS, Look

READ = """
import { runnerImport } from "vite";
const { bulk, form, pipeline } = (await runnerImport("./src/i18n/en.ts")).module.en;
console.log(JSON.stringify({
  counts: bulk.counts,
  sentences: {
    CHECK: [bulk.check], BACK: [bulk.back], SAVE: [bulk.saveNdjson], PAUSE: [bulk.pause], RESUME: [bulk.resume],
    CANCEL: [bulk.cancel], LEAVE: [bulk.leave], TRY_NOW: [pipeline.tryNow], DONE: [bulk.done],
    DELETE: [bulk.delete.confirm], KEEP: [bulk.delete.keep], DO_NOT_SEND: [bulk.repeat.cancel],
    TEXT: [form.label], LINES: [bulk.label],
    SEND: [bulk.send(1), bulk.send(2000), bulk.sendWithout(2000)], SEND_REST: [bulk.sendRest(1), bulk.sendRest(2000)],
    ACCEPTED_OF: [bulk.acceptedOf(0, 1), bulk.acceptedOf(1000, 2000)],
    ALL_STORED: [bulk.allStored], CANCELLED: bulk.cancelled(2).split(" ").slice(0, 1),
    PAUSED: [bulk.paused], UNSETTLED: [bulk.unsettled(1), bulk.unsettled(2000)],
    FATES: [bulk.fates(1000, 0, 0), bulk.fates(0, 2000, 0), bulk.fates(0, 0, 3000), bulk.fates(1000, 2000, 3000)],
    GONE: [bulk.gone(1), bulk.gone(4000)],
  },
}));
"""


@pytest.fixture(scope="module")
def page() -> dict[str, dict[str, list[str]]]:
    """The page's words for each name in ``tab``."""
    if not (WEB / "node_modules").exists():
        pytest.skip("THE PAGE'S TOOLS ARE NOT INSTALLED: run `make test`")
    command = ["node", "--input-type=module", "--eval", READ]
    return json.loads(subprocess.run(command, cwd=WEB, check=True, capture_output=True, text=True).stdout)


def test_every_word_that_the_run_looks_for_is_said(page: dict[str, dict[str, list[str]]]) -> None:
    words = {name: word for name, word in vars(tab).items() if name.isupper() and isinstance(word, str | re.Pattern)}
    words = {name: word for name, word in words.items() if name not in {"_LOOK", "_FILL", "NO_PAGE"}}
    assert words.keys() == page["sentences"].keys()
    for name, word in words.items():
        for sentence in page["sentences"][name]:
            read = sentence == word if isinstance(word, str) else word.match(sentence)
            assert read, f"{name} does not read {sentence!r}"
    assert {page["counts"][name]: name for name in COUNTS.values()} == COUNTS


def test_all_figures_of_the_fates_are_read(page: dict[str, dict[str, list[str]]]) -> None:
    words = "\n".join(["Sending", page["sentences"]["FATES"][-1], page["sentences"]["GONE"][-1]])
    assert Look(words).fates == (1000, 2000, 3000, 4000)
