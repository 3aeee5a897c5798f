"""The MCP clients as data: which file each reads, in which format, and how it is given a token.

Sources, as documented in November 2026: code.claude.com/docs/en/mcp, developers.openai.com/codex/mcp,
geminicli.com/docs/tools/mcp-server, code.visualstudio.com/docs/copilot/customization/mcp-servers,
cursor.com/docs/context/mcp, docs.windsurf.com/windsurf/cascade/mcp, zed.dev/docs/ai/mcp,
modelcontextprotocol.io/docs/develop/connect-local-servers.
"""

import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from msgspec import Struct

TOKEN_VARIABLE = "EXAI_TOKEN"  # noqa: S105 - the name of a variable, not its value
PLACEHOLDER = "PUT-THE-TOKEN-HERE"
"""Stands for a token in what is only shown; what is written has the token itself."""

INPUT_ID = "exai-token"


class Token(StrEnum):
    """How a client comes by the token."""

    VARIABLE = "variable"
    """The file names an environment variable, which the client reads when it starts."""
    ASKED = "asked"
    """The client asks for it once and keeps it in its own secret storage."""
    BRIDGE = "bridge"
    """The client starts our bridge, which reads the token's file; without one the client's file has it."""
    LITERAL = "literal"
    """The client's file holds it, because its format knows no other way."""


class Scope(StrEnum):
    """Whom a file is for."""

    PROJECT = "project"
    USER = "user"


class Target(Struct, frozen=True):
    """What a client is told: `url` is http or https; `token` and `token_file` are where one is known."""

    name: str
    url: str
    token: str | None = None
    token_file: Path | None = None
    command: str = "exai-mcp"

    @property
    def websocket_url(self) -> str:
        """The same place for a WebSocket."""
        return f"ws{self.url.removeprefix('http')}"


class McpClient(Struct, frozen=True):
    """One client; `keys` lead to the table of servers, `files` are its files by scope, the usual one first.

    `after` is what its user does once the file is there.
    """

    title: str
    files: Mapping[Scope, Callable[[Path, Path], Path]]
    keys: tuple[str, ...]
    entry: Callable[[Target], dict[str, Any]]
    token: Token
    after: str
    inputs: str | None = None
    """The key of a list that gets the question for the token, where the client asks for it."""

    @property
    def websocket(self) -> bool:
        """Whether it speaks WebSocket to us, itself or by our bridge."""
        return self.token is Token.BRIDGE or "ws" in self.entry(Target("", "http://h")).values()


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _claude_code(target: Target) -> dict[str, Any]:
    return {"type": "ws", "url": target.websocket_url, "headers": _headers(f"${{{TOKEN_VARIABLE}}}")}


def _codex(target: Target) -> dict[str, Any]:
    return {"url": target.url, "bearer_token_env_var": TOKEN_VARIABLE}


def _gemini(target: Target) -> dict[str, Any]:
    return {"httpUrl": target.url, "headers": _headers(f"${{{TOKEN_VARIABLE}}}")}


def _vscode(target: Target) -> dict[str, Any]:
    return {"type": "http", "url": target.url, "headers": _headers(f"${{input:{INPUT_ID}}}")}


def _cursor(target: Target) -> dict[str, Any]:
    return {"url": target.url, "headers": _headers(f"${{env:{TOKEN_VARIABLE}}}")}


def _windsurf(target: Target) -> dict[str, Any]:
    return {"serverUrl": target.url, "headers": _headers(f"${{env:{TOKEN_VARIABLE}}}")}


def _zed(target: Target) -> dict[str, Any]:
    return {"url": target.url, "headers": _headers(target.token or PLACEHOLDER)}


def _claude_desktop(target: Target) -> dict[str, Any]:
    arguments = ["stdio", "--url", target.websocket_url]
    if target.token_file is not None:
        return {"command": target.command, "args": [*arguments, "--token-file", str(target.token_file)]}
    return {
        "command": target.command,
        "args": arguments,
        "env": {TOKEN_VARIABLE: target.token or PLACEHOLDER},
    }


def _desktop_folder(home: Path) -> Path:
    match sys.platform:
        case "darwin":
            return home / "Library" / "Application Support" / "Claude"
        case "win32":
            return home / "AppData" / "Roaming" / "Claude"
    return home / ".config" / "Claude"


def _zed_folder(home: Path) -> Path:
    return home / ("AppData/Roaming/Zed" if sys.platform == "win32" else ".config/zed")


CLIENTS: Mapping[str, McpClient] = {
    "claude-code": McpClient(
        "Claude Code",
        {
            Scope.PROJECT: lambda _, here: here / ".mcp.json",
            Scope.USER: lambda home, _: home / ".claude.json",
        },
        ("mcpServers",),
        _claude_code,
        Token.VARIABLE,
        "start `claude` and look at /mcp",
    ),
    "codex": McpClient(
        "Codex",
        {
            Scope.USER: lambda home, _: home / ".codex" / "config.toml",
            Scope.PROJECT: lambda _, here: here / ".codex" / "config.toml",
        },
        ("mcp_servers",),
        _codex,
        Token.VARIABLE,
        "start `codex` and look at /mcp",
    ),
    "gemini": McpClient(
        "Gemini CLI",
        {
            Scope.USER: lambda home, _: home / ".gemini" / "settings.json",
            Scope.PROJECT: lambda _, here: here / ".gemini" / "settings.json",
        },
        ("mcpServers",),
        _gemini,
        Token.VARIABLE,
        "start `gemini` and look at /mcp",
    ),
    "vscode": McpClient(
        "VS Code",
        {Scope.PROJECT: lambda _, here: here / ".vscode" / "mcp.json"},
        ("servers",),
        _vscode,
        Token.ASKED,
        "press Start above the server in .vscode/mcp.json; VS Code asks for the token and keeps it",
        inputs="inputs",
    ),
    "cursor": McpClient(
        "Cursor",
        {
            Scope.USER: lambda home, _: home / ".cursor" / "mcp.json",
            Scope.PROJECT: lambda _, here: here / ".cursor" / "mcp.json",
        },
        ("mcpServers",),
        _cursor,
        Token.VARIABLE,
        "start Cursor anew and look at its MCP settings",
    ),
    "windsurf": McpClient(
        "Windsurf",
        {Scope.USER: lambda home, _: home / ".codeium" / "windsurf" / "mcp_config.json"},
        ("mcpServers",),
        _windsurf,
        Token.VARIABLE,
        "start Windsurf anew and press Refresh in its MCP panel",
    ),
    "zed": McpClient(
        "Zed",
        {Scope.USER: lambda home, _: _zed_folder(home) / "settings.json"},
        ("context_servers",),
        _zed,
        Token.LITERAL,
        "look at the agent panel's settings: the dot beside the server is green",
    ),
    "claude-desktop": McpClient(
        "Claude Desktop",
        {Scope.USER: lambda home, _: _desktop_folder(home) / "claude_desktop_config.json"},
        ("mcpServers",),
        _claude_desktop,
        Token.BRIDGE,
        "quit Claude Desktop and start it anew",
    ),
}
"""By the name the command line has for it."""


def question(client: McpClient) -> dict[str, Any]:
    """Return the item of VS Code's `inputs` by which it asks for the token."""
    return {
        "id": INPUT_ID,
        "type": "promptString",
        "description": f"Token of the EXAI MCP server, for {client.title}",
        "password": True,
    }
