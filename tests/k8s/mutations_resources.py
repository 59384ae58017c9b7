"""Containers that use too much, and a Redis that loses data."""

from __future__ import annotations

from k8s.mutations import CONTAINER, MUTATIONS, POD, drop, edit, put, remove

CONF = ("ConfigMap/redis", "data/redis.conf")
REDIS = "StatefulSet/redis"
QUOTA = "ResourceQuota/namespace"

MUTATIONS.extend(
    [
        drop("pods_are_restricted", "dev", "Deployment/web", f"{CONTAINER}/resources/requests/cpu"),
        drop("pods_are_restricted", "dev", "Deployment/worker", f"{POD}/initContainers/0/resources"),
        drop("pods_are_restricted", "production", "Job/migrate", f"{CONTAINER}/resources/limits/memory"),
        put("limits_are_not_below_requests", "production", REDIS, f"{CONTAINER}/resources/limits/memory", "256Mi"),
        put(
            "limits_are_not_below_requests", "production", "Deployment/api", f"{CONTAINER}/resources/limits/cpu", "50m"
        ),
        put("redis_fits_its_container", "dev", REDIS, f"{CONTAINER}/resources/limits/memory", "400Mi"),
        edit("redis_fits_its_container", "ixcloud", CONF, "maxmemory 256mb", "maxmemory 0", REDIS),
        edit("redis_keeps_what_it_acknowledged", "dev", CONF, "appendonly yes", "appendonly no"),
        edit("redis_keeps_what_it_acknowledged", "dev", CONF, "appendfsync always", "appendfsync everysec"),
        edit("redis_keeps_what_it_acknowledged", "dev", CONF, "noeviction", "allkeys-lru"),
        edit("redis_keeps_what_it_acknowledged", "dev", CONF, "dir /data", "dir /tmp", REDIS),
        remove("the_quota_holds_every_rollout", "dev", QUOTA, QUOTA),
        put("the_quota_holds_every_rollout", "production", QUOTA, "spec/hard/pods", "67"),
        put("the_quota_holds_every_rollout", "production", "ScaledObject/worker", "spec/maxReplicaCount", 60, QUOTA),
        put("the_quota_holds_every_rollout", "production", "Service/web", "spec/type", "LoadBalancer", QUOTA),
        put("everything_fits_the_small_node", "ixcloud", REDIS, f"{CONTAINER}/resources/requests/memory", "1152Mi"),
        put("everything_fits_the_small_node", "ixcloud", "Deployment/web", "spec/replicas", 20),
        put(
            "everything_fits_the_small_node",
            "ixcloud",
            "HorizontalPodAutoscaler/worker",
            "spec/minReplicas",
            4,
            "Deployment/worker",
        ),
        put(
            "everything_fits_the_small_node",
            "ixcloud",
            "Deployment/worker",
            f"{POD}/initContainers/0/resources/requests/memory",
            "1Gi",
        ),
        drop("pods_run_where_the_images_do", "ixcloud", "CronJob/migrate-post", f"spec/jobTemplate/{POD}/nodeSelector"),
        put(
            "pods_run_where_the_images_do",
            "ixcloud",
            "Deployment/api",
            f"{POD}/nodeSelector",
            {"kubernetes.io/arch": "arm64"},
        ),
    ]
)
