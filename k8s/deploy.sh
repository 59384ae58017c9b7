#!/usr/bin/env bash
# Deploys or updates everything in the cluster of kubectl's current context, and waits until it runs:
#   k8s/deploy.sh dev|ha|ixcloud|production
# It changes nothing unless all secrets are there. To update one tier alone: kubectl set image, see docs/deploy.md.
set -euo pipefail
cd "$(dirname "$0")/overlays"
namespace=ix-dummies

fail() {
    printf '%s\n' "$1" >&2
    exit 1
}

[ $# = 1 ] && [ -f "${1:-}/kustomization.yaml" ] || fail "usage: k8s/deploy.sh $(printf '%s|' */ | sed 's,/|$,,; s,/|,|,g')"
overlay=$1
files=$(sed -n 's,^  - \.\./\([a-z]*\)$,\1,p' "$overlay/kustomization.yaml") # of the overlay that it extends
files=${files:-$overlay}
[ -f "$files/.env" ] || fail "k8s/overlays/$files/.env is missing: copy .env.example beside it and fill it in"
while IFS='=' read -r name _; do
    value=$(sed -n "s/^$name=//p" "$files/.env")
    [ "$name" != READ_TOKEN ] || value=${value/ /} # while it is replaced there are two
    case $value in
    '') fail "$name has no value in k8s/overlays/$files/.env: openssl rand -hex 24 makes one" ;;
    *[!A-Za-z0-9_-]*) fail "$name in k8s/overlays/$files/.env may have letters, digits, - and _ only: it goes into addresses" ;;
    development*) [ "$overlay" = dev ] || fail "$name in k8s/overlays/$files/.env is the development password: openssl rand -hex 24 makes one" ;;
    esac
done < <(grep -h '^[A-Z]' "$files/.env.example" "$overlay/.env.example" "$files/.env")
if grep -q 'files: \[ca.crt\]' "$files/kustomization.yaml" && ! [ -s "$files/ca.crt" ]; then
    fail "k8s/overlays/$files/ca.crt is missing: the certificate of the authority that signed the database's"
fi
if grep -q 'files: \[operators\]' "$files/kustomization.yaml"; then
    file=k8s/overlays/$files/operators
    [ -f "$files/operators" ] || fail "$file is missing: (umask 077; echo \"\$(whoami) \$(openssl rand -hex 24)\" >$file) makes one for you"
    line='[A-Za-z0-9_.@-]{1,64}[[:blank:]]+[!-~]{16,}[[:blank:]]*'
    wrong=$(LC_ALL=C grep -avnE "^[[:blank:]]*(#.*|$line)?\$" "$files/operators") || wrong=
    [ "$wrong" ] || wrong=$(awk '$1 !~ /^#/ && NF && (seen[$2]++ || $1 == "operator") { print NR ":" }' "$files/operators")
    [ -z "$wrong" ] || fail "line ${wrong%%:*} of $file must be a name, which is not operator, a space, and a token of its own of at least 16 characters"
fi

k() {
    kubectl --namespace "$namespace" "$@"
}

# Redis first: new pods need its new users and passwords
kubectl apply --kustomize "$overlay" --selector \
    'app.kubernetes.io/name notin (api, worker, web, flower, migrate, doctor, erase, retention)'
k rollout status statefulset/redis --timeout=300s
passwords() {
    k exec --stdin statefulset/redis -- sh /etc/redis/passwords.sh "$1" < <(grep ^REDIS_ "$files/.env")
}
passwords add # the older ones count until all pods are replaced
k delete job/migrate --ignore-not-found # a Job cannot be changed
# Then one tier after the other, in the order in which older and newer versions work side by side
kubectl apply --kustomize "$overlay" --selector 'app.kubernetes.io/name notin (web, api)'
until k wait job/migrate --for=condition=complete --timeout=15s 2>/dev/null; do
    k logs job/migrate --tail=1 || true # why it takes so long
    failed=$(k get job/migrate --output 'jsonpath={.status.conditions[?(@.type=="Failed")].status}')
    if [ "$failed" = True ] || [ $SECONDS -gt 900 ]; then
        k logs job/migrate --tail=50 >&2 || true
        fail "the migration failed, see its log above; the older workers, page and API go on"
    fi
done
k rollout status deployment/worker --timeout=300s
for tier in web api; do
    kubectl apply --kustomize "$overlay" --selector "app.kubernetes.io/name=$tier"
    k rollout status "deployment/$tier" --timeout=300s
done
k rollout status deployment/flower --timeout=300s
passwords only
