"""The kinds of faults of the cluster's lane."""

from __future__ import annotations

from faults import harm_cluster, harm_processes
from faults.harm_cluster import FAILED_OVER_AFTER, in_shards
from faults.kinds import Kind

KINDS = (
    Kind("primary destroyed, back immediately", in_shards(harm_cluster.destroy_primary)),
    Kind(
        "primary destroyed, back after the failover",
        in_shards(harm_cluster.destroy_primary),
        FAILED_OVER_AFTER,
        2 * FAILED_OVER_AFTER,
    ),
    Kind("primary destroyed while no replica follows", in_shards(harm_cluster.destroy_alone), 1, 2),
    Kind("primary destroyed while its replica restarts", in_shards(harm_cluster.destroy_beside_restart), 3, 6),
    Kind("replica destroyed", in_shards(harm_cluster.destroy_replica), 0, FAILED_OVER_AFTER),
    Kind("replica destroyed while it copies", in_shards(harm_cluster.destroy_replica_again), 0, 2),
    Kind("failover by hand", in_shards(harm_cluster.fail_over)),
    Kind("replication shut out", in_shards(harm_cluster.shut_out), 1, 3),
    Kind("replica silent", in_shards(harm_cluster.silence_replica), 0.5, FAILED_OVER_AFTER),
    Kind("primary silent", in_shards(harm_cluster.silence_primary), 0.5, 2 * FAILED_OVER_AFTER),
    Kind("primary cut off with its clients", in_shards(harm_cluster.cut_off), FAILED_OVER_AFTER, 2 * FAILED_OVER_AFTER),
    Kind("broker killed", harm_cluster.kill_broker, 0, 3),
    Kind("PostgreSQL destroyed, its standby promoted", harm_cluster.destroy_postgres),
    Kind("a shard more", harm_cluster.add_shard),
    Kind("API killed", harm_processes.kill_api, 0, 3),
    Kind("worker killed", harm_processes.kill_worker, 0, 3),
)
