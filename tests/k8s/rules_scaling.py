"""What decides how many pods there are."""

from __future__ import annotations

from collections.abc import Iterator

from k8s.objects import Document, Documents, called, of_kind, title, titled
from k8s.policies import policy
from k8s.rules_promises import redis_users, serves
from k8s.rules_references import keys

from core.keys import KEYS

KEDA_LIMITS = ("minReplicaCount", "maxReplicaCount")


def scaled(documents: Documents) -> dict[str, list[str]]:
    """Return what scales each Deployment, by its name."""
    found: dict[str, list[str]] = {}
    for each in of_kind(documents, "HorizontalPodAutoscaler", "ScaledObject"):
        found.setdefault(each["spec"]["scaleTargetRef"]["name"], []).append(each["kind"])
    return found


@policy("dev")
def nothing_scales_by_itself(documents: Documents) -> Iterator[str]:
    for name, scalers in scaled(documents).items():
        yield f"Deployment/{name}: is scaled by {scalers}"


@policy("ixcloud")
def api_and_worker_follow_their_load(documents: Documents) -> Iterator[str]:
    expected = {"api": ["HorizontalPodAutoscaler"], "worker": ["HorizontalPodAutoscaler"]}
    if scaled(documents) != expected:
        yield f"Deployment/api, Deployment/worker: scaled are {scaled(documents)}, not {expected}"


@policy("production")
def workers_follow_the_journal(documents: Documents) -> Iterator[str]:
    expected = {"api": ["HorizontalPodAutoscaler"], "worker": ["ScaledObject"]}
    if scaled(documents) != expected:
        yield f"Deployment/api, Deployment/worker: scaled are {scaled(documents)}, not {expected}"


@policy()
def scalers_have_a_target_that_leaves_the_number_to_them(documents: Documents) -> Iterator[str]:
    for each in of_kind(documents, "HorizontalPodAutoscaler", "ScaledObject"):
        target = each["spec"]["scaleTargetRef"]
        deployment = called(documents, target.get("kind", "Deployment"), target["name"])
        if deployment is None:
            yield f"{title(each)}: there is no {target.get('kind', 'Deployment')} {target['name']}"
        elif "replicas" in deployment["spec"]:
            yield f"{title(deployment)}: replicas would undo at each rollout what {title(each)} did"


@policy()
def scalers_have_limits(documents: Documents) -> Iterator[str]:
    for each in of_kind(documents, "HorizontalPodAutoscaler", "ScaledObject"):
        spec = each["spec"]
        ends = ("minReplicas", "maxReplicas") if each["kind"] == "HorizontalPodAutoscaler" else KEDA_LIMITS
        least, most = (spec.get(end, 0) for end in ends)
        if not 1 <= least <= most:
            yield f"{title(each)}: keeps between {least} and {most} pods"


@policy("production")
def the_trigger_counts_the_journal(documents: Documents) -> Iterator[str]:
    for each in of_kind(documents, "ScaledObject"):
        for trigger in each["spec"]["triggers"]:
            about = trigger["metadata"]
            host, _, port = about.get("address", "").rpartition(":")
            if trigger["type"] != "redis-streams" or about.get("stream") != KEYS.journal:
                yield f"{title(each)}: looks at {trigger['type']} {about.get('stream')}, not at {KEYS.journal}"
            # The lag is unknown after a deletion, and pending leaves out what waits: only the length counts everything.
            if "streamLength" not in about or {"lagCount", "pendingEntriesCount", "consumerGroup"} & about.keys():
                yield f"{title(each)}: does not go by the journal's length: {about}"
            if not port.isdigit() or not serves(documents, host, int(port)) or "." not in host:
                yield f"{title(each)}: {about.get('address')} leads to no Service from another namespace"


@policy("production")
def the_trigger_may_ask_redis(documents: Documents) -> Iterator[str]:
    for each in of_kind(documents, "ScaledObject"):
        for trigger in each["spec"]["triggers"]:
            reference = trigger.get("authenticationRef", {}).get("name")
            found = titled(documents, f"TriggerAuthentication/{reference}")
            user = trigger["metadata"].get("username")
            if user not in redis_users(documents).keys() - {"default"}:
                yield f"{title(each)}: Redis has no user {user}"
            if found is None:
                yield f"{title(each)}: there is no TriggerAuthentication {reference}"
            elif not _password_there(documents, found, f"REDIS_{str(user).upper()}_PASSWORD"):
                yield f"{title(found)}: does not give the password of {user}"


def _password_there(documents: Documents, authentication: Document, key: str) -> bool:
    for target in authentication["spec"].get("secretTargetRef", []):
        secret = called(documents, "Secret", target["name"])
        if target["parameter"] == "password" and target["key"] == key and secret and key in keys(secret):
            return True
    return False
