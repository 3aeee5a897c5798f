"""`exai-mcp stdio` without `--url`: the whole server in this process, without its port."""

import os
from collections.abc import Sequence
from pathlib import Path

from app.exits import Exit
from app.process import run as run_to_end
from app.process import say, until_stopped
from app.settings import ConfigurationError, Settings


def run(source: int, sink: int, roots: Sequence[Path]) -> Exit:
    """Serve the peer behind two descriptors until it closes its end; its files are read within `roots`."""
    try:
        settings = Settings.from_env(os.environ, Path.cwd())
    except ConfigurationError as error:
        say("The configuration is wrong, and nothing was started:", *error.faults)
        return Exit.CONFIGURATION
    import structlog

    from app.telemetry import logs

    logs.configure(settings)
    for warning in settings.warnings:
        structlog.get_logger(__name__).warning(warning)
    return run_to_end(lambda: _serve(settings, source, sink, roots))


async def _serve(settings: Settings, source: int, sink: int, roots: Sequence[Path]) -> Exit:
    from aiohttp import web

    from app.bootstrap import DISPATCHER, SHUTDOWN, build_app
    from app.transports.stdio import StdioTransport
    from app.transports.stdio_files import LocalFiles

    app = build_app(settings)
    # The application is started for what it owns (store, shared state, start check); nothing listens.
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        transport = StdioTransport(
            app[DISPATCHER],
            source,
            sink,
            max_message_bytes=settings.max_message_bytes,
            finish_seconds=settings.drain_timeout,
            files=LocalFiles(roots, settings.server_file.limits.file_bytes),
        )
        await until_stopped(transport.serve(), app[SHUTDOWN].wait())
    finally:
        await runner.cleanup()
    return app[SHUTDOWN].exit
