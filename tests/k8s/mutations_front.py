"""Ways past nginx, and limits that do not hold what it lets in."""

from __future__ import annotations

from k8s.mutations import CONTAINER, MUTATIONS, POD, add, drop, edit, put
from k8s.mutations_wiring import COMPONENT, WEB, app, match
from k8s.objects import NAMESPACE

BESIDE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "granian", "namespace": NAMESPACE, "labels": COMPONENT},
    "spec": {"type": "NodePort", "selector": app("api"), "ports": [{"port": 5000, "targetPort": "http"}]},
}
NODE_PORT = "NetworkPolicy/nodeport-to-api"
LOST = "a_lost_pod_is_not_asked_for_as_long_as_its_name_is_cached"
OPEN = "anyone -> api:5000/TCP is allowed"

MUTATIONS.extend(
    [
        put("clients_meet_nginx", "dev", "Service/api", "spec/selector", app("api")),
        put("clients_meet_nginx", "production", "Service/api", "spec/ports/0/targetPort", "http"),
        put("clients_meet_nginx", "ixcloud", WEB, f"{CONTAINER}/ports/name=api/containerPort", 5001, "Service/api"),
        add("clients_meet_nginx", "ixcloud", BESIDE, "Service/granian"),
        put(
            "arrows_inside_one_cluster",
            "dev",
            NODE_PORT,
            "spec/podSelector",
            match("api"),
            "anyone -> web:5000/TCP is not",
        ),
        drop("arrows_in_production", "production", "NetworkPolicy/api", "spec/ingress/0/from", OPEN),
        drop("clients_keep_their_addresses", "ixcloud", "Service/api", "spec/externalTrafficPolicy"),
        put("clients_keep_their_addresses", "dev", "Service/web", "spec/externalTrafficPolicy", "Cluster"),
        put("clients_keep_their_addresses", "production", "ConfigMap/web", "data/TRUSTED_PROXIES", ""),
        put("clients_keep_their_addresses", "dev", "ConfigMap/web", "data/TRUSTED_PROXIES", "10.0.0.0/8"),
        drop(
            "the_api_is_asked_for_in_the_family_that_there_is",
            "production",
            "Service/api-pods",
            "spec/ipFamilyPolicy",
        ),
        drop("the_api_is_asked_for_in_the_family_that_there_is", "dev", "Service/api-ready", "spec/ipFamilyPolicy"),
        put(LOST, "ixcloud", "ConfigMap/web", "data/API_FALLBACK", "api-pods:5000"),
        put(LOST, "dev", "ConfigMap/web", "data/API_FALLBACK", ""),
        put(LOST, "production", "ConfigMap/web", "data/API_FALLBACK", "api:5000", "Service/api"),
        put("what_is_half_sent_fits_the_page", "dev", WEB, f"{CONTAINER}/resources/limits/memory", "128Mi"),
        put("what_is_half_sent_fits_the_page", "dev", WEB, f"{POD}/volumes/name=tmp/emptyDir/sizeLimit", "32Mi"),
        edit("what_is_half_sent_fits_the_page", "dev", ("ConfigMap/web", "data/MAX_BODY_SIZE"), "8200k", "64m", WEB),
    ]
)
