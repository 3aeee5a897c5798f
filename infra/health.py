"""Probes: the one place with intervals and retries."""

from collections.abc import Sequence

import pulumi_docker as docker

from app import contract


def probe(test: Sequence[str]) -> docker.ContainerHealthcheckArgs:
    """Return a container's health check with the contract's figures.

    `start_interval` stays unset: it needs Engine 25, and older ones refuse the container.
    """
    return docker.ContainerHealthcheckArgs(
        tests=list(test),
        interval=f"{contract.PROBE_INTERVAL_SECONDS}s",
        timeout=f"{contract.PROBE_TIMEOUT_SECONDS}s",
        start_period=f"{contract.PROBE_START_PERIOD_SECONDS}s",
        retries=contract.PROBE_RETRIES,
    )


def service_probe(test: Sequence[str]) -> docker.ServiceTaskSpecContainerSpecHealthcheckArgs:
    """Return the same for the tasks of a service, with a longer fuse."""
    return docker.ServiceTaskSpecContainerSpecHealthcheckArgs(
        tests=list(test),
        interval=f"{contract.PROBE_INTERVAL_SECONDS}s",
        timeout=f"{contract.PROBE_TIMEOUT_SECONDS}s",
        start_period=f"{contract.PROBE_START_PERIOD_SECONDS}s",
        retries=contract.SERVICE_PROBE_RETRIES,
    )
