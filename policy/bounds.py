"""Bounds: what a container may take of the host, and how an update learns that it works."""

from collections.abc import Iterator

from policy.inputs import at
from policy.workloads import Workload

BOUNDED_DRIVERS = {"json-file": "max-size", "local": None}
"""Drivers that write files on the host, each with the option that bounds them; `local` has a default."""


def memory_limit(one: Workload) -> Iterator[str]:
    """Refuse what can take all memory (CIS 5.11)."""
    if not one.get("memory"):
        yield (
            f"The {one} has no memory limit, so that it can take the host's last page: "
            f"set {one.where('memory')}."
        )


def cpu_limit(one: Workload) -> Iterator[str]:
    """Refuse what can take every core (CIS 5.12)."""
    if not (one.get("cpus") or one.get("cpu quota")):
        yield f"The {one} has no CPU limit, so that it can starve its neighbours: set {one.where('cpus')}."


def health_check(one: Workload) -> Iterator[str]:
    """Refuse what nobody asks whether it works (CIS 5.27)."""
    words = list(one.items("probe"))
    if not one.ends and (not words or words[0] == "NONE"):
        yield (
            f"The {one} has no health check, and without one nobody learns that it does not work: "
            f"give it {one.where('probe')}."
        )


def log_limit(one: Workload) -> Iterator[str]:
    """Refuse a log that can fill the disk of every neighbour."""
    driver = one.get("log driver")
    option = BOUNDED_DRIVERS.get(driver) if driver else None
    if not driver:
        yield (
            f"The {one} logs however the engine happens to be set, perhaps without bounds: set "
            f"{one.where('log driver')} and {one.where('log options')}."
        )
    elif option and not at(one.get("log options"), option):
        yield (
            f"The {one} logs to {driver} without bounds, which fills the disk: set {option} in "
            f"{one.where('log options')}."
        )
