"""`[files]` of server.toml: which hosts' URLs the server fetches for its clients."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+(?::[1-9][0-9]{0,4})?", re.ASCII)
_ADDRESS = re.compile(r"[0-9.]+(?::[0-9]+)?", re.ASCII)


def _named(host: str) -> str:
    if _HOST.fullmatch(host) is None or _ADDRESS.fullmatch(host) is not None:
        raise ValueError("it is no host name in lower case, for instance docs.example.com")
    return host


class Files(BaseModel):
    """`allow_urls` lists exact host names, with `:port` where it is not 443; absent: no URL is fetched."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    allow_urls: list[Annotated[str, AfterValidator(_named)]] = Field(
        default_factory=list,
        description="host names (with `:port` where it is not 443) whose https URLs clients may give in "
        "place of a file's content; a name that resolves to anything but public addresses is not fetched "
        "all the same",
    )
