# shellcheck shell=bash disable=SC2034 # the constants are for the scripts that source this
# What the docker and compose scripts look at before they create anything. Sourced by them, never run.

EXIT_UNAVAILABLE=69   # the engine or the port is not to be had (sysexits EX_UNAVAILABLE; the server's own "port in use")
EXIT_CONFIGURATION=78 # the environment file is wrong (sysexits EX_CONFIG; the server's own code for it)
DEFAULT_PORT=8079
SERVER_USER=1000
STAND_IN_LABEL=exai.stand-in

# fail CODE SENTENCE: say why, and end with CODE.
fail() {
  local code=$1
  shift
  printf '%s\n' "$*" >&2
  exit "$code"
}

# show_usage: the comment at the top of the script, to stdout.
show_usage() {
  sed -n '2,/^[^#]/s/^# \{0,1\}//p' "scripts/$(basename "$0")"
}

require_engine() {
  command -v docker > /dev/null \
    || fail "$EXIT_UNAVAILABLE" "docker is not on PATH, so nothing can be built or started: install it as https://docs.docker.com/engine/install/ says."
  local answer
  answer=$(docker version --format '{{.Server.Version}}' 2>&1) && return
  case $answer in
    *"permission denied"*) fail "$EXIT_UNAVAILABLE" "The Docker engine's socket refuses user $(id -un): join the group with \`sudo usermod -aG docker $(id -un)\` and log in again, or use sudo." ;;
    *) fail "$EXIT_UNAVAILABLE" "The Docker engine does not answer (${answer##*$'\n'}): start it, or point DOCKER_HOST at one that runs." ;;
  esac
}

# setting FILE NAME DEFAULT: a real variable beats the file, the file beats the default.
setting() {
  local value=${!2:-}
  if [ -z "$value" ] && [ -r "$1" ]; then value=$(sed -n "s/^$2=//p" "$1" | tail -n 1); fi
  printf '%s' "${value:-$3}"
}

# ca_bundle FILE: the certificates that the build should trust, as a path; nothing if there are none to add.
ca_bundle() {
  local candidate
  for candidate in "$(setting "$1" CA_BUNDLE '')" "$PWD/.exai/ca.crt" /etc/ssl/certs/ca-certificates.crt; do
    if [ -s "$candidate" ]; then printf '%s' "$candidate" && return; fi
  done
}

# base_image NAME VARIABLE FILE: what VARIABLE says, else NAME at the digest of images.lock, else NAME.
# A stand-in that this machine made for NAME has another digest than the official image: then NAME alone.
base_image() {
  local digest
  digest=$(sed -n "s/^\"$1\" = \"\(sha256:[0-9a-f]\{64\}\)\"$/\1/p" images.lock 2> /dev/null || true)
  if [ -n "$digest" ] && [ "$(docker image inspect --format "{{index .Config.Labels \"$STAND_IN_LABEL\"}}" "$1" 2> /dev/null || true)" = true ]; then
    digest=
  fi
  setting "$3" "$2" "$1${digest:+@$digest}"
}

# holder PORT: who listens there, as the end of a sentence.
holder() {
  local name
  name=$(docker ps --filter "publish=$1" --format '{{.Names}}' | head -n 1)
  if [ -n "$name" ]; then printf 'container %s' "$name" && return; fi
  if command -v ss > /dev/null; then
    name=$(ss -Hltnp "sport = :$1" 2> /dev/null | sed -n 's/.*users:(("\([^"]*\)",pid=\([0-9]*\).*/\1 (process \2)/p' | head -n 1)
  elif command -v lsof > /dev/null; then
    name=$(lsof -nP -iTCP:"$1" -sTCP:LISTEN -Fcp 2> /dev/null | sed -n 's/^p//p;s/^c//p' | head -n 2 | paste -sd ' ' -)
  fi
  printf '%s' "${name:-a process of another user}"
}

require_port() {
  { [[ $1 =~ ^[1-9][0-9]{0,4}$ ]] && [ "$1" -le 65535 ]; } \
    || fail "$EXIT_CONFIGURATION" "MCP_PUBLISHED_PORT is '$1', which is not a port: use a whole number from 1 to 65535."
}

require_free_port() {
  if (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null; then
    fail "$EXIT_UNAVAILABLE" "Port $1 of 127.0.0.1 is held by $(holder "$1"), so the server could not be reached there: end it, or set MCP_PUBLISHED_PORT to another port."
  fi
}

# require_own_volume IMAGE VOLUME PATH: the server's user must own what is mounted at PATH.
# Mounted where the server mounts it, so that an empty volume takes its owner from the image first.
require_own_volume() {
  docker volume inspect "$2" > /dev/null 2>&1 || return 0
  local owner
  owner=$(docker run --rm --network none --cap-drop ALL --volume "$2:$3" --entrypoint stat "$1" -c %u "$3")
  [ "$owner" = "$SERVER_USER" ] && return
  fail "$EXIT_CONFIGURATION" "Volume $2 belongs to user $owner and the server runs as user $SERVER_USER, so it could not write: mend it with \`docker run --rm --user 0:0 --volume $2:$3 --entrypoint chown $1 -R $SERVER_USER:$SERVER_USER $3\`."
}

# known_names FILE: every variable that FILE may set, read from the compose files and the example.
known_names() {
  local files=(docker-compose*.yml) more
  IFS=: read -ra more <<< "$(setting "$1" COMPOSE_FILE '')"
  sed -n 's/^#\{0,1\}\([A-Z][A-Z0-9_]*\)=.*/\1/p' .env.docker.example
  # ${NAME...}, and a bare `NAME:` under environment, which compose passes on.
  grep -ohE '\$\{[A-Z][A-Z0-9_]*|^ +[A-Z][A-Z0-9_]*:( *#.*)?$' "${files[@]}" ${more[@]+"${more[@]}"} \
    | sed 's/^\${//; s/^ *//; s/:.*//'
}

# require_env_file FILE READER: every line must mean the same to READER (compose or run) as to its writer; all faults at once.
require_env_file() {
  [ -r "$1" ] || fail "$EXIT_CONFIGURATION" "$1 cannot be read by $(id -un): check its owner and mode, or name another file."
  local faults
  faults=$(awk -v reader="$2" -v file="$1" -f scripts/docker-env-file.awk <(known_names "$1") "$1")
  [ -z "$faults" ] || fail "$EXIT_CONFIGURATION" "$1 has faults, so nothing was started:"$'\n'"$faults"
}

# announce PORT FILE: where the server is, where its token is, and the two lines that connect Claude Code.
announce() {
  local file
  file=$(printf '%q' "$2")
  # Claude Code reads the variable itself, so that the token is on no command line.
  cat << TEXT
Serving MCP on http://127.0.0.1:$1/mcp and ws://127.0.0.1:$1/mcp
Token: AUTH_TOKEN in $2
Claude Code:
  export EXAI_TOKEN="\$(sed -n 's/^AUTH_TOKEN=//p' $file | tail -n 1)"
  claude mcp add-json --scope project exai '{"type":"ws","url":"ws://127.0.0.1:$1/mcp","headers":{"Authorization":"Bearer \${EXAI_TOKEN}"}}'
TEXT
}
