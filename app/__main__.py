"""Run the server: `python -m app`, or `exai-mcp`."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from app.exits import Exit
from app.process import event_loop, loading, say
from app.process import run as run_to_end

__all__ = ["event_loop", "main", "run"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve, or run the command that the arguments name; return the exit code of `app.exits`."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given:
        return run()
    # Imported here: a server is not made to load what only commands need.
    from app.command_line import commands

    return commands.main(given)


def run() -> Exit:
    """Serve, and turn what goes wrong at start into a sentence and its exit code."""
    with loading():
        from app.listener import PortInUseError, listen
        from app.settings import ConfigurationError, Settings
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
    with loading():
        from app.serving import serve
        from app.telemetry import logs

    logs.configure(settings)
    with listener:
        return run_to_end(lambda: serve(settings, listener))


if __name__ == "__main__":
    sys.exit(main())
