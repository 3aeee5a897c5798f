#!/bin/sh
# Start HAProxy the way the official image does: master-worker mode in the foreground.
# Source: https://hub.docker.com/_/haproxy
set -e
case "${1:-}" in
  -*) set -- haproxy "$@" ;;
esac
if [ "${1:-}" = haproxy ]; then
  shift
  set -- haproxy -W -db "$@"
fi
exec "$@"
