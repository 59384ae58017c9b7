"""The tiers as in the cluster, an API of one process behind nginx, for attacks that each end by themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from front import Web, serving
from slow import raised_file_limit

from local.ports import free_port
from local.system import ROOT, Process, System


class Attacked(NamedTuple):
    """What an attack reaches, and what is measured meanwhile."""

    system: System
    api: Process
    web: Web
    operations: int
    """The API's port for probes."""


@pytest.fixture(scope="module")
def api_settings() -> dict[str, str]:
    """The API's further settings, for a module to override."""
    return {}


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory, api_settings: dict[str, str]) -> Iterator[Attacked]:
    """Redis, PostgreSQL, a worker, one API process and nginx, shared by the module's tests."""
    operations = free_port()
    allocators = dict(re.findall(r"(\w*MALLOC\w*)=(\S+)", (ROOT / "api" / "Dockerfile").read_text("utf-8")))
    with raised_file_limit(), System(tmp_path_factory.mktemp("system")) as system:
        api = system.start_api(api_settings | allocators | {"OPERATIONS_PORT": str(operations)}, workers=1)
        system.start_worker()
        with serving(system, "front") as web:
            yield Attacked(system, api, web, operations)
