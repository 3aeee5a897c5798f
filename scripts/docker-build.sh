#!/usr/bin/env bash
# Build the production image and tag it exai-mcp-server:latest and :<version>.
# Usage: scripts/docker-build.sh [--file DOCKERFILE] [--target TARGET] [--tag NAME:TAG]...    (--tag replaces both default tags)
# PYTHON_IMAGE chooses the base, CA_BUNDLE the certificates to trust during the build; EXTRAS=otel adds traces.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/docker-preflight.sh
usage="Usage: scripts/docker-build.sh [--file DOCKERFILE] [--target TARGET] [--tag NAME:TAG]..."

file=Dockerfile target=production
tags=()
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) show_usage && exit ;;
    --file) file=${2:?$usage} && shift 2 ;;
    --target) target=${2?$usage} && shift 2 ;;
    --tag) tags+=("${2:?$usage}") && shift 2 ;;
    *) fail 64 "$1 is not an option here. $usage" ;;
  esac
done
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml | head -n 1)
[ ${#tags[@]} -gt 0 ] || tags=(exai-mcp-server:latest "exai-mcp-server:$version")

require_engine
arguments=(--build-arg "PYTHON_IMAGE=$(base_image python:3.13-slim PYTHON_IMAGE .env.docker)" --build-arg "VERSION=$version")
[ -z "${EXTRAS:-}" ] || arguments+=(--build-arg "EXTRAS=$EXTRAS")
# A remote may carry a password: what stands before the @ stays out of the label.
source_url=$(git config --get remote.origin.url 2> /dev/null | sed 's#//[^@/]*@#//#' || true)
[ -z "$source_url" ] || arguments+=(--build-arg "SOURCE_URL=$source_url")
bundle=$(ca_bundle .env.docker)
[ -z "$bundle" ] || arguments+=(--secret "id=ca,src=$bundle")
# What the tags named before; a rebuild would leave it behind without a name, and baselines are large.
before=$(docker image inspect --format '{{.Id}}' "${tags[@]}" 2> /dev/null | sort -u || true)
DOCKER_BUILDKIT=1 docker build "${arguments[@]}" --file "$file" ${target:+--target "$target"} "${tags[@]/#/--tag=}" .
for id in $before; do
  if [ "$(docker image inspect --format '{{len .RepoTags}}' "$id" 2> /dev/null || true)" = 0 ]; then
    docker rmi "$id" > /dev/null 2>&1 || true # a container may still run it
  fi
done
