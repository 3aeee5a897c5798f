"""The suite's prompts, and suggestions for their arguments."""

from typing import Any

from pydantic import BaseModel, Field

from app.protocol.call import Call
from app.protocol.completions import Complete
from app.protocol.prompts import Prompt
from app.protocol.tools import text
from tests.conformance.fixture_server import content
from tests.conformance.fixture_server.questions import STRING, elicitation
from tests.conformance.fixture_server.simple_tools import Nothing

Messages = list[dict[str, Any]]
WORDS = ("paris", "park", "party", "test")


class TwoArguments(BaseModel):
    arg1: str = Field(description="First test argument")
    arg2: str = Field(description="Second test argument")


class ResourceUri(BaseModel):
    resourceUri: str = Field(description="URI of the resource to embed")  # noqa: N815 - the suite's spelling


def _user(block: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": block}


async def _simple(_call: Call, _arguments: Nothing) -> Messages:
    return [_user(text("This is a simple prompt for testing."))]


async def _with_arguments(_call: Call, arguments: TwoArguments) -> Messages:
    return [_user(text(f"Prompt with arguments: arg1='{arguments.arg1}', arg2='{arguments.arg2}'"))]


async def _with_resource(_call: Call, arguments: ResourceUri) -> Messages:
    embedded = content.embedded(arguments.resourceUri, "text/plain", "Embedded resource content for testing.")
    return [_user(embedded), _user(text("Please process the embedded resource above."))]


async def _with_image(_call: Call, _arguments: Nothing) -> Messages:
    return [_user(content.image()), _user(text("Please analyze the image above."))]


async def _asking(call: Call, _arguments: Nothing) -> Messages:
    question = elicitation("What context should the prompt use?", {"context": STRING})
    answer = (await call.ask({"user_context": question}))["user_context"]
    return [_user(text(f"Use this context: {answer.get('content', {}).get('context')}"))]


def prompts() -> list[Prompt[Any]]:
    described = "Fixture of the official conformance suite."
    return [
        Prompt("test_simple_prompt", "Simple", described, Nothing, _simple),
        Prompt("test_prompt_with_arguments", "With arguments", described, TwoArguments, _with_arguments),
        Prompt("test_prompt_with_embedded_resource", "With resource", described, ResourceUri, _with_resource),
        Prompt("test_prompt_with_image", "With image", described, Nothing, _with_image),
        Prompt("test_input_required_result_prompt", "Asking", described, Nothing, _asking),
    ]


async def complete(_call: Call, asked: Complete) -> list[str]:
    """Suggest words that begin with what was typed."""
    return [word for word in WORDS if word.startswith(asked.argument.value)]
