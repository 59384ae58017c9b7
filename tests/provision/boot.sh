#!/bin/sh
# Boots systemd on the root file system that is given, as the first process of fresh namespaces.
set -e
root=$1
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
for folder in dev run tmp; do mount -t tmpfs tmpfs "$root/$folder"; done
for device in null zero full random urandom tty; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/shm"
mount -t tmpfs tmpfs "$root/dev/shm"
ln -s /proc/self/fd "$root/dev/fd"
# 1 GiB, as the kernel of such a machine says it
sed 's/^MemTotal:.*/MemTotal:         985644 kB/' /proc/meminfo >"$root/run/meminfo"
mount --bind "$root/run/meminfo" "$root/proc/meminfo"
mkdir -p "$root/mnt/host"
cd "$root"
pivot_root . mnt/host
umount -l /mnt/host
exec env -i container=test PATH=/usr/sbin:/usr/bin /lib/systemd/systemd --show-status=no
