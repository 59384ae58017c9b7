"""Objects that refer to what does not exist."""

from __future__ import annotations

from k8s.mutations import CONTAINER, MUTATIONS, POD, add, drop, put, remove
from k8s.objects import APP, NAMESPACE

API, WEB, WORKER, REDIS = "Deployment/api", "Deployment/web", "Deployment/worker", "StatefulSet/redis"
PART = {"app.kubernetes.io/part-of": NAMESPACE}
COMPONENT = {**PART, "app.kubernetes.io/component": "api"}
SPREAD = f"{POD}/topologySpreadConstraints/0/labelSelector"
BACKEND = "spec/rules/0/http/paths/0/backend/service"
LABELS = "spec/template/metadata/labels"


def app(name: str) -> dict[str, str]:
    """Return the label that a workload's pods go by."""
    return {APP: name}


def match(name: str) -> dict[str, dict[str, str]]:
    """Return the selector of a workload's pods."""
    return {"matchLabels": app(name)}


SECOND = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "flower", "namespace": NAMESPACE, "labels": COMPONENT},
    "spec": {"type": "NodePort", "selector": app("flower"), "ports": [{"port": 5555, "nodePort": 30002}]},
}
OPERATIONS = {"port": 5000, "targetPort": "operations"}
SCALER = {"maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": "web"}}
WEB_SCALER = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "web", "namespace": NAMESPACE},
    "spec": SCALER,
}

MUTATIONS.extend(
    [
        put("workloads_select_their_own_pods", "dev", API, "spec/selector", match("apy")),
        put("workloads_select_their_own_pods", "dev", WORKER, "spec/selector", {"matchLabels": PART}),
        put("workloads_select_their_own_pods", "dev", "Job/migrate", LABELS, app("worker"), WORKER),
        put("pods_are_spread_among_their_own", "production", WEB, SPREAD, match("api")),
        put("disruptions_are_limited", "ixcloud", "PodDisruptionBudget/api", "spec/selector", match("apy")),
        put("disruptions_are_limited", "ixcloud", "PodDisruptionBudget/web", "spec/maxUnavailable", 0),
        remove("disruptions_are_limited", "production", "PodDisruptionBudget/worker", WORKER),
        put("services_lead_to_ports", "ixcloud", "Service/web", "spec/selector", app("page")),
        put("services_lead_to_ports", "ixcloud", "Service/api-pods", "spec/ports/0/targetPort", "https"),
        put("services_lead_to_ports", "dev", API, f"{CONTAINER}/ports/0/name", "web", "Service/api"),
        put("services_lead_to_ports", "production", "Service/postgresql", "spec/ports/0/targetPort", 5433),
        remove("services_lead_to_ports", "production", "EndpointSlice/postgresql-external", "Service/postgresql"),
        put("no_service_leads_to_the_operations_port", "dev", "Service/api-pods", "spec/ports/0/targetPort", 9000),
        put("no_service_leads_to_the_operations_port", "production", "Service/api-pods", "spec/ports/0", OPERATIONS),
        put("stateful_sets_have_their_service", "ixcloud", REDIS, "spec/serviceName", "journal"),
        put("stateful_sets_have_their_service", "dev", "Service/redis", "spec/selector", app("api"), REDIS),
        put("policies_select_pods", "dev", "NetworkPolicy/web", "spec/podSelector", match("page")),
        put("policies_select_pods", "dev", "NetworkPolicy/api", "spec/ingress/0/from/0/podSelector", match("page")),
        put("nodes_offer_the_api_and_the_page", "dev", "Service/web", "spec/ports/0/nodePort", 30002),
        put("nodes_offer_the_api_and_the_page", "ixcloud", "Service/api", "spec/type", "ClusterIP"),
        drop("nodes_offer_the_api_and_the_page", "ixcloud", "Service/api", "spec/ports/0/nodePort"),
        add("nodes_offer_the_api_and_the_page", "ixcloud", SECOND, "Service/flower"),
        put("pages_on_a_node_may_use_its_api", "dev", "ConfigMap/api", "data/CORS_PORTS", "30000"),
        drop("pages_on_a_node_may_use_its_api", "ixcloud", "ConfigMap/api", "data/CORS_PORTS"),
        put("nodes_offer_nothing", "production", "Service/web", "spec/type", "LoadBalancer"),
        put("everything_says_what_it_is", "dev", "NetworkPolicy/deny-all", "metadata/labels", {}),
        put("everything_says_what_it_is", "ixcloud", "ServiceAccount/api", "metadata/labels", PART),
        put("everything_says_what_it_is", "ixcloud", "Service/api", "metadata/labels", COMPONENT),
        put("everything_says_what_it_is", "ixcloud", API, "metadata/labels", COMPONENT | app("apy")),
        put("pods_are_restricted", "ixcloud", "CronJob/migrate-post", f"spec/jobTemplate/{LABELS}", app("migrate")),
        put("the_ingress_leads_to_the_page", "production", "Ingress/web", f"{BACKEND}/name", "page"),
        put("the_ingress_leads_to_the_page", "production", "Ingress/web", f"{BACKEND}/port", {"number": 8080}),
        remove("the_ingress_leads_to_the_page", "production", "Ingress/web", "Ingress/web"),
        add("nothing_scales_by_itself", "dev", WEB_SCALER, WEB),
        remove("api_and_worker_follow_their_load", "ixcloud", "HorizontalPodAutoscaler/worker", WORKER),
        remove("workers_follow_the_journal", "production", "ScaledObject/worker", WORKER),
        put(
            "workers_follow_the_journal",
            "production",
            "HorizontalPodAutoscaler/api",
            "spec/scaleTargetRef/name",
            "worker",
            WORKER,
        ),
        put("scalers_have_a_target_that_leaves_the_number_to_them", "ixcloud", API, "spec/replicas", 2),
        put(
            "scalers_have_a_target_that_leaves_the_number_to_them",
            "production",
            "ScaledObject/worker",
            "spec/scaleTargetRef/name",
            "workers",
        ),
        put("scalers_have_limits", "ixcloud", "HorizontalPodAutoscaler/api", "spec/minReplicas", 3),
        put("scalers_have_limits", "production", "ScaledObject/worker", "spec/minReplicaCount", 0),
    ]
)
