#!/bin/sh
# HAProxy in the official image's place, without Debian's configuration.
set -eu
root=$1
mv "$root/usr/sbin/haproxy" "$root/usr/local/sbin/haproxy"
rm -rf "$root/etc/haproxy" "$root/etc/init.d"
mkdir -p "$root/usr/local/etc/haproxy" "$root/var/lib/haproxy"
chroot "$root" chown haproxy:haproxy /var/lib/haproxy
