"""The harness of tests/cluster without a cluster: manifests by the real kubectl, its flow over a stand-in for it."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import steady_load
from cluster import deployment as deployments
from cluster import test_cluster
from cluster.deployment import Deployment, node_address
from cluster.images import hand_over
from cluster.kubectl import Kubectl, NoCluster, connect
from cluster.overlay import check, image_names, parse, render
from cluster.settings import Settings
from cluster.standin_api import serving
from steady_load import SteadyLoad

from local.system import ROOT

Objects = list[dict[str, Any]]
NAMESPACE = "ix-dummies-test-unit"
STANDIN = (sys.executable, "-I", "-S", str(ROOT / "tests" / "cluster" / "standin_kubectl.py"))
needs_kubectl = pytest.mark.skipif(not shutil.which("kubectl"), reason="NO KUBECTL, the overlay is not rendered")


@pytest.fixture
def standin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a stand-in for kubectl that knows of nothing yet; tests are short and their load is light."""
    monkeypatch.setenv("STANDIN", str(tmp_path))
    monkeypatch.setattr(steady_load, "SteadyLoad", partial(SteadyLoad, rate=100, clients=8))
    monkeypatch.setattr(steady_load, "SOME", 10)
    for name, value in {"BROKEN_WITHIN": 1, "LEAST": 8}.items():
        monkeypatch.setattr(test_cluster, name, value)
    (tmp_path / "rows").touch()
    with serving(tmp_path / "rows") as port:
        (tmp_path / "state.json").write_text(json.dumps({"namespace": NAMESPACE, "port": port}))
        yield tmp_path


def calls(standin: Path) -> list[str]:
    """Return the calls so far, without namespace and context, which must be the same in all but the first."""
    first, *others = (standin / "calls").read_text().splitlines()
    assert first == f"-n {NAMESPACE} config current-context"
    prefix = f"-n {NAMESPACE} --context standin "
    assert all(call.startswith(prefix) for call in others)
    return [call.removeprefix(prefix) for call in others]


def prepared(**settings: Any) -> Deployment:
    """Return a deployment by way of the stand-in, for a test to enter."""
    chosen = Settings(kubectl=STANDIN, **settings)
    return Deployment(chosen, connect(chosen.kubectl, NAMESPACE))


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


def test_without_a_cluster_the_reason_is_told(standin: Path) -> None:
    with pytest.raises(NoCluster, match="does-not-exist"):
        connect(["does-not-exist"], NAMESPACE)
    with pytest.raises(NoCluster, match="not set"):
        connect(["sh", "-c", "echo error: current-context is not set >&2; exit 1"], NAMESPACE)
    (standin / "fail").write_text("^version")
    with pytest.raises(NoCluster, match="standin does not answer: error: made to fail"):
        connect(STANDIN, NAMESPACE)
    (standin / "fail").unlink()
    (standin / "old.py").write_text(Path(STANDIN[-1]).read_text().replace('"v5.5.0"', '"v4.5.7"'))
    with pytest.raises(NoCluster, match=r"kustomize 5 is needed, and kubectl has v4\.5\.7"):
        connect([*STANDIN[:-1], str(standin / "old.py")], NAMESPACE)


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


@needs_kubectl
def test_every_kind_of_test_runs_and_the_namespace_goes(standin: Path) -> None:
    accepted: list[str] = []
    with prepared() as deployment:
        test_cluster.test_a_string_is_stored(deployment)
        test_cluster.test_no_request_fails(deployment, accepted, test_cluster.restart_and_undo, "api")
        test_cluster.test_no_request_fails(deployment, accepted, test_cluster.scale_up_and_down, "web")
        test_cluster.test_no_request_fails(deployment, accepted, test_cluster.break_and_undo, "worker")
        for tier in ("api", "redis"):
            test_cluster.test_killed_under_load_it_recovers(deployment, accepted, tier)
        test_cluster.test_nothing_accepted_was_lost_or_doubled(deployment, accepted)
    done = calls(standin)
    assert "set image deployment/worker worker=here:5000/ix-worker:does-not-exist" in done
    assert "delete pod api-0 --grace-period=0 --force" in done
    killed = done.index("exec redis-0 -c redis -- sh -c kill -KILL -1")
    assert "delete pod redis-0 --grace-period=1" in done[killed:]
    assert done[-1] == f"delete namespace {NAMESPACE} --ignore-not-found --timeout=180s"


def test_without_volumes_no_pod_with_data_is_deleted(standin: Path) -> None:
    prepared(storage_class="none").kill("postgresql")
    assert "exec postgresql-0 -c postgresql -- sh -c kill -KILL -1" in calls(standin)
    assert not [call for call in calls(standin) if call.startswith("delete pod")]


@needs_kubectl
@pytest.mark.parametrize("step", ["^kustomize", "^apply", "^rollout status", "^get nodes"])
def test_when_a_step_fails_it_is_explained_and_the_namespace_goes(
    standin: Path, step: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (standin / "fail").write_text(step)
    with pytest.raises(RuntimeError, match="made to fail"), prepared():
        pytest.fail("it began")
    assert calls(standin)[-1].startswith("delete namespace ")
    assert "--- kubectl get events" in capsys.readouterr().out


@needs_kubectl
def test_when_a_test_fails_it_is_explained_and_the_namespace_goes(
    standin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(RuntimeError, match="timed out"), prepared() as deployment:  # noqa: PT012 (the point is leaving)
        deployment.set_image("broken", "none")
        deployment.settle("broken")
    assert "logs broken-1 --all-containers --prefix --tail=60" in calls(standin)
    assert "logs broken-0 --all-containers --prefix --tail=60" not in calls(standin)
    assert "--- kubectl logs broken-1" in capsys.readouterr().out
    assert calls(standin)[-1].startswith("delete namespace ")


@needs_kubectl
def test_kept_it_says_how_to_remove_it(standin: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with prepared(keep=True):
        pass
    assert not [call for call in calls(standin) if call.startswith("delete")]
    assert f"kubectl --context standin delete namespace {NAMESPACE}" in capsys.readouterr().out


@needs_kubectl
def test_unreachable_ports_are_told(standin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployments, "REACH_TIMEOUT", 0.1)
    state = json.loads((standin / "state.json").read_text())
    (standin / "state.json").write_text(json.dumps(state | {"port": 1}))
    with pytest.raises(RuntimeError, match="see CLUSTER_NODE_ADDRESS"), prepared(node_address="localhost"):
        pytest.fail("it began")
    assert "get nodes -o json" not in calls(standin)


def test_rows_that_did_not_all_come_are_no_answer(standin: Path) -> None:
    (standin / "rows").write_text("61\n" * 3 + "62")
    with pytest.raises(AssertionError, match="handed over"):
        prepared().texts()


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
