#!/usr/bin/env bash
# Make the environment file of compose and docker run, with generated secrets, mode 0600. In one that is there,
# generate the secrets that stand without a value and leave everything else as it is.
# Usage: scripts/docker-env.sh [FILE]      (default .env.docker; needs nothing but a shell)
set -euo pipefail
file=${1:-.env.docker}
case $file in -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" && exit ;; esac
case $file in /*) ;; *) file=$PWD/$file ;; esac
cd "$(dirname "$0")/.."
. scripts/docker-preflight.sh
SECRET_BYTES=32

source=.env.docker.example filling=
if [ -e "$file" ]; then
  # What cannot be read is the caller's to say.
  { [ -r "$file" ] && grep -qE '^(AUTH_TOKEN|STATE_KEY|POSTGRES_PASSWORD|REDIS_PASSWORD)=$' "$file"; } || exit 0
  source=$file filling=yes
fi
umask 077
partial=$(mktemp "$file.XXXXXX")
trap 'rm -f "$partial"' EXIT
filled=()
while IFS= read -r line || [ -n "$line" ]; do
  case $line in
    AUTH_TOKEN= | STATE_KEY= | POSTGRES_PASSWORD= | REDIS_PASSWORD=)
      filled+=("${line%=}")
      # Hexadecimal: stands in a URL, a header and a shell word as it is.
      line+=$(od -An -vtx1 -N "$SECRET_BYTES" /dev/urandom | tr -d ' \n')
      ;;
    '#CA_BUNDLE=')
      if [ -z "$filling" ]; then
        # So that a bare `docker compose up --build` works too where TLS is intercepted.
        bundle=$(ca_bundle '')
        [ -z "$bundle" ] || line=CA_BUNDLE=$bundle
      fi
      ;;
  esac
  printf '%s\n' "$line"
done < "$source" > "$partial"
if [ -z "$filling" ]; then
  mv "$partial" "$file"
  echo "Made ${file#"$PWD"/} with generated secrets; put your vendor keys into it." >&2
  exit
fi
cat "$partial" > "$file" # and not mv: its owner, mode and links stay
echo "Filled in ${file#"$PWD"/} what had no value: ${filled[*]}." >&2
case " ${filled[*]} " in
  *" POSTGRES_PASSWORD "*) echo "A PostgreSQL volume made with another password keeps that one: write it back, if you have such a volume." >&2 ;;
esac
