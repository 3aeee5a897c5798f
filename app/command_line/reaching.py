"""Which server a command means, and the token for it: --url and --token-file, else what this folder tells."""

import argparse
import os
from pathlib import Path

from msgspec import Struct

from app.command_line.bridge import server_url
from app.connecting.clients import TOKEN_VARIABLE

SECURE = {"ws": "http", "wss": "https"}


class UnknownError(Exception):
    """Something that must be known is not; one sentence."""


class Reached(Struct, frozen=True):
    """A server's URL (http or https), and its token and the token's file where they are known."""

    url: str
    token: str | None
    token_file: Path | None


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the two options."""
    parser.add_argument(
        "--url", type=server_url, help="the server, for instance https://exai.example.com/mcp"
    )
    # A file, never the token itself: arguments are shown to every user of the machine.
    parser.add_argument("--token-file", metavar="PATH", type=Path, help="file that holds the token")


def server(options: argparse.Namespace) -> Reached:
    """Find the server.

    Without --url it is the one that the variables describe. The token is read from --token-file, EXAI_TOKEN,
    AUTH_TOKEN or the file that AUTH_TOKEN_FILE names, else from DATA_DIR/token.

    Raises:
        UnknownError: the token's file cannot be read.
    """
    from app.settings import VARIABLES, sources

    here = Path.cwd()
    texts = {variable.name: variable.default or "" for variable in VARIABLES}
    texts |= sources.read(os.environ, here).texts
    if options.url is not None:
        url = str(options.url.with_scheme(SECURE[options.url.scheme]))
    else:
        from app.announcement import url_of

        url = url_of(texts["PUBLIC_URL"] or None, texts["WS_HOST"], texts["WS_PORT"])
    token = os.environ.get(TOKEN_VARIABLE) or texts.get("AUTH_TOKEN")
    file: Path | None = options.token_file
    if file is None and TOKEN_VARIABLE not in os.environ:
        made = here / Path(texts["DATA_DIR"]).expanduser() / "token"
        named = os.environ.get("AUTH_TOKEN_FILE") or (made if not token and made.exists() else None)
        file = None if named is None else Path(named)
    if file is not None:
        try:
            token = file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UnknownError(f"the token file cannot be read ({error}): correct its path.") from error
        file = file.absolute()
    return Reached(url, token, file)
