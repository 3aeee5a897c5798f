#!/usr/bin/env bash
# Make the environment file of compose and docker run, with generated secrets, mode 0600, unless it is there.
# Usage: scripts/docker-env.sh [FILE]      (default .env.docker; needs nothing but a shell)
set -euo pipefail
file=${1:-.env.docker}
case $file in /*) ;; *) file=$PWD/$file ;; esac
cd "$(dirname "$0")/.."
. scripts/docker-preflight.sh
SECRET_BYTES=32

[ -e "$file" ] && exit 0
umask 077
partial=$(mktemp "$file.XXXXXX")
trap 'rm -f "$partial"' EXIT
while IFS= read -r line || [ -n "$line" ]; do
  case $line in
    AUTH_TOKEN= | STATE_KEY= | POSTGRES_PASSWORD= | REDIS_PASSWORD=)
      # Hexadecimal: stands in a URL, a header and a shell word as it is.
      line+=$(od -An -vtx1 -N "$SECRET_BYTES" /dev/urandom | tr -d ' \n')
      ;;
    '#CA_BUNDLE=')
      # So that a bare `docker compose up --build` works too where TLS is intercepted.
      bundle=$(ca_bundle '')
      [ -z "$bundle" ] || line=CA_BUNDLE=$bundle
      ;;
  esac
  printf '%s\n' "$line"
done < .env.docker.example > "$partial"
mv "$partial" "$file"
trap - EXIT
echo "Made ${file#"$PWD"/} with generated secrets; put your vendor keys into it." >&2
