#!/bin/sh
# Writes Redis' append-only file, while Redis runs, to standard output as a tar: sh -s /data <k8s/backup-redis.sh >redis.tar
#
# Redis only appends to these files or replaces them as a whole, so hard links to all that a manifest names stay consistent
# however long the copying takes. If a rewrite removes one before it is linked, all are linked again.
set -eu
cd "${1:-/data}"
[ -d appendonlydir ] || [ -f appendonly.aof ] || { echo "there is no append-only file in $PWD" >&2; exit 1; }
links=$PWD/$(mktemp -d backup.XXXXXX)
trap 'rm -rf "$links"' EXIT
trap 'exit 1' HUP INT TERM

link() {
    rm -rf "$links"/*
    if [ ! -d appendonlydir ]; then # before Redis 7
        ln appendonly.aof "$links"
        return
    fi
    mkdir "$links/appendonlydir"
    for manifest in appendonlydir/*.manifest; do
        cp "$manifest" "$links/appendonlydir/"
        while read -r _ file _; do
            ln "appendonlydir/$file" "$links/appendonlydir/" 2>/dev/null || return 1
        done <"$links/$manifest"
    done
}

tries=0
until link; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || { echo "Redis replaces its files all the time" >&2; exit 1; }
done
cd "$links"
# tar exits with 1, and says so, where a file grew while it was read; it has then written its beginning, as is wanted
tar -cf - -- * || [ $? -eq 1 ]
