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
SOURCE_PATH = "/app/app"
"""Where the image keeps this package; development mounts the checkout's `app/` over it."""

SECRETS_PATH = "/run/secrets"
"""Where every stack mounts its secret files, one file a secret, named in lower case."""

USER_ID = 1000
GROUP_ID = 1000

REDIS_SERVICE = "redis"
POSTGRES_SERVICE = "postgres"
REDIS_PORT = 6379
POSTGRES_PORT = 5432
POSTGRES_USER = "exai"
POSTGRES_DATABASE = "exai"
POSTGRES_DATA_PATH = "/var/lib/postgresql/data"
REDIS_DATA_PATH = "/data"
STORE_USER_ID = 999
"""The user of the official PostgreSQL and Redis images; both run as it from the start, with no root step."""

IMAGES = {
    "python": "python:3.13-slim",
    "postgres": "postgres:17",
    "redis": "redis:8",
    "haproxy": "haproxy:3.0",
}
"""Default images. Each can be replaced by the variable `<NAME>_IMAGE`."""

OBSERVABILITY_IMAGES = {"prometheus": "prom/prometheus:v3.5.0", "grafana": "grafana/grafana:12.0.0"}
"""What the optional observability profile runs; replaced as those above are."""

PROBE_SERVER = ("CMD", "python", "-m", "app.healthcheck")
REDIS_PASSWORD_EXPRESSION = "${REDIS_PASSWORD:-$(cat /run/secrets/redis_password)}"  # noqa: S105 - where it is, not what it is
"""Shell: the password from the environment (compose) or from the secret file (stacks)."""

REDIS_COMMAND = (
    "sh",
    "-c",
    "umask 077; printf 'requirepass %s\\nappendonly yes\\nappendfsync everysec\\ndir /data\\n' "
    f'"{REDIS_PASSWORD_EXPRESSION}" > /tmp/redis.conf; exec redis-server /tmp/redis.conf',
)
"""Through a file, so that the password is on no command line that `ps` or `docker inspect` shows."""

PROBE_REDIS = (
    "CMD-SHELL",
    f'REDISCLI_AUTH="{REDIS_PASSWORD_EXPRESSION}" redis-cli ping | grep -q PONG',
)
"""The word is checked because the client's exit status alone says little."""

PROBE_POSTGRES = ("CMD", "pg_isready", "-h", "127.0.0.1", "-U", POSTGRES_USER, "-d", POSTGRES_DATABASE)
"""Over TCP on purpose: while it initialises, PostgreSQL listens on its Unix socket only."""

PROBE_INTERVAL_SECONDS = 5
PROBE_TIMEOUT_SECONDS = 3
PROBE_START_PERIOD_SECONDS = 30
PROBE_RETRIES = 3

SERVER_CPUS = 1.0
SERVER_MEMORY_MIB = 1024
SERVER_MEMORY_RESERVATION_MIB = 512
SERVER_CPU_RESERVATION = 0.5

LOG_DRIVER = "json-file"
LOG_MAX_SIZE = "10m"
LOG_MAX_FILES = 3

STOP_GRACE_SECONDS = 150
"""Above LAME_DUCK + DRAIN_TIMEOUT of production (5 s + 120 s)."""
