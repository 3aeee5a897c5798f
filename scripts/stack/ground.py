"""What is found wrong before Pulumi starts: the settings, `.env`, the names, the port."""

import json
import sys
from typing import Any

import pulumi
from pulumi.runtime import set_all_config

from app import dotenv
from app.contract import NAME
from infra.credentials import require_owners
from infra.preflight import survey
from infra.settings import Settings
from scripts.stack.errors import StackError
from scripts.stack.session import Session

ENCRYPTED = '"secure":'


def look(session: Session) -> None:
    """Look at everything an update stands on; the program looks again, for a bare `pulumi up`.

    Raises:
        StackError: something is wrong; nothing was changed.
    """
    settings = judge(session)
    _dotenv(session)
    # Asking for the CLI settles which engine is meant.
    _ = session.pulumi
    try:
        if session.file.is_production:
            require_owners(session.site, production=True)
        if settings is not None:
            survey(session.site, settings.published_port)
    except pulumi.RunError as fault:
        raise StackError(str(fault)) from fault


def judge(session: Session) -> Settings | None:
    """Read the settings as the program will; None where some are encrypted, which only Pulumi can read.

    Raises:
        StackError: they need mending; every fault is named.
    """
    config = {key: _text(value) for key, value in session.file.config.items()}
    if any(ENCRYPTED in text for text in config.values()):
        return None
    set_all_config(config, [])
    try:
        return Settings.load(pulumi.Config(NAME))
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
