#!/bin/sh
# Redis in the official image's place, without Debian's configuration and service files.
set -eu
root=$1
# One binary under several names, and Debian's real file is not the one called redis-server.
mv "$root$(chroot "$root" realpath /usr/bin/redis-server)" "$root/usr/local/lib/redis-server"
mv "$root/usr/bin/redis-cli" "$root/usr/bin/redis-benchmark" "$root/usr/local/bin/"
for name in redis-check-aof redis-check-rdb redis-sentinel; do
  ln -sf /usr/local/lib/redis-server "$root/usr/local/bin/$name"
done
rm -rf "$root/etc/redis" "$root/etc/init.d" "$root/var/lib/redis" "$root"/usr/bin/redis-* "$root/usr/lib/systemd"
mkdir -p "$root/data"
chroot "$root" chown redis:redis /data
