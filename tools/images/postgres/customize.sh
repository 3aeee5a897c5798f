#!/bin/sh
# Shape Debian's PostgreSQL like the official image: one locale, no cluster, server settings that listen.
set -eu
root=$1
chroot "$root" localedef -i en_US -c -f UTF-8 --no-archive -A /usr/share/locale/locale.alias en_US.UTF-8
# Perl served Debian's cluster scripts only; our PATH reaches the real binaries.
chroot "$root" dpkg --force-depends --purge locales libc-l10n perl perl-modules-5.40 libperl5.40 libjson-perl \
  postgresql-client-common > /dev/null 2>&1 || true
rm -rf "$root/usr/share/i18n" "$root/usr/share/perl" "$root"/usr/lib/*/perl/5.40* \
  "$root/var/lib/postgresql" "$root/etc/postgresql"
sed -i "s/^#\(listen_addresses = \)'localhost'/\1'*'/" "$root/usr/share/postgresql/17/postgresql.conf.sample"
grep -q "^listen_addresses = '\*'" "$root/usr/share/postgresql/17/postgresql.conf.sample"
mkdir -p "$root/var/lib/postgresql/data" "$root/docker-entrypoint-initdb.d"
chroot "$root" chown postgres:postgres /var/lib/postgresql /var/lib/postgresql/data
# As there: any user given with --user may start here.
chmod 1777 "$root/var/lib/postgresql/data"
