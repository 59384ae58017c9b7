"""Pods with too many rights, and pods that start and end badly."""

from __future__ import annotations

from k8s.mutations import CONTAINER, MUTATIONS, POD, add, drop, edit, put, remove

API, WEB, WORKER, REDIS = "Deployment/api", "Deployment/web", "Deployment/worker", "StatefulSet/redis"
CRON = "CronJob/migrate-post"
CRON_POD = "spec/jobTemplate/spec/template/spec"
PREFIX = f"{CONTAINER}/securityContext"
ROOT = {"runAsNonRoot": True, "runAsUser": 0, "seccompProfile": {"type": "RuntimeDefault"}}
ROLE = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "stray", "namespace": "default"}}
UNPINNED = {"pod-security.kubernetes.io/enforce": "restricted"}
SLEEP = {"preStop": {"sleep": {"seconds": 5}}}
ASKING = {"exec": {"command": ["celery", "-A", "worker.app", "inspect", "ping"]}}

MUTATIONS.extend(
    [
        put("the_namespace_enforces_restricted", "dev", "Namespace/ix-dummies", "metadata/labels", {}),
        put("the_namespace_enforces_restricted", "dev", "Namespace/ix-dummies", "metadata/labels", UNPINNED),
        remove("the_namespace_enforces_restricted", "dev", "Namespace/ix-dummies", "Namespace/ix-dummies"),
        put("everything_is_in_the_namespace", "dev", "Service/postgresql", "metadata/namespace", "default"),
        add("everything_is_in_the_namespace", "production", ROLE, "ConfigMap/stray"),
        put("pods_are_restricted", "ixcloud", API, f"{POD}/securityContext/runAsNonRoot", value=False),
        put("pods_are_restricted", "ixcloud", REDIS, f"{POD}/securityContext", ROOT),
        put("pods_are_restricted", "production", CRON, f"{CRON_POD}/securityContext/runAsUser", "migrate"),
        put("pods_are_restricted", "dev", WORKER, f"{POD}/initContainers/0/securityContext/runAsUser", 0),
        drop("pods_are_restricted", "dev", WEB, f"{POD}/securityContext/seccompProfile"),
        put("pods_are_restricted", "dev", WEB, f"{PREFIX}/seccompProfile", {"type": "Unconfined"}),
        put("pods_are_restricted", "ixcloud", API, f"{POD}/hostNetwork", value=True),
        put("pods_are_restricted", "ixcloud", REDIS, f"{POD}/volumes/0/hostPath", {"path": "/"}),
        put("pods_are_restricted", "ixcloud", WEB, f"{CONTAINER}/ports/0/hostPort", 8080),
        put("pods_are_restricted", "production", API, f"{PREFIX}/allowPrivilegeEscalation", value=True),
        put("pods_are_restricted", "production", API, f"{PREFIX}/privileged", value=True),
        put("pods_are_restricted", "dev", REDIS, f"{PREFIX}/capabilities", {"drop": ["ALL"], "add": ["CHOWN"]}),
        drop("pods_are_restricted", "ixcloud", WEB, f"{PREFIX}/readOnlyRootFilesystem"),
        drop("pods_are_restricted", "ixcloud", CRON, f"{CRON_POD}/containers/0/securityContext"),
        drop("pods_are_restricted", "ixcloud", "Deployment/flower", f"{POD}/automountServiceAccountToken"),
        put(
            "each_workload_has_an_account_of_its_own",
            "ixcloud",
            "ServiceAccount/worker",
            "automountServiceAccountToken",
            value=True,
        ),
        put("each_workload_has_an_account_of_its_own", "dev", WEB, f"{POD}/serviceAccountName", "api"),
        remove("each_workload_has_an_account_of_its_own", "dev", "ServiceAccount/redis", REDIS),
        drop("pods_are_restricted", "production", REDIS, f"{POD}/enableServiceLinks"),
        drop("servers_are_probed", "ixcloud", "Deployment/flower", f"{CONTAINER}/startupProbe"),
        put("servers_are_probed", "dev", "StatefulSet/postgresql", f"{CONTAINER}/readinessProbe", {"periodSeconds": 5}),
        put(
            "alive_is_less_than_ready",
            "dev",
            API,
            f"{CONTAINER}/livenessProbe/httpGet",
            {"path": "/readyz", "port": "operations"},
        ),
        put("probes_do_not_ask_celery", "ixcloud", WORKER, f"{CONTAINER}/livenessProbe", ASKING),
        put("the_worker_is_probed_where_it_shows_its_progress", "dev", WORKER, f"{CONTAINER}/livenessProbe", ASKING),
        edit(
            "the_worker_is_probed_where_it_shows_its_progress",
            "dev",
            (WORKER, f"{CONTAINER}/readinessProbe/exec/command/2"),
            "/tmp/worker",
            "/tmp",
        ),
        put("the_api_is_probed_where_no_client_is", "dev", API, f"{CONTAINER}/livenessProbe/httpGet/port", "http"),
        put("the_api_is_probed_where_no_client_is", "ixcloud", API, f"{CONTAINER}/readinessProbe/httpGet/port", 5000),
        put("the_api_is_probed_where_no_client_is", "production", API, f"{CONTAINER}/livenessProbe", {"exec": {}}),
        put("the_api_is_probed_where_no_client_is", "ixcloud", API, f"{CONTAINER}/ports/1/containerPort", 9001),
        put("rollouts_add_before_they_take_away", "ixcloud", API, "spec/strategy/rollingUpdate/maxUnavailable", 1),
        put("rollouts_add_before_they_take_away", "ixcloud", WORKER, "spec/strategy", {"type": "Recreate"}),
        drop("rollouts_add_before_they_take_away", "production", WEB, "spec/minReadySeconds"),
        put("pods_have_time_to_end", "production", WORKER, f"{POD}/terminationGracePeriodSeconds", 30),
        drop("pods_have_time_to_end", "production", WEB, f"{POD}/terminationGracePeriodSeconds"),
        drop("connections_are_let_go_of_before_the_end", "ixcloud", API, f"{CONTAINER}/lifecycle"),
        edit(
            "connections_are_let_go_of_before_the_end",
            "ixcloud",
            (WEB, f"{CONTAINER}/lifecycle/preStop/exec/command/2"),
            "draining",
            "drained",
        ),
        drop("connections_are_let_go_of_before_the_end", "dev", WEB, f"{CONTAINER}/volumeMounts/name=tmp"),
        drop("a_restarted_container_does_not_begin_as_if_it_ended", "dev", API, f"{CONTAINER}/lifecycle/postStart"),
        put("pods_are_restricted", "ixcloud", API, f"{CONTAINER}/lifecycle", SLEEP),
    ]
)
