"""Tools that ask the client while they run, as the handshake revisions do it."""

from typing import Any

import orjson
from pydantic import BaseModel

from app.protocol.tools import Call, Tool, ToolResult
from tests.conformance.fixture_server import content
from tests.conformance.fixture_server.questions import STRING, ask, elicitation, sampling, spoken
from tests.conformance.fixture_server.simple_tools import Nothing, plain

STATES = ["active", "inactive", "pending"]
OPTIONS = ["option1", "option2", "option3"]
TITLED = [
    {"const": "value1", "title": "First Option"},
    {"const": "value2", "title": "Second Option"},
    {"const": "value3", "title": "Third Option"},
]


class Prompt(BaseModel):
    prompt: str


class Message(BaseModel):
    message: str


async def _sampling(call: Call, arguments: Prompt) -> ToolResult:
    return content.said(f"LLM response: {spoken(await ask(call, sampling(arguments.prompt)))}")


async def _elicitation(call: Call, arguments: Message) -> ToolResult:
    form = {
        "username": STRING | {"description": "User's response"},
        "email": STRING | {"description": "User's email address"},
    }
    return _outcome("User response", await ask(call, elicitation(arguments.message, form)))


async def _defaults(call: Call, _arguments: Nothing) -> ToolResult:
    form = {
        "name": STRING | {"default": "John Doe"},
        "age": {"type": "integer", "default": 30},
        "score": {"type": "number", "default": 95.5},
        "status": STRING | {"enum": STATES, "default": "active"},
        "verified": {"type": "boolean", "default": True},
    }
    question = elicitation("Please check these values.", form, required=False)
    return _outcome("Elicitation completed", await ask(call, question))


async def _enums(call: Call, _arguments: Nothing) -> ToolResult:
    form = {
        "untitledSingle": STRING | {"enum": OPTIONS},
        "titledSingle": STRING | {"oneOf": TITLED},
        "legacyEnum": STRING
        | {"enum": ["opt1", "opt2", "opt3"], "enumNames": ["Option One", "Option Two", "Option Three"]},
        "untitledMulti": {"type": "array", "items": STRING | {"enum": OPTIONS}},
        "titledMulti": {"type": "array", "items": {"anyOf": TITLED}},
    }
    question = elicitation("Please choose.", form, required=False)
    return _outcome("Elicitation completed", await ask(call, question))


async def _needs_sampling(call: Call, _arguments: Nothing) -> ToolResult:
    return content.said(spoken(await ask(call, sampling("Say something."))))


async def _streaming(call: Call, _arguments: Nothing) -> ToolResult:
    await call.progress(1, 2)
    return _outcome("Streamed", await ask(call, elicitation("Please confirm.", {"ok": {"type": "boolean"}})))


def _outcome(words: str, answer: dict[str, Any]) -> ToolResult:
    filled = orjson.dumps(answer.get("content", {})).decode()
    return content.said(f"{words}: action={answer.get('action')}, content={filled}")


def tools() -> list[Tool[Any]]:
    named = "Fixture of the official conformance suite."
    return [
        Tool("test_sampling", "Sampling", named, Prompt, _sampling),
        Tool("test_elicitation", "Elicitation", named, Message, _elicitation),
        plain("test_elicitation_sep1034_defaults", _defaults),
        plain("test_elicitation_sep1330_enums", _enums),
        plain("test_missing_capability", _needs_sampling),
        plain("test_streaming_elicitation", _streaming),
    ]
