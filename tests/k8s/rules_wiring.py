"""What refers to what: selectors, Services and their ports, labels, disruption budgets."""

from __future__ import annotations

from collections.abc import Iterator

from k8s.objects import APP, Document, Documents, Workload, called, of_kind, selects, title, titled, workloads
from k8s.policies import policy

PART_OF = "app.kubernetes.io/part-of"
COMPONENT = "app.kubernetes.io/component"
# Made from files or for several workloads: they belong to the whole, and to no single workload.
SHARED = {"Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange", "ConfigMap", "Secret"}
NODE_PORTS = {("Service/api", 30000), ("Service/web", 30001)}


def selected(documents: Documents, selector: Document) -> list[Workload]:
    """Return the workloads whose pods a label selector takes in."""
    return [workload for workload in workloads(documents) if selects(selector, workload.labels)]


@policy()
def workloads_select_their_own_pods(documents: Documents) -> Iterator[str]:
    for workload in workloads(documents, "Deployment", "StatefulSet"):
        found = {str(each) for each in selected(documents, workload.document["spec"]["selector"])}
        if found != {str(workload)}:
            yield f"{workload}: selects the pods of {sorted(found)}"


@policy()
def pods_are_spread_among_their_own(documents: Documents) -> Iterator[str]:
    for workload in workloads(documents):
        for constraint in workload.pod.get("topologySpreadConstraints", []):
            found = {str(each) for each in selected(documents, constraint["labelSelector"])}
            if found != {str(workload)}:
                yield f"{workload}: is spread among the pods of {sorted(found)}"


@policy()
def disruptions_are_limited(documents: Documents) -> Iterator[str]:
    guarded = []
    for budget in of_kind(documents, "PodDisruptionBudget"):
        found = selected(documents, budget["spec"]["selector"])
        guarded += [str(workload) for workload in found]
        if len(found) != 1:
            yield f"{title(budget)}: selects the pods of {[str(workload) for workload in found]}"
        if budget["spec"].get("maxUnavailable") != 1 or "minAvailable" in budget["spec"]:
            yield f"{title(budget)}: a node with the only pod could not be emptied, or any number evicted together"
    for name in ("api", "web", "worker"):
        if f"Deployment/{name}" not in guarded:
            yield f"Deployment/{name}: has no PodDisruptionBudget"


@policy()
def services_lead_to_ports(documents: Documents) -> Iterator[str]:
    for service in of_kind(documents, "Service"):
        for port in service["spec"]["ports"]:
            wanted = port.get("targetPort", port["port"])
            if not _offers(documents, service, port.get("name"), wanted):
                yield f"{title(service)}: no pod or address behind it has the port {wanted}"


@policy()
def no_service_leads_to_the_operations_port(documents: Documents) -> Iterator[str]:
    for workload in workloads(documents):
        operations = {"operations", workload.ports.get("operations")} - {None}
        for service in of_kind(documents, "Service"):
            wanted = {port.get("targetPort", port["port"]) for port in service["spec"]["ports"]}
            if operations & wanted and selects(
                {"matchLabels": service["spec"].get("selector", {"": ""})}, workload.labels
            ):
                yield f"{title(service)}: leads to the port of {workload} that is for probes"


@policy()
def stateful_sets_have_their_service(documents: Documents) -> Iterator[str]:
    for workload in workloads(documents, "StatefulSet"):
        service = called(documents, "Service", workload.document["spec"]["serviceName"])
        if not service or not selects({"matchLabels": service["spec"].get("selector", {"": ""})}, workload.labels):
            yield f"{workload}: its Service {workload.document['spec']['serviceName']} does not select it"


@policy()
def policies_select_pods(documents: Documents) -> Iterator[str]:
    for each in of_kind(documents, "NetworkPolicy"):
        if not selected(documents, each["spec"]["podSelector"]):
            yield f"{title(each)}: selects no pods"
        rules = [*each["spec"].get("ingress", []), *each["spec"].get("egress", [])]
        for peer in (peer for rule in rules for side in ("from", "to") for peer in rule.get(side, [])):
            local = "podSelector" in peer and "namespaceSelector" not in peer
            if local and not selected(documents, peer["podSelector"]):
                yield f"{title(each)}: names pods that no workload makes: {peer['podSelector']}"


@policy("dev", "ixcloud")
def nodes_offer_the_api_and_the_page(documents: Documents) -> Iterator[str]:
    offered = _node_ports(documents)
    for name, port in sorted(NODE_PORTS - offered, key=str):
        yield f"{name}: is not offered on port {port} of the nodes"
    for name, port in sorted(offered - NODE_PORTS, key=str):
        yield f"{name}: is offered on port {port} of the nodes"


@policy("dev", "ixcloud")
def pages_on_a_node_may_use_its_api(documents: Documents) -> Iterator[str]:
    page = dict(NODE_PORTS)["Service/web"]
    allowed = titled(documents, "ConfigMap/api")["data"].get("CORS_PORTS")
    if allowed != str(page):
        yield f"ConfigMap/api: CORS_PORTS is {allowed}, but pages are on {page}"


@policy("production")
def nodes_offer_nothing(documents: Documents) -> Iterator[str]:
    for name, port in sorted(_node_ports(documents), key=str):
        yield f"{name}: is offered on port {port} of the nodes"


@policy()
def everything_says_what_it_is(documents: Documents) -> Iterator[str]:
    names = {workload.labels.get(APP) for workload in workloads(documents)}
    for document in documents:
        labels = document["metadata"].get("labels", {})
        missing = [PART_OF] if labels.get(PART_OF) != "ix-dummies" else []
        if document["kind"] not in SHARED:
            missing += [label for label in (APP, COMPONENT) if not labels.get(label)]
        if missing:
            yield f"{title(document)}: has no label {', '.join(missing)}"
        elif APP in labels and labels[APP] not in names and document["kind"] not in {"Service", "EndpointSlice"}:
            yield f"{title(document)}: names a workload {labels[APP]}, which there is not"


@policy("production")
def the_ingress_leads_to_the_page(documents: Documents) -> Iterator[str]:
    ingresses = of_kind(documents, "Ingress")
    backends = [
        (title(each), path["backend"]["service"])
        for each in ingresses
        for rule in each["spec"]["rules"]
        for path in rule["http"]["paths"]
    ]
    if not backends:
        yield "Ingress/web: there is none"
    for name, backend in backends:
        service = titled(documents, f"Service/{backend['name']}")
        ports = service["spec"]["ports"] if service else []
        if not any(port.items() >= _as_service_port(backend["port"]).items() for port in ports):
            yield f"{name}: there is no port {backend['port']} of Service/{backend['name']}"


def _as_service_port(port: Document) -> Document:
    return {{"name": "name", "number": "port"}[key]: value for key, value in port.items()}


def _offers(documents: Documents, service: Document, name: str | None, wanted: str | int) -> bool:
    selector = service["spec"].get("selector")
    if selector is None:
        slices = of_kind(documents, "EndpointSlice")
        owner = "kubernetes.io/service-name"
        mine = [each for each in slices if each["metadata"]["labels"].get(owner) == service["metadata"]["name"]]
        return any(port.get("name") == name and port["port"] == wanted for each in mine for port in each["ports"])
    found = selected(documents, {"matchLabels": selector})
    return bool(found) and all(wanted in {*each.ports, *each.ports.values()} for each in found)


def _node_ports(documents: Documents) -> set[tuple[str, int | None]]:
    return {
        (title(service), port.get("nodePort"))
        for service in of_kind(documents, "Service")
        for port in service["spec"]["ports"]
        if service["spec"].get("type", "ClusterIP") != "ClusterIP"
    }
