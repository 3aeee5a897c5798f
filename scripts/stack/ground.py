"""What is found wrong before Pulumi starts: the settings, `.env`, the engine, the names, the port."""

import json
import sys
from typing import Any

import pulumi
from pulumi.runtime import set_all_config

from app import dotenv
from app.contract import NAME
from infra.preflight import survey
from infra.settings import Settings
from infra.sources import PLACEHOLDER, SECRETS
from scripts.stack.errors import StackError
from scripts.stack.session import Session

ENCRYPTED = {"secure"}
"""The one key of a mapping that stands for a secret."""


def look(session: Session) -> Settings:
    """Look at everything an update stands on and return the settings; a bare `pulumi up` looks as well.

    Raises:
        StackError: something is wrong; nothing was changed.
    """
    settings = judge(session, planning=False)
    _dotenv(session)
    # Asking for the CLI settles which engine is meant.
    _ = session.pulumi
    try:
        survey(session.site, settings)
    except pulumi.RunError as fault:
        raise StackError(str(fault)) from fault
    return settings


def judge(session: Session, *, planning: bool = True) -> Settings:
    """Read the settings as the program will, with placeholders for the secrets that only Pulumi can read.

    Raises:
        StackError: they need mending; every fault is named.
    """
    config = session.file.config
    sealed = {key for key, value in config.items() if isinstance(value, dict) and set(value) == ENCRYPTED}
    # What else somebody encrypted is left to Pulumi: a placeholder would be judged as if it were the value.
    secret = [key for key in sealed if key.partition(":")[2] in SECRETS]
    plain = {key: _text(value) for key, value in config.items() if key not in sealed}
    set_all_config({**plain, **dict.fromkeys(secret, PLACEHOLDER)}, secret)
    try:
        return Settings.load(pulumi.Config(NAME), planning=planning)
    except pulumi.RunError as fault:
        raise StackError(f"{session.file.path.name}: {fault}") from fault


def _text(value: Any) -> str:
    """Write a value as Pulumi hands it over."""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _dotenv(session: Session) -> None:
    found = dotenv.read(session.file.root / ".env")
    if found.faults:
        raise StackError("\n".join(found.faults))
    for warning in found.warnings:
        print(warning, file=sys.stderr)
