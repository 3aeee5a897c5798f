#!/bin/sh
# Start Redis the way the official image does: flags or a configuration file mean redis-server, root is dropped.
# Source: https://hub.docker.com/_/redis
set -e
case "${1:-}" in
  -* | *.conf) set -- redis-server "$@" ;;
esac
if [ "${1:-}" = redis-server ] && [ "$(id -u)" = 0 ]; then
  find . ! -user redis -exec chown redis {} +
  exec gosu redis "$0" "$@"
fi
# What Redis writes holds users' data: nobody else reads it, unless the operator chose a mask.
if [ "$(umask)" = 0022 ]; then umask 0077; fi
exec "$@"
