#!/usr/bin/env bash
# Start PostgreSQL the way the official image does: initialise an empty data directory, drop root, exec the server.
# Variables, each also as NAME_FILE: POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB, POSTGRES_INITDB_ARGS,
# POSTGRES_HOST_AUTH_METHOD; besides them PGDATA and POSTGRES_INITDB_WALDIR.
# Source: https://hub.docker.com/_/postgres (how to extend this image).
set -Eeuo pipefail

fail() {
  echo "Error: $*" >&2
  exit 1
}

# Set $1 from itself, from the file that $1_FILE names, or to the default $2.
from_file() {
  local name=$1 file_name=$1_FILE
  if [ "${!name:-}" ] && [ "${!file_name:-}" ]; then
    fail "$name and $file_name are both set, and only one can be meant: remove one of them."
  fi
  local value=${!name:-${2:-}}
  if [ "${!file_name:-}" ]; then
    value=$(< "${!file_name}") || fail "$file_name names a file that cannot be read: mount it readable for user $(id -u)."
  fi
  export "$name=$value"
  unset "$file_name"
}

starts_server() {
  [ "${1:-}" = postgres ] || return 1
  local argument
  for argument; do
    case $argument in -\? | --help | --describe-config | -V | --version) return 1 ;; esac
  done
}

if [ "${1:-}" = "" ] || [ "${1:0:1}" = - ]; then set -- postgres "$@"; fi

if starts_server "$@"; then
  mkdir -p "$PGDATA" /var/run/postgresql 2> /dev/null || true
  chmod 00700 "$PGDATA" 2> /dev/null || true
  chmod 03775 /var/run/postgresql 2> /dev/null || true
  if [ "$(id -u)" = 0 ]; then
    find "$PGDATA" /var/run/postgresql ! -user postgres -exec chown postgres {} +
    if [ "${POSTGRES_INITDB_WALDIR:-}" ]; then
      mkdir -p "$POSTGRES_INITDB_WALDIR"
      find "$POSTGRES_INITDB_WALDIR" ! -user postgres -exec chown postgres {} +
      chmod 700 "$POSTGRES_INITDB_WALDIR"
    fi
    exec gosu postgres "$BASH_SOURCE" "$@"
  fi
  from_file POSTGRES_PASSWORD
  from_file POSTGRES_USER postgres
  from_file POSTGRES_DB "$POSTGRES_USER"
  from_file POSTGRES_INITDB_ARGS
  from_file POSTGRES_HOST_AUTH_METHOD
  if [ -s "$PGDATA/PG_VERSION" ]; then
    printf '\nPostgreSQL Database directory appears to contain a database; Skipping initialization\n\n'
  else
    source /usr/local/bin/initialise.sh
    initialise "$@"
  fi
fi

exec "$@"
