"""Runbooks say what is there: every alert leads to one, and their commands, fields and log lines exist."""

from __future__ import annotations

import re
import shlex

import pytest
import yaml
from test_docs import DOCS, anchors, blocks

from api.http.contract import Pipeline
from local.system import ROOT
from worker import dead_letters, maintenance

BOOKS = {name: text for name, text in DOCS.items() if re.fullmatch(r"docs/runbooks/[a-z-]+\.md", name)}
INDEX = "docs/runbooks/README.md"
LONGEST = 80
PARSERS = {"worker.dead_letters": dead_letters._parser().parse_args, "worker.maintenance": maintenance._parse}
SOURCE = "\n".join(
    path.read_text("utf-8") for tier in ("core", "api", "worker") for path in (ROOT / tier).rglob("*.py")
)


def commands(text: str) -> str:
    """Return all shell of a document."""
    return "\n".join(blocks(text, "sh"))


def test_every_alert_leads_to_a_runbook_that_names_it() -> None:
    groups = yaml.safe_load((ROOT / "monitoring/alerts.yaml").read_text("utf-8"))["groups"]
    for alert in [rule for group in groups for rule in group["rules"] if "alert" in rule]:
        name, _, anchor = alert["annotations"]["runbook"].partition("#")
        assert alert["alert"] in BOOKS[name]
        assert not anchor or anchor in anchors(BOOKS[name])


def test_the_index_leads_to_every_runbook() -> None:
    assert set(re.findall(r"\((\S+\.md)\) \|$", DOCS[INDEX], re.MULTILINE)) >= {
        name.rpartition("/")[2] for name in BOOKS
    }


@pytest.mark.parametrize("name", BOOKS)
def test_a_runbook_is_short_and_says_how_one_knows_and_what_not_to_do(name: str) -> None:
    assert BOOKS[name].count("\n") <= LONGEST
    assert {"how-you-know-that-it-worked", "what-not-to-do"} <= anchors(BOOKS[name])


@pytest.mark.parametrize("name", [*BOOKS, INDEX])
def test_its_commands_have_the_options_that_programs_take(name: str) -> None:
    for module, arguments in re.findall(r"-- python -m (worker\.\w+) ?([^\n<>|`…]*)", commands(DOCS[name])):
        if module in PARSERS:
            PARSERS[module](shlex.split(arguments, comments=True))


@pytest.mark.parametrize("name", BOOKS)
def test_a_pod_that_waits_for_its_image_hides_no_log_of_others(name: str) -> None:
    for line in re.findall(r"kubectl logs --selector .*", BOOKS[name]):
        assert "--ignore-errors" in line


@pytest.mark.parametrize("name", DOCS)
def test_no_command_waits_forever(name: str) -> None:
    assert "until kubectl" not in DOCS[name]


@pytest.mark.parametrize("name", BOOKS)
def test_it_looks_at_fields_and_lines_that_exist(name: str) -> None:
    shell = commands(BOOKS[name])
    for fields in re.findall(r"/pipeline\" \| jq '\{(.*?)\}'", shell):
        assert set(fields.split(", ")) <= {*Pipeline.__struct_fields__}
    for line in re.findall(r"grep -F '(.+?)'", shell):
        assert line.strip('" ') in SOURCE
    for kind, workload in re.findall(r"(deployment|statefulset|cronjob)/(\w+)", shell):
        texts = [path.read_text("utf-8").lower() for path in (ROOT / "k8s/base" / workload).glob("*.yaml")]
        assert any(f"kind: {kind}" in text for text in texts)
