#!/usr/bin/env bash
# Build one stand-in base image from Debian trixie and write it as a tar that `docker load` takes.
# Usage: build.sh NAME TAG OUT.tar   (root, mmdebstrap and a Docker engine; 15 to 60 s)
# MIRROR and SECURITY_MIRROR choose where Debian comes from, for networks with a mirror of their own.
set -euo pipefail
name=$1 tag=$2 out=$3
here=$(cd "$(dirname "$0")" && pwd)
mirror=${MIRROR:-http://deb.debian.org/debian}
security=${SECURITY_MIRROR:-http://deb.debian.org/debian-security}
work=$(mktemp -d "$(dirname "$out")/.$name.XXXXXX")
trap 'rm -rf "$work"' EXIT

# Users come first: a Debian package that finds its user keeps the number that the official image gives it.
add_user=true
if [ -f "$here/$name/user" ]; then
  IFS=: read -r user id home shell < "$here/$name/user"
  add_user="echo $user:x:$id: >> \"\$1/etc/group\"; echo $user:x:$id:$id::$home:$shell >> \"\$1/etc/passwd\""
  add_user+="; echo '$user:!::' >> \"\$1/etc/gshadow\"; echo '$user:!:20000::::::' >> \"\$1/etc/shadow\""
fi

mmdebstrap --quiet --mode=root --variant=minbase --format=tar \
  --include="$(grep -v '^#' "$here/$name/packages" | paste -sd, -)" \
  --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' --aptopt='Acquire::Retries "3"' \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/info/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-include=/usr/share/locale/locale.alias' \
  --dpkgopt='path-exclude=/usr/share/lintian/*' --dpkgopt='path-exclude=/usr/share/bug/*' \
  $(sed -n 's/^# without /--dpkgopt=path-exclude=/p' "$here/$name/packages") \
  --essential-hook="$add_user" \
  --customize-hook="[ ! -f '$here/$name/customize.sh' ] || sh '$here/$name/customize.sh' \"\$1\"" \
  --customize-hook="sh '$here/trim.sh' \"\$1\"" \
  trixie "$work/rootfs.tar" \
  "deb $mirror trixie main" "deb $mirror trixie-updates main" "deb $security trixie-security main"

cp -r "$here/$name/." "$work/"
docker build --quiet --tag "$tag" \
  --label exai.stand-in=true \
  --label "org.opencontainers.image.description=Stand-in for the official $tag, from Debian trixie packages" \
  "$work" > /dev/null
docker save --output "$work/image.tar" "$tag"
mv "$work/image.tar" "$out"
