"""Which tier connects to which: exactly the design's arrows, whatever the policies are called."""

from __future__ import annotations

from collections.abc import Iterator

from k8s.network import ANYONE, Arrow, arrows
from k8s.objects import Documents, of_kind, title
from k8s.policies import policy

NAME_SERVERS = ("kube-system/k8s-app=kube-dns", "169.254.20.10")
NAME_USERS = ("api", "worker", "web", "flower", "migrate", "migrate-post", "doctor", "erase", "retention")
DATABASE_USERS = ("api", "worker", "migrate", "migrate-post", "doctor", "erase", "retention")
EVERYWHERE = {
    (ANYONE, "web", "8080/TCP"),
    ("web", "api", "5000/TCP"),
    *((user, "redis", "6379/TCP") for user in ("api", "worker", "flower", "doctor", "erase")),
    *(
        (user, server, f"53/{protocol}")
        for user in NAME_USERS
        for server in NAME_SERVERS
        for protocol in ("TCP", "UDP")
    ),
}
NODE_PORT = {(ANYONE, "web", "5000/TCP")}
KEDA = {("keda/app=keda-operator", "redis", "6379/TCP")}


def to_database(address: str) -> set[Arrow]:
    """Return the arrows to PostgreSQL, where it is."""
    return {(user, address, "5432/TCP") for user in DATABASE_USERS}


@policy("dev")
def arrows_inside_one_cluster(documents: Documents) -> Iterator[str]:
    yield from _differences(documents, EVERYWHERE | NODE_PORT | to_database("postgresql"))


@policy("ixcloud")
def arrows_on_ixcloud(documents: Documents) -> Iterator[str]:
    yield from _differences(documents, EVERYWHERE | NODE_PORT | to_database("192.168.10.7"))


@policy("production")
def arrows_in_production(documents: Documents) -> Iterator[str]:
    yield from _differences(documents, EVERYWHERE | KEDA | to_database("10.0.0.5"))


@policy("ixcloud", "production")
def the_database_has_one_address(documents: Documents) -> Iterator[str]:
    cidrs = {
        peer["ipBlock"]["cidr"]
        for each in of_kind(documents, "NetworkPolicy")
        for rule in each["spec"].get("egress", [])
        for peer in rule.get("to", [])
        if "ipBlock" in peer and {"port": 5432} in rule["ports"]
    }
    slices = of_kind(documents, "EndpointSlice")
    for each in slices:
        addresses = {f"{address}/32" for endpoint in each["endpoints"] for address in endpoint["addresses"]}
        if addresses != cidrs:
            yield f"{title(each)}: is {sorted(addresses)}; the policies let through to {sorted(cidrs)}"
    if len(slices) != 1:
        yield f"EndpointSlice/postgresql-external: there are {len(slices)}"


def _differences(documents: Documents, designed: set[Arrow]) -> Iterator[str]:
    found = arrows(documents)
    for source, target, port in sorted(found - designed):
        yield f"{source} -> {target}:{port} is allowed; the design has no such arrow"
    for source, target, port in sorted(designed - found):
        yield f"{source} -> {target}:{port} is not allowed; the design has this arrow"
