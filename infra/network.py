"""The stack's two networks: one with a way out, one for the stores without any."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_docker as docker

from infra.site import Site
from infra.workload import Joined

BRIDGE = "bridge"
OVERLAY = "overlay"


@dataclass(frozen=True)
class NetworkArgs:
    """`driver` is the engine's: BRIDGE on one machine, OVERLAY on a Swarm; `site` gives the labels."""

    site: Site
    driver: str


class Network(pulumi.ComponentResource):
    """`frontend` carries what clients send and calls to vendors; `backend` joins the server to the stores.

    Names are left to Pulumi: a network cannot be removed while containers are on it, so a replacement is made
    first, and a fixed name would clash with itself.
    """

    frontend: Joined
    backend: Joined

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("exai:infra:Network", name, None, opts)
        self.frontend = network("frontend", args.site, args.driver, internal=False, parent=self)
        self.backend = network("backend", args.site, args.driver, internal=True, parent=self)
        self.register_outputs({"frontend": self.frontend.name, "backend": self.backend.name})


def network(purpose: str, site: Site, driver: str, *, internal: bool, parent: pulumi.Resource) -> Joined:
    """Declare the network of a purpose; an `internal` one has no way out."""
    spans = driver == OVERLAY
    made = docker.Network(
        f"{site.prefix}-{purpose}",
        driver=driver,
        internal=internal,
        # For what is no service: Prometheus and Grafana, and `docker run --network …` of whoever looks after
        # the stores.
        attachable=spans or None,
        # Tokens would cross from machine to machine in clear.
        options={"encrypted": ""} if spans else None,
        labels=[docker.NetworkLabelArgs(label=label, value=value) for label, value in site.labels.items()],
        opts=pulumi.ResourceOptions(
            parent=parent,
            # The engine adds a number of its own to them, which would replace the network every time.
            ignore_changes=["options"] if spans else None,
        ),
    )
    return Joined(made.name, made.id, made.ipam_configs.apply(_subnets))


def _subnets(configs: Sequence[Any] | None) -> Sequence[str]:
    """Return the address ranges that the engine gave to a network."""
    return sorted(str(config.subnet) for config in configs or () if config.subnet)
