#!/bin/sh
# Makes the Redis Cluster once all nodes are there, with the shards of REDIS_NODES. Where there is one already it changes
# nothing; where an earlier run was killed it does the rest. Variables: as in redis-node.sh.
set -eu
. "${0%/*}/nodes.sh"
patience=10

create() {
    until asked "$@" || [ -n "$there" ]; do
        say_at_times "no answer from:$missing"
        sleep $INTERVAL
    done
    [ -z "$there" ] || { say "there is a cluster: nothing is changed"; return; }
    epoch=0
    for each in "$@"; do
        [ "$(cli "$each" dbsize)" = 0 ] || { say "[error] $each holds data and is in no cluster: nothing is changed"; exit 1; }
        epoch=$((epoch + 1))
        cli "$each" cluster set-config-epoch $epoch >/dev/null # refused if an earlier run did it
    done
    place=$(cli "$1" cluster nodes | look -v ask=me | cut -d ' ' -f 3)
    for each in "$@"; do
        [ "$each" = "$1" ] || cli "$each" cluster meet "${place%:*}" "${place##*:}" >/dev/null
    done
    until everywhere 5 $# "$@"; do sleep $INTERVAL; done
    assign
    until everywhere 6 $SLOTS "$@" && replicated "$@"; do sleep $INTERVAL; done
    say "the cluster is made: $# nodes"
}

asked() { # whether every node answers; $there: one of them knows an owner for every slot
    missing='' there=''
    for each in "$@"; do
        known=$(cli "$each" cluster nodes | look -v ask=me)
        case $known in
        '' | ' '*) missing="$missing $each" ;;
        *" $SLOTS") there=yes ;;
        esac
    done
    [ -z "$missing" ]
}

everywhere() { # whether a field of what each node knows is this
    field=$1 wanted=$2
    shift 2
    for each in "$@"; do
        [ "$(cli "$each" cluster nodes | look -v ask=me | cut -d ' ' -f "$field")" = "$wanted" ] || return 1
    done
}

assign() {
    # shellcheck disable=SC2086
    shards=$(count $REDIS_NODES) shard=0
    for group in $REDIS_NODES; do
        first=${group%%,*}
        if [ "$(cli "$first" cluster nodes | look -v ask=me | cut -d ' ' -f 2)" = 0 ]; then
            cli "$first" cluster addslotsrange $((SLOTS * shard / shards)) $((SLOTS * (shard + 1) / shards - 1)) >/dev/null
        fi
        shard=$((shard + 1))
    done
}

replicated() { # whether every node is a primary with slots, or a replica that has its copy
    for each in "$@"; do
        cli "$each" cluster nodes | look -v ask=me | grep -Eq '^[^ ]+ ([1-9]|.* replica )' || return 1
        cli "$each" info replication | grep -Eq '^(role:master|master_link_status:up)' || return 1
    done
}

# shellcheck disable=SC2046
create $(all)
