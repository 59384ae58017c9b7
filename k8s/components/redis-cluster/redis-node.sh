#!/bin/sh
# Starts a node of the Redis Cluster that keeps the journal, with redis-server's arguments. Nothing else may start one.
#
# Why: a primary that comes back with an empty folder before its failover is still followed by its replicas, which copy the
# emptiness: all that was acknowledged is gone. So a node whose folder is not whole opens its port only when
#   - more than half of its peers know another owner for every slot, and none of those that answer lists the node as
#     an owner of slots or as a primary that has not failed. Only a replica that took over makes that so. Silent peers
#     count for nothing, so a partition keeps the port shut;
#   - or every single peer says that it is empty, too: then there is nothing to lose, and the cluster is new. A node that
#     waits says so on its bus port, where no replica looks for data. One with remains of data never says so.
# Whole is a folder with nodes.conf, the complete append-only file, and a mark beside it that holds the node's id. The mark
# is written when the first copy of the primary's data is complete. Until then the node cannot be elected: it would win empty.
#
# Variables:
#   REDIS_NODE      host:port of this node, as in REDIS_NODES; REDIS_NODE_IP is its address where the host is a name
#   REDIS_NODES     all nodes: "host:port,host:port host:port,host:port", each shard a word, its first primary first
#   REDIS_FOLDER    where the node keeps its files
#   REDIS_NODE_USER, REDISCLI_AUTH            user (default if empty) and password, the same on all nodes
#   REDIS_REPLICA_USER, REDIS_REPLICA_AUTH    user and password for the shard's primary; those above if empty
#   REDIS_NODE_TIMEOUT                        ms after which a silent node counts as failed
#   REDIS_TLS                                 folder with tls.crt, tls.key and ca.crt: then everything is over TLS
set -eu
umask 077
. "${0%/*}/nodes.sh"

# --- the gate
whole() { # or $why
    id=$(cat "$mark" 2>/dev/null) || id=
    why='there is no mark of a whole copy'
    [ -n "$id" ] || return 1
    why='nodes.conf is missing, cut off, or that of another node'
    grep -q "^$id .*myself" "$folder/nodes.conf" 2>/dev/null || return 1
    tail -n 1 "$folder/nodes.conf" | grep -q '^vars ' || return 1
    why='the append-only file is incomplete'
    [ -s "$files/appendonly.aof.manifest" ] || return 1
    while read -r _ name _ _ _ type _; do
        case $type in
        b) [ -s "$files/$name" ] || return 1 ;;
        i) [ -e "$files/$name" ] || return 1 ;;
        esac
    done <"$files/appendonly.aof.manifest"
}

peer_says() { # "id word" of one peer, or why it says nothing
    if answer=$(cli "$1" cluster nodes); then
        word=$(echo "$answer" | look -v ask=word)
    elif [ $? != 124 ] && cli "${1%:*}:$((${1##*:} + BUS))" cluster nodes | grep -q 'cluster support disabled'; then
        word="$1 empty"
    else
        word=
    fi
    echo "${word:-silent silent}"
}

ask_peers() { # sets $owner $gave_up $unsettled $empty $silent, each the peers that say so
    owner='' gave_up='' unsettled='' empty='' silent='' heard=' '
    words=$(for peer in $peers; do echo "$peer $(peer_says "$peer")" & done; wait)
    while read -r peer id word; do
        case $heard in *" $id "*) word=silent ;; esac # a name may still lead to another node
        [ $word = silent ] || heard="$heard$id "
        eval "$word=\"\$$word $peer\""
    done <<END
$words
END
}

remains() { # whether there may be data, if only in a copy whose nodes.conf was lost
    [ ! -e "$folder/unfinished" ] && { [ -e "$files" ] || [ -e "$folder/dump.rdb" ]; }
}

wait_outside() {
    porch=
    trap '[ -z "$porch" ] || kill "$porch"; exit 143' TERM INT # or a shell that is process 1 would heed neither
    remains || wait_in_the_porch
    # shellcheck disable=SC2086 # lists of peers
    while ask_peers; do
        [ -z "$porch" ] || [ "$(count $empty)" != "$(count $peers)" ] || { new=yes; break; }
        [ -n "$owner" ] || [ $((2 * $(count $gave_up))) -le "$(count $peers)" ] || break
        say_at_times "$REDIS_NODE stays shut, since its folder is not whole ($why): replicas that follow it would copy that." \
            "$(count $gave_up) of $(count $peers) peers have given it up, more than half must, and none may list it" \
            "as an owner. Listed by:${owner:- none}. Silent:${silent:- none}. Empty:${empty:- none}." \
            "Without an owner for all slots:${unsettled:- none}. If no replica takes over by itself, send one that has the" \
            "data (of $mates) CLUSTER FAILOVER FORCE, or TAKEOVER if most primaries are away."
        sleep $INTERVAL
    done
    [ -z "$porch" ] || { kill "$porch" && wait "$porch"; } 2>/dev/null || true
    trap - TERM INT
    # shellcheck disable=SC2086
    why="$(count $gave_up) of $(count $peers) peers have given it up"
    [ -z "$new" ] || why='every node is empty: the cluster is new'
    say "$REDIS_NODE opens: $why"
}

wait_in_the_porch() { # a Redis without cluster mode on the bus port: peers read from it that this node is empty
    redis-server - <<END &
bind $ip
port $( [ -n "${REDIS_TLS:-}" ] && echo 0 || echo $((port + BUS)) )
${REDIS_TLS:+tls-port $((port + BUS))
tls-auth-clients no
tls-cert-file "$REDIS_TLS/tls.crt"
tls-key-file "$REDIS_TLS/tls.key"}
save ""
dbfilename none
maxmemory 1mb
loglevel warning
${REDIS_NODE_USER:+user default off}
user ${REDIS_NODE_USER:-default} reset on >$REDISCLI_AUTH +cluster|nodes
END
    porch=$!
}

clear_folder() {
    if remains; then
        rm -rf "$folder/aside"
        mkdir "$folder/aside"
        for name in appendonlydir nodes.conf dump.rdb; do
            [ ! -e "$folder/$name" ] || mv "$folder/$name" "$folder/aside/"
        done
    fi
    touch "$folder/unfinished" # from here on what is in it is worth nothing, until the mark says otherwise
    rm -rf "$files" "$folder/nodes.conf" "$folder/dump.rdb"
}

# --- beside the running server: joins the cluster, becomes its shard's replica, says when the copy is complete
keep() {
    while sleep "$pause" && kill -0 $$ 2>/dev/null; do
        view=$(cli "$ip:$port" cluster nodes) || continue
        read -r id slots _ role _ _ <<END
$(echo "$view" | look -v ask=me)
END
        [ -n "$slots" ] || continue # it loads its data
        joined=yes
        for peer in $peers; do
            meet "$peer"
        done
        [ "$role$slots" != primary0 ] || follow
        [ "$joined$marked" != yesyes ] || pause=$SAY_AGAIN # from the round after the mark on
        [ -n "$marked" ] || mark_when_whole
    done
}

meet() { # have a peer that does not list this node at this address meet it, and forget who was here before
    theirs=$(cli "$1" cluster nodes) || return 0
    case $(echo "$theirs" | look -v ask=me) in *' 0' | '') return 0 ;; esac # no answer, or in no cluster yet
    if ! echo "$theirs" | look -v ask=at -v id="$id"; then
        joined=
        cli "$1" cluster meet "$ip" "$port" >/dev/null || true
    elif [ -n "$marked" ]; then
        for stale in $(echo "$theirs" | look -v ask=stale -v id="$id"); do
            cli "$1" cluster forget "$stale" >/dev/null || true
        done
    fi
}

follow() {
    primary=$(echo "$view" | look -v ask=primary)
    [ -z "$primary" ] || cli "$ip:$port" cluster replicate "$primary" >/dev/null || true
}

mark_when_whole() {
    state=$(cli "$ip:$port" info everything | tr -d '\r')
    has() { echo "$state" | grep -qx "$1"; }
    if [ "$role" = replica ]; then
        has master_link_status:up && has aof_rewrite_in_progress:0 && has aof_rewrite_scheduled:0 &&
            has aof_last_bgrewrite_status:ok || return 0
    else
        # nothing was acknowledged yet in a new cluster; or an operator had an empty replica take over
        [ -n "$new" ] && [ "${mates%%,*}" = "$REDIS_NODE" ] || [ "$slots" != 0 ] || return 0
    fi
    echo "$id" >"$mark.new" && mv "$mark.new" "$mark" && rm -f "$folder/unfinished"
    [ "$(cli "$ip:$port" config set cluster-replica-no-failover no)" != OK ] || marked=yes
}

host=${REDIS_NODE%:*} port=${REDIS_NODE##*:} ip=${REDIS_NODE_IP:-${REDIS_NODE%:*}} folder=$REDIS_FOLDER
files=$folder/appendonlydir
mark=$files/whole
peers=$(all | grep -vxF "$REDIS_NODE")
for group in $REDIS_NODES; do
    case ,$group, in *",$REDIS_NODE,"*) mates=$group ;; esac
done
: "${mates:?REDIS_NODES does not list $REDIS_NODE}"
new='' marked=yes pause=$INTERVAL
if ! whole; then
    marked=
    wait_outside
    clear_folder
fi
keep &

# No replica leaves its shard: the shards' nodes are apart on purpose. One that was away for long may take over: what was
# acknowledged reached it, however old its link. A shard that is unavailable does not stop the others.
# The password comes by the standard input, which no one else can read.
exec redis-server "$@" --dir "$folder" --cluster-enabled yes --cluster-config-file nodes.conf \
    --cluster-node-timeout "${REDIS_NODE_TIMEOUT:-2000}" --cluster-require-full-coverage no \
    --cluster-allow-replica-migration no --cluster-replica-validity-factor 0 --repl-diskless-sync-delay 0 \
    --cluster-announce-ip "$ip" $([ "$host" = "$ip" ] || echo "--cluster-announce-hostname $host") \
    --cluster-replica-no-failover "$([ -n "$marked" ] && echo no || echo yes)" \
    ${REDIS_TLS:+--tls-cluster yes --tls-replication yes --tls-ca-cert-file "$REDIS_TLS/ca.crt"} - <<END
${REDIS_REPLICA_USER:+masteruser $REDIS_REPLICA_USER}
masterauth ${REDIS_REPLICA_AUTH:-$REDISCLI_AUTH}
END
