#!/bin/sh
# HAProxy in the official image's place and under its user number, without Debian's configuration.
set -eu
root=$1
# Debian's package insists on a number above 100 while it installs.
chroot "$root" groupmod --gid 99 haproxy
chroot "$root" usermod --uid 99 --gid 99 --home /var/lib/haproxy haproxy
mv "$root/usr/sbin/haproxy" "$root/usr/local/sbin/haproxy"
rm -rf "$root/etc/haproxy" "$root/etc/init.d" "$root/var/lib/haproxy"
mkdir -p "$root/usr/local/etc/haproxy/errors" "$root/var/lib/haproxy"
chroot "$root" chown haproxy:haproxy /var/lib/haproxy
