# Sourced by docker-entrypoint.sh: fill an empty PGDATA, then run what lies in /docker-entrypoint-initdb.d.

# With a user number that /etc/passwd does not have, initdb needs a made-up entry.
name_unknown_user() {
  getent passwd "$(id -u)" > /dev/null && return
  NSS_WRAPPER_PASSWD=$(mktemp) NSS_WRAPPER_GROUP=$(mktemp)
  LD_PRELOAD=$(find /usr/lib -name libnss_wrapper.so -print -quit)
  export LD_PRELOAD NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
  echo "postgres:x:$(id -u):$(id -g):PostgreSQL:$PGDATA:/bin/false" > "$NSS_WRAPPER_PASSWD"
  echo "postgres:x:$(id -g):" > "$NSS_WRAPPER_GROUP"
}

forget_unknown_user() {
  [ "${NSS_WRAPPER_PASSWD:-}" ] || return 0
  rm -f "$NSS_WRAPPER_PASSWD" "$NSS_WRAPPER_GROUP"
  unset LD_PRELOAD NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
}

require_password() {
  if [ -z "$POSTGRES_PASSWORD" ] && [ "$POSTGRES_HOST_AUTH_METHOD" != trust ]; then
    fail "Database is uninitialized and superuser password is not specified: set POSTGRES_PASSWORD or" \
      "POSTGRES_PASSWORD_FILE to a non-empty value (POSTGRES_HOST_AUTH_METHOD=trust lets everybody in without one)."
  fi
  if [ "$POSTGRES_HOST_AUTH_METHOD" = trust ]; then
    echo "WARNING: POSTGRES_HOST_AUTH_METHOD is trust: anyone who reaches this port is superuser." >&2
  fi
}

create_cluster() {
  local arguments=("--username=$POSTGRES_USER" --pwfile=/dev/fd/9) extra
  [ -z "${POSTGRES_INITDB_WALDIR:-}" ] || arguments+=("--waldir=$POSTGRES_INITDB_WALDIR")
  # The variable holds a shell-quoted list by the official contract.
  eval "extra=($POSTGRES_INITDB_ARGS)"
  initdb "${arguments[@]}" ${extra[@]+"${extra[@]}"} 9< <(printf '%s\n' "$POSTGRES_PASSWORD")
  local method=${POSTGRES_HOST_AUTH_METHOD:-$(postgres -C password_encryption "${@:2}")}
  printf '\nhost all all all %s\n' "$method" >> "$PGDATA/pg_hba.conf"
}

# Like psql, as the superuser, stopping at the first error; connects to POSTGRES_DB unless told otherwise.
docker_process_sql() {
  PGHOST='' PGHOSTADDR='' psql -v ON_ERROR_STOP=1 --no-psqlrc --no-password --username "$POSTGRES_USER" \
    --dbname "$POSTGRES_DB" "$@"
}

create_database() {
  [ "$POSTGRES_DB" != postgres ] || return 0
  POSTGRES_DB=postgres docker_process_sql --set "db=$POSTGRES_DB" <<< 'CREATE DATABASE :"db";'
}

run_script() {
  echo "$0: running $1"
  case $1 in
    *.sh) if [ -x "$1" ]; then "$1"; else source "$1"; fi ;;
    *.sql) docker_process_sql -f "$1" ;;
    *.sql.gz) gunzip -c "$1" | docker_process_sql ;;
    *.sql.xz) xzcat "$1" | docker_process_sql ;;
    *.sql.zst) zstd -dc "$1" | docker_process_sql ;;
    *) echo "$0: ignoring $1" ;;
  esac
}

initialise() {
  require_password
  name_unknown_user
  create_cluster "$@"
  export PGPASSWORD=${PGPASSWORD:-$POSTGRES_PASSWORD}
  # Only the Unix socket while scripts run, so that a probe over TCP cannot say ready too early.
  local options
  options=$(printf '%q ' "${@:2}" -c listen_addresses='' -p "${PGPORT:-5432}")
  NOTIFY_SOCKET='' pg_ctl -D "$PGDATA" -o "$options" -w start
  create_database
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    [ ! -e "$file" ] || run_script "$file"
  done
  pg_ctl -D "$PGDATA" -m fast -w stop
  unset PGPASSWORD
  forget_unknown_user
  printf '\nPostgreSQL init process complete; ready for start up.\n\n'
}
