#!/usr/bin/env bash
# Starts `make run`, submits a string, waits until it is stored, and ends everything with Ctrl-C's signal.
set -euo pipefail
cd "$(dirname "$0")/.."
api="http://127.0.0.1:${API_PORT:-5000}"

set -m # a process group of its own, to which SIGINT can be sent
make run &
run=$!
trap 'kill -INT -- "-$run" 2>/dev/null; wait "$run"' EXIT

within() { # seconds, command: repeats it until it succeeds; fails when the time is up or `make run` has ended
    local end=$((SECONDS + $1))
    until "${@:2}"; do
        if [ "$SECONDS" -ge "$end" ] || ! kill -0 "$run" 2>/dev/null; then
            echo "failed: ${*:2}" >&2
            return 1
        fi
        sleep 0.5
    done
}

ready() { curl --fail --silent --output /dev/null "$api/readyz"; }
stored() { curl --fail --silent "$api/dummies/$id" | grep -q '"status": *"stored"'; }

within 300 ready
id=$(curl --fail --silent --show-error "$api/dummies/" -H 'Content-Type: application/json' -d '{"text": "smoke"}' |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])')
within 30 stored
echo "stored: $id"

trap - EXIT
kill -INT -- "-$run"
wait "$run" || true # make reports the signal
if ready; then
    echo "failed: the API still answers" >&2
    exit 1
fi
