#!/usr/bin/env bash
# Runs the tests on what the images ship: Python, Redis, nginx and PostgreSQL of Debian 13, in a root made with debootstrap.
#
#   tests/debian13.sh                                        # make test
#   tests/debian13.sh .venv/bin/python -m pytest tests/unit  # any command
#
# As root. It takes HEAD, not the working tree. The root is kept for the next run, in DEBIAN_ROOT.
set -euo pipefail
cd "$(dirname "$0")/.."
export root=${DEBIAN_ROOT:-/var/tmp/ix-dummies-trixie}
[ "$(id -u)" = 0 ] || { echo "run it as root: debootstrap and chroot need it" >&2; exit 2; }

make_root() {
    local mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(SITE)' | grep '/debian/*$' | head -n 1)}
    debootstrap --variant=minbase --include=ca-certificates trixie "$root" "${mirror:?apt knows no mirror: set DEBIAN_MIRROR}"
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # no package starts a daemon
    chmod +x "$root/usr/sbin/policy-rc.d"
    chroot "$root" apt-get -q update
    DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get -q install -y --no-install-recommends \
        curl git iproute2 make nodejs npm openssl postgresql procps python3-venv
    touch "$root/complete"
}

enter() { # in separate namespaces, so that mounts and processes end with it
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount --rbind /sys "$root/sys"
    mount --bind "$HOME" "$root/root" # settings and caches of pip, uv and npm
    mount --bind /etc/ssl/certs "$root/etc/ssl/certs"
    for file in /etc/resolv.conf /etc/pip.conf /etc/npmrc; do
        [ ! -e "$file" ] || cp --dereference "$file" "$root$file"
    done
    # no program of the machine's own, such as a Python in the home folder
    exec env HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        chroot "$root" bash -euc 'run "$@"' bash "$@"
}

run() {
    cd /srv/ix-dummies
    make .venv/.stamp
    .venv/bin/python -c 'import sys; assert sys.version_info[:2] == (3, 13), sys.version'
    local wheel
    wheel=$(.venv/bin/python -c 'from local.postgres import _binaries; print(_binaries())')
    rm -r "$wheel"
    ln -s /usr/lib/postgresql/17/bin "$wheel"
    exec "$@"
}

export -f enter run
[ -e "$root/complete" ] || make_root
rm -rf "$root/srv/ix-dummies"
git clone --quiet . "$root/srv/ix-dummies"
[ $# -gt 0 ] || set -- make test
exec unshare --mount --pid --fork --kill-child bash -euc 'enter "$@"' bash "$@"
