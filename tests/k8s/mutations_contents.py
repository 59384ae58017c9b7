"""What containers are given: references to what does not exist, settings that nothing reads, secrets."""

from __future__ import annotations

from k8s.mutations import CONTAINER, MUTATIONS, POD, add, drop, edit, put, remove
from k8s.objects import NAMESPACE
from k8s.render import generated

API, WEB, WORKER, REDIS = "Deployment/api", "Deployment/web", "Deployment/worker", "StatefulSet/redis"
ENV = f"{CONTAINER}/env"
REFERENCE = f"{ENV}/name=REDIS_API_PASSWORD/valueFrom/secretKeyRef"
USERS = ("ConfigMap/redis", "data/users.acl")
START = ("ConfigMap/redis", "data/start.sh")
KEDA = "ScaledObject/worker"
TRIGGER = "spec/triggers/0"
REPLACED = "operators_tokens_are_replaced_while_the_api_runs"
PASSWORD = {"name": "REDIS_API_PASSWORD", "value": "hunter2"}
LATER = {"name": "REDIS_URL", "value": "redis://api:$(LATER)@redis:6379/0"}
STRAY = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "stray", "namespace": NAMESPACE},
    "data": {"NOTE": f"the password is {generated('REDIS_API_PASSWORD')}"},
}

REFERENCES = [
    put("variables_come_from_what_is_there", "dev", API, f"{REFERENCE}/key", "REDIS_PASSWORD"),
    put("variables_come_from_what_is_there", "dev", WEB, f"{CONTAINER}/envFrom/0/configMapRef/name", "web"),
    remove("variables_come_from_what_is_there", "ixcloud", "Secret/passwords", "CronJob/migrate-post"),
    put("volumes_come_from_what_is_there", "dev", REDIS, f"{POD}/volumes/name=settings/configMap/name", "redis"),
    put(
        "volumes_come_from_what_is_there",
        "ixcloud",
        WORKER,
        f"{POD}/volumes/name=postgresql-ca/secret/items",
        [{"key": "tls.crt", "path": "ca.crt"}],
    ),
    drop("mounts_and_volumes_fit", "ixcloud", API, f"{POD}/volumes/name=tmp"),
    put("mounts_and_volumes_fit", "ixcloud", REDIS, "spec/volumeClaimTemplates", []),
    put("variables_are_expanded_from_earlier_ones", "dev", API, f"{ENV}/name=REDIS_URL", LATER),
    put("variables_are_expanded_from_earlier_ones", "dev", WORKER, f"{ENV}/1/value", "redis://x:$(MAX)@redis:6379/0"),
    put("variables_are_expanded_from_earlier_ones", "production", API, f"{ENV}/name=REDIS_URL", PASSWORD),
    put("pods_are_restricted", "dev", API, f"{CONTAINER}/image", "ix-api:latest"),
    put("pods_are_restricted", "production", API, f"{CONTAINER}/image", "registry.example:5000/ix/ix-api"),
    put("pods_are_restricted", "ixcloud", REDIS, f"{CONTAINER}/image", "redis:8-alpine"),
    put("our_images_have_the_projects_version", "ixcloud", WORKER, f"{POD}/initContainers/0/image", "ix-worker:0.0.1"),
    put(
        "each_tier_runs_its_image",
        "production",
        "Job/migrate",
        f"{CONTAINER}/image",
        "registry.example/ix/ix-api:0.1.0",
    ),
    put("each_tier_runs_its_image", "dev", WORKER, f"{POD}/initContainers/0/image", "busybox:1.36"),
]
SECRETS = [
    add("secrets_are_nowhere_else", "ixcloud", STRAY, "ConfigMap/stray"),
    put("secrets_are_nowhere_else", "dev", API, f"{CONTAINER}/args", [generated("FLOWER_PASSWORD")]),
    put("no_secret_is_written_out", "dev", API, f"{ENV}/0", PASSWORD),
    put(
        "no_secret_is_written_out", "dev", WORKER, f"{ENV}/name=REDIS_URL/value", "redis://worker:hunter2@redis:6379/0"
    ),
    put("no_secret_is_written_out", "dev", "ConfigMap/api", "data/OPERATOR_TOKEN", "hunter2"),
    put(REPLACED, "ixcloud", "Secret/operators", "metadata/name", "operators-2m4d8kt5b7"),
    put(REPLACED, "dev", API, f"{POD}/volumes/name=operators/secret/secretName", "passwords"),
    put(REPLACED, "production", API, f"{CONTAINER}/volumeMounts/name=operators/subPath", "operators"),
    put(REPLACED, "dev", "ConfigMap/api", "data/OPERATORS_FILE", "/etc/operators/tokens", "Secret/operators"),
    drop(REPLACED, "dev", "ConfigMap/api", "data/OPERATORS_FILE", API),
    put("redis_gets_new_passwords_while_it_runs", "production", REDIS, f"{REFERENCE}/name", "passwords"),
    put("redis_gets_new_passwords_while_it_runs", "dev", "Secret/redis-passwords", "metadata/name", "more", REDIS),
]
PROMISES = [
    put("tiers_read_what_they_are_given", "ixcloud", "ConfigMap/api", "data/MAX_TEXT_LENGTH", "1", API),
    put("tiers_read_what_they_are_given", "ixcloud", "ConfigMap/web", "data/API_URL", "http://api", WEB),
    put("tiers_read_what_they_are_given", "ixcloud", "ConfigMap/worker", "data/JOURNAL_LIMIT", "1", WORKER),
    put("tiers_are_given_what_they_accept", "dev", "ConfigMap/api", "data/MAX_TEXT_BYTES", "64Ki", API),
    put("tiers_are_given_what_they_accept", "dev", WORKER, f"{ENV}/name=DATABASE_URL/value", "postgresql"),
    put("addresses_lead_to_services", "dev", "ConfigMap/web", "data/API_UPSTREAM", "api-pods:8080", WEB),
    put("addresses_lead_to_services", "dev", "Service/redis", "spec/ports/0/port", 6380, "Deployment/flower"),
    edit("addresses_lead_to_services", "ixcloud", ("ConfigMap/database", "data/ADDRESS"), "postgresql:", "db:", WORKER),
    put("each_uses_its_own_passwords", "ixcloud", API, f"{REFERENCE}/key", "REDIS_WORKER_PASSWORD"),
    edit("each_uses_its_own_passwords", "dev", (API, f"{ENV}/name=DATABASE_READ_URL/value"), "reader", "owner"),
    drop("each_uses_its_own_passwords", "ixcloud", API, f"{ENV}/name=CELERY_BROKER_URL"),
    put("nothing_is_deleted_unasked", "ixcloud", "CronJob/retention", "spec/suspend", value=False),
    remove("nothing_is_deleted_unasked", "dev", "CronJob/erase", "CronJob/erase"),
    edit("redis_has_only_its_users", "ixcloud", USERS, "user keda", "user prometheus"),
    edit("redis_reads_its_file_as_a_user_who_may_and_cannot_come_in", "dev", USERS, "default off", "default on nopass"),
    edit("redis_reads_its_file_as_a_user_who_may_and_cannot_come_in", "ixcloud", USERS, "~* &* +@all", "-@all"),
    edit("redis_users_may_only_what_they_need", "dev", USERS, "api on #API resetchannels", "api on #API"),
    edit("redis_users_may_only_what_they_need", "dev", USERS, "+xlen", "+xlen +@all"),
    edit("redis_users_may_only_what_they_need", "dev", USERS, "+xlen +xpending)", "+@all)"),
    edit("redis_users_may_only_what_they_need", "dev", USERS, "~dummies:journal", "~*"),
    edit("redis_users_may_only_what_they_need", "dev", USERS, "+acl|load", "+acl"),
    edit("all_keys_at_once_are_for_scripts_alone", "ixcloud", USERS, "+time +evalsha", "+time +evalsha +set"),
    edit("redis_users_may_only_what_they_need", "dev", USERS, "+info", "+info +config|get"),
    edit("redis_passwords_are_filled_in", "production", START, "#KEDA", "#METRICS"),
    edit("redis_passwords_are_filled_in", "production", USERS, "on #KEDA", "on >open"),
    edit("redis_passwords_are_filled_in", "dev", START, "head -c 32 /dev/urandom | ", "echo probe | "),
    drop("redis_passwords_are_filled_in", "dev", REDIS, f"{ENV}/name=REDIS_FLOWER_PASSWORD", "ConfigMap/redis"),
]
SCALING = [
    put("the_trigger_counts_the_journal", "production", KEDA, f"{TRIGGER}/metadata/stream", "dummies.journal"),
    put("the_trigger_counts_the_journal", "production", KEDA, f"{TRIGGER}/metadata/lagCount", "10"),
    drop("the_trigger_counts_the_journal", "production", KEDA, f"{TRIGGER}/metadata/streamLength"),
    put("the_trigger_counts_the_journal", "production", KEDA, f"{TRIGGER}/metadata/address", "redis:6379"),
    put("the_trigger_may_ask_redis", "production", KEDA, f"{TRIGGER}/metadata/username", "default"),
    put("the_trigger_may_ask_redis", "production", KEDA, f"{TRIGGER}/authenticationRef/name", "redis"),
]
SCHEMAS = [
    put("the_newest_kubernetes_takes_everything", "dev", API, "spec/minReadySecond", 5),
    put("the_newest_kubernetes_takes_everything", "ixcloud", "CronJob/migrate-post", "apiVersion", "batch/v1beta1"),
    drop("the_newest_kubernetes_takes_everything", "production", "Ingress/web", "spec/rules/0/http/paths/0/pathType"),
    put("keda_takes_its_objects", "production", KEDA, "spec/minReplicas", 2),
    put("keda_takes_its_objects", "production", KEDA, f"{TRIGGER}/metadata/streamLength", 200),
    put("keda_takes_its_objects", "production", "TriggerAuthentication/journal", "spec/env", []),
]
MUTATIONS.extend([*SCHEMAS, *REFERENCES, *SECRETS, *PROMISES, *SCALING])
