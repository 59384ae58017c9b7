#!/bin/sh
# Gives users of the running Redis new passwords: sh passwords.sh add|only <.env
# "add": the earlier ones count as well, until "only". What start.sh reads is the Secret redis-passwords.
#
# It changes the file of users that start.sh has written and has Redis load it, which disconnects no one. So the right that
# the probes' user has for it is worth nothing outside this pod.
set -eu
umask 077
case ${1:-} in
add) earlier=' ' ;;
only) earlier=' [ #0-9a-f]*' ;;
*) echo "usage: sh passwords.sh add|only <.env" >&2 && exit 2 ;;
esac

changes=$(sed -n 's/^REDIS_\([A-Z]*\)_PASSWORD=/\1 /p' | while read -r name password; do
    user="user $(echo "$name" | tr A-Z a-z) on"
    echo "s/^$user$earlier/$user #$(printf %s "$password" | sha256sum | cut -d ' ' -f 1) /"
done)
sed -e "$changes" /tmp/users.acl >/tmp/users.new
mv /tmp/users.new /tmp/users.acl
REDISCLI_AUTH=$(cat /tmp/probe) redis-cli -e ${REDIS_TLS:+--tls --insecure} --user probe ACL LOAD >/dev/null
