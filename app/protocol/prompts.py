"""Prompts: templates a person picks, filled with arguments (specification: server/prompts)."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

from msgspec import Struct
from pydantic import BaseModel, ValidationError

from app.protocol.call import Call
from app.protocol.errors import InvalidParams
from app.protocol.pages import Pages
from app.protocol.revisions import REVISIONS, Revision
from app.protocol.schemas import faults

A = TypeVar("A", bound=BaseModel)


class Prompt(Struct, Generic[A], frozen=True):
    """One prompt; `handler` returns its messages, each `{"role": …, "content": {…}}`.

    Every argument is a string on the wire; the model may parse it further.
    """

    name: str
    title: str
    description: str
    arguments: type[A]
    handler: Callable[[Call, A], Awaitable[list[dict[str, Any]]]]


class PromptTable:
    """Lists prompts and fills them in."""

    def __init__(self, prompts: Sequence[Prompt[Any]]) -> None:
        self._prompts = {prompt.name: prompt for prompt in prompts}
        self._pages = {
            revision.version: Pages("prompts", [_listing(prompt, revision) for prompt in prompts])
            for revision in REVISIONS
        }

    def list(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Answer `prompts/list`."""
        return self._pages[call.protocol_version].at(params.get("cursor"))

    async def get(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Answer `prompts/get`.

        Raises:
            InvalidParams: there is no such prompt, or the arguments do not fit.
        """
        name = params.get("name")
        prompt = self._prompts.get(name) if type(name) is str else None
        if prompt is None:
            raise InvalidParams(f"Unknown prompt: {name!r:.80}; prompts/list names those there are.")
        given = params.get("arguments")
        try:
            arguments = prompt.arguments.model_validate({} if given is None else given)
        except ValidationError as error:
            raise InvalidParams(f"Prompt '{prompt.name}' does not take this: {faults(error)}.") from None
        return {"description": prompt.description, "messages": await prompt.handler(call, arguments)}


def _listing(prompt: Prompt[Any], revision: Revision) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": prompt.name}
    if revision.structured:
        entry["title"] = prompt.title
    entry["description"] = prompt.description
    entry["arguments"] = [
        {"name": name, "required": field.is_required()}
        | ({} if field.description is None else {"description": field.description})
        for name, field in prompt.arguments.model_fields.items()
    ]
    return entry
