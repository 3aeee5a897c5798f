"""What a stack file may say, read once. The defaults are the house policy: a stack says how it differs."""

import math
from typing import Any, Literal, Self

import pulumi
import pydantic
from pydantic import Field, StrictBool, StrictInt, StrictStr, model_validator

from app import contract
from app.settings.variables import VARIABLES
from infra import faults, rules, sources
from infra.limits import (
    EdgeLimits,
    GrafanaLimits,
    Logging,
    PostgresLimits,
    PrometheusLimits,
    Record,
    RedisLimits,
    ServerLimits,
)

MOST_REPLICAS = 16
STOP_MARGIN_SECONDS = 25
PRODUCTION = {"engine": "swarm", "replicas": 2, "protect": True}
"""What production is unless its file says otherwise."""
IMAGE = "the name of an image, such as redis:8 or redis@sha256:…"


class SettingsError(pulumi.RunError):
    """The stack file is wrong; the message holds every fault, and Pulumi prints it without a traceback."""


class Images(Record):
    """Base images other than those of `images.lock`; the variables `<NAME>_IMAGE` do the same."""

    python: StrictStr | None = Field(None, min_length=1, description=IMAGE)
    redis: StrictStr | None = Field(None, min_length=1, description=IMAGE)
    postgres: StrictStr | None = Field(None, min_length=1, description=IMAGE)
    haproxy: StrictStr | None = Field(None, min_length=1, description=IMAGE)
    prometheus: StrictStr | None = Field(None, min_length=1, description=IMAGE)
    grafana: StrictStr | None = Field(None, min_length=1, description=IMAGE)


class Settings(Record):
    """Everything a stack may say: `title` is what a key is for, `description` what it takes."""

    environment: Literal["development", "production"] = Field(
        "development",
        title="production is reached through an edge and takes its secrets from the configuration",
        description="development or production",
    )
    engine: Literal["containers", "swarm"] = Field(
        "containers",
        title="plain containers on one host, or Docker Swarm (production only)",
        description="containers or swarm",
    )
    prefix: StrictStr | None = Field(
        None,
        title="what the names of its parts begin with; unset: the stack's name",
        pattern=r"^[a-z0-9][a-z0-9-]{0,30}$",
        description="at most 31 lower-case letters, digits and hyphens, starting with a letter or digit",
    )
    published_port: StrictInt = Field(
        contract.PORT,
        title="where clients come in, on the host",
        ge=1,
        le=65535,
        description="a port number from 1 to 65535 on the host",
    )
    public_url: StrictStr | None = Field(
        None,
        title="the address that clients are told, and that the certificate must be for",
        pattern=r"^https://[A-Za-z0-9.-]+(:[0-9]{1,5})?$",
        description="the address that clients use, such as https://mcp.example.com:8079",
    )
    image: StrictStr | None = Field(
        None,
        title="taken as it is; unset: built from the checkout",
        pattern=r"^[a-z0-9][a-z0-9.:/_-]*@sha256:[0-9a-f]{64}$",
        description="an image by its digest, such as registry.example.com/exai-mcp-server@sha256:…",
    )
    registry: StrictStr | None = Field(
        None,
        title="where what is built is pushed to; several machines need it, or `image`",
        pattern=r"^[a-z0-9][a-z0-9.-]*(:[0-9]{1,5})?(/[a-z0-9._-]+)*$",
        description="where images are pushed to, such as registry.example.com/team",
    )
    replicas: StrictInt = Field(
        1,
        title="servers",
        ge=1,
        le=MOST_REPLICAS,
        description=f"a whole number of servers from 1 to {MOST_REPLICAS}",
    )
    external: list[Literal["postgres", "redis"]] = Field(
        [],
        title="stores that are run elsewhere",
        description="a list of stores that are run elsewhere: postgres, redis or both",
    )
    healthy_within: StrictInt = Field(
        90,
        title="how long an update waits for each part",
        ge=1,
        le=3600,
        description="a whole number of seconds from 1 to 3600, for each container's probe to pass",
    )
    monitor: StrictInt = Field(
        10,
        title="how long Swarm watches what it has updated",
        ge=1,
        le=600,
        description="a whole number of seconds from 1 to 600, for which what was updated must not fail",
    )
    hot_reload: StrictBool = Field(
        False,
        title="the server starts again when a file of the checkout changes (development only)",
        description="true or false",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", title="what the server logs", description="DEBUG, INFO, WARNING or ERROR"
    )
    variables: dict[str, StrictStr] = Field(
        {},
        title="the server's variables, and HTTPS_PROXY and NO_PROXY without a password",
        description="a mapping of the server's own variables, each value a string in quotes",
    )
    protect: StrictBool = Field(
        False, title="data volumes cannot be deleted by an edit", description="true or false"
    )
    server: ServerLimits = Field(
        ServerLimits(), title="limits of each server", description="a mapping of limits"
    )
    redis: RedisLimits = Field(RedisLimits(), title="limits of Redis", description="a mapping of limits")
    postgres: PostgresLimits = Field(
        PostgresLimits(), title="limits of PostgreSQL", description="a mapping of limits"
    )
    edge: EdgeLimits = Field(EdgeLimits(), title="limits of each HAProxy", description="a mapping of limits")
    observability: StrictBool = Field(
        False,
        title="Prometheus with alerts and Grafana with a dashboard besides",
        description="true or false",
    )
    grafana_port: StrictInt = Field(
        contract.GRAFANA_PORT,
        title="where Grafana is, on 127.0.0.1 of the host",
        ge=1,
        le=65535,
        description="a port number from 1 to 65535 on the host",
    )
    prometheus: PrometheusLimits = Field(
        PrometheusLimits(), title="limits of Prometheus", description="a mapping of limits"
    )
    grafana: GrafanaLimits = Field(
        GrafanaLimits(), title="limits of Grafana", description="a mapping of limits"
    )
    logging: Logging = Field(
        Logging(),
        title="where the output of every container goes",
        description="a mapping with driver and options",
    )
    images: Images = Field(
        Images(),
        title="base images other than those of `images.lock`, by the names of the parts and `python`",
        description="a mapping of image names",
    )

    @model_validator(mode="before")
    @classmethod
    def _production_has_defaults_of_its_own(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("environment") == "production":
            return PRODUCTION | values
        return values

    @property
    def is_production(self) -> bool:
        """Whether it is reached through the edge and takes its secrets from the configuration."""
        return self.environment == "production"

    @property
    def target(self) -> str:
        """The stage of the Dockerfile: hot reload needs the one that watches files."""
        return "development" if self.hot_reload else "production"

    @property
    def extras(self) -> str:
        """The optional part of the image: what sends traces, where there is somewhere to send them."""
        return "otel" if "OTEL_EXPORTER_OTLP_ENDPOINT" in self.variables else ""

    @property
    def stop_seconds(self) -> int:
        """How long a server that was told to stop may take: above LAME_DUCK and DRAIN_TIMEOUT together."""
        rows = {variable.name: variable for variable in VARIABLES}
        given = self.variables
        lame_duck = rows["LAME_DUCK"].parse(given.get("LAME_DUCK", f"{contract.LAME_DUCK_SECONDS}s"))
        drain = rows["DRAIN_TIMEOUT"].parse(given.get("DRAIN_TIMEOUT", rows["DRAIN_TIMEOUT"].default or ""))
        return math.ceil(float(lame_duck + drain)) + STOP_MARGIN_SECONDS

    @property
    def url(self) -> str:
        """What clients are told: the public address, else this machine's own."""
        if self.is_production:
            return f"{self.public_url or f'https://localhost:{self.published_port}'}{contract.MCP_PATH}"
        return f"http://127.0.0.1:{self.published_port}{contract.MCP_PATH}"

    @classmethod
    def load(cls, config: pulumi.Config, *, planning: bool = False) -> Self:
        """Read the namespace of `config`.

        A preview may lack secrets and warns of it; an update may not. `planning` says that a preview follows.

        Raises:
            SettingsError: anything is unknown, missing, of the wrong type or against the house policy.
        """
        source = sources.read(config.name)
        wrong = source.faults
        try:
            settings = cls.model_validate(source.values)
        except pydantic.ValidationError as error:
            raise _fault([*wrong, *faults.sentences(error, cls, config.name)]) from None
        wrong += rules.broken(settings, source, config.name)
        lacking = list(rules.lacking(settings, source, config.name))
        if pulumi.runtime.is_dry_run():
            for sentence in lacking:
                pulumi.log.warn(f"`up` will be refused: {sentence}")
        elif not planning:
            wrong += lacking
        if wrong:
            raise _fault(wrong)
        return settings


def _fault(wrong: list[str]) -> SettingsError:
    return SettingsError("\n".join(["The settings of this stack need mending:", *wrong]))
