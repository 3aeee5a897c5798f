#!/usr/bin/env bash
# Build and start the compose project, wait until every service is healthy, and say where the server is.
# Usage: scripts/compose-up.sh [ENV_FILE]     (default .env.docker, made if it is not there)
# COMPOSE_FILE and COMPOSE_PROJECT_NAME work as everywhere.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/docker-preflight.sh
WAIT_SECONDS=180
ENDING_TRIES=20 # half a second each
SIGN_OF_LIFE_SECONDS=10
LOG_LINES=20
case ${1:-} in
  -h | --help) show_usage && exit ;;
  -*) fail 64 "$1 is not an option here. Usage: scripts/compose-up.sh [ENV_FILE]" ;;
esac
env_file=${1:-.env.docker}

# ending_code CONTAINER: the code with which a server that restarts again and again ends, else 1.
# Its policy is put aside to read the code, which a running container does not show, and so it stays ended.
ending_code() {
  local code=1 status
  if [ "$(docker inspect --format '{{.RestartCount}}' "$1" 2> /dev/null || echo 0)" -gt 0 ]; then
    docker update --restart no "$1" > /dev/null
    for _ in $(seq "$ENDING_TRIES"); do
      read -r status code <<< "$(docker inspect --format '{{.State.Status}} {{.State.ExitCode}}' "$1")"
      [ "$status" != exited ] || break
      sleep 0.5
    done
    docker update --restart unless-stopped "$1" > /dev/null
    [ "$code" -ne 0 ] || code=1
  fi
  echo "$code"
}

# explain SERVER: say why the project is not healthy, and end; of wrong settings only what the server says of them.
explain() {
  local code id
  code=$(ending_code "$1")
  if [ "$code" = "$EXIT_CONFIGURATION" ]; then
    docker logs --since "$(docker inspect --format '{{.State.StartedAt}}' "$1")" "$1" >&2
    fail "$code" "The server refuses its settings, as it says above: mend them in $env_file and run this again."
  fi
  for id in $("${compose[@]}" ps --all --quiet); do
    if [ "$(docker inspect --format '{{if .State.Health}}{{.State.Health.Status}}{{end}}' "$id")" != healthy ]; then
      docker inspect --format '--- {{.Name}}: {{.State.Status}}' "$id" >&2
      docker logs --tail "$LOG_LINES" "$id" 2>&1 | sed $'s/\e\\[[0-9;]*[A-Za-z]//g' >&2
    fi
  done
  fail "$code" "The project did not become healthy: the last lines of each service that is not stand above; mend what they name and run this again."
}

# build: build with a sign of life every few seconds, and the builder's own output only if it fails.
build() {
  local log ticker code=0
  log=$(mktemp)
  echo "Building $image (minutes the first time, seconds after)" >&2
  while sleep "$SIGN_OF_LIFE_SECONDS" > /dev/null 2>&1; do
    echo "  … ${SECONDS} s so far: $(tail -n 1 "$log" | cut -c 1-100)" >&2
  done &
  ticker=$!
  # shellcheck disable=SC2064 # both are this function's, so they are read now
  trap "kill $ticker 2> /dev/null || true; rm -f '$log'" EXIT
  "${compose[@]}" build > "$log" 2>&1 || code=$?
  [ "$code" -eq 0 ] || tail -n "$LOG_LINES" "$log" >&2
  kill "$ticker"
  rm -f "$log"
  trap - EXIT
  [ "$code" -eq 0 ] || fail "$code" "The image could not be built: the builder's last lines stand above; mend what they name and run this again."
}

require_engine
docker compose version > /dev/null 2>&1 \
  || fail "$EXIT_UNAVAILABLE" "docker has no compose plugin: install it as https://docs.docker.com/compose/install/linux/ says."
scripts/docker-env.sh "$env_file"
require_env_file "$env_file" compose
port=$(setting "$env_file" MCP_PUBLISHED_PORT "$DEFAULT_PORT")
require_port "$port"
CA_BUNDLE=$(ca_bundle "$env_file")
PYTHON_IMAGE=$(base_image python:3.13-slim PYTHON_IMAGE "$env_file")
POSTGRES_IMAGE=$(base_image postgres:17 POSTGRES_IMAGE "$env_file")
REDIS_IMAGE=$(base_image redis:8 REDIS_IMAGE "$env_file")
export CA_BUNDLE PYTHON_IMAGE POSTGRES_IMAGE REDIS_IMAGE
compose=(docker compose --env-file "$env_file")
# Faults of the file and missing variables end here, in compose's own words and before anything is made.
configuration=$("${compose[@]}" config) || exit "$EXIT_CONFIGURATION"
project=$(sed -n 's/^name: //p' <<< "$configuration")
image=$("${compose[@]}" config --images exai-mcp-server | grep exai-mcp-server | head -n 1)
if [ -z "$(docker ps --quiet --filter "publish=$port" --filter "label=com.docker.compose.project=$project")" ]; then
  require_free_port "$port"
fi

build
require_own_volume "$image" "${project}_data" /app/data
require_own_volume "$image" "${project}_logs" /app/logs
if ! "${compose[@]}" up --detach --wait --wait-timeout "$WAIT_SECONDS"; then
  explain "$("${compose[@]}" ps --all --quiet exai-mcp-server)"
fi
announce "$port" "$env_file"
