"""`connect`: what an MCP client needs to reach the stack, by `exai-mcp connect`."""

from collections.abc import Sequence
from typing import Any

from app.command_line import commands
from scripts.stack.errors import StackError
from scripts.stack.session import Session


def connect(session: Session, client: str, more: Sequence[str]) -> int:
    """Show, or with `--write` among `more` write, the client's configuration."""
    outputs: dict[str, Any] = session.open().json("stack", "output")
    if "url" not in outputs:
        raise StackError(
            f"The stack {session.file.stack} is not up, so there is nothing to connect to: "
            f"`{session.site.make('up')}` brings it up."
        )
    return commands.main(["connect", client, *where(outputs), *more])


def where(outputs: dict[str, Any]) -> list[str]:
    """Return the options that name the stack; production has no file of its token, so EXAI_TOKEN stands."""
    known = {"--url": outputs["url"], "--token-file": outputs.get("tokenFile")}
    return [word for option, value in known.items() if value for word in (option, str(value))]
