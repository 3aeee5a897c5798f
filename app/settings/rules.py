"""What must be true of several variables together; each rule adds whole sentences to the faults."""

import base64
import binascii
import importlib.util
import json
from collections.abc import Collection, Mapping
from typing import Any

TRACING_PACKAGE = "opentelemetry"
"""What the extra `otel` installs."""

SECRET_MINIMUM = 16
"""Characters; below that a token can be guessed online within weeks."""


def choose_store(values: Mapping[str, Any], faults: list[str], *, unread: set[str]) -> str:
    """Resolve STORE=auto, and say what the chosen store lacks.

    `unread` names variables that were set but already have a fault of their own.
    """
    wanted: str = values["STORE"]
    postgres = values.get("DATABASE_URL") or "DATABASE_URL" in unread
    supabase = values.get("SUPABASE_URL") or "SUPABASE_URL" in unread
    if wanted == "auto":
        if postgres and supabase:
            faults.append(
                "DATABASE_URL and SUPABASE_URL are both set, and STORE=auto cannot tell which is meant: "
                "set STORE to postgres or supabase."
            )
        wanted = "postgres" if postgres else "supabase" if supabase else "sqlite"
    if wanted == "postgres" and not postgres:
        faults.append(
            "STORE is postgres, which needs DATABASE_URL: set it to postgresql://user:password@host/name."
        )
    if wanted == "supabase" and not unread & {"SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY"}:
        _require_supabase(values, faults)
    return wanted


def _require_supabase(values: Mapping[str, Any], faults: list[str]) -> None:
    if not values.get("SUPABASE_URL"):
        faults.append("STORE is supabase, which needs SUPABASE_URL: set it to https://PROJECT.supabase.co.")
    key = values.get("SUPABASE_SERVICE_ROLE_KEY")
    if not key:
        faults.append(
            "The Supabase store needs SUPABASE_SERVICE_ROLE_KEY (SUPABASE_KEY is not enough): "
            "take the secret key from the project's API settings."
        )
    elif not is_service_key(key.reveal()):
        faults.append(
            "SUPABASE_SERVICE_ROLE_KEY holds an anon or publishable key, with which row-level security "
            "hides every row: set the service_role or sb_secret_ key."
        )


def is_service_key(key: str) -> bool:
    """Tell a Supabase service key from an anon or publishable one, by prefix or by the JWT's `role` claim.

    A key of neither form is taken for a service key: a self-hosted gateway may use its own.
    """
    if key.startswith("sb_publishable_"):
        return False
    parts = key.split(".")
    if len(parts) != 3:  # a JWT has three parts (RFC 7519 §3)
        return True
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return True
    return not isinstance(claims, dict) or claims.get("role", "service_role") == "service_role"


def check_timings(values: dict[str, Any], faults: list[str], *, given: Collection[str]) -> None:
    """Refuse times that contradict each other; a DETACH_AFTER nobody gave follows a shorter CALL_TIMEOUT."""
    if "DETACH_AFTER" not in given:
        values["DETACH_AFTER"] = min(values["DETACH_AFTER"], values["CALL_TIMEOUT"])
    detach, timeout = values["DETACH_AFTER"], values["CALL_TIMEOUT"]
    faults.extend(
        f"{name} is 0, with which no call could be answered: set it above 0."
        for name in ("CALL_TIMEOUT", "DETACH_AFTER")
        if values[name] <= 0 and name in given
    )
    if detach > timeout > 0:
        faults.append(
            f"DETACH_AFTER ({detach:g} s) is above CALL_TIMEOUT ({timeout:g} s), so no call could be "
            "detached: lower the one or raise the other."
        )


def check_production(values: Mapping[str, Any], faults: list[str], *, unread: set[str]) -> None:
    """Production generates nothing: its secrets are given, the same to all replicas.

    `unread` names secrets that were set but already have a fault of their own.
    """
    if values["ENVIRONMENT"] != "production":
        return
    for name in ("AUTH_TOKEN", "STATE_KEY"):
        secret = values.get(name)
        if secret is None and name not in unread:
            faults.append(
                f"{name} is not set, and production generates none: set {name} or {name}_FILE "
                "(`openssl rand -hex 32` makes one)."
            )
        elif secret is not None and len(secret.reveal()) < SECRET_MINIMUM:
            faults.append(
                f"{name} is shorter than {SECRET_MINIMUM} characters and can be guessed: "
                "replace it (`openssl rand -hex 32` makes one)."
            )


def check_tracing(values: dict[str, Any], warnings: list[str]) -> None:
    """Do without traces where OpenTelemetry is not installed.

    No fault: the variable is often set for a whole cluster, and no call needs a trace.
    """
    if values["OTEL_EXPORTER_OTLP_ENDPOINT"] and importlib.util.find_spec(TRACING_PACKAGE) is None:
        values["OTEL_EXPORTER_OTLP_ENDPOINT"] = None
        warnings.append(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry is not installed, so no traces are sent: "
            "install exai-mcp-server[otel], or build the image with EXTRAS=otel."
        )
