"""The command kubectl, bound to one context and one namespace, so that nothing else can be touched."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from typing import Any

ANSWER_TIMEOUT = 10
"""Seconds in which an API server must say which version it is."""
COMMAND_TIMEOUT = 60
MARGIN = 30
"""Seconds that a command with a limit of its own gets beyond it."""


class NoCluster(Exception):
    """There is no cluster to run the tests against."""


class Kubectl:
    """Runs kubectl in one namespace of one cluster, even when the current context is changed meanwhile."""

    def __init__(self, command: Sequence[str], namespace: str, context: str = "") -> None:
        self._command = [*command, "-n", namespace, *(["--context", context] if context else [])]
        self.namespace, self.context = namespace, context

    def attempt(self, *arguments: str, timeout: float = COMMAND_TIMEOUT) -> subprocess.CompletedProcess[str]:
        """Run it, whether it succeeds or not; a time-out is status 124, as of the command timeout."""
        command = [*self._command, *arguments]
        try:
            return subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False
            )
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command, 124, "", f"no answer within {timeout:.0f} s")

    def run(self, *arguments: str, timeout: float = COMMAND_TIMEOUT) -> str:
        """Run it and return what it printed; raises RuntimeError with what it said."""
        done = self.attempt(*arguments, timeout=timeout)
        if done.returncode:
            raise RuntimeError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()[-2000:] or done.returncode}")
        return done.stdout

    def get(self, *arguments: str) -> dict[str, Any]:
        """Return an object, or a list of them."""
        return json.loads(self.run("get", *arguments, "-o", "json"))

    def waiting(self, *arguments: str, limit: float) -> str:
        """Run a command that waits for a condition, and fails after this time (s)."""
        return self.run(*arguments, f"--timeout={max(1, limit):.0f}s", timeout=limit + MARGIN)


def connect(command: Sequence[str], namespace: str) -> Kubectl:
    """Return kubectl for the current context, and print which that is; raises NoCluster with the reason."""
    try:
        context = Kubectl(command, namespace).attempt("config", "current-context")
    except OSError as error:
        raise NoCluster(str(error)) from None
    name = context.stdout.strip()
    if context.returncode or not name:
        raise NoCluster(context.stderr.strip() or "no current context")
    kubectl = Kubectl(command, namespace, name)
    server = _server_version(kubectl)
    print(f"\ncontext {name}, Kubernetes {server}, namespace {namespace}")
    return kubectl


def _server_version(kubectl: Kubectl) -> str:
    asked = kubectl.attempt("version", "-o", "json", f"--request-timeout={ANSWER_TIMEOUT}s", timeout=ANSWER_TIMEOUT + 5)
    try:
        versions = json.loads(asked.stdout)
    except ValueError:
        versions = {}
    if "serverVersion" not in versions:
        raise NoCluster(f"{kubectl.context} does not answer: {asked.stderr.strip()[-500:]}")
    kustomize = versions.get("kustomizeVersion", "none")
    if not kustomize.startswith("v") or int(kustomize[1:].split(".")[0]) < 5:
        raise NoCluster(f"kustomize 5 is needed, and kubectl has {kustomize}")
    return versions["serverVersion"]["gitVersion"]
