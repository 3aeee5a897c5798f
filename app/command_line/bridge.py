"""`exai-mcp stdio --url`: a bridge from stdin and stdout to a server's WebSocket."""

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app import contract
from app.exits import Exit
from app.process import run as run_to_end
from app.process import say, until_stopped

if TYPE_CHECKING:
    from yarl import URL

FINISH_SECONDS = 120.0
"""After stdin ended, how long what was asked may still take; a client that wants less ends the process."""

SCHEMES = {"ws": "ws", "wss": "wss", "http": "ws", "https": "wss"}


def server_url(text: str) -> "URL":
    """Parse `--url`; a bare host means the contract's path.

    Raises:
        argparse.ArgumentTypeError: it is not the URL of a server.
    """
    # Imported here, so that the server in this process never loads it for its own start.
    from yarl import URL

    try:
        url = URL(text)
        scheme, host = SCHEMES.get(url.scheme), url.host
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no URL ({error}); write {_EXAMPLE}") from error
    if scheme is None or host is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a ws, wss, http or https URL; write {_EXAMPLE}")
    if url.user or url.password or url.query_string:
        # Not repeated: it may hold a secret.
        raise argparse.ArgumentTypeError("a URL is no place for a token; put it into EXAI_TOKEN")
    url = url.with_scheme(scheme).with_fragment(None)
    return url.with_path(contract.MCP_PATH) if url.path in ("", "/") else url


_EXAMPLE = f"ws://127.0.0.1:{contract.PORT}{contract.MCP_PATH}"


def token_source(file: str | None, environ: Mapping[str, str]) -> Callable[[], str | None]:
    """Return what gives the token; from a file it is read for each connection, so it may be rotated."""
    path = file or (
        None if environ.get("EXAI_TOKEN") or environ.get("AUTH_TOKEN") else environ.get("AUTH_TOKEN_FILE")
    )
    if path:
        return lambda: Path(path).read_text(encoding="ascii").strip()
    token = (environ.get("EXAI_TOKEN") or environ.get("AUTH_TOKEN") or "").strip()
    return lambda: token or None


def run(url: "URL", token_file: str | None, source: int, sink: int, roots: Sequence[Path]) -> Exit:
    """Carry messages until the client closes its end or the server refuses the bridge.

    Files that calls name by their paths are read within `roots`.
    """
    from app.settings import parsing

    token = token_source(token_file, os.environ)
    try:
        token()
        limit = parsing.size(os.environ.get("MAX_MESSAGE_BYTES") or "4MiB")
    except (OSError, UnicodeDecodeError) as error:
        _tell(f"the token file cannot be read ({error}): correct the path or its rights")
        return Exit.CONFIGURATION
    except ValueError as error:
        _tell(f"MAX_MESSAGE_BYTES is {os.environ['MAX_MESSAGE_BYTES']!r}, {error}")
        return Exit.CONFIGURATION
    return run_to_end(lambda: _carry(url, token, limit, source, sink, roots))


async def _carry(
    url: "URL",
    token: Callable[[], str | None],
    max_message_bytes: int,
    source: int,
    sink: int,
    roots: Sequence[Path],
) -> Exit:
    from app.transports.stdio_bridge import Bridge
    from app.transports.stdio_files import LocalFiles
    from app.transports.stdio_link import Refused, is_loopback, server_at

    if url.scheme == "ws" and not is_loopback(url):
        _tell(f"the token travels in clear to {url.host}; use wss:// unless that network is yours")
    async with server_at(url, token) as server:
        bridge = Bridge(
            server,
            source,
            sink,
            tell=_tell,
            max_message_bytes=max_message_bytes,
            finish_seconds=FINISH_SECONDS,
            files=LocalFiles(roots),
        )
        try:
            await until_stopped(bridge.run())
        except Refused as error:
            _tell(str(error))
            return Exit.CONFIGURATION
    return Exit.DRAINED


def _tell(sentence: str) -> None:
    say(f"exai-mcp stdio: {sentence.rstrip('.')}.")
