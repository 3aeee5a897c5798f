"""What tools take: the types of single arguments, and the sets that several tools share."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from app.files.arguments import GivenFile
from app.protocol.schemas import terse

_HANDLE = re.compile(r"[a-z]{1,16}_[0-9a-z]{1,40}", re.ASCII)
"""How ids of threads and jobs look (`app.ids`); what does not is not looked up."""


def is_handle(text: str) -> bool:
    """Tell whether a text could be the id of a thread or a job."""
    return _HANDLE.fullmatch(text) is not None


def _handle(text: str) -> str:
    if not is_handle(text):
        raise ValueError("is no id; pass one exactly as an answer gave it")
    return text


def _storable(text: str) -> str:
    # PostgreSQL keeps no NUL in text, and nothing that a person writes has one.
    if "\0" in text:
        raise ValueError("holds a NUL character")
    return text


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("holds characters that cannot be shown on one line")
    return text.strip()


def _empty_is_none(value: Any) -> Any:
    """Models write "" for what they leave out."""
    return None if value == "" else value


def _iso_text(value: Any) -> Any:
    # pydantic would take a number for seconds since 1970, which nobody means.
    if value is not None and not isinstance(value, str):
        raise ValueError("is no time; pass it as text, as the list gave it")
    return value


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


Moment = Annotated[Annotated[datetime, AfterValidator(_aware)] | None, BeforeValidator(_iso_text)]
Handle = Annotated[str, AfterValidator(_handle)]
Text = Annotated[str, AfterValidator(_storable)]
Line = Annotated[str, AfterValidator(_one_line)]
OptionalHandle = Annotated[Handle | None, BeforeValidator(_empty_is_none)]
OptionalLine = Annotated[Line | None, BeforeValidator(_empty_is_none)]

LONGEST_PROJECT = 64
LONGEST_MODEL = 100


class Arguments(BaseModel):
    """The arguments of one tool: nothing else is taken, and the schema says no more than it must.

    What checks them is built when the tool is first asked for, not at every start.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra=terse, defer_build=True)


class Facts(BaseModel):
    """A part of a structured answer; what its fields mean is said in the text that goes with it."""

    model_config = ConfigDict(
        json_schema_extra=lambda schema: schema.pop("description", None), defer_build=True
    )


class KeptArguments(Arguments):
    """What every tool takes that a vendor is paid for."""

    project: Line = Field(default="", max_length=LONGEST_PROJECT, description="groups threads and costs")
    no_store: bool = Field(default=False, description="keep nothing")


class ModelArguments(KeptArguments):
    """What every tool takes that asks a model."""

    thread: OptionalHandle = Field(default=None, description="go on with this thread")
    model: Line = Field(
        default="auto", max_length=LONGEST_MODEL, description="auto, kimi, glm or one of listmodels"
    )
    effort: Literal["off", "low", "high", "max"] | None = Field(default=None, description="how hard to think")


class PromptArguments(ModelArguments):
    """A prompt, and files that belong to it."""

    prompt: Text = Field(min_length=1, description="complete in itself: the model sees nothing else of yours")
    files: list[GivenFile] = Field(default_factory=list, description="text, code, images, documents")

    @property
    def given(self) -> list[GivenFile]:
        """Every file of the call, in the order in which the model sees them."""
        return self.files
