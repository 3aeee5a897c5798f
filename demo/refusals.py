"""The vendors' error answers, by the name a script calls them: status, body and headers as they send them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from functools import partial
from typing import Any

BEIJING = timezone(timedelta(hours=8))
RESET_HOURS = 3
"""How far ahead the demo's used-up windows open again."""


@dataclass
class RefusalError(Exception):
    """An answer in place of an answer; `text` stands where the body is no JSON."""

    status: int
    body: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    text: str | None = None


def kimi(status: int, kind: str, message: str, **headers: str) -> RefusalError:
    """Make an error as Kimi words it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return RefusalError(status, {"error": {"message": message, "type": kind}}, named)


def glm(status: int, code: str, message: str) -> RefusalError:
    """Make an error as GLM words it."""
    return RefusalError(status, {"error": {"code": code, "message": message}})


def _reset() -> str:
    moment = datetime.now(UTC) + timedelta(hours=RESET_HOURS)
    return moment.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def named(name: str) -> RefusalError | None:
    """Return the error answer of this name; None when the name is none of an error answer."""
    make = _TABLE.get(name)
    return make() if make else None


def _window(code: str) -> RefusalError:
    return glm(429, code, f"Usage limit reached for 5 hour. Your limit will reset at {_reset()}")


_GLM_ROWS = (
    ("1000", 401, "Authentication Failed"),
    ("1001", 401, "Authentication parameter not received in Header"),
    ("1002", 401, "Invalid Authentication Token"),
    ("1003", 401, "Authentication Token expired"),
    ("1004", 401, "Authentication failed with the provided Authentication Token"),
    ("1110", 429, "Your account is currently inactive"),
    ("1111", 429, "Your account does not exist"),
    ("1112", 429, "Your account has been locked"),
    ("1113", 429, "Insufficient balance or no resource package. Please recharge."),
    ("1121", 429, "Account has irregular activities and has been locked"),
    ("1309", 429, "Your GLM Coding Plan has expired"),
    ("1210", 400, "Incorrect API call parameters, please check the documentation"),
    ("1211", 400, "Model does not exist, please check the model code"),
    ("1212", 400, "Current model does not support SYNC call method"),
    ("1213", 400, "messages parameter not received properly"),
    ("1214", 400, "Invalid messages parameter. Please check the documentation"),
    ("1215", 400, "a and b cannot be set simultaneously"),
    ("1261", 400, "Prompt exceeds max length"),
    ("1301", 400, "System detected potentially unsafe or sensitive content in input or generation"),
    ("1302", 429, "High concurrency usage of this API, please reduce concurrency"),
    ("1303", 429, "High frequency usage of this API, please reduce frequency"),
    ("1305", 429, "The API has triggered a rate limit"),
    ("1311", 429, "Your plan does not include this model"),
    ("1313", 429, "Fair use policy: your account is restricted"),
    ("1230", 500, "API call process error"),
    ("1234", 500, "Network error, error id: 1, please contact customer service"),
    ("500", 500, "Internal Error"),
)
_GLM_WINDOWS = ("1308", "1310", "1316", "1317", "1318", "1319", "1320", "1321")
_BUSY = "The engine is currently overloaded, please try again later"
_TABLE: dict[str, Callable[[], RefusalError]] = {
    # Kimi
    "kimi-400-content-filter": lambda: kimi(
        400, "content_filter", "The request was rejected because it was considered high risk"
    ),
    "kimi-400-invalid": lambda: kimi(
        400, "invalid_request_error", "Invalid request: unknown field frobnicate"
    ),
    "kimi-400-too-long": lambda: kimi(400, "invalid_request_error", "Input token length too long"),
    "kimi-400-limit": lambda: kimi(
        400,
        "invalid_request_error",
        "Invalid request: Your request exceeded model token limit: 262144 (requested: 300000)",
    ),
    "kimi-401-authentication": lambda: kimi(401, "invalid_authentication_error", "Invalid Authentication"),
    "kimi-401-key": lambda: kimi(401, "incorrect_api_key_error", "Incorrect API key provided"),
    "kimi-403-permission": lambda: kimi(
        403, "permission_denied_error", "The API you are accessing is not open"
    ),
    "kimi-403-coding": lambda: kimi(
        403, "access_terminated_error", "Kimi For Coding is currently only available for Coding Agents"
    ),
    "kimi-404-model": lambda: kimi(
        404, "resource_not_found_error", "Not found the model or Permission denied"
    ),
    "kimi-429-rate": lambda: kimi(
        429,
        "rate_limit_reached_error",
        "Your account org-1<ak-1> request reached max organization concurrency: 1, "
        "please try again after 1 seconds",
    ),
    "kimi-429-retry-after": lambda: kimi(
        429, "rate_limit_reached_error", "Organization Rate limit exceeded", Retry_After="2"
    ),
    "kimi-429-retry-date": lambda: kimi(
        429,
        "rate_limit_reached_error",
        "Organization Rate limit exceeded",
        Retry_After=format_datetime(datetime.now(UTC) + timedelta(seconds=5), usegmt=True),
    ),
    "kimi-429-overloaded": lambda: kimi(429, "engine_overloaded_error", _BUSY),
    "kimi-429-quota": lambda: kimi(
        429,
        "exceeded_current_quota_error",
        "Your account is suspended due to insufficient balance, please recharge your account",
    ),
    "kimi-500-server": lambda: kimi(500, "server_error", "Internal error"),
    "kimi-500-output": lambda: kimi(500, "unexpected_output", "Invalid state transition"),
    "kimi-503": lambda: kimi(503, "server_unavailable", "Service unavailable"),
    # GLM
    **{f"glm-{code}": partial(glm, status, code, message) for code, status, message in _GLM_ROWS},
    **{f"glm-{code}": partial(_window, code) for code in _GLM_WINDOWS},
    "glm-1308-chinese": lambda: glm(429, "1308", f"已达到 5 小时的使用上限。您的限额将在 {_reset()} 重置。"),
    "glm-1210-tokens": lambda: glm(400, "1210", "tokens in request more than max tokens allowed"),
    "glm-bare": lambda: RefusalError(429, {"code": "1302", "message": "High concurrency usage of this API"}),
    "glm-200-error": lambda: RefusalError(
        200, {"code": 500, "msg": "404 NOT_FOUND", "message": "", "success": False}
    ),
    # either
    "500": lambda: RefusalError(500, {"error": {"message": "Internal error"}}),
    "502-html": lambda: RefusalError(
        502, text="<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
    ),
    "504": lambda: RefusalError(504, text="upstream request timeout"),
    "404-html": lambda: RefusalError(404, text="<html><body>Not Found</body></html>"),
    "429-bare": lambda: RefusalError(429, text="Too Many Requests"),
}
NAMES = tuple(_TABLE)
