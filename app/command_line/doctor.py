"""Look at all that this server needs, with the variables it would be started with; a line each with its mend.

Settings, vendor keys, store (opened and migrated as a server does it, and written to), shared state, clock,
port and whoever has it, certificate of PUBLIC_URL, room on the disks. Exit code: 0 when nothing fails (a
warning is no failure), 1 when something does, 78 when the settings are wrong and nothing else was looked at.
"""

import argparse
import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from app.doctor import findings
from app.doctor.findings import Finding, fail
from app.exits import Exit

if TYPE_CHECKING:
    from app.settings import Settings

HELP = "look at settings, keys, store, Redis, disk, port, clock and TLS; say what to mend"


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "--online", action="store_true", help="also ask each vendor that has a key for something free"
    )
    parser.add_argument("--json", action="store_true", help="print the findings as one JSON object")


def run(options: argparse.Namespace) -> int:
    """Examine and tell; returns the exit code."""
    from app.settings import ConfigurationError, Settings
    from app.telemetry import logs

    try:
        settings = Settings.from_env(os.environ, Path.cwd())
        # What the parts would log is what the findings say.
        logs.configure(settings.model_copy(update={"log_level": "CRITICAL", "log_dir": None}))
        found = asyncio.run(_examine(settings, online=options.online))
    except ConfigurationError as error:
        _tell([fail("settings", fault) for fault in error.faults], as_json=options.json)
        return Exit.CONFIGURATION
    _tell(found, as_json=options.json)
    return Exit.FINDINGS if findings.failing(found) else Exit.DRAINED


async def _examine(settings: "Settings", *, online: bool) -> list[Finding]:
    from app.bootstrap.examined import examined
    from app.doctor.examination import examine

    async with examined(settings) as parts:
        return await examine(settings, parts, online=online)


def _tell(found: list[Finding], *, as_json: bool) -> None:
    text = findings.as_json(found) if as_json else findings.as_lines(found, coloured=sys.stdout.isatty())
    sys.stdout.write(text)
