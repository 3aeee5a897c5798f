"""Run the server: `python -m app`, or `exai-mcp`."""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import structlog

from app.exits import Exit
from app.listener import PortInUseError, listen
from app.settings import VARIABLES, ConfigurationError, Settings, Variable
from app.version import VERSION

USAGE = "usage: exai-mcp [--help | --version]   without arguments it serves; variables configure it\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the settings, set up the logs, serve; return the exit code of `app.exits`."""
    match list(sys.argv[1:] if arguments is None else arguments):
        case []:
            return run()
        case ["--version"]:
            sys.stdout.write(f"{VERSION}\n")
        case ["--help" | "-h"]:
            sys.stdout.write(USAGE + "".join(map(describe, VARIABLES)))
        case unknown:
            sys.stderr.write(f"exai-mcp does not know {' '.join(unknown)!r}: see exai-mcp --help.\n{USAGE}")
            return Exit.USAGE
    return Exit.DRAINED


def run() -> Exit:
    """Serve, and turn what goes wrong at start into a sentence and its exit code."""
    try:
        settings = Settings.from_env(os.environ, Path.cwd())
        listener = listen(settings.ws_host, settings.ws_port)
    except ConfigurationError as error:
        say("The configuration is wrong, and nothing was started:", *error.faults)
        return Exit.CONFIGURATION
    except PortInUseError as error:
        say(str(error))
        return Exit.PORT_IN_USE
    # Imported after the checks: a wrong setting is said before aiohttp is even loaded.
    from app.serving import serve
    from app.telemetry import logs

    logs.configure(settings)
    try:
        with listener, asyncio.Runner(loop_factory=event_loop) as runner:
            return runner.run(serve(settings, listener))
    except Exception:  # noqa: BLE001 - the last boundary: logged whole, and told by the exit code
        structlog.get_logger(__name__).exception("stopped by a bug")
        return Exit.BUG


def event_loop() -> asyncio.AbstractEventLoop:
    """Make uvloop's event loop where it is installed, else asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def describe(variable: Variable) -> str:
    """Return one variable as two lines of the help."""
    default = f" [{variable.default}]" if variable.default else ""
    file = f", or {variable.file_name}" if variable.secret else ""
    return f"  {variable.name}{file}{default}\n      {variable.help}\n"


def say(first: str, *faults: str) -> None:
    """Tell the person at the terminal, or the log of the container, before there is a logger."""
    sys.stderr.write("\n".join([first, *(f"- {fault}" for fault in faults)]) + "\n")


if __name__ == "__main__":
    sys.exit(main())
