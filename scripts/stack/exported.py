"""A state that was exported elsewhere, made readable here: without its secrets and its passphrase."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scripts.stack.errors import StackError

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - how Pulumi marks one (sdk/go/common/resource/sig)
PLACEHOLDER = "placeholder-of-a-secret"
STANDARD_INPUT = "-"
VERSION = 3
"""Of the form of a deployment (sdk/go/common/apitype)."""


def read(file: str, stack: str) -> dict[str, Any]:
    """Return the deployment that `pulumi stack export` wrote, each secret replaced by a placeholder.

    Raises:
        StackError: it is not there, is no export, or is that of another stack.
    """
    try:
        text = sys.stdin.read() if file == STANDARD_INPUT else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StackError(f"{file} cannot be read ({error}): make it with `pulumi stack export`.") from None
    try:
        deployment = json.loads(text)["deployment"]
        resources = deployment.get("resources") or []
        stacks = {resource["urn"].split("::")[0].removeprefix("urn:pulumi:") for resource in resources}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise StackError(f"{file} is not what `pulumi stack export` writes: make it again.") from None
    if stacks - {stack}:
        raise StackError(
            f"{file} is the state of {', '.join(sorted(stacks))} and not of {stack}: "
            "name its stack with STACK=…."
        )
    return {"manifest": deployment.get("manifest"), "resources": _open(resources)}


def for_import(deployment: Mapping[str, Any], salt: str) -> Mapping[str, Any]:
    """Return what `pulumi stack import` takes into a stack whose passphrase goes with `salt`."""
    provider = {"type": "passphrase", "state": {"salt": salt}}
    return {"version": VERSION, "deployment": {**deployment, "secrets_providers": provider}}


def _open(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET:
            return {SIGNATURE: SECRET, "plaintext": json.dumps(PLACEHOLDER)}
        return {key: _open(item) for key, item in value.items()}
    return [_open(item) for item in value] if isinstance(value, list) else value
