#!/usr/bin/env bash
# Stop and remove the compose project's containers and networks; its volumes stay.
# Usage: scripts/compose-down.sh [ENV_FILE]     (default .env.docker)
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/docker-preflight.sh
case ${1:-} in
  -h | --help) show_usage && exit ;;
  -*) fail 64 "$1 is not an option here. Usage: scripts/compose-down.sh [ENV_FILE]" ;;
esac
env_file=${1:-.env.docker}

require_engine
[ -e "$env_file" ] || fail "$EXIT_CONFIGURATION" "$env_file is not there, so nothing was started with it: name the file that was used, as in scripts/compose-down.sh FILE."
docker compose --env-file "$env_file" down
echo "Volumes stay; \`docker compose --env-file $env_file down --volumes\` would remove them with the data."
