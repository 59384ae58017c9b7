#!/bin/sh
# The image's entry point: sets what nginx' resolver and listeners cannot find out themselves, then runs its arguments.
set -eu

# Names are resolved in one address family, IPv4 if this container has it: a name server that fails for the other one
# (NXDOMAIN, SERVFAIL, no response) would make nginx drop the answer that it has. 169.254.0.0/16 reaches no pod.
ipv4= ipv6=
for address in $(hostname -I); do
    case $address in
    169.254.*) ;;
    *:*) ipv6=yes ;;
    *) ipv4=yes ;;
    esac
done
case $ipv4$ipv6 in
"") family= ;;
*) family=${ipv4:+ipv6=off} family=${family:-ipv4=off} ;;
esac

# The container's name servers in nginx' notation; without any this machine, as in the C library
servers=$(awk '
    { sub(/\r$/, "") }
    $1 != "nameserver" { next }
    $2 ~ /^[0-9.]+$/ { print $2; next }
    $2 ~ /^[0-9A-Fa-f:.]+$/ { print "[" $2 "]"; next }
    { print "start.sh: nginx cannot use the name server " $2 ", skipping it" >"/dev/stderr" }
' /etc/resolv.conf | paste -s -d ' ' -)
RESOLVER=${RESOLVER:-${servers:-127.0.0.1} $family}

# In Kubernetes short names are completed, as far as needed, with the search list's domain NAMESPACE.svc.DOMAIN; a name that
# ends with a dot is complete
domain=$(awk '
    { sub(/\r$/, "") }
    $1 == "search" { found = ""; for (i = NF; i > 1; i--) if ($i ~ /^[^.]+\.svc\./) found = $i }
    END { sub(/\.$/, "", found); print found }
' /etc/resolv.conf)
complete() {
    host=${1%:*} suffix=$domain
    case $host in
    "" | *: | *. | "["*) suffix= ;;
    *.*.svc) suffix=${domain#*.svc.} ;;
    *.*.*) suffix= ;;
    *.*) suffix=${domain#*.} ;;
    esac
    echo "$host${suffix:+.$suffix}${1#"$host"}"
}
API_UPSTREAM=$(complete "$API_UPSTREAM") API_FALLBACK=$(complete "$API_FALLBACK")

# With IPv6 one listener accepts both families
if [ "$ipv6" ]; then
    case $WEB_PORT in *[!0-9]*) ;; *) WEB_PORT="[::]:$WEB_PORT ipv6only=off" ;; esac
    case $API_PORT in *[!0-9]*) ;; *) API_PORT="[::]:$API_PORT ipv6only=off" ;; esac
fi

# RateLimit-Policy names a rate by its quota and window
quota() {
    case $1 in *r/m) echo "q=${1%r/m};w=60" ;; *) echo "q=${1%r/s};w=1" ;; esac
}
RATE_QUOTA=$(quota "$RATE_LIMIT") API_RATE_QUOTA=$(quota "$API_RATE_LIMIT")

# One directive for each proxy
trusted=
for proxy in $(echo "${TRUSTED_PROXIES:-}" | tr , ' '); do
    trusted="${trusted}set_real_ip_from $proxy; "
done
TRUSTED_PROXIES=$trusted

export RESOLVER API_UPSTREAM API_FALLBACK WEB_PORT API_PORT RATE_QUOTA API_RATE_QUOTA TRUSTED_PROXIES
exec "$@"
