"""What the server says once it listens: where it is, where its token is, how a client is told both."""

import shlex
import sys
from pathlib import Path

from msgspec import Struct

from app import contract
from app.settings import Settings
from app.version import VERSION

_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - compared with, not bound to


def url_of(public_url: str | None, host: str, port: int | str) -> str:
    """Return the URL clients use for a server that listens there, or is reached by its PUBLIC_URL."""
    shown = _ANYWHERE.get(host, f"[{host}]" if ":" in host else host)
    return f"{public_url or f'http://{shown}:{port}'}{contract.MCP_PATH}"


class Announcement(Struct, frozen=True):
    """The URLs of one server, and the file that keeps its token; never the token itself."""

    url: str
    token_file: Path | None
    """None when AUTH_TOKEN was given: then whoever started the server has it."""

    @classmethod
    def of(cls, settings: Settings, host: str, port: int) -> "Announcement":
        """Make it for a server that listens there, or is reached by its PUBLIC_URL."""
        return cls(url_of(settings.public_url, host, port), settings.token_file)

    @property
    def websocket_url(self) -> str:
        """The same place for a WebSocket: ws for http, wss for https (RFC 6455 §3)."""
        return f"ws{self.url.removeprefix('http')}"

    @property
    def connect(self) -> str:
        """The command, of this environment, that writes this server into Claude Code's file.

        It is given the token by the file's name: what is on a command line, every user of the machine sees.
        """
        words = [_command(), "connect", "claude-code", "--url", self.url, "--write"]
        if self.token_file is not None:
            words[-1:-1] = ["--token-file", str(self.token_file)]
        return shlex.join(words)

    def fields(self) -> dict[str, str]:
        """Return it for the log; whoever gave AUTH_TOKEN knows how clients get it."""
        where = {"url": self.url, "websocket": self.websocket_url}
        if self.token_file:
            where |= {"token_file": str(self.token_file), "connect": self.connect}
        return where

    def block(self) -> str:
        """Return it for a person at a terminal."""
        rows = (
            ("URL", self.url),
            ("WebSocket", self.websocket_url),
            ("token", f"in {self.token_file}" if self.token_file else "the one AUTH_TOKEN was set to"),
            ("Claude Code", self.connect),
        )
        lines = [f"  {name.ljust(11)}  {text}" for name, text in rows]
        return "\n".join(["", f"  EXAI MCP Server {VERSION} listens", *lines, "", ""])


def _command() -> str:
    """Return `exai-mcp` as a shell finds it that knows nothing of this environment, short where it can be."""
    path = Path(sys.executable).with_name("exai-mcp")
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
