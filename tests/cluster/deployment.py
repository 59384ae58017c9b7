"""The system in a namespace of its own, driven as an operator does it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import httpx
from cluster.diagnosis import explain, is_ready
from cluster.images import hand_over
from cluster.kubectl import MARGIN, Kubectl
from cluster.overlay import TIERS, render
from cluster.settings import Settings
from support import Client, eventually

UP_TIMEOUT = 300  # seconds in which everything must be up, images pulled
REACH_TIMEOUT = 60
ROLLOUT_TIMEOUT = 180
"""Seconds for what replaces a pod: an image's pull, being ready for a while, 40 s of grace, and plenty."""
DOWN_TIMEOUT = 180
STATEFUL = ("redis", "postgresql")
COPY = "COPY (SELECT encode(convert_to(text, 'UTF8'), 'hex') FROM dummies) TO STDOUT"
COUNT = "SELECT count(*) FROM dummies"


class Deployment:
    """Everything of the overlay for development; a context manager that removes all of it."""

    def __init__(self, settings: Settings, kubectl: Kubectl) -> None:
        self._settings, self.kubectl = settings, kubectl
        self.urls: list[str] = []
        """The page's address, and the API's."""
        self.up_seconds = 0.0

    def __enter__(self) -> Self:
        try:
            hand_over(self._settings)
            started = time.monotonic()
            with tempfile.TemporaryDirectory() as folder:
                rendered = render(self._settings, self.kubectl, Path(folder))
                self.kubectl.run("apply", "-f", str(rendered), timeout=120)
            self._wait_until_up(started + UP_TIMEOUT)
            self.up_seconds = time.monotonic() - started
        except BaseException:
            try:
                explain(self.kubectl)
            finally:
                self.down()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.down()

    def down(self) -> None:
        """Delete the namespace and wait until it is gone; or say how to."""
        namespace = self.kubectl.namespace
        by_hand = f"to remove it: kubectl --context {self.kubectl.context} delete namespace {namespace}"
        if self._settings.keep:
            print(f"\n{namespace} is left as it is; {by_hand}")
            return
        try:
            self.kubectl.waiting("delete", "namespace", namespace, "--ignore-not-found", limit=DOWN_TIMEOUT)
        except BaseException:
            print(f"\n{namespace} may be left; {by_hand}")
            raise

    def pods(self, tier: str) -> list[dict[str, Any]]:
        """Return a tier's pods, those that are about to end among them."""
        found = self.kubectl.get("pods", "-l", f"app.kubernetes.io/name={tier}")["items"]
        return [pod for pod in found if pod["status"]["phase"] not in {"Failed", "Succeeded"}]

    def image(self, tier: str) -> str:
        """Return the image that a deployment asks for."""
        return self.kubectl.get(_workload(tier))["spec"]["template"]["spec"]["containers"][0]["image"]

    def readiness(self, tier: str) -> dict[str, bool]:
        """Return for each image of a tier's pods whether one that runs it is ready."""
        pods = sorted(self.pods(tier), key=is_ready)
        return {pod["spec"]["containers"][0]["image"]: is_ready(pod) for pod in pods}

    def restart(self, tier: str) -> None:
        """Replace all pods."""
        self.kubectl.run("rollout", "restart", _workload(tier))
        self.settle(tier)

    def undo(self, tier: str) -> None:
        """Go back to what was rolled out before."""
        self.kubectl.run("rollout", "undo", _workload(tier))
        self.settle(tier)

    def scale(self, tier: str, count: int) -> None:
        """Set the number of pods, and wait until they are ready."""
        self.kubectl.run("scale", _workload(tier), f"--replicas={count}")
        self.settle(tier)

    def set_image(self, tier: str, image: str) -> None:
        """Begin to roll out another image."""
        self.kubectl.run("set", "image", _workload(tier), f"{tier}={image}")

    def completes(self, tier: str, within: float) -> bool:
        """Tell whether a rollout completes within this time (s)."""
        status = ("rollout", "status", _workload(tier), f"--timeout={within:.0f}s")
        return self.kubectl.attempt(*status, timeout=within + MARGIN).returncode == 0

    def settle(self, tier: str) -> None:
        """Wait until a rollout is complete and the pods that it replaced are gone."""
        try:
            self.kubectl.waiting("rollout", "status", _workload(tier), limit=ROLLOUT_TIMEOUT)
            _until(lambda: self._is_settled(tier), ROLLOUT_TIMEOUT)
        except BaseException:
            explain(self.kubectl)
            raise

    def kill(self, tier: str) -> None:
        """End a tier's pods without grace, and see that they are gone.

        Kubernetes forgets a pod that is deleted without grace immediately, and Redis or PostgreSQL could then run twice
        on one volume: of these the processes are killed instead.
        """
        before = self._lives(tier)
        names = [pod["metadata"]["name"] for pod in self.pods(tier)]
        if tier not in STATEFUL:
            self.kubectl.run("delete", "pod", *names, "--grace-period=0", "--force")
        for name in names if tier in STATEFUL else []:
            self.kubectl.attempt("exec", name, "-c", tier, "--", "sh", "-c", "kill -KILL -1")
        _until(lambda: not before & self._lives(tier), REACH_TIMEOUT)
        if tier in STATEFUL and self._settings.volumes:
            self.kubectl.run("delete", "pod", *names, "--grace-period=1", timeout=ROLLOUT_TIMEOUT)

    def pipelines(self) -> list[dict[str, Any]]:
        """Return how the pipeline is doing, seen through the page and the API; nothing when one does not answer."""
        try:
            return [_pipeline(url) for url in self.urls]
        except httpx.HTTPError:
            return []

    def accepting(self) -> bool:
        """Tell whether strings are accepted, through the page and through the API."""
        pipelines = self.pipelines()
        return bool(pipelines) and all(each["accepting"] for each in pipelines)

    def drained(self) -> bool:
        """Tell whether no string waits."""
        pipelines = self.pipelines()
        return bool(pipelines) and all(each["waiting"] == 0 for each in pipelines)

    def texts(self) -> list[str]:
        """Return the text of every row."""
        psql = ("psql", "--no-psqlrc", "-At", "-U", "postgres", "-d", "dummy", "-c", COPY, "-c", COUNT)
        answer = self.kubectl.run("exec", "statefulset/postgresql", "-c", "postgresql", "--", *psql, timeout=300)
        *rows, count = answer.split()
        assert count == str(len(rows)), f"kubectl exec handed over {len(rows)} rows, and then {count[:40]}"
        return [bytes.fromhex(row).decode() for row in rows]

    def _wait_until_up(self, deadline: float) -> None:
        status, migrated = ("rollout", "status"), ("wait", "--for=condition=complete")
        steps = [(*status, _workload(each)) for each in STATEFUL]
        steps += [(*migrated, "job/migrate"), *((*status, _workload(each)) for each in (*TIERS, "flower"))]
        for step in steps:
            self.kubectl.waiting(*step, limit=deadline - time.monotonic())
        address = self._settings.node_address or node_address(self.kubectl.get("nodes")["items"])
        host = f"[{address}]" if address.count(":") > 1 and not address.startswith("[") else address
        self.urls = [f"http://{host}:{self._node_port(service)}" for service in ("web", "api")]
        try:
            eventually(self.accepting, within=REACH_TIMEOUT)
        except AssertionError:
            raise RuntimeError(f"all is ready, but {self.urls} do not answer here: see CLUSTER_NODE_ADDRESS") from None

    def _node_port(self, service: str) -> int:
        return self.kubectl.get(f"service/{service}")["spec"]["ports"][0]["nodePort"]

    def _is_settled(self, tier: str) -> bool:
        workload, pods = self.kubectl.get(_workload(tier)), self.pods(tier)
        seen = workload["status"].get("observedGeneration", 0) >= workload["metadata"]["generation"]
        return seen and len(pods) == workload["spec"]["replicas"] and all(map(is_ready, pods))

    def _lives(self, tier: str) -> set[tuple[str, int]]:
        """Return which pods there are, and how often each one's containers were restarted."""
        states = [(pod, pod["status"].get("containerStatuses", [])) for pod in self.pods(tier)]
        return {(pod["metadata"]["uid"], sum(each["restartCount"] for each in state)) for pod, state in states}


def node_address(nodes: list[dict[str, Any]]) -> str:
    """Return the InternalIP of a ready node, one of version 4 if there is any; raises RuntimeError without one."""
    ready = [node["status"] for node in nodes if is_ready(node)]
    found = [each["address"] for status in ready for each in status["addresses"] if each["type"] == "InternalIP"]
    if not found:
        raise RuntimeError("no ready node has an InternalIP: give CLUSTER_NODE_ADDRESS")
    return min(found, key=lambda address: ":" in address)


def _workload(tier: str) -> str:
    return f"statefulset/{tier}" if tier in STATEFUL else f"deployment/{tier}"


def _pipeline(url: str) -> dict[str, Any]:
    with Client(base_url=url, timeout=10, trust_env=False) as client:  # a node is not behind this machine's proxy
        return client.pipeline()


def _until(condition: Callable[[], bool], within: float) -> None:
    """Check a condition every second until it holds: kubectl takes a good part of a core, and load may be running."""
    eventually(lambda: condition() or time.sleep(1), within)
