"""The settings record: read once, frozen, handed to the composition root."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from app.providers.catalog import BUILT_IN, Catalog
from app.settings import folders, models_file, rules, server_file, sources
from app.settings.errors import ConfigurationError
from app.settings.parsing import Network
from app.settings.secret import Secret
from app.settings.server_file import ServerFile
from app.settings.variables import VARIABLES, Variable


class Settings(BaseModel):
    """One field per variable of `app.settings.variables`, its name in lower case; durations in seconds.

    `store` is resolved (never `auto`); the paths are absolute; `warnings` are sentences for the log.
    """

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True, extra="forbid", strict=True)

    environment: Literal["development", "production"]
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"]
    ws_host: str
    ws_port: int
    auth_token: Secret
    state_key: Secret
    state_key_previous: Secret | None = None
    public_url: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()
    kimi_api_key: Secret | None = None
    kimi_base_url: str
    glm_api_key: Secret | None = None
    glm_base_url: str
    store: Literal["sqlite", "postgres", "supabase"]
    database_url: Secret | None = None
    supabase_url: str | None = None
    supabase_service_role_key: Secret | None = None
    supabase_key: Secret | None = None
    redis_url: Secret | None = None
    data_dir: Path
    log_dir: Path | None = None
    config_dir: Path
    max_message_bytes: int
    call_timeout: float
    detach_after: float
    lame_duck: float
    drain_timeout: float
    retention_days: int
    otel_exporter_otlp_endpoint: str | None = None
    """None also where it was set and nothing is installed to send traces with; `warnings` say so."""
    otel_exporter_otlp_headers: Secret | None = None
    otel_service_name: str
    token_file: Path | None = None
    """Where the generated token is kept; None when AUTH_TOKEN was given."""
    server_file: ServerFile = ServerFile()
    """CONFIG_DIR/server.toml as it was at start."""
    models: Catalog = BUILT_IN
    """The models that can be asked, with what CONFIG_DIR/models.toml says of them."""
    warnings: tuple[str, ...] = ()

    @classmethod
    def from_env(cls, environ: Mapping[str, str], working_directory: Path) -> Self:
        """Read, check and complete the settings; in development make the missing secrets.

        Raises:
            ConfigurationError: with every fault at once; then nothing was generated.
        """
        read = sources.read(environ, working_directory)
        faults = read.faults
        named = {variable.name for variable in VARIABLES if _is_set(variable, environ)}
        values = _parse(read.texts, faults)
        unread = {name for name in named | read.texts.keys() if values.get(name) is None}
        values["STORE"] = rules.choose_store(values, faults, unread=unread)
        rules.check_timings(values, faults, given=read.texts)
        rules.check_production(values, faults, unread=unread)
        rules.check_tracing(values, read.warnings)
        for name in ("DATA_DIR", "LOG_DIR", "CONFIG_DIR"):
            if values.get(name):
                values[name] = working_directory / values[name]
        file = _read_server_file(values, faults)
        models = _read_models_file(values, faults)
        if not faults:
            folders.prepare("DATA_DIR", values["DATA_DIR"], faults)
            if values.get("LOG_DIR"):
                folders.prepare("LOG_DIR", values["LOG_DIR"], faults)
        token_file = None
        if not faults and not values.get("AUTH_TOKEN"):
            token_file = values["DATA_DIR"] / "token"
            values["AUTH_TOKEN"] = folders.generated(token_file, faults)
        if not faults and not values.get("STATE_KEY"):
            values["STATE_KEY"] = folders.generated(values["DATA_DIR"] / "state_key", faults)
        if faults:
            raise ConfigurationError(faults)
        fields = {name.lower(): value for name, value in values.items()}
        return cls(
            **fields,
            token_file=token_file,
            server_file=file,
            models=models,
            warnings=tuple(read.warnings),
        )

    @property
    def production(self) -> bool:
        """Whether this is the production environment."""
        return self.environment == "production"

    @property
    def public_host(self) -> str | None:
        """The host and port of PUBLIC_URL, as it stands in a Host header."""
        return urlsplit(self.public_url).netloc.lower() if self.public_url else None

    def secrets(self) -> list[Secret]:
        """Return every secret that was loaded, for the redaction of logs."""
        return [value for _, value in self if isinstance(value, Secret)]


def _read_server_file(values: Mapping[str, Any], faults: list[str]) -> ServerFile:
    """Read server.toml, and refuse a client that shares its token with AUTH_TOKEN's."""
    try:
        file = server_file.read(values["CONFIG_DIR"])
        server_file.check_token(file, values.get("AUTH_TOKEN"))
    except ConfigurationError as error:
        faults += error.faults
        return ServerFile()
    return file


def _read_models_file(values: Mapping[str, Any], faults: list[str]) -> Catalog:
    try:
        return models_file.read(values["CONFIG_DIR"])
    except ConfigurationError as error:
        faults += error.faults
        return BUILT_IN


def _is_set(variable: Variable, environ: Mapping[str, str]) -> bool:
    return bool(environ.get(variable.name) or (variable.secret and environ.get(variable.file_name)))


def _parse(texts: Mapping[str, str], faults: list[str]) -> dict[str, Any]:
    """Parse what is set, fall back to the defaults, and keep secrets wrapped from here on."""
    values: dict[str, Any] = {}
    for variable in VARIABLES:
        default = variable.default
        if variable.production is not None and values["ENVIRONMENT"] == "production":
            default = variable.production
        value = variable.parse(default) if default is not None else None
        if (given := texts.get(variable.name)) is not None:
            if fault := variable.fault(given):
                faults.append(fault)
            else:
                value = variable.parse(given)
        values[variable.name] = Secret(value) if variable.secret and value is not None else value
    return values
