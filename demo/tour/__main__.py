"""Show the product in a minute, then go on serving: `python -m demo.tour [--once] [--port N]`."""

import argparse
import asyncio
import os
import shlex
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import aiohttp

from app.announcement import Announcement
from app.contract import MCP_PATH, PORT, STATUS_PATH
from demo.tour.client import Client
from demo.tour.server import Running, StartError, server, vendors
from demo.tour.steps import show


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until interrupted, or with --once until everything was shown."""
    options = _parser().parse_args(arguments)
    try:
        asyncio.run(_run(options.port, once=options.once))
    except (KeyboardInterrupt, asyncio.CancelledError):
        print()
    except (StartError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


async def _run(port: int, *, once: bool) -> None:
    this = asyncio.current_task()
    assert this is not None  # noqa: S101 - asyncio.run makes one
    # Otherwise the server would go on without anybody who knows of it.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    with tempfile.TemporaryDirectory(prefix="exai-demo-") as folder:
        async with vendors() as vendors_at, server(vendors_at, Path(folder), port) as running:
            print(f"The server listens at {running.url}; its two vendors are scripts of this demo.\n")
            await _tour(running)
            if once:
                return
            print(_invitation(running), flush=True)
            await asyncio.Event().wait()


async def _tour(running: Running) -> None:
    headers = {"Authorization": f"Bearer {running.token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.ws_connect(running.url, protocols=("mcp",)) as socket,
    ):
        await show(Client(socket, lambda _: None))


def _invitation(running: Running) -> str:
    where = Announcement(running.url, running.token_file)
    page = f"{running.url.removesuffix(MCP_PATH)}{STATUS_PATH}"
    return "\n".join(
        [
            "It goes on serving until Ctrl-C. In another terminal, in this folder:",
            f'  export EXAI_TOKEN="$(cat {shlex.quote(str(running.token_file))})"',
            f"  {where.connect}",
            f"and start `claude`; or sign in at {page} with that token.",
            "With a key of your own it is the real thing: put KIMI_API_KEY or GLM_API_KEY into .env, then",
            "`make run` (this machine) or `make up` (the whole stack).",
        ]
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo.tour", description=__doc__)
    port = os.environ.get("WS_PORT", str(PORT))
    parser.add_argument(
        "--port", type=int, default=port, help=f"default WS_PORT, else {PORT}; 0 takes a free one"
    )
    parser.add_argument("--once", action="store_true", help="end when everything was shown")
    return parser


if __name__ == "__main__":
    sys.exit(main())
