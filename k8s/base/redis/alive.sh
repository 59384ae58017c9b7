#!/bin/sh
# The liveness probe: it fails while a script keeps Redis busy. Redis answers BUSY then, or uses the CPU without a word, since
# within a single call of Lua's it heeds nothing. Silence alone, as in a long fsync, is no reason to kill it.
set -eu

ticks() { # Redis' CPU time so far, in hundredths of a second
    cut -d ' ' -f 14,15 /proc/1/stat | tr ' ' +
}

before=$(ticks)
answer=$(REDISCLI_AUTH=$(cat /tmp/probe) timeout 3 redis-cli ${REDIS_TLS:+--tls --insecure} --user probe ping) || true
case $answer in
*BUSY*) exit 1 ;;
'') [ $(($(ticks) - ($before))) -lt 30 ] ;;
esac
