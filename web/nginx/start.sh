#!/bin/sh
# The start of the image: finds out what nginx' own resolver does not, and hands over to what it is given.
set -eu

# The name servers that this container was given, IPv6 addresses in brackets
RESOLVER=${RESOLVER:-$(awk '$1 == "nameserver" { print $2 ~ /:/ ? "[" $2 "]" : $2 }' /etc/resolv.conf | paste -s -d ' ' -)}

# In Kubernetes a short name is completed with the namespace's domain, the one like NAMESPACE.svc.DOMAIN
domain=$(awk '$1 == "search" { for (i = 2; i <= NF; i++) if ($i ~ /^[^.]+\.svc\./) { print $i; exit } }' /etc/resolv.conf)
case ${API_UPSTREAM%:*} in
*.* | *:*) ;;
*) [ -z "$domain" ] || API_UPSTREAM=${API_UPSTREAM%:*}.$domain:${API_UPSTREAM##*:} ;;
esac

export RESOLVER API_UPSTREAM
exec "$@"
