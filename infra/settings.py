"""What a stack file may say, read once. The defaults are the house policy: a stack says how it differs."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

import pulumi
import pydantic
from pydantic import ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator
from pydantic.alias_generators import to_camel

from app import contract
from infra import faults, sources

LEAST_MEMORY_MIB = 6
"""Docker refuses less."""
BOUNDED_DRIVERS = frozenset({"json-file", "local"})
"""The log drivers that write files here and would fill the disk without bounds."""

Mebibytes = Annotated[StrictInt, Field(ge=LEAST_MEMORY_MIB)]
Cores = Annotated[StrictFloat, Field(gt=0, le=256)]
MEMORY = f"a whole number of MiB, {LEAST_MEMORY_MIB} or more"
CORES = "a number of CPU cores above 0, such as 0.5"


class SettingsError(pulumi.RunError):
    """The stack file is wrong; the message holds every fault, and Pulumi prints it without a traceback."""


class Record(pydantic.BaseModel):
    """A frozen record whose keys are written in camel case, as Pulumi's own are."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, validate_default=False)


class Limits(Record):
    """What a container may take (`memory`, `cpus`) and what is kept for it (the reservations)."""

    memory: Mebibytes = Field(description=MEMORY)
    memory_reservation: Mebibytes = Field(description=MEMORY)
    cpus: Cores = Field(description=CORES)
    cpu_reservation: Cores = Field(description=CORES)

    @model_validator(mode="after")
    def _limit_is_not_below_reservation(self) -> Self:
        pairs = (
            ("memory", self.memory, "memoryReservation", self.memory_reservation, " MiB"),
            ("cpus", self.cpus, "cpuReservation", self.cpu_reservation, " cores"),
        )
        wrong = [
            f"`{{here}}.{limit}` is {most}{unit}, below `{{here}}.{reservation}` of {kept}{unit}: "
            "raise the first or lower the second."
            for limit, most, reservation, kept, unit in pairs
            if most < kept
        ]
        if wrong:
            raise ValueError(" ".join(wrong))
        return self


class ServerLimits(Limits):
    """The house policy for the server."""

    memory: Mebibytes = Field(contract.SERVER_MEMORY_MIB, description=MEMORY)
    memory_reservation: Mebibytes = Field(contract.SERVER_MEMORY_RESERVATION_MIB, description=MEMORY)
    cpus: Cores = Field(contract.SERVER_CPUS, description=CORES)
    cpu_reservation: Cores = Field(contract.SERVER_CPU_RESERVATION, description=CORES)


class RedisLimits(Limits):
    """The house policy for Redis, which holds only what may be lost."""

    memory: Mebibytes = Field(256, description=MEMORY)
    memory_reservation: Mebibytes = Field(64, description=MEMORY)
    cpus: Cores = Field(0.5, description=CORES)
    cpu_reservation: Cores = Field(0.1, description=CORES)


class PostgresLimits(Limits):
    """The house policy for PostgreSQL."""

    memory: Mebibytes = Field(512, description=MEMORY)
    memory_reservation: Mebibytes = Field(128, description=MEMORY)
    cpus: Cores = Field(1.0, description=CORES)
    cpu_reservation: Cores = Field(0.25, description=CORES)


class Logging(Record):
    """Where container output goes; the same for every container of the stack."""

    driver: StrictStr = Field(
        contract.LOG_DRIVER, min_length=1, description="the name of a Docker log driver"
    )
    options: dict[str, StrictStr] | None = Field(
        None, description="a mapping of the driver's options, each value a string in quotes"
    )

    @property
    def effective_options(self) -> Mapping[str, str]:
        """The stack's own options, else bounds for the drivers that write files here."""
        if self.options is not None:
            return self.options
        bounds = {"max-size": contract.LOG_MAX_SIZE, "max-file": str(contract.LOG_MAX_FILES)}
        return bounds if self.driver in BOUNDED_DRIVERS else {}


IMAGE = "the name of an image, such as redis:8 or redis@sha256:…"


class Images(Record):
    """Base images other than those of `images.lock`; the variables `<NAME>_IMAGE` do the same."""

    python: StrictStr | None = Field(None, min_length=1, description=IMAGE)
    redis: StrictStr | None = Field(None, min_length=1, description=IMAGE)
    postgres: StrictStr | None = Field(None, min_length=1, description=IMAGE)


class Settings(Record):
    """Everything a stack may say. `prefix` makes names unique on an engine; None means the stack's name."""

    engine: Literal["containers"] = Field("containers", description="containers")
    environment: Literal["development", "production"] = Field(
        "development", description="development or production"
    )
    prefix: StrictStr | None = Field(
        None,
        pattern=r"^[a-z0-9][a-z0-9-]{0,30}$",
        description="at most 31 lower-case letters, digits and hyphens, starting with a letter or digit",
    )
    published_port: StrictInt = Field(
        contract.PORT, ge=1, le=65535, description="a port number from 1 to 65535 on the host"
    )
    healthy_within: StrictInt = Field(
        90,
        ge=1,
        le=3600,
        description="a whole number of seconds from 1 to 3600, for each container's probe to pass",
    )
    hot_reload: StrictBool = Field(False, description="true or false")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="DEBUG, INFO, WARNING or ERROR"
    )
    protect: StrictBool = Field(False, description="true or false")
    server: ServerLimits = Field(ServerLimits(), description="a mapping of limits")
    redis: RedisLimits = Field(RedisLimits(), description="a mapping of limits")
    postgres: PostgresLimits = Field(PostgresLimits(), description="a mapping of limits")
    logging: Logging = Field(Logging(), description="a mapping with driver and options")
    images: Images = Field(Images(), description="a mapping of image names")

    @model_validator(mode="after")
    def _production_runs_what_was_built(self) -> Self:
        if self.environment == "production" and self.hot_reload:
            raise ValueError(
                "`{here}hotReload` is true in production, where only what was built and tested may run: "
                "set it to false."
            )
        return self

    @property
    def target(self) -> str:
        """The stage of the Dockerfile: hot reload needs the one that watches files."""
        return "development" if self.hot_reload else "production"

    @classmethod
    def load(cls, config: pulumi.Config) -> Self:
        """Read the namespace of `config`.

        Raises:
            SettingsError: anything is unknown, missing, of the wrong type or against the house policy.
        """
        source = sources.read(config.name)
        wrong = source.faults
        try:
            settings = cls.model_validate(source.values)
        except pydantic.ValidationError as error:
            raise _fault([*wrong, *faults.sentences(error, cls, config.name)]) from None
        if wrong:
            raise _fault(wrong)
        return settings


def _fault(wrong: list[str]) -> SettingsError:
    return SettingsError("\n".join(["The settings of this stack need mending:", *wrong]))
