"""The system that the API's contract is tested on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.system import System

TOKEN = "a-token-of-the-operators"


@pytest.fixture(scope="session")
def operator_token() -> str:
    """The operators' token."""
    return TOKEN


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory, operator_token: str) -> Iterator[System]:
    """A system with a worker and operators."""
    with System(tmp_path_factory.mktemp("system")) as started:
        started.start_api({"OPERATOR_TOKEN": operator_token})
        started.start_worker()
        yield started
