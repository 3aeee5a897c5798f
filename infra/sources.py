"""Where a program's settings come from: Pulumi's configuration, the environment and `.env`."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime.config import CONFIG, is_config_secret
from pydantic.alias_generators import to_camel

from app import contract, dotenv
from app.settings.secret import Secret
from app.settings.variables import VARIABLES
from infra import development

TEXTS = frozenset({"prefix"})
"""Keys whose value stays text even where it looks like a number: YAML's `prefix: 12` arrives as 12."""

OF_THE_STACK = {
    "postgres_password": "of the PostgreSQL that the stack runs",
    "redis_password": "of the Redis that the stack runs",
    "tls_certificate": "the edge's certificate and those between it and the authority, as PEM",
    "tls_key": "its private key, as PEM",
    contract.METRICS_TOKEN: "of a client, for Prometheus to ask for metrics with; unset: `authToken`",
}
"""Secrets that the server does not know, and what each is."""
OF_THE_SERVER = tuple(variable.field for variable in VARIABLES if variable.secret)
SECRETS = {to_camel(name): name for name in (*OF_THE_SERVER, *OF_THE_STACK)}
"""The keys that hold secrets, and the names of the files that they become."""

PLACEHOLDER = "placeholder-of-a-secret"
"""Stands in a plan for a secret that only the holder of the passphrase can read."""


@dataclass(frozen=True)
class Source:
    """The values by key, without the namespace, and what is wrong before they are even looked at.

    `secrets` are apart, by the names of their files, so that no record of the settings can show one.
    """

    values: Mapping[str, Any]
    secrets: Mapping[str, Secret]
    faults: list[str] = field(default_factory=list)


def read(namespace: str) -> Source:
    """Collect every key of the namespace; `pulumi.Config` itself can only be asked for known ones."""
    mark = f"{namespace}:"
    texts = {key.removeprefix(mark): text for key, text in CONFIG.get().items() if key.startswith(mark)}
    return Source(
        {key: _value(key, text) for key, text in sorted(texts.items()) if key not in SECRETS},
        {SECRETS[key]: Secret(text) for key, text in texts.items() if key in SECRETS},
        [fault for key in sorted(texts) if (fault := _misplaced(f"{mark}{key}", texts[key], key))],
    )


def variable(name: str, root: Path) -> str | None:
    """Return a variable of the environment, else of the checkout's `.env`, else None; empty counts as unset.

    Raises:
        pulumi.RunError: `.env` needs mending; every fault is named.
    """
    if text := os.environ.get(name):
        return text
    found = dotenv.read(root / ".env")
    if found.faults:
        raise pulumi.RunError("\n".join(found.faults))
    return found.values.get(name) or None


def _misplaced(full: str, text: str, key: str) -> str | None:
    """Return the sentence about a secret that the file does not keep; None if there is nothing to say."""
    if is_config_secret(full):
        if _passphrase() != development.PASSPHRASE:
            return None
        return (
            f"`{full}` is a secret, but the passphrase of this stack is published: put the secret into "
            "`.env`, or give the stack a passphrase of its own."
        )
    if key in SECRETS and text != PLACEHOLDER:
        return f"`{full}` is in plain text in the stack file: set it again with `pulumi config set --secret`."
    return None


def _value(key: str, text: str) -> Any:
    """Give a scalar or object back its type: Pulumi hands every value over as text."""
    if key in TEXTS:
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _passphrase() -> str | None:
    """What Pulumi encrypts this stack with, as far as the environment tells."""
    file = os.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    if file and Path(file).is_file():
        return Path(file).read_text(encoding="utf-8").strip()
    return os.environ.get("PULUMI_CONFIG_PASSPHRASE")
