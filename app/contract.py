"""The facts that code, compose, Pulumi, Dockerfile and docs share, written once.

Nothing but constants, and no import: the container probe, the Pulumi program and the tests read it too.
`tests/test_parity.py` compares every other file with it.
"""

NAME = "exai-mcp-server"
"""The image, the container, the compose service and the distribution."""

PORT = 8079
"""The port inside the container, and the default published one."""

MCP_PATH = "/mcp"
"""Where every transport of MCP is served; WebSocket also answers at `/`."""

FILES_PATH = "/files"
"""Where files are uploaded: POST, with the token."""

HEALTH_PATH = "/health"
"""503 `starting` until the strict start check has passed once, then 200 while the process is alive."""

LIVENESS_PATH = "/livez"
"""200 while the event loop turns; asks nothing of any dependency."""

READINESS_PATH = "/readyz"
"""200 when a call would be answered now; 503 while draining or while the store is away."""

METRICS_PATH = "/metrics"
"""What was counted, for Prometheus; needs a token."""

STATUS_PATH = "/status"
"""The page for people, and everything it loads and asks for, below it; its key is a cookie."""

DATA_PATH = "/app/data"
LOG_PATH = "/app/logs"
CONFIG_PATH = "/app/config"
AUTHORITIES = "ca.crt"
"""In CONFIG_PATH: whom the server of a stack trusts, where that is not the public authorities."""
PROXY_VARIABLES = ("HTTPS_PROXY", "NO_PROXY")
"""Of the server's environment; whoever calls the vendors reads them itself."""
SOURCE_PATH = "/app/app"
"""Where the image keeps this package; development mounts the checkout's `app/` over it."""

SECRETS_PATH = "/run/secrets"
"""Where every stack mounts its secret files, one file a secret, named in lower case."""

USER_ID = 1000
GROUP_ID = 1000

SERVER_COMMAND = ("python", "-m", "app")
"""What the production image runs; said again where an engine needs a wrapper around it."""

REDIS_SERVICE = "redis"
POSTGRES_SERVICE = "postgres"
REDIS_PORT = 6379
REDIS_USER = "exai"
"""The login that a stack gives its server; compose uses Redis's own `default`."""

POSTGRES_PORT = 5432
POSTGRES_COMMAND = ("postgres",)
POSTGRES_USER = "exai"
POSTGRES_DATABASE = "exai"
POSTGRES_DATA_PATH = "/var/lib/postgresql/data"
REDIS_DATA_PATH = "/data"
STORE_USER_ID = 999
"""The user of the official PostgreSQL and Redis images; both run as it from the start, with no root step."""

NOBODYS_PASSWORD = "/proc/sys/kernel/random/uuid"  # noqa: S105 - where it is, not what it is
"""Linux makes another one at each reading (random(4)): a store that takes its own password from here has one
that nobody knows, and gets its logins from outside."""

EDGE_SERVICE = "edge"
"""HAProxy: TLS and HTTP; as many as one likes, replaced without a gap."""

DOOR_SERVICE = "door"
"""HAProxy: holds the published port and passes connections on unread; replaced only when it must be."""

EDGE_PORT = 8443
EDGE_STATUS_PORT = 8404
"""Where an HAProxy of ours says that it is alive, and how it sees those behind it."""

EDGE_ALIVE_PATH = "/alive"
EDGE_USER_ID = 99
"""The user of the official HAProxy image."""

EDGE_CONFIG_PATH = "/usr/local/etc/haproxy"
EDGE_CONFIG_FILE = f"{EDGE_CONFIG_PATH}/haproxy.cfg"
EDGE_COMMAND = ("haproxy", "-f", EDGE_CONFIG_FILE)
ENTRYPOINT = ("docker-entrypoint.sh",)
"""Of the official Redis, PostgreSQL and HAProxy images."""

IMAGES = {
    "python": "python:3.13-slim",
    "postgres": "postgres:17",
    "redis": "redis:8",
    "haproxy": "haproxy:3.0",
}
"""Default images. Each can be replaced by the variable `<NAME>_IMAGE`."""

OBSERVABILITY_IMAGES = {"prometheus": "prom/prometheus:v3.5.0", "grafana": "grafana/grafana:12.0.0"}
"""What the optional observability profile runs; replaced as those above are."""

PROMETHEUS_SERVICE = "prometheus"
PROMETHEUS_PORT = 9090
PROMETHEUS_USER_ID = 65534
"""Nobody, as the official image has it."""

PROMETHEUS_CONFIG_PATH = "/etc/prometheus"
"""Configuration and rules in one folder, which a volume can be mounted at."""

PROMETHEUS_DATA_PATH = "/prometheus"
PROMETHEUS_COMMAND = (
    "prometheus",
    f"--config.file={PROMETHEUS_CONFIG_PATH}/prometheus.yml",
    f"--storage.tsdb.path={PROMETHEUS_DATA_PATH}",
    "--storage.tsdb.retention.time=15d",
    "--storage.tsdb.retention.size=1GB",
)
METRICS_TOKEN = "metrics_token"  # noqa: S105 - the name of its file
"""The file in SECRETS_PATH with which Prometheus asks for metrics."""

GRAFANA_SERVICE = "grafana"
GRAFANA_PORT = 3000
"""The port inside the container, and the default published one, which is on the loopback address only."""

GRAFANA_USER_ID = 472
"""Of the official image."""

GRAFANA_CONFIG_PATH = "/etc/grafana"
GRAFANA_DATA_PATH = "/var/lib/grafana"

PROBE_SERVER = ("CMD", "python", "-m", "app.healthcheck")
REDIS_PASSWORD_PATH = "/tmp/password"  # noqa: S105, S108 - a path in the container; where it is, not what it is
REDIS_USERS_PATH = f"{REDIS_DATA_PATH}/users.acl"
REDIS_COMMAND = (
    "sh",
    "-c",
    f'umask 077; printf %s "${{REDIS_PASSWORD:-$(cat {NOBODYS_PASSWORD})}}" > {REDIS_PASSWORD_PATH}; '
    f"{{ printf 'user default on ~* &* +@all >%s\\n' \"$(cat {REDIS_PASSWORD_PATH})\"; "
    f"grep -s '^user {REDIS_USER} ' {REDIS_USERS_PATH}; }} > {REDIS_USERS_PATH}.new; "
    f"mv {REDIS_USERS_PATH}.new {REDIS_USERS_PATH}; exec redis-server --dir {REDIS_DATA_PATH} "
    f"--appendonly yes --appendfsync everysec --aclfile {REDIS_USERS_PATH}",
)
"""Redis's own user gets REDIS_PASSWORD (compose) or one that nobody knows (stacks); a login that a stack has
given is kept. Through files, so that no password is on a command line that `ps` or `docker inspect` shows."""

PROBE_REDIS = (
    "CMD-SHELL",
    f'REDISCLI_AUTH="$(cat {REDIS_PASSWORD_PATH})" redis-cli ping | grep -q PONG',
)
"""The word is checked because the client's exit status alone says little."""

PROBE_POSTGRES = ("CMD", "pg_isready", "-h", "127.0.0.1", "-U", POSTGRES_USER, "-d", POSTGRES_DATABASE)
"""Over TCP on purpose: while it initialises, PostgreSQL listens on its Unix socket only."""

PROBE_EDGE = (
    "CMD",
    "bash",
    "-c",
    f"exec 3<>/dev/tcp/127.0.0.1/{EDGE_STATUS_PORT} "
    f"&& printf 'GET {EDGE_ALIVE_PATH} HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q '^HTTP/1.[01] 200' <&3",
)
"""By the shell itself: the image has no HTTP client."""

PROBE_PROMETHEUS = ("CMD", "wget", "-q", "-O", "/dev/null", f"http://127.0.0.1:{PROMETHEUS_PORT}/-/ready")
PROBE_GRAFANA = ("CMD", "wget", "-q", "-O", "/dev/null", f"http://127.0.0.1:{GRAFANA_PORT}/api/health")

PROBE_INTERVAL_SECONDS = 5
PROBE_TIMEOUT_SECONDS = 3
PROBE_START_PERIOD_SECONDS = 30
PROBE_RETRIES = 3
SERVICE_PROBE_RETRIES = 6
"""On Swarm, which ends what is unhealthy where a plain engine only says so: a machine that is short of breath
for some seconds must not lose its servers for it."""

SERVER_PROCESSES = 256
SERVER_CPUS = 1.0
SERVER_MEMORY_MIB = 1024
SERVER_MEMORY_RESERVATION_MIB = 512
SERVER_CPU_RESERVATION = 0.5

LOG_DRIVER = "json-file"
LOG_MAX_SIZE = "10m"
LOG_MAX_FILES = 3

LAME_DUCK_SECONDS = 5
"""Production's: a server that was told to stop still takes work; by its end a balancer must have noticed."""

STOP_GRACE_SECONDS = 150
"""Above LAME_DUCK + DRAIN_TIMEOUT of production (5 s + 120 s)."""
