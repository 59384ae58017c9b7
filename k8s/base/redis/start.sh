#!/bin/sh
# Writes the users as Redis reads them, with hashed passwords, and starts Redis. The probes' password is made here.
set -eu
umask 077

hash() {
    printf %s "$1" | sha256sum | cut -d ' ' -f 1
}

users() {
    sed -e '/^# /d' -e '/^$/d' /etc/redis/users.acl | sed -e ':join' -e '$!N' -e 's/\n  */ /' -e 'tjoin' -e P -e D
}

probe=$(head -c 32 /dev/urandom | sha256sum | cut -d ' ' -f 1)
printf %s "$probe" >/tmp/probe
users | sed -e "s/#API/#$(hash "$REDIS_API_PASSWORD")/" -e "s/#WORKER/#$(hash "$REDIS_WORKER_PASSWORD")/" \
    -e "s/#WAKER/#$(hash "$REDIS_WAKER_PASSWORD")/" -e "s/#CELERY/#$(hash "$REDIS_CELERY_PASSWORD")/" \
    -e "s/#FLOWER/#$(hash "$REDIS_FLOWER_PASSWORD")/" -e "s/#KEDA/#$(hash "$REDIS_KEDA_PASSWORD")/" \
    -e "s/#PROBE/#$(hash "$probe")/" >/tmp/users.acl
# REDIS_TLS is a folder with a certificate and its key: then Redis speaks TLS alone. Clients are known by their passwords, so
# they need no certificates, which would be one more secret for each of them to keep and to renew.
exec ${REDIS_START:-redis-server} /etc/redis/redis.conf ${REDIS_TLS:+--port 0 --tls-port 6379 --tls-auth-clients no
    --tls-cert-file "$REDIS_TLS/tls.crt" --tls-key-file "$REDIS_TLS/tls.key"}
