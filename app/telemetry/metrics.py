"""Every metric this server has: name, kind, labels and meaning, written once.

Those that OpenTelemetry has a name for bear it, in Prometheus' spelling (dots become underscores, the unit is
appended); the conventions for MCP and generative AI are still marked as in development, so they are pinned
here. Source: open-telemetry/semantic-conventions-genai, docs/mcp and docs/gen-ai, as of November 2026.
Labels are bounded: methods, tools, models, vendors, kinds. Never a principal, a session, a thread or a job.
"""

from enum import StrEnum

from msgspec import Struct

SECONDS_OF_OPERATIONS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)
"""The conventions' own boundaries for mcp.server.operation.duration."""
SECONDS_OF_MODELS = (0.1, 0.5, 1, 2, 5, 10, 20, 40, 80, 120, 300, 600)
"""The conventions' end at 81.92 s; models that think take longer."""
SECONDS_OF_CHUNKS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160)
SECONDS_OF_STORES = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)
TOKENS = tuple(4**power for power in range(14))
"""1 to 67,108,864, each four times the last: the conventions' boundaries for gen_ai.client.token.usage."""


class Kind(StrEnum):
    """How Prometheus understands the values."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Metric(Struct, frozen=True):
    """One metric; a counter's `name` has no `_total`, which its samples get."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str
    bounds: tuple[float, ...] = ()


def _counter(name: str, help_: str, *labels: str) -> Metric:
    return Metric(name, Kind.COUNTER, labels, help_)


def _gauge(name: str, help_: str, *labels: str) -> Metric:
    return Metric(name, Kind.GAUGE, labels, help_)


def _histogram(name: str, bounds: tuple[float, ...], help_: str, *labels: str) -> Metric:
    return Metric(name, Kind.HISTOGRAM, labels, help_, bounds)


_MODEL = ("gen_ai_provider_name", "gen_ai_request_model")

OPERATIONS = _histogram(
    "mcp_server_operation_duration_seconds",
    SECONDS_OF_OPERATIONS,
    "time from taking an MCP request to having its result; error_type is a JSON-RPC code, tool_error, "
    "cancelled or empty",
    "mcp_method_name",
    "gen_ai_tool_name",
    "error_type",
)
MODEL_CALLS = _histogram(
    "gen_ai_client_operation_duration_seconds",
    SECONDS_OF_MODELS,
    "time of one vendor call, waiting and retries included; error_type is a kind of error, stopped or empty",
    *_MODEL,
    "error_type",
)
FIRST_CHUNKS = _histogram(
    "gen_ai_client_operation_time_to_first_chunk_seconds",
    SECONDS_OF_CHUNKS,
    "time until the first piece of an answer or its reasoning",
    *_MODEL,
)
TOKEN_USAGE = _histogram(
    "gen_ai_client_token_usage",
    TOKENS,
    "tokens of one vendor call; gen_ai_token_type is input or output",
    *_MODEL,
    "gen_ai_token_type",
)
CACHED_TOKENS = _counter("exai_vendor_cached_tokens", "input tokens the vendor found in its cache", *_MODEL)
COST = _counter("exai_vendor_cost_usd", "what vendor calls cost, as it was booked", *_MODEL)
RETRIES = _counter("exai_vendor_retries", "further attempts within one vendor call", *_MODEL)
QUEUE_WAIT = _histogram(
    "exai_vendor_queue_wait_seconds", SECONDS_OF_CHUNKS, "how long a call waited for its place", *_MODEL
)
FAILOVERS = _counter(
    "exai_vendor_failovers",
    "calls that another model took over; reason is the kind of error of the first",
    *_MODEL,
    "reason",
)
IN_FLIGHT = _gauge("exai_vendor_calls_in_flight", "vendor calls under way, over all replicas", *_MODEL)
BREAKER = _gauge("exai_vendor_breaker_open", "1 while a model is left alone because it failed", *_MODEL)

JOBS_RUNNING = _gauge("exai_jobs_running", "jobs this replica runs now")
JOBS_ENDED = _counter("exai_jobs_ended", "jobs that ended, by tool and how", "gen_ai_tool_name", "status")
BUDGET_LIMIT = _gauge("exai_budget_limit_usd", "the budgets of all clients for this UTC day, added up")
BUDGET_USED = _gauge("exai_budget_used_usd", "what they have spent and hold this UTC day, added up")
BUDGET_LEAST_LEFT = _gauge(
    "exai_budget_least_left_ratio", "what is left to the client closest to its end, 0 to 1"
)

CONNECTIONS = _gauge("exai_connections", "requests and WebSockets being served")
WEBSOCKETS = _gauge("exai_websockets", "WebSockets that are open")
SESSIONS = _gauge("exai_sessions", "HTTP sessions this replica has at hand")
CALLS = _gauge("exai_calls_in_flight", "MCP requests being served")
REFUSED = _counter("exai_requests_refused", "requests refused before MCP, by HTTP status", "status")
REJECTED = _counter(
    "exai_messages_rejected", "MCP messages answered with an error at once, by code", "error_type"
)
RATE_LIMITED = _counter(
    "exai_rate_limit_rejections", "tool calls refused because their client's rate was used up"
)

READY = _gauge("exai_ready", "1 while a call would be answered")
DRAINING = _gauge("exai_draining", "1 since the server was asked to stop")
DEPENDENCY = _gauge("exai_dependency_up", "1 while it answers", "dependency", "kind")
STORE = _histogram(
    "exai_store_operation_duration_seconds",
    SECONDS_OF_STORES,
    "time of one store operation; error_type is the error's name or empty",
    "operation",
    "error_type",
)
SHARED = _histogram(
    "exai_shared_operation_duration_seconds",
    SECONDS_OF_STORES,
    "time of one operation of the shared state in Redis; error_type is the error's name or empty",
    "operation",
    "error_type",
)
SHARED_AWAY = _gauge("exai_shared_state_away", "1 while Redis is away and this replica works by itself")
CERTIFICATE = _gauge(
    "exai_tls_certificate_expiry_timestamp_seconds",
    "when the certificate of PUBLIC_URL ends; absent without TLS",
)
BUILD = _gauge("exai_build_info", "always 1", "version", "python", "environment", "store", "shared")
READING_ERRORS = _counter(
    "exai_reading_errors", "groups of metrics that were left out because they could not be read", "reading"
)

METRICS: tuple[Metric, ...] = tuple(found for found in list(globals().values()) if isinstance(found, Metric))
"""All of them, in the order of this page."""
