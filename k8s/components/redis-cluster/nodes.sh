# What redis-node.sh and redis-create.sh share: how to ask a node, and how to read what it knows. Variables: redis-node.sh.
SLOTS=16384
BUS=10000 # the bus is on the port this much higher
INTERVAL=0.3
SAY_AGAIN=30

cli() { # host:port command..., with a patience of 1 s
    _at=$1
    shift
    timeout "${patience:-1}" redis-cli -h "${_at%:*}" -p "${_at##*:}" ${REDIS_NODE_USER:+--user "$REDIS_NODE_USER"} \
        ${REDIS_TLS:+--tls --cacert "$REDIS_TLS/ca.crt"} "$@" </dev/null 2>&1
}

all() {
    echo "$REDIS_NODES" | tr ', ' '\n\n'
}

count() {
    echo $#
}

say() {
    echo "redis-node: $*"
}

say_at_times() { # the same within SAY_AGAIN s is said once
    now=$(date +%s)
    [ $((now - ${said_at:-0})) -lt $SAY_AGAIN ] || { say "[warning] $*"; said_at=$now; }
}

# Reads what a node lists. ask=word: the node's id, and what it says of this one; me: of itself; at: whether it lists an id at
# this address; primary: which node of this shard has its slots; stale: which nodes are no more.
look() {
    awk -v slots_of_all=$SLOTS -v ip="${ip:-}" -v port="${port:-}" -v host="${host:-}" -v mates="${mates:-}" "$@" '
        function is_at(list,   one, n, i) { # whether this line is a node of that list of host:port
            n = split(list, one, ",")
            for (i = 1; i <= n; i++)
                if (one[i] == at[1] || (at[3] != "" && one[i] == at[3] substr(at[1], match(at[1], /:[0-9]+$/)))) return 1
            return 0
        }
        {
            split($2, at, "[@,]") # ip:port@bus,name
            flags = "," $3 ","
            slots = 0
            for (i = 9; i <= NF; i++)
                if ($i !~ /^\[/) slots += split($i, range, "-") > 1 ? range[2] - range[1] + 1 : 1
            ours = at[1] == ip ":" port || (at[3] != "" && at[3] == host)
            gone = flags ~ /,(fail|noaddr),/
            total += slots
            if (!ours) others += slots
            if (ours && (slots || flags ~ /,master,/ && !gone && flags !~ /,handshake,/)) lists = 1
            if (flags ~ /,myself,/) { me = $1; my_slots = slots; my_place = at[1]; my_role = flags }
            if (ask == "at" && $1 == id && at[1] == ip ":" port && !gone) found = 1
            if (ask == "primary" && slots && flags ~ /,master,/ && flags !~ /fail/ && is_at(mates)) found = $1
            if (ask == "stale" && gone && !slots && $1 != id && (ours || flags ~ /,noaddr,/)) print $1
            if (flags !~ /,handshake,/) known++
        }
        END {
            if (ask == "word" && me != "")
                print me, lists ? "owner" : others == slots_of_all ? "gave_up" : total ? "unsettled" : "empty"
            if (ask == "me") print me, my_slots, my_place, (my_role ~ /,slave,/ ? "replica" : "primary"), known + 0, total + 0
            if (ask == "at") exit !found
            if (ask == "primary" && found) print found
        }'
}
