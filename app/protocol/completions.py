"""Suggestions while a person types an argument (specification: server/utilities/completion)."""

from collections.abc import Awaitable, Callable
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from app.protocol.call import Call
from app.protocol.errors import InvalidParams
from app.protocol.schemas import faults

MAX_VALUES = 100
"""The specification's bound on one answer."""


class PromptReference(BaseModel):
    """The prompt an argument belongs to."""

    type: Literal["ref/prompt"]
    name: str


class ResourceReference(BaseModel):
    """The resource template a variable belongs to."""

    type: Literal["ref/resource"]
    uri: str


class Argument(BaseModel):
    """The argument and what has been typed so far."""

    name: str
    value: str


class Context(BaseModel):
    """What has been filled in already."""

    arguments: dict[str, str] = {}


class Complete(BaseModel):
    """The parameters of `completion/complete`."""

    ref: PromptReference | ResourceReference
    argument: Argument
    context: Context = Context()


Completer = Callable[[Call, Complete], Awaitable[list[str]]]


class Completions:
    """Answers `completion/complete` from one function."""

    def __init__(self, completer: Completer) -> None:
        self._completer = completer

    async def complete(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Return the best suggestions and how many there are.

        Raises:
            InvalidParams: the parameters do not fit.
        """
        try:
            asked = Complete.model_validate(params)
        except ValidationError as error:
            raise InvalidParams(f"completion/complete does not fit: {faults(error)}.") from None
        values = await self._completer(call, asked)
        shown = values[:MAX_VALUES]
        return {"completion": {"values": shown, "total": len(values), "hasMore": len(values) > len(shown)}}
