#!/bin/sh
# What start.sh starts in a pod of the Redis Cluster instead of redis-server, with its arguments: adds the nodes' own users,
# and has the tiers' users use the keys that the journal has here. They ask for the owner of a shard.
set -eu
umask 077

hash() {
    printf %s "$1" | sha256sum | cut -d ' ' -f 1
}

# A replica follows an address, and pods' addresses are given to others. With a password of its shard's own it cannot copy
# the data of another shard.
REDIS_REPLICA_USER=replica
REDIS_REPLICA_AUTH=$(hash "${POD_NAME%-*} $REDISCLI_AUTH")
export REDIS_REPLICA_USER REDIS_REPLICA_AUTH
nodes="+cluster|nodes +cluster|meet +cluster|forget +cluster|replicate +cluster|set-config-epoch +cluster|addslotsrange"
sed -i -e 's/~dummies:/~{dummies:*}:/g' -e 's/+script|load +wait/+cluster|slots +cluster|info &/' /tmp/users.acl
cat >>/tmp/users.acl <<END
user node on #$(hash "$REDISCLI_AUTH") resetchannels -@all +ping +info +dbsize +config|set $nodes +cluster|failover +cluster|bumpepoch
user replica on #$(hash "$REDIS_REPLICA_AUTH") resetchannels -@all +ping +psync +replconf
END
exec sh /etc/redis/redis-node.sh "$@"
