"""CONFIG_DIR/server.toml: the clients besides `default`, budgets, and the limits.

    [clients.ci]
    token_sha256 = "…"           # of a generated token; `exai-mcp clients add ci` writes it
    tools = ["chat", "threads"]  # absent: all
    rate = 30                    # tool calls a minute; absent: no limit of its own
    budget_usd_per_day = 2.5     # absent: that of [budget]
    operator = true              # sees on /status what all clients spend; absent: only `default` does

    [budget]
    default_usd_per_day = 10     # of each client without one of its own

    [projects.thesis]
    budget_usd_per_day = 1       # of each client's project of this name, beside the client's own

    [files]
    allow_urls = ["docs.example.com"]   # absent: no URL that a client gives is fetched

    [limits]
    connections = 1000

The table `[clients.default]` may restrict the client of AUTH_TOKEN; its token stays in AUTH_TOKEN.
"""

import hashlib
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.settings import toml_files
from app.settings.errors import ConfigurationError
from app.settings.files import Files
from app.settings.limits import Limits
from app.settings.secret import Secret

FILE_NAME = "server.toml"
DEFAULT_CLIENT = "default"
"""The principal of AUTH_TOKEN; the name, not the token, owns threads and budgets."""
RESERVED = frozenset({"local", "start-check"})
"""Principals of this process itself: its own stdin, and its start check."""
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")

DEFAULT_USD_PER_DAY = Decimal(10)
"""Enough for a day's work with either model, and a mistake in a loop costs no more."""

Usd = Annotated[Decimal, Field(strict=False, ge=0, decimal_places=9)]


class Client(BaseModel):
    """One client: what its token may do. `token_sha256` is 64 lower-case hex digits."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    token_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = Field(
        None, description="64 hexadecimal digits; absent only for `default`, whose token is `AUTH_TOKEN`"
    )
    tools: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)] | None = Field(
        None, description="the tools it may call; absent: all"
    )
    rate: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        None, description="tool calls a minute; absent: no limit of its own"
    )
    budget_usd_per_day: Usd | None = Field(
        None,
        description="USD it may spend on one UTC day; absent: `default_usd_per_day` of `[budget]`",
    )
    operator: bool | None = Field(
        None,
        description="`true`: sees on the [status page](status-page.md) what every client spends and has "
        "left, and nothing of what they asked; absent: only `default` does",
    )


class Budget(BaseModel):
    """What a client may spend on one UTC day if nothing else is said of it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    default_usd_per_day: Usd = Field(
        DEFAULT_USD_PER_DAY, description="USD of each client that has no `budget_usd_per_day` of its own"
    )


class Project(BaseModel):
    """What each client may spend in its project of one name on one UTC day."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    budget_usd_per_day: Usd = Field(
        description="USD each client may spend in its project of this name, beside its own budget"
    )


class ServerFile(BaseModel):
    """The whole file; an absent one is empty."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    clients: dict[str, Client] = Field(default_factory=dict)
    budget: Budget = Budget()
    projects: dict[str, Project] = Field(default_factory=dict)
    files: Files = Field(default_factory=Files)
    limits: Limits = Field(default_factory=Limits)

    def is_operator(self, name: str) -> bool:
        """Whether a client is shown what all clients spend."""
        client = self.clients.get(name)
        said = None if client is None else client.operator
        return name == DEFAULT_CLIENT if said is None else said


def read(config_dir: Path) -> ServerFile:
    """Read and check the file; an absent one means no further clients and the default limits.

    Raises:
        ConfigurationError: with every fault of the file at once, each with its key.
    """
    path = config_dir / FILE_NAME
    text = toml_files.text_of(path)
    return ServerFile() if text is None else parse(text, path)


def parse(text: str, path: Path) -> ServerFile:
    """Check the text of the file; `path` is what faults call it.

    Raises:
        ConfigurationError: with every fault at once.
    """
    found = toml_files.tables_of(text, path)
    faults: list[str] = []
    file = ServerFile()
    try:
        file = ServerFile.model_validate(_numbers(found))
    except ValidationError as error:
        faults += toml_files.sentences(error, _keys_beside, _worded)
    faults += _clients(found.get("clients"))
    if faults:
        raise ConfigurationError([f"{path}: {fault}" for fault in faults])
    return file


def check_token(file: ServerFile, auth_token: Secret | None) -> None:
    """Refuse a file in which another client has AUTH_TOKEN's token.

    Raises:
        ConfigurationError: with one fault a client.
    """
    own = hashlib.sha256(auth_token.reveal().encode()).hexdigest() if auth_token else None
    faults = [
        f"clients.{name}.token_sha256 is the digest of AUTH_TOKEN, and one token cannot be two clients: "
        f"`exai-mcp clients rotate {name}`."
        for name, client in file.clients.items()
        if client.token_sha256 is not None and client.token_sha256 == own
    ]
    if faults:
        raise ConfigurationError(faults)


def _numbers(found: dict[str, Any]) -> dict[str, Any]:
    """Turn the decimals of `[limits]` into the floats that seconds are."""
    limits = found.get("limits")
    if not isinstance(limits, dict):
        return found
    turned = {key: float(value) if isinstance(value, Decimal) else value for key, value in limits.items()}
    return found | {"limits": turned}


def _clients(clients: object) -> list[str]:
    """Check what is true of several clients together, and of their names."""
    faults = []
    owners: dict[str, str] = {}
    for name, client in clients.items() if isinstance(clients, Mapping) else ():
        digest = client.get("token_sha256") if isinstance(client, Mapping) else None
        if name in RESERVED or not NAME.fullmatch(name):
            faults.append(
                f"clients.{name} is not a name a client may have: use lower-case letters, digits, '.', '_' "
                f"and '-', at most 63, and none of {', '.join(sorted(RESERVED))}."
            )
        if name == DEFAULT_CLIENT and digest is not None:
            faults.append(
                f"clients.{name}.token_sha256 cannot be set, because that client's token is AUTH_TOKEN: "
                "remove the key."
            )
        elif name != DEFAULT_CLIENT and isinstance(client, Mapping) and digest is None:
            faults.append(
                f"clients.{name}.token_sha256 is missing: `exai-mcp clients rotate {name}` makes a token."
            )
        elif isinstance(digest, str) and (owner := owners.setdefault(digest, name)) != name:
            faults.append(
                f"clients.{name}.token_sha256 is the same as clients.{owner}.token_sha256, and one token "
                "cannot be two clients: rotate one of them."
            )
    return faults


def _worded(key: str, detail: Any) -> str | None:
    """Word what concerns a digest; its value may be the token in the wrong place and is not repeated."""
    if detail["type"] == "string_pattern_mismatch":
        return (
            f"{key} is not a SHA-256 digest of 64 lower-case hex digits: `exai-mcp clients rotate` "
            "writes one."
        )
    if key.endswith("token_sha256"):
        return f"{key} is set, which is wrong ({detail['msg'].lower()}): correct it."
    return None


def _keys_beside(location: tuple[str | int, ...]) -> list[str]:
    """Return the keys that would be right where an unknown one stands."""
    match location[0] if len(location) > 1 else None:
        case "clients":
            return list(Client.model_fields)
        case "limits":
            return list(Limits.model_fields)
        case "files":
            return list(Files.model_fields)
        case "budget":
            return list(Budget.model_fields)
        case "projects":
            return list(Project.model_fields)
    return list(ServerFile.model_fields)
