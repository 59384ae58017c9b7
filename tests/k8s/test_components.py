"""An overlay with further components keeps to every policy, but for the arrows that they are for."""

from __future__ import annotations

import json

import pytest
from k8s.objects import Documents, Workload, selects, titled, workloads
from k8s.policies import OVERLAYS, POLICIES, load
from k8s.render import add_components, add_redis_tls, copy, missing, render
from k8s.rules_references import environment

load("rules_")
VERIFIED = "@redis:6379/0?ssl_ca_certs=/etc/redis-ca/ca.crt"
CLIENTS = {
    *(("api", name) for name in ("REDIS_URL", "CELERY_BROKER_URL")),
    *(("worker", name) for name in ("REDIS_URL", "CELERY_BROKER_URL")),
    *(("doctor", name) for name in ("REDIS_URL", "CELERY_BROKER_URL")),
    ("flower", "REDIS_URL"),
    ("erase", "REDIS_URL"),
}

PROMETHEUS = "monitoring/app.kubernetes.io/name=prometheus"
COLLECTOR = "monitoring/app.kubernetes.io/name=opentelemetry-collector"


@pytest.fixture(scope="module")
def with_tls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Documents]:
    """Each overlay with the component, by its name."""
    if reason := missing():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("redis-tls")
    copy(folder)
    for overlay in OVERLAYS:
        add_redis_tls(folder, overlay)
    return {overlay: render(folder, overlay) for overlay in OVERLAYS}


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Documents]:
    """Each overlay with the components for Prometheus and for traces, by its name."""
    if reason := missing():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("observed")
    copy(folder)
    for overlay in OVERLAYS:
        add_components(folder, overlay, "monitoring", "podmonitor", "tracing")
    return {overlay: render(folder, overlay) for overlay in OVERLAYS}


def mounted(workload: Workload, path: str) -> dict[str, object]:
    """Return the Secret that a workload's container has in a folder."""
    [container] = workload.containers
    [mount] = [each for each in container["volumeMounts"] if each["mountPath"] == path]
    [volume] = [each for each in workload.pod["volumes"] if each["name"] == mount["name"]]
    return volume["secret"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_policy_holds(with_tls: dict[str, Documents], overlay: str) -> None:
    checks = [policy.check for policy in POLICIES.values() if overlay in policy.overlays]
    found = [violation for check in checks for violation in check(with_tls[overlay])]
    if found:
        pytest.fail("\n".join(found), pytrace=False)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_client_verifies_redis_and_has_no_key(with_tls: dict[str, Documents], overlay: str) -> None:
    documents, clients = with_tls[overlay], set()
    secret = titled(documents, "Secret/redis-tls")["metadata"]["name"]
    for workload in workloads(documents):
        for container in workload.all_containers:
            for name, value in environment(documents, container).items():
                if "redis:6379" in value:
                    assert value.startswith("rediss://"), f"{workload}: {name}"
                    assert value.endswith(VERIFIED), f"{workload}: {name}"
                    assert mounted(workload, "/etc/redis-ca") == {
                        "secretName": secret,
                        "items": [{"key": "ca.crt", "path": "ca.crt"}],
                    }
                    clients.add((workload.name, name))
    assert clients == CLIENTS


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_redis_has_the_certificate(with_tls: dict[str, Documents], overlay: str) -> None:
    redis = Workload(titled(with_tls[overlay], "StatefulSet/redis"))
    folder = environment(with_tls[overlay], redis.containers[0])["REDIS_TLS"]
    secret = titled(with_tls[overlay], "Secret/redis-tls")
    assert mounted(redis, folder) == {"secretName": secret["metadata"]["name"]}
    assert secret["data"].keys() == {"tls.crt", "tls.key", "ca.crt"}


def test_keda_verifies_redis(with_tls: dict[str, Documents]) -> None:
    documents = with_tls["production"]
    [trigger] = titled(documents, "ScaledObject/worker")["spec"]["triggers"]
    assert trigger["metadata"]["enableTLS"] == "true"
    given = titled(documents, "TriggerAuthentication/journal")["spec"]["secretTargetRef"]
    name = titled(documents, "Secret/redis-tls")["metadata"]["name"]
    assert {"parameter": "ca", "name": name, "key": "ca.crt"} in given


def test_no_overlay_has_it_by_default(overlays: dict[str, Documents]) -> None:
    assert "redis-tls" not in json.dumps(overlays)
    assert "monitoring" not in json.dumps(overlays)
    assert "OTEL_" not in json.dumps(overlays)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_only_prometheus_reaches_the_metrics_only_a_collector_is_reached_and_everything_else_stays(
    observed: dict[str, Documents], overlay: str
) -> None:
    checks = [policy.check for policy in POLICIES.values() if overlay in policy.overlays]
    arrows = [f"{PROMETHEUS} -> {tier}:9000" for tier in ("api", "worker")]
    arrows += [f"{tier} -> {COLLECTOR}:4318" for tier in ("api", "worker")]
    assert sorted(violation for check in checks for violation in check(observed[overlay])) == sorted(
        f"{arrow}/TCP is allowed; the design has no such arrow" for arrow in arrows
    )


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_each_tier_is_told_the_collector_that_it_reaches(observed: dict[str, Documents], overlay: str) -> None:
    for tier in ("api", "worker"):
        told = environment(observed[overlay], Workload(titled(observed[overlay], f"Deployment/{tier}")).containers[0])
        assert told["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://opentelemetry-collector.monitoring:4318"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_prometheus_is_told_the_port_on_which_each_tier_serves_metrics(
    observed: dict[str, Documents], overlay: str
) -> None:
    documents = observed[overlay]
    worker = titled(documents, "Deployment/worker")
    assert environment(documents, Workload(worker).containers[0])["METRICS_PORT"] == "9000"
    for name in ("api", "worker"):
        workload = Workload(titled(documents, f"Deployment/{name}"))
        monitor = titled(documents, f"PodMonitor/{name}")["spec"]
        [endpoint] = monitor["podMetricsEndpoints"]
        assert selects(monitor["selector"], workload.labels)
        told = workload.template["metadata"]["annotations"]
        assert str(workload.ports[endpoint["port"]]) == told["prometheus.io/port"] == "9000"
