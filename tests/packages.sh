#!/usr/bin/env bash
# Installs what the tests use and this machine lacks: as root on Debian and Ubuntu through apt-get, without starting
# any daemon; elsewhere only Playwright's own Chromium. What is still missing then is named, with what it costs.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH="$PATH:/usr/sbin:/usr/local/sbin"

# package | what shows that it is there | what happens without it
needs="\
chromium-headless-shell|command -v chromium-headless-shell|the browser tests use chromium, or Playwright's own, else they skip
redis-server|command -v redis-server|the journal is tested on the wheel's Redis 6.2 only
nginx-light|command -v nginx|the page is tested through Vite, and nginx' own tests skip
faketime|command -v faketime|no process' clock is put wrong in the fault suite
pgbouncer|command -v pgbouncer|what holds behind a pooler is not tested, and no migration through one
prometheus|command -v promtool|the alerts are not tested
jq|command -v jq|the command that signs the images is not tested
spin|command -v spin|the protocol's model is not checked
gcc|command -v gcc|the protocol's model is not checked
libc6-dev|test -r /usr/include/stdio.h|the protocol's model cannot be compiled, and its tests fail
wamerican|test -r /usr/share/dict/american-english|the English half of the real input skips
hunspell-ko|test -r /usr/share/hunspell/ko.dic|the Korean half of the real input skips
fonts-nanum|test -d /usr/share/fonts/truetype/nanum|Korean text in screenshots is drawn as boxes
fonts-noto-color-emoji|test -r /usr/share/fonts/truetype/noto/NotoColorEmoji.ttf|emoji in screenshots are drawn as boxes"

missing() {
    while IFS='|' read -r package check consequence; do
        eval "$check" >/dev/null 2>&1 || echo "$package|$consequence"
    done <<<"$needs"
}

# The packages' daemons would take ports; Debian asks this file before it starts one.
forbid_daemons() {
    [ -e /usr/sbin/policy-rc.d ] && return
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod +x /usr/sbin/policy-rc.d
}

apt() {
    DEBIAN_FRONTEND=noninteractive timeout 600 apt-get -qq -o DPkg::Lock::Timeout=60 -o Acquire::Retries=2 \
        -o Acquire::http::Timeout=20 "$@" </dev/null
}

install() {
    forbid_daemons
    echo "installing: $*"
    apt update || echo "apt-get update failed; trying with the lists there are"
    for package in "$@"; do # one by one: a package that a distribution lacks must not hold up the others
        apt install -y --no-install-recommends "$package" >/dev/null || true
    done
}

mapfile -t packages < <(missing | cut -d '|' -f 1)
if [ "${#packages[@]}" -gt 0 ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    install "${packages[@]}"
fi
if ! command -v chromium-headless-shell chromium >/dev/null; then
    timeout 600 .venv/bin/python -m playwright install chromium || echo "Playwright's Chromium could not be installed"
fi
missing | while IFS='|' read -r package consequence; do
    echo "*** MISSING: $package: $consequence"
done
