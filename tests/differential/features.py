"""Prompts, resources and completions both servers offer, from the same records."""

from typing import Any

from pydantic import BaseModel, Field

from app.protocol.call import Call
from app.protocol.completions import Complete
from app.protocol.prompts import Prompt
from app.protocol.resources import Resource
from app.protocol.tools import text

WORDS = ("paris", "park", "party", "tower")


class Greeting(BaseModel):
    name: str = Field(description="Whom to greet")
    manner: str = "kind"


class Nothing(BaseModel):
    pass


async def _greet(_call: Call, arguments: Greeting) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text(f"Greet {arguments.name}, be {arguments.manner}.")}]


async def _plain(_call: Call, _arguments: Nothing) -> list[dict[str, Any]]:
    return [{"role": "assistant", "content": text("Nothing to fill in.")}]


async def _text(_call: Call, uri: str, _variables: dict[str, str]) -> str:
    return f"the text of {uri}"


async def _bytes(_call: Call, _uri: str, _variables: dict[str, str]) -> bytes:
    return b"\x00\x01\xff"


async def _page(_call: Call, _uri: str, variables: dict[str, str]) -> str:
    return f"page {variables['number']}"


async def complete(_call: Call, asked: Complete) -> list[str]:
    """Suggest words that begin with what was typed."""
    return [word for word in WORDS if word.startswith(asked.argument.value)]


def prompts() -> list[Prompt[Any]]:
    return [
        Prompt("greet", "Greet", "Greets somebody.", Greeting, _greet),
        Prompt("plain", "Plain", "Takes nothing.", Nothing, _plain),
    ]


def resources() -> list[Resource]:
    return [
        Resource("memo://one", "one", "One", "A text.", "text/plain", _text),
        Resource("memo://raw", "raw", "Raw", "Some bytes.", "application/octet-stream", _bytes),
        Resource("memo://pages/{number}", "pages", "Pages", "A page.", "text/plain", _page),
    ]
