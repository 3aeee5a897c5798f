"""What every tool that asks a model is given, and what it makes of it."""

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.stores.records import File


class ModelArguments(BaseModel):
    """The arguments of every tool that asks a model."""

    model_config = ConfigDict(extra="forbid")

    thread: str | None = Field(default=None, description="Go on with this thread id; either model may.")
    model: str = Field(default="auto", description="auto, kimi, glm, or an id or alias of listmodels.")
    effort: Literal["off", "low", "high", "max"] | None = Field(
        default=None, description="How hard to think; slower and dearer upwards."
    )
    project: str = Field(default="", max_length=64, description="Groups threads and costs.")
    no_store: bool = Field(
        default=False, description="Keep nothing of this call; then it cannot be collected."
    )


@dataclass(frozen=True, slots=True)
class Consultation:
    """One question to one model: the tool's instructions, and the person's side of the exchange."""

    tool: str
    instructions: str
    prompt: str
    arguments: ModelArguments
    files: tuple[File, ...] = ()
    """With their content; where they may be kept they are in the store already."""
