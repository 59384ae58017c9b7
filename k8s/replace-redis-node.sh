#!/usr/bin/env bash
# Replaces a node of the Redis Cluster, its volume too, in the cluster of kubectl's current context:
#   k8s/replace-redis-node.sh redis-cluster-0-0
# A primary first hands its shard over to its replica, and no string is refused. From when its volume is deleted until the new
# node has copied the shard, that shard accepts nothing.
set -euo pipefail

say() {
    printf '%s\n' "$*" >&2
}

fail() {
    say "$@"
    exit 1
}

k() {
    kubectl --namespace ix-dummies "$@"
}

of() { # a field of a node's INFO
    k exec "$1" -- redis-cli --user node info "$2" | tr -d '\r' | sed -n "s/^$3://p"
}

await() { # what must come within a minute: a text, and the command that prints it
    local deadline=$((SECONDS + 60))
    until [ "$("${@:2}")" = "$1" ]; do
        [ $SECONDS -lt $deadline ] || fail "${*:2} has not said $1 within a minute; nothing was deleted"
        sleep 0.5
    done
}

[[ ${1:-} =~ ^redis-cluster-[0-9]+-[01]$ ]] || fail 'usage: k8s/replace-redis-node.sh redis-cluster-SHARD-NUMBER'
pod=$1
mate=${pod%-*}-$((1 - ${pod##*-}))

k exec "$mate" -- test -e /data/appendonlydir/whole || fail "$mate has not got all data of the shard; nothing was changed"
if [ "$(of "$mate" replication role)" != master ]; then
    await up of "$mate" replication master_link_status
    k exec "$mate" -- redis-cli --user node cluster failover >/dev/null
    await master of "$mate" replication role
    say "$mate has taken over the shard"
fi
k delete pvc "data-$pod" --wait=false
k delete pod "$pod"
until k wait --for=condition=Ready "pod/$pod" --timeout=15s 2>/dev/null; do
    [ $SECONDS -lt 900 ] || fail "$pod is not ready: see kubectl describe pod $pod, and its log"
    sleep 1
done
say "$pod is a replica of $mate, with all data of the shard"
