#!/bin/sh
# Prometheus in the official image's place, for nobody, without Debian's configuration and service files.
set -eu
root=$1
rm -rf "$root/etc/prometheus" "$root/etc/default" "$root/etc/init.d" "$root/etc/logrotate.d" "$root/var/lib/prometheus"
ln -s busybox "$root/usr/bin/wget"
mkdir -p "$root/etc/prometheus" "$root/prometheus"
chroot "$root" chown nobody:nogroup /etc/prometheus /prometheus
