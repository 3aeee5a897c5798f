"""What containers may take, as records of the stack file; the defaults are the house policy."""

from collections.abc import Mapping
from typing import Annotated, Self

import pydantic
from pydantic import ConfigDict, Field, StrictFloat, StrictInt, StrictStr, model_validator
from pydantic.alias_generators import to_camel

from app import contract

MEBIBYTE = 1 << 20
LEAST_MEMORY_MIB = 6
"""Docker refuses less."""
LEAST_PROCESSES = 16
"""Threads count too; below this nothing of ours starts."""
BOUNDED_DRIVERS = frozenset({"json-file", "local"})
"""The log drivers that write files here and would fill the disk without bounds."""

Mebibytes = Annotated[StrictInt, Field(ge=LEAST_MEMORY_MIB)]
Cores = Annotated[StrictFloat, Field(gt=0, le=256)]
Processes = Annotated[StrictInt, Field(ge=LEAST_PROCESSES, le=1 << 22)]
MEMORY = f"a whole number of MiB, {LEAST_MEMORY_MIB} or more"
CORES = "a number of CPU cores above 0, such as 0.5"
PROCESSES = f"a whole number of processes and threads, {LEAST_PROCESSES} or more"


class Record(pydantic.BaseModel):
    """A frozen record whose keys are written in camel case, as Pulumi's own are."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, validate_default=False)


class Limits(Record):
    """What a container may take, and what is kept for it (the reservations)."""

    memory: Mebibytes = Field(description=MEMORY)
    memory_reservation: Mebibytes = Field(description=MEMORY)
    cpus: Cores = Field(description=CORES)
    cpu_reservation: Cores = Field(description=CORES)
    processes: Processes = Field(description=PROCESSES)

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
    processes: Processes = Field(contract.SERVER_PROCESSES, description=PROCESSES)


class RedisLimits(Limits):
    """The house policy for Redis, which holds only what may be lost."""

    memory: Mebibytes = Field(256, description=MEMORY)
    memory_reservation: Mebibytes = Field(64, description=MEMORY)
    cpus: Cores = Field(0.5, description=CORES)
    cpu_reservation: Cores = Field(0.05, description=CORES)
    processes: Processes = Field(64, description=PROCESSES)


class PostgresLimits(Limits):
    """The house policy for PostgreSQL."""

    memory: Mebibytes = Field(512, description=MEMORY)
    memory_reservation: Mebibytes = Field(128, description=MEMORY)
    cpus: Cores = Field(1.0, description=CORES)
    cpu_reservation: Cores = Field(0.2, description=CORES)
    processes: Processes = Field(128, description=PROCESSES)


class EdgeLimits(Limits):
    """The house policy for each HAProxy, of the edge and of its door."""

    memory: Mebibytes = Field(256, description=MEMORY)
    memory_reservation: Mebibytes = Field(32, description=MEMORY)
    cpus: Cores = Field(0.5, description=CORES)
    cpu_reservation: Cores = Field(0.05, description=CORES)
    processes: Processes = Field(64, description=PROCESSES)


class PrometheusLimits(Limits):
    """The house policy for Prometheus, which keeps fifteen days or 1 GB of metrics."""

    memory: Mebibytes = Field(512, description=MEMORY)
    memory_reservation: Mebibytes = Field(128, description=MEMORY)
    cpus: Cores = Field(0.5, description=CORES)
    cpu_reservation: Cores = Field(0.05, description=CORES)
    processes: Processes = Field(64, description=PROCESSES)


class GrafanaLimits(Limits):
    """The house policy for Grafana, which shows one dashboard."""

    memory: Mebibytes = Field(256, description=MEMORY)
    memory_reservation: Mebibytes = Field(64, description=MEMORY)
    cpus: Cores = Field(0.5, description=CORES)
    cpu_reservation: Cores = Field(0.05, description=CORES)
    processes: Processes = Field(128, description=PROCESSES)


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
