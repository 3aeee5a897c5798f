"""Every variable the server reads: name, default, meaning and parser, as one table.

The docs are compared with it, the record in `app.settings.record` has one field per row (the name in lower
case), and near-misses of these names in the environment are warned of.
"""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from app import contract
from app.providers import catalog
from app.settings import parsing


class Variable(Struct, frozen=True):
    """One row: `default` is the text a user would write, None when there is none.

    `production` is the default where it differs in production. A secret may also come from the file that
    `<name>_FILE` names.
    """

    name: str
    help: str
    parse: Callable[[str], Any]
    default: str | None = None
    production: str | None = None
    secret: bool = False

    @property
    def field(self) -> str:
        """The field of the settings record that holds the value."""
        return self.name.lower()

    @property
    def file_name(self) -> str:
        """The variable that names a file with the value; of use for secrets only."""
        return f"{self.name}_FILE"

    def fault(self, text: str) -> str | None:
        """Return the sentence about a text that cannot be its value, else None; a secret is not repeated."""
        try:
            self.parse(text)
        except ValueError as error:
            shown = "set to a value" if self.secret else f"{text!r},"
            return f"{self.name} is {shown} {error}."
        return None


_SUPABASE_KEYS = "the API settings of the Supabase project"

VARIABLES: tuple[Variable, ...] = (
    Variable(
        "ENVIRONMENT",
        "development, or production, which refuses to start without AUTH_TOKEN and STATE_KEY "
        "or with secret files that others may read",
        parsing.choice("development", "production"),
        default="development",
    ),
    Variable(
        "LOG_LEVEL", "DEBUG, INFO, WARNING or ERROR", parsing.choice(*parsing.LOG_LEVELS, upper=True), "INFO"
    ),
    Variable("WS_HOST", "address to listen on (the image sets 0.0.0.0)", parsing.text, "127.0.0.1"),
    Variable("WS_PORT", "port to listen on; 0 takes a free one", parsing.port, str(contract.PORT)),
    Variable(
        "AUTH_TOKEN",
        "bearer token of the client named `default`; development generates it into DATA_DIR/token",
        parsing.token,
        secret=True,
    ),
    Variable(
        "STATE_KEY",
        "seals session ids and request state, the same on all replicas; development generates it into "
        "DATA_DIR/state_key",
        parsing.token,
        secret=True,
    ),
    Variable(
        "STATE_KEY_PREVIOUS",
        "the key before the present one: still opens what it sealed while keys are changed",
        parsing.token,
        secret=True,
    ),
    Variable("PUBLIC_URL", "the URL clients use, when it is not this address", parsing.url("https", "http")),
    Variable(
        "ALLOWED_HOSTS",
        "Host headers accepted, comma-separated, exact; unset: loopback on any port, PUBLIC_URL's host",
        parsing.hosts,
        "",
    ),
    Variable(
        "ALLOWED_ORIGINS",
        "Origin headers accepted, comma-separated, exact; unset: loopback on any port, PUBLIC_URL's",
        parsing.origins,
        "",
    ),
    Variable(
        "TRUSTED_PROXIES",
        "addresses or networks of proxies whose X-Forwarded-For is believed; unset: none",
        parsing.networks,
        "",
    ),
    Variable(
        "KIMI_API_KEY", "key of the Moonshot platform", parsing.copied(catalog.KIMI.keys_at), secret=True
    ),
    Variable("KIMI_BASE_URL", "Moonshot's API", parsing.url("https", "http"), default=catalog.KIMI.url),
    Variable("GLM_API_KEY", "key of the Z.ai platform", parsing.copied(catalog.GLM.keys_at), secret=True),
    Variable("GLM_BASE_URL", "Z.ai's API", parsing.url("https", "http"), default=catalog.GLM.url),
    Variable(
        "STORE",
        "auto, sqlite, postgres or supabase; auto takes the one that is configured, SQLite if none is",
        parsing.choice("auto", "sqlite", "postgres", "supabase"),
        "auto",
    ),
    Variable("DATABASE_URL", "PostgreSQL", parsing.url("postgresql", "postgres"), secret=True),
    Variable("SUPABASE_URL", "URL of the Supabase project", parsing.url("https", "http")),
    Variable(
        "SUPABASE_SERVICE_ROLE_KEY",
        "the secret (service_role or sb_secret_) key, which the Supabase store needs",
        parsing.copied(_SUPABASE_KEYS),
        secret=True,
    ),
    Variable(
        "SUPABASE_KEY",
        "the anon or publishable key, used for a reachability check only",
        parsing.copied(_SUPABASE_KEYS),
        secret=True,
    ),
    Variable(
        "REDIS_URL",
        "state shared by replicas; unset: kept in this process",
        parsing.url("redis", "rediss", "unix"),
        secret=True,
    ),
    Variable("DATA_DIR", "SQLite, the generated token and key", parsing.path, "./data"),
    Variable("LOG_DIR", "folder for a rotated log file a replica; unset: stderr only", parsing.path),
    Variable("CONFIG_DIR", "folder of server.toml and models.toml", parsing.path, "./config"),
    Variable("MAX_MESSAGE_BYTES", "largest message accepted", parsing.size, "4MiB"),
    Variable("CALL_TIMEOUT", "longest time a tool call may run", parsing.duration, "600s"),
    Variable(
        "DETACH_AFTER", "a call that outlives this is answered with a job to collect", parsing.duration, "50s"
    ),
    Variable(
        "LAME_DUCK",
        "after SIGTERM, how long new work is still taken while /readyz already says 503",
        parsing.duration,
        "0s",
        production="5s",
    ),
    Variable(
        "DRAIN_TIMEOUT", "after that, how long running calls may take to finish", parsing.duration, "120s"
    ),
    Variable("RETENTION_DAYS", "days that threads and jobs are kept", parsing.days, "90"),
    Variable(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "where traces are sent by OTLP over HTTP, for instance http://collector:4318; unset: no traces",
        parsing.url("https", "http"),
    ),
    Variable(
        "OTEL_EXPORTER_OTLP_HEADERS",
        "headers sent with them, name=value, comma-separated; where a collector wants a key",
        parsing.pairs,
        secret=True,
    ),
    Variable("OTEL_SERVICE_NAME", "what traces call this server", parsing.text, contract.NAME),
)

_SIGNALS = ("TRACES", "METRICS", "LOGS")
NEIGHBOURS = frozenset(
    {"MCP_PUBLISHED_PORT", "SUPABASE_DB_URL", "SUPABASE_ANON_KEY", "REDIS_TLS_URL"}
    | {f"OTEL_EXPORTER_OTLP_{signal}_{what}" for signal in _SIGNALS for what in ("ENDPOINT", "HEADERS")}
)
"""Names of other programs that look like ours; never complained about."""
