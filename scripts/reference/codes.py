"""The tables of exit codes and of MCP's error codes."""

from app import exits
from app.exits import Exit
from app.protocol import errors
from app.transports import stdio_answers
from scripts.reference.blocks import table
from scripts.reference.sentences import under_constants


def exit_codes() -> str:
    """Return every exit code of the server and its commands."""
    words = under_constants(exits, "Exit")
    return table(
        ("exit code", "name", "meaning"),
        *((f"`{code.value}`", code.name.lower().replace("_", " "), words[code.name]) for code in Exit),
    )


def error_codes() -> str:
    """Return every error code of MCP messages: the protocol's, and those of the stdio bridge."""
    return table(
        ("code", "name", "meaning, and what to do"),
        *(
            (f"`{getattr(module, name)}`", name.lower().replace("_", " "), words)
            for module in (errors, stdio_answers)
            for name, words in under_constants(module).items()
            if isinstance(getattr(module, name), int) and getattr(module, name) < 0
        ),
    )
