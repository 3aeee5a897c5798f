#!/usr/bin/env bash
# Run the server as one hardened container with SQLite, and say where it serves once it is healthy.
# Usage: scripts/docker-run.sh [--env-file FILE] [--name NAME] [--image IMAGE]
# Ends with the server's own code if it will not start (78: the environment is wrong), 69 if the port is taken.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/docker-preflight.sh
usage="Usage: scripts/docker-run.sh [--env-file FILE] [--name NAME] [--image IMAGE]"
START_SECONDS=60

env_file=.env.docker name=exai-mcp-server image=exai-mcp-server:latest
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) show_usage && exit ;;
    --env-file) env_file=${2:?$usage} && shift 2 ;;
    --name) name=${2:?$usage} && shift 2 ;;
    --image) image=${2:?$usage} && shift 2 ;;
    *) fail 64 "$1 is not an option here. $usage" ;;
  esac
done

require_engine
[ "$env_file" != .env.docker ] || scripts/docker-env.sh
require_env_file "$env_file" run
port=$(setting "$env_file" MCP_PUBLISHED_PORT "$DEFAULT_PORT")
require_port "$port"
docker image inspect "$image" > /dev/null 2>&1 \
  || fail "$EXIT_UNAVAILABLE" "There is no image $image here: build it with scripts/docker-build.sh."
if docker container inspect "$name" > /dev/null 2>&1; then
  fail "$EXIT_UNAVAILABLE" "A container named $name is already here: remove it with \`docker rm --force $name\` (its volumes stay), or choose another --name."
fi
require_free_port "$port"
require_own_volume "$image" "$name-data" /app/data
require_own_volume "$image" "$name-logs" /app/logs

# No restart policy until it has been healthy once: a wrong environment should end, not loop.
docker run --detach --name "$name" --env-file "$env_file" \
  --publish "127.0.0.1:$port:$DEFAULT_PORT" \
  --volume "$name-data:/app/data" --volume "$name-logs:/app/logs" \
  --read-only --tmpfs /tmp:size=64m --cap-drop ALL --security-opt no-new-privileges --init \
  --cpus 1.0 --memory 1024m --memory-swap 1024m --memory-reservation 512m --pids-limit 256 \
  --ulimit nofile=16384:16384 --ulimit core=0 --stop-timeout 150 \
  --log-driver json-file --log-opt max-size=10m --log-opt max-file=3 \
  "$image" > /dev/null

state='{{.State.Status}} {{.State.ExitCode}} {{if .State.Health}}{{.State.Health.Status}}{{else}}unprobed{{end}}'
deadline=$((SECONDS + START_SECONDS))
while true; do
  read -r status code health <<< "$(docker inspect --format "$state" "$name")"
  [ "$health" != healthy ] || break
  if [ "$status" = exited ]; then
    docker logs "$name" >&2
    docker rm "$name" > /dev/null
    [ "$code" -ne 0 ] || code=1
    fail "$code" "The server did not start (exit code $code): what it said stands above, and nothing was left running."
  fi
  if [ "$SECONDS" -ge "$deadline" ]; then
    docker logs --tail 20 "$name" >&2
    fail 1 "The server was not healthy within $START_SECONDS s and still runs: its last lines stand above, \`docker logs $name\` has the rest."
  fi
  sleep 0.5
done
docker update --restart unless-stopped "$name" > /dev/null
announce "$port" "$env_file"
echo "Stop it with: docker rm --force $name   (volumes $name-data and $name-logs stay)"
