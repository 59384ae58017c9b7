#!/bin/sh
# Gives users of the running Redis new passwords, which no connection notices: sh passwords.sh add|only <.env
# "add": the earlier ones count as well, until "only". What start.sh reads is the Secret redis-passwords.
set -eu
case ${1:-} in
add) reset= ;;
only) reset=resetpass ;;
*) echo "usage: sh passwords.sh add|only <.env" >&2 && exit 2 ;;
esac

sed -n 's/^REDIS_\([A-Z]*\)_PASSWORD=/\1 /p' | while read -r user password; do
    hash=$(printf %s "$password" | sha256sum | cut -d ' ' -f 1)
    echo "ACL SETUSER $(echo "$user" | tr A-Z a-z) $reset #$hash"
done | REDISCLI_AUTH=$(cat /tmp/probe) redis-cli -e ${REDIS_TLS:+--tls --insecure} --user probe >/dev/null
