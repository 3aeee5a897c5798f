"""A file as a tool's argument: exactly one of the ways in which it can come."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from app.protocol.schemas import terse

_FILE_ID = re.compile(r"[0-9a-f]{64}", re.ASCII)


def _file_id(text: str) -> str:
    if _FILE_ID.fullmatch(text) is None:
        raise ValueError("is no file id, which has 64 of the digits 0 to 9 and a to f")
    return text


FileId = Annotated[str, AfterValidator(_file_id)]
"""SHA-256 in hex: of a file's content, or of what stands for it."""

WAYS = ("content", "base64", "id", "path", "url")


class GivenFile(BaseModel):
    """One file: its text, its bytes in base64, the id of one that was sent before, a path, or a URL."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=terse, defer_build=True)

    name: str | None = None
    content: str | None = Field(default=None, description="its text")
    base64: str | None = None
    id: FileId | None = Field(default=None, description="from POST /files or an earlier answer")
    path: str | None = Field(default=None, description="read by the stdio bridge")
    url: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "GivenFile":
        given = [way for way in WAYS if getattr(self, way) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(WAYS)}")
        return self
