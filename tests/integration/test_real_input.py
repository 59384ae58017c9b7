"""Real input: Debian's English and Korean word lists arrive byte for byte."""

from __future__ import annotations

import pytest

from benchmarks import real_input
from local.system import System

pytestmark = pytest.mark.timeout(300)


def test_word_lists_arrive_byte_for_byte(system: System) -> None:
    """The sorted rows are the sorted lines, every status ends stored, every id is distinct: run() compares all."""
    try:
        lines = real_input.read_lines()
    except FileNotFoundError as missing:
        pytest.skip(str(missing))
    assert len(lines) == 154_334
    for figure in real_input.run(system.api_url, system.postgres.reader_url, lines):
        print(figure)
