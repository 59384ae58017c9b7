"""Answers kubectl's questions without a cluster, to test the harness's own flow; it proves nothing about Kubernetes.

Its pods are ready at once. It knows the calls that the harness makes and no others, and only in the namespace and the
context that were agreed on; manifests are rendered by the real kubectl. In the folder $STANDIN: state.json, calls (one
a line), rows (the texts that are stored, in hexadecimal) and fail (a regular expression of the calls that fail).
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ["STANDIN"])
READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
VERSIONS = {"kustomizeVersion": "v5.5.0", "serverVersion": {"gitVersion": "v1.23.17"}}


class State(dict[str, Any]):
    """What is known of each tier, beside the namespace and the port of all Services."""

    def __missing__(self, tier: str) -> dict[str, Any]:
        fresh = {"generation": 1, "replicas": 1, "restarts": 0, "image": f"here:5000/ix-{tier}:0.1.0", "broken": ""}
        return self.setdefault(tier, fresh)

    def pods(self, tier: str) -> list[dict[str, Any]]:
        """Return a tier's pods; a broken image adds one that is not ready."""
        known = self[tier]
        running = READY | {"containerStatuses": [{"name": tier, "restartCount": known["restarts"]}]}
        found = [(known["image"], running)] * known["replicas"]
        found += [(known["broken"], {"phase": "Pending"})] if known["broken"] else []
        return [
            {
                "metadata": {"name": f"{tier}-{n}", "uid": f"{tier}-{n}-{known['generation']}"},
                "spec": {"containers": [{"image": image}]},
                "status": status,
            }
            for n, (image, status) in enumerate(found)
        ]

    def get(self, words: list[str]) -> dict[str, Any]:  # type: ignore[override]
        """Return the object or the list that is asked for."""
        if words == ["nodes"]:
            addresses = [{"type": "Hostname", "address": "n"}, {"type": "InternalIP", "address": "127.0.0.1"}]
            return {"items": [{"metadata": {}, "status": READY | {"addresses": addresses}}]}
        if words[0] == "pods":
            return {"items": self.pods(words[2].removeprefix("app.kubernetes.io/name=") if words[1:] else "broken")}
        kind, tier = words[0].split("/")
        if kind == "service":
            return {"spec": {"ports": [{"nodePort": self["port"]}]}}
        known = self[tier]
        spec = {"replicas": known["replicas"], "template": {"spec": {"containers": [{"image": known["image"]}]}}}
        generation = known["generation"]
        return {"metadata": {"generation": generation}, "spec": spec, "status": {"observedGeneration": generation}}

    def do(self, words: list[str]) -> str:  # noqa: C901 (a case for each call)
        """Do what is asked and return what is printed."""
        tier = words[2].split("/")[-1] if len(words) > 2 else ""
        match words:
            case ["rollout", "status", _, _]:
                return sys.exit("error: timed out waiting for the condition") if self[tier]["broken"] else ""
            case ["rollout", "restart", _]:
                self[tier]["generation"] += 1
            case ["rollout", "undo", _]:
                self[tier]["broken"] = ""
            case ["scale", workload, count]:
                self[workload.split("/")[1]]["replicas"] = int(count.removeprefix("--replicas="))
            case ["set", "image", _, assigned]:
                self[tier]["broken"] = assigned.removeprefix(f"{tier}=")
            case ["exec", "statefulset/postgresql", "-c", "postgresql", "--", "psql", *_]:
                rows = (FOLDER / "rows").read_text()
                return f"{rows}{len(rows.splitlines())}\n"
            case ["exec", pod, "-c", container, "--", "sh", "-c", "kill -KILL -1"] if pod == f"{container}-0":
                self[container]["restarts"] += 1
            case ["delete", "pod", pod, "--grace-period=0", "--force"] | ["delete", "pod", pod, "--grace-period=1"]:
                self[pod.removesuffix("-0")]["generation"] += 1
            case ["apply", "-f", manifests]:
                (FOLDER / "applied.yaml").write_text(Path(manifests).read_text())
            case ["delete", "namespace", name, "--ignore-not-found", "--timeout=180s"] if name == self["namespace"]:
                pass
            case ["wait", "--for=condition=complete", "job/migrate", _] | ["logs", *_] | ["get", "events" | "pods", *_]:
                pass
            case _:
                sys.exit(f"the stand-in does not know this call: {words}")
        return ""


def answer(state: State, words: list[str]) -> str:
    """Return what a call prints; ends with a message where the call is wrong, or is to fail."""
    if words[:2] != ["-n", state["namespace"]]:
        sys.exit(f"in no namespace, or in another: {words}")
    if words[2:] == ["config", "current-context"]:
        return "standin\n"
    if words[2:4] != ["--context", "standin"]:
        sys.exit(f"in no context, or in another: {words}")
    words = words[4:]
    fail = FOLDER / "fail"
    if fail.exists() and re.search(fail.read_text(), " ".join(words)):
        sys.exit("error: made to fail")
    if words[0] == "kustomize":
        os.execvp("kubectl", ["kubectl", *words])
    if words == ["version", "-o", "json", "--request-timeout=10s"]:
        return json.dumps(VERSIONS)
    return json.dumps(state.get(words[1:-2])) if words[-2:] == ["-o", "json"] else state.do(words)


if __name__ == "__main__":
    with (FOLDER / "calls").open("a") as calls:
        calls.write(" ".join(sys.argv[1:]) + "\n")
    known = State(json.loads((FOLDER / "state.json").read_text()))
    sys.stdout.write(answer(known, sys.argv[1:]))
    (FOLDER / "state.json").write_text(json.dumps(known))
