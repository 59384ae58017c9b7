#!/bin/sh
# The start of the image: finds out what nginx' own resolver and listeners do not, and hands over to what it is given.
set -eu

# Names are asked for in one family, IPv4 where this container has it: a name server that cannot answer for the other one
# (NXDOMAIN, SERVFAIL, silence) would make nginx drop the answer that it has. 169.254.0.0/16 leads to no pod.
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

# The name servers that this container was given, as nginx writes them; without any it is this machine, as for the C library
servers=$(awk '
    { sub(/\r$/, "") }
    $1 != "nameserver" { next }
    $2 ~ /^[0-9.]+$/ { print $2; next }
    $2 ~ /^[0-9A-Fa-f:.]+$/ { print "[" $2 "]"; next }
    { print "start.sh: nginx cannot use the name server " $2 ", it is left out" >"/dev/stderr" }
' /etc/resolv.conf | paste -s -d ' ' -)
RESOLVER=${RESOLVER:-${servers:-127.0.0.1} $family}

# In Kubernetes short names are completed with the domain in the search list that is like NAMESPACE.svc.DOMAIN, as far as
# they need it; one that ends with a dot is complete
domain=$(awk '
    { sub(/\r$/, "") }
    $1 == "search" { found = ""; for (i = NF; i > 1; i--) if ($i ~ /^[^.]+\.svc\./) found = $i }
    END { sub(/\.$/, "", found); print found }
' /etc/resolv.conf)
host=${API_UPSTREAM%:*}
case $host in
*: | *. | "["*) domain= ;;
*.*.svc) domain=${domain#*.svc.} ;;
*.*.*) domain= ;;
*.*) domain=${domain#*.} ;;
esac
API_UPSTREAM=$host${domain:+.$domain}:${API_UPSTREAM##*:}

# Both families come in by one listener where there is IPv6
if [ "$ipv6" ]; then
    case $WEB_PORT in *[!0-9]*) ;; *) WEB_PORT="[::]:$WEB_PORT ipv6only=off" ;; esac
    case $API_PORT in *[!0-9]*) ;; *) API_PORT="[::]:$API_PORT ipv6only=off" ;; esac
fi

export RESOLVER API_UPSTREAM WEB_PORT API_PORT
exec "$@"
