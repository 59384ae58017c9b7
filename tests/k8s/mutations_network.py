"""Connections that the design does not have, and connections of the design that are cut."""

from __future__ import annotations

from typing import Any

from k8s.mutations import MUTATIONS, Mutation, add, drop, put, remove
from k8s.mutations_wiring import match
from k8s.objects import NAMESPACE, Documents

ARROWS = {
    "dev": "arrows_inside_one_cluster",
    "ixcloud": "arrows_on_ixcloud",
    "production": "arrows_in_production",
}
METADATA = {"to": [{"ipBlock": {"cidr": "169.254.169.254/32"}}], "ports": [{"port": 80}]}
NEIGHBOURS = {"to": [{"ipBlock": {"cidr": "192.168.10.0/24"}}], "ports": [{"port": 5432}]}
EVERY_NAMESPACE = {"from": [{"namespaceSelector": {}}], "ports": [{"port": 6379}]}
MONITORING = {
    "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}],
    "ports": [{"port": "http"}],
}
OPERATIONS = {"ports": [{"port": 9000}]}
TO_API = {"to": [{"podSelector": match("api")}], "ports": [{"port": 4999, "endPort": 5001}]}
FROM_FLOWER = {"from": [{"podSelector": match("flower")}], "ports": [{"port": "http"}]}
SLICE = "EndpointSlice/postgresql-external"
CIDR = "spec/egress/0/to/0/ipBlock/cidr"


def allowing(name: str, selector: dict[str, Any], **rules: Any) -> dict[str, Any]:
    """Return one more policy, with rules for ingress or egress."""
    spec = {"podSelector": selector, "policyTypes": [way.capitalize() for way in rules], **rules}
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def opened(policy: str, overlay: str) -> list[Mutation]:
    """Return the ways to allow more than the design has."""
    out = allowing("out", match("flower"), egress=[{}])
    metadata = allowing("metadata", match("web"), egress=[METADATA])
    neighbours = allowing("neighbours", match("worker"), egress=[NEIGHBOURS])
    journal = allowing("journal", match("redis"), ingress=[EVERY_NAMESPACE])
    monitoring = allowing("monitoring", match("flower"), ingress=[MONITORING])
    operations = allowing("operations", {}, ingress=[OPERATIONS], egress=[OPERATIONS])
    worker = allowing("worker-in", match("worker"), ingress=[{}])
    return [
        add(policy, overlay, out, "flower -> anyone:9/TCP"),
        add(policy, overlay, metadata, "web -> 169.254.169.254:80/TCP"),
        add(policy, overlay, neighbours, "worker -> 192.168.10.255:5432/TCP"),
        add(policy, overlay, journal, "a pod elsewhere -> redis:6379/TCP"),
        add(policy, overlay, monitoring, "monitoring -> flower:5555/TCP"),
        add(policy, overlay, operations, "web -> api:9000/TCP"),
        add(policy, overlay, worker, "anyone -> worker:9/UDP"),
        drop(policy, overlay, "NetworkPolicy/names", "spec/egress/0/to/0/podSelector", "web -> kube-system:53/UDP is"),
        remove(policy, overlay, "NetworkPolicy/deny-all", "a pod without labels -> anyone"),
        drop(policy, overlay, "NetworkPolicy/redis", "spec/ingress/0/from", "anyone -> redis:6379/TCP"),
    ]


def closed(policy: str, overlay: str) -> list[Mutation]:
    """Return the ways to cut what the design has."""
    return [
        remove(policy, overlay, "NetworkPolicy/names", "web -> kube-system/k8s-app=kube-dns:53/UDP is not"),
        remove(policy, overlay, "NetworkPolicy/to-postgresql", ":5432/TCP is not"),
        put(
            policy,
            overlay,
            "NetworkPolicy/redis",
            "spec/podSelector",
            match("rediss"),
            "worker -> redis:6379/TCP is not",
        ),
        put(policy, overlay, "NetworkPolicy/web", "spec/egress/0/ports/0/port", "https", "web -> api:5000/TCP is not"),
        put(policy, overlay, "NetworkPolicy/names", "spec/egress/0/ports/0/protocol", "TCP", "53/UDP is not"),
    ]


def flower_to_api(documents: Documents) -> None:
    """Allow at both ends what one end alone does not allow."""
    documents.append(allowing("flower-out", match("flower"), egress=[TO_API]))
    documents.append(allowing("api-in", match("api"), ingress=[FROM_FLOWER]))


for overlay, policy in ARROWS.items():
    MUTATIONS.extend([*opened(policy, overlay), *closed(policy, overlay)])
MUTATIONS.extend(
    [
        Mutation("arrows_on_ixcloud", "ixcloud", "flower to api", "flower -> api:5000/TCP is allowed", flower_to_api),
        put("the_database_has_one_address", "ixcloud", SLICE, "endpoints/0/addresses", ["192.168.10.8"]),
        put("the_database_has_one_address", "ixcloud", "NetworkPolicy/to-postgresql", CIDR, "192.168.10.0/24", SLICE),
        remove("the_database_has_one_address", "production", SLICE, SLICE),
    ]
)
