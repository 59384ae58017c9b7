"""What compose has in common with the cluster: who reaches the API, and what clients leave unfinished fits."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from attacks.limits import memory_limit
from k8s.objects import quantity
from k8s.rules_front import unfinished

from local.system import ROOT


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The services of compose.yaml."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    return found


def test_what_is_half_sent_fits_the_container_whose_tmp_is_memory(services: dict[str, Any]) -> None:
    web = services["web"]
    assert "/tmp" in web["tmpfs"]
    assert unfinished(8200 * 2**10) <= quantity(web["mem_limit"].replace("m", "Mi"))


@pytest.mark.parametrize("name", ["api", "worker", "web", "redis"])
def test_a_container_has_the_memory_within_which_attacks_are_tested(services: dict[str, Any], name: str) -> None:
    manifest = "redis/statefulset.yaml" if name == "redis" else f"{name}/deployment.yaml"
    assert quantity(services[name]["mem_limit"].replace("m", "Mi")) == memory_limit(manifest)


@pytest.mark.parametrize(("name", "beside"), [("api", {"web", "redis", "postgresql", "prometheus"}), ("web", {"api"})])
def test_no_client_but_nginx_is_on_a_network_with_the_api(
    services: dict[str, Any], name: str, beside: set[str]
) -> None:
    networks = {each: set(service.get("networks", ["default"])) for each, service in services.items()}
    assert {each for each in networks.keys() - {name} if networks[each] & networks[name]} == beside
