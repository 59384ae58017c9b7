"""The harness of tests/cluster without a cluster: manifests by the real kubectl, and what is left if a step fails."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from cluster.deployment import Deployment, node_address
from cluster.images import hand_over
from cluster.kubectl import Kubectl, NoCluster, connect
from cluster.overlay import check, image_names, parse, render
from cluster.settings import Settings

Objects = list[dict[str, Any]]
NAMESPACE = "ix-dummies-test-unit"
DELETED = f"delete namespace {NAMESPACE} --ignore-not-found --timeout=180s"
needs_kubectl = pytest.mark.skipif(not shutil.which("kubectl"), reason="NO KUBECTL, the overlay is not rendered")


class Recorder(Kubectl):
    """Records the calls, of which some fail; only manifests are rendered. Each look finds another pod, never ready."""

    def __init__(self, failing: str = "^$") -> None:
        super().__init__(["kubectl"], NAMESPACE, "recorded")
        self.calls: list[str] = []
        self._failing = failing

    def attempt(self, *arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Respond in place of the cluster."""
        self.calls.append(" ".join(arguments))
        if re.search(self._failing, self.calls[-1]):
            return subprocess.CompletedProcess(arguments, 1, "", "made to fail")
        if arguments[0] == "kustomize":
            return super().attempt(*arguments, timeout=timeout)
        pod = {"metadata": {"name": "pod-0", "uid": len(self.calls)}, "status": {"phase": "Running"}}
        return subprocess.CompletedProcess(arguments, 0, json.dumps({"items": [pod]}), "")


def versions(answer: str) -> list[str]:
    """Return a command that has a current context, and answers everything else, on both of its outputs, with this."""
    script = f"""case "$*" in *current-context) echo here;; *) echo '{answer}'; echo '{answer}' >&2;; esac"""
    return ["sh", "-c", script, "kubectl"]


def rendered(folder: Path, settings: Settings) -> Objects:
    """Return the objects that would be applied."""
    folder.mkdir()
    return parse(render(settings, Kubectl(["kubectl"], NAMESPACE), folder).read_text())


@pytest.fixture(scope="module")
def overlay(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Objects]:
    """The folder and the objects of the overlay when nothing is set."""
    folder = tmp_path_factory.mktemp("rendered") / "overlay"
    return folder, rendered(folder, Settings())


def of_kind(objects: Objects, kind: str) -> dict[str, dict[str, Any]]:
    """Return the objects of a kind by their names."""
    return {each["metadata"]["name"]: each for each in objects if each["kind"] == kind}


@needs_kubectl
@pytest.mark.parametrize("registry", ["", "registry.example:5000/team"])
@pytest.mark.parametrize("storage_class", ["", "fast", "none"])
def test_the_overlay_is_in_a_namespace_of_its_own(tmp_path: Path, storage_class: str, registry: str) -> None:
    settings = Settings(registry=registry, storage_class=storage_class)
    objects = rendered(tmp_path / "overlay", settings)  # which checks namespaces and ports
    assert list(of_kind(objects, "Namespace")) == [NAMESPACE]
    services = of_kind(objects, "Service")
    assert [services[name]["spec"]["type"] for name in ("api", "web")] == ["NodePort", "NodePort"]
    images = set(re.findall(r"'image': '([^']*ix-[^']*)'", str(objects)))
    assert images == set(image_names(settings).values())
    assert not of_kind(objects, "HorizontalPodAutoscaler")
    for stateful in of_kind(objects, "StatefulSet").values():
        pod, claims = stateful["spec"]["template"]["spec"], stateful["spec"].get("volumeClaimTemplates", [])
        assert pod["shareProcessNamespace"]
        assert [each["spec"].get("storageClassName", "") for each in claims] == [storage_class] * settings.volumes
        assert ({"name": "data", "emptyDir": {}} in pod["volumes"]) is not settings.volumes


@needs_kubectl
def test_the_deployments_are_those_that_ship(overlay: tuple[Path, Objects]) -> None:
    """Nothing but namespace and images differs from the overlay for development where requests must not fail."""
    folder, objects = overlay
    development = folder / "k8s" / "overlays" / "dev"
    shipped = parse(Kubectl(["kubectl"], NAMESPACE).run("kustomize", str(development)))
    for name, ship in of_kind(shipped, "Deployment").items():
        assert of_kind(objects, "Deployment")[name]["spec"] == ship["spec"]


@needs_kubectl
@pytest.mark.parametrize(
    "spoil",
    [
        lambda objects: of_kind(objects, "Service")["redis"]["metadata"].update(namespace="ix-dummies"),
        lambda objects: of_kind(objects, "Service")["api"]["spec"]["ports"][0].update(nodePort=30000),
        lambda objects: of_kind(objects, "Namespace")[NAMESPACE]["metadata"].update(name="ix-dummies"),
        lambda objects: of_kind(objects, "NetworkPolicy")["api"]["spec"].update(
            ingress=[{"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ix-dummies"}}}]}]
        ),
    ],
)
def test_what_concerns_others_is_not_applied(overlay: tuple[Path, Objects], spoil: Callable[[Objects], None]) -> None:
    objects = deepcopy(overlay[1])
    spoil(objects)
    with pytest.raises(AssertionError):
        check(objects, NAMESPACE)


def test_settings_are_read() -> None:
    assert Settings.read({}) == Settings()
    given = {"KUBECTL": "minikube kubectl --", "CLUSTER_REGISTRY": "r/", "CLUSTER_KEEP": "1", "CLUSTER_IMAGES": "x"}
    assert Settings.read(given) == Settings(("minikube", "kubectl", "--"), images="x", registry="r", keep=True)


def test_without_a_cluster_the_reason_is_told() -> None:
    with pytest.raises(NoCluster, match="does-not-exist"):
        connect(["does-not-exist"], NAMESPACE)
    with pytest.raises(NoCluster, match="not set"):
        connect(["sh", "-c", "echo error: current-context is not set >&2; exit 1"], NAMESPACE)
    with pytest.raises(NoCluster, match="here does not answer: error: no route"):
        connect(versions("error: no route"), NAMESPACE)
    with pytest.raises(NoCluster, match=r"kustomize 5 is needed, and kubectl has v4\.5\.7"):
        connect(versions('{"serverVersion": {}, "kustomizeVersion": "v4.5.7"}'), NAMESPACE)


def test_every_call_is_bound_to_one_namespace_and_the_context_of_the_start() -> None:
    found = connect(versions('{"serverVersion": {"gitVersion": "v1.23.17"}, "kustomizeVersion": "v5.5.0"}'), NAMESPACE)
    assert (found.namespace, found.context) == (NAMESPACE, "here")
    bound = Kubectl(["echo", "kubectl"], NAMESPACE, "here").run("get", "pods")
    assert bound == f"kubectl -n {NAMESPACE} --context here get pods\n"


def test_a_node_is_chosen_that_is_ready() -> None:
    nodes = [
        {"metadata": {}, "status": {"conditions": [{"type": "Ready", "status": status}], "addresses": addresses}}
        for status, name in (("False", "10.0.0.1"), ("True", "fd00::2"), ("True", "10.0.0.3"))
        for addresses in [[{"type": "InternalIP", "address": name}, {"type": "Hostname", "address": "n"}]]
    ]
    assert node_address(nodes) == "10.0.0.3"
    assert node_address(nodes[:2]) == "fd00::2"
    with pytest.raises(RuntimeError, match="CLUSTER_NODE_ADDRESS"):
        node_address(nodes[:1])


@pytest.mark.parametrize(("storage_class", "deleted"), [("", True), ("none", False)])
def test_pods_with_data_are_killed_and_deleted_only_where_a_volume_outlives_them(
    storage_class: str, *, deleted: bool
) -> None:
    kubectl = Recorder()
    Deployment(Settings(storage_class=storage_class), kubectl).kill("postgresql")
    assert "exec pod-0 -c postgresql -- sh -c kill -KILL -1" in kubectl.calls
    assert ("delete pod pod-0 --grace-period=1" in kubectl.calls) is deleted


@needs_kubectl
@pytest.mark.parametrize("step", ["^kustomize", "^apply", "^rollout status", "^get nodes"])
def test_when_a_step_fails_it_is_explained_and_the_namespace_goes(
    step: str, capsys: pytest.CaptureFixture[str]
) -> None:
    kubectl = Recorder(step)
    with pytest.raises(RuntimeError, match="made to fail"), Deployment(Settings(), kubectl):
        pytest.fail("it began")
    assert kubectl.calls[-1] == DELETED
    assert "--- kubectl get events" in capsys.readouterr().out


def test_a_rollout_that_fails_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match="made to fail"):
        Deployment(Settings(), Recorder("^rollout status")).settle("api")
    assert "--- kubectl logs pod-0 --all-containers" in capsys.readouterr().out


def test_the_namespace_goes_unless_it_is_to_be_kept(capsys: pytest.CaptureFixture[str]) -> None:
    gone, kept = Recorder(), Recorder()
    Deployment(Settings(), gone).down()
    Deployment(Settings(keep=True), kept).down()
    assert (gone.calls, kept.calls) == ([DELETED], [])
    assert f"kubectl --context recorded delete namespace {NAMESPACE}" in capsys.readouterr().out


def test_rows_that_did_not_all_come_are_no_answer() -> None:
    with pytest.raises(AssertionError, match="handed over"):
        Deployment(Settings(), Recorder()).texts()


def test_images_are_built_and_handed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/built\n')
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{docker.parent}:/usr/bin:/bin")
    settings = Settings(images=f'for each in $IMAGES; do echo "$each" >>{tmp_path}/handed; done', registry="r.example")
    hand_over(settings)
    names = list(image_names(settings).values())
    assert (tmp_path / "handed").read_text().splitlines() == names
    built = (tmp_path / "built").read_text().splitlines()
    assert [line.split()[4] for line in built] == names
    assert built[0].startswith("build --file api/Dockerfile --tag r.example/ix-api:")
