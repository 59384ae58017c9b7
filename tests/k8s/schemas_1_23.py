"""Runs apart, where kubernetes-validate has the schemas of 1.23: reads objects, writes what is wrong with each.

Standard input is a JSON list of objects. Standard output is a line that says it could begin, and then a JSON list of
one sentence for each object, or null.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import setuptools  # noqa: F401  it brings distutils, which Python has no longer and the next one imports

import kubernetes_validate  # isort: skip


def problem(document: dict[str, Any]) -> str | None:
    """Return what is wrong with an object; None when Kubernetes 1.23 takes it."""
    try:
        kubernetes_validate.validate(document, "1.23", strict=True)
    except kubernetes_validate.ValidationError as error:
        return f"{'.'.join(map(str, error.path))}: {error.message}"
    except kubernetes_validate.utils.SchemaNotFoundError as error:
        return error.message
    return None


if __name__ == "__main__":
    print("begun", flush=True)
    with ProcessPoolExecutor() as pool:  # each object takes a tenth of a second
        json.dump(list(pool.map(problem, json.load(sys.stdin), chunksize=8)), sys.stdout)
