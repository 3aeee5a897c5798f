#!/bin/sh
# Drop what the first `apt-get update` in a container brings back, and logs and copies nobody reads.
set -eu
root=$1
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/var/cache/debconf/*-old "$root"/var/log/* \
  "$root"/var/lib/dpkg/*-old "$root"/etc/*- "$root"/etc/systemd "$root"/tmp/*
find "$root/usr/share/doc" -type d -empty -delete
