"""What NetworkPolicies allow, as Kubernetes reads them.

A pod that no policy selects for a direction is open in it; otherwise any of its policies may allow a connection.
Between two pods both the source's policies (egress) and the target's (ingress) must allow it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from itertools import product

from k8s.objects import NAMESPACE, Document, Documents, of_kind, selects, workloads

Arrow = tuple[str, str, str]  # from, to, port/protocol
ANYONE = "anyone"
STRANGER = "a pod without labels"
SOME_PORT = 9  # used by none: it shows rules that allow every port
NAMESPACE_LABEL = "kubernetes.io/metadata.name"


@dataclass(frozen=True)
class Peer:
    """Who may be at an end of a connection: a pod, or an address outside the cluster."""

    name: str
    labels: dict[str, str] = field(default_factory=dict)
    namespace: dict[str, str] | None = None
    ports: dict[str, int] = field(default_factory=dict)
    address: str | None = None

    @property
    def ours(self) -> bool:
        """Whether it is a pod of our namespace, which our policies bind."""
        return self.namespace is not None and self.namespace.get(NAMESPACE_LABEL) == NAMESPACE


def arrows(documents: Documents) -> set[Arrow]:
    """Return every connection that is allowed and begins or ends here; what anyone may do is named for no one else."""
    policies = of_kind(documents, "NetworkPolicy")
    peers = all_peers(documents)
    found = {
        (source.name, target.name, f"{port}/{protocol}")
        for source, target in product(peers, peers)
        for port, protocol in ports(policies, peers)
        if (source.ours or target.ours) and allowed(policies, source, target, port, protocol)
    }
    outside = {peer.name for peer in peers if not peer.ours} - {ANYONE}
    return {arrow for arrow in found if not (arrow[0] in outside and (ANYONE, *arrow[1:]) in found)}


def all_peers(documents: Documents) -> list[Peer]:
    """Return the workloads, strangers, and a peer for each address and foreign pod that a policy names."""
    home = {NAMESPACE_LABEL: NAMESPACE}
    peers = [Peer(each.name, each.labels, home, each.ports) for each in workloads(documents)]
    peers += [Peer(STRANGER, {}, home), Peer("a pod elsewhere", {}, {NAMESPACE_LABEL: "elsewhere"})]
    peers += [Peer(ANYONE, address="203.0.113.1")]
    for named in _named_peers(documents):
        peers += _addresses(named["ipBlock"]) if "ipBlock" in named else _foreign_pods(named)
    return list({peer.name: peer for peer in peers}.values())


def ports(policies: Documents, peers: list[Peer]) -> set[tuple[int, str]]:
    """Return every port that a policy or a container names, and one that none does."""
    found = {(port, "TCP") for peer in peers for port in peer.ports.values()} | {(SOME_PORT, "TCP"), (SOME_PORT, "UDP")}
    for rule in (rule for each in policies for way in ("ingress", "egress") for rule in each["spec"].get(way, [])):
        for entry in rule.get("ports", []):
            numbers = (entry.get("port"), entry.get("endPort"))
            found |= {(number, entry.get("protocol", "TCP")) for number in numbers if isinstance(number, int)}
    return found


def allowed(policies: Documents, source: Peer, target: Peer, port: int, protocol: str) -> bool:
    """Tell whether a connection is allowed at both of its ends."""
    out = _lets_through(policies, source, target, "egress", target.ports, (port, protocol))
    return out and _lets_through(policies, target, source, "ingress", target.ports, (port, protocol))


def _lets_through(
    policies: Documents, pod: Peer, other: Peer, way: str, names: dict[str, int], port: tuple[int, str]
) -> bool:
    if not pod.ours:
        return True
    binding = [
        each["spec"]
        for each in policies
        if way in _types(each["spec"]) and selects(each["spec"]["podSelector"], pod.labels)
    ]
    rules = [rule for spec in binding for rule in spec.get(way, [])]
    side = "to" if way == "egress" else "from"
    return not binding or any(
        _named_in(rule.get(side), other) and _port_in(rule.get("ports"), names, port) for rule in rules
    )


def _types(spec: Document) -> set[str]:
    types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]
    return {each.lower() for each in types}


def _named_in(entries: list[Document] | None, peer: Peer) -> bool:
    return not entries or any(_is(entry, peer) for entry in entries)


def _is(entry: Document, peer: Peer) -> bool:
    if "ipBlock" in entry:
        block, address = entry["ipBlock"], ip_address(peer.address or "0.0.0.0")
        excepted = any(address in ip_network(each) for each in block.get("except", []))
        return peer.address is not None and address in ip_network(block["cidr"]) and not excepted
    if peer.namespace is None:
        return False
    there = selects(entry["namespaceSelector"], peer.namespace) if "namespaceSelector" in entry else peer.ours
    return there and selects(entry.get("podSelector", {}), peer.labels)


def _port_in(entries: list[Document] | None, names: dict[str, int], port: tuple[int, str]) -> bool:
    number, protocol = port
    for entry in entries or []:
        first = entry.get("port", number)
        first = names.get(first, -1) if isinstance(first, str) else first
        if entry.get("protocol", "TCP") == protocol and first <= number <= entry.get("endPort", first):
            return True
    return not entries


def _named_peers(documents: Documents) -> list[Document]:
    rules = [
        rule
        for each in of_kind(documents, "NetworkPolicy")
        for way in ("ingress", "egress")
        for rule in each["spec"].get(way, [])
    ]
    return [peer for rule in rules for side in ("from", "to") for peer in rule.get(side, [])]


def _addresses(block: Document) -> list[Peer]:
    network = ip_network(block["cidr"])
    return [Peer(str(address), address=str(address)) for address in (network[0], network[-1])]


def _foreign_pods(named: Document) -> list[Peer]:
    """Return a pod that the entry names, where it is not one of ours."""
    if "namespaceSelector" not in named:
        return []
    namespace, labels = _example(named["namespaceSelector"]), _example(named.get("podSelector", {}))
    name = "/".join(
        [namespace.get(NAMESPACE_LABEL, "any namespace"), *(f"{key}={labels[key]}" for key in sorted(labels))]
    )
    return [] if namespace.get(NAMESPACE_LABEL) == NAMESPACE else [Peer(name, labels, namespace)]


def _example(selector: Document) -> dict[str, str]:
    expressions = selector.get("matchExpressions", [])
    wanted = {
        each["key"]: each.get("values", ["any"])[0] for each in expressions if each["operator"] in {"In", "Exists"}
    }
    return wanted | selector.get("matchLabels", {})
