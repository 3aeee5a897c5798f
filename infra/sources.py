"""Where a program's settings come from: Pulumi's configuration, the environment and `.env`."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime.config import CONFIG, is_config_secret

from app import dotenv
from infra import development

TEXTS = frozenset({"prefix"})
"""Keys whose value stays text even where it looks like a number: YAML's `prefix: 12` arrives as 12."""


@dataclass(frozen=True)
class Source:
    """The values by key, without the namespace, and what is wrong before they are even looked at."""

    values: Mapping[str, Any]
    faults: list[str] = field(default_factory=list)


def read(namespace: str) -> Source:
    """Collect every key of the namespace; `pulumi.Config` itself can only be asked for known ones."""
    mark = f"{namespace}:"
    keys = sorted(key for key in CONFIG.get() if key.startswith(mark))
    values = {key.removeprefix(mark): _value(key.removeprefix(mark), CONFIG.get()[key]) for key in keys}
    secret = [key for key in keys if is_config_secret(key)]
    faults = [
        f"`{key}` is a secret, but the passphrase of this stack is published: put the secret into `.env`, "
        "or give the stack a passphrase of its own."
        for key in secret
        if _passphrase() == development.PASSPHRASE
    ]
    return Source(values, faults)


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
