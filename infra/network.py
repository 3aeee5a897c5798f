"""The stack's two networks: one with a way out, one for the stores without any."""

from dataclasses import dataclass

import pulumi
import pulumi_docker as docker

from infra.site import Site


@dataclass(frozen=True)
class NetworkArgs:
    """`site` gives the labels."""

    site: Site


class Network(pulumi.ComponentResource):
    """`frontend` carries the published port and calls to vendors; `backend` joins the server to the stores.

    Names are left to Pulumi: a network cannot be removed while containers are on it, so a replacement is made
    first, and a fixed name would clash with itself.
    """

    frontend: pulumi.Output[str]
    backend: pulumi.Output[str]

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("exai:infra:Network", name, None, opts)
        self.frontend = self._network(f"{args.site.prefix}-frontend", args.site, internal=False)
        self.backend = self._network(f"{args.site.prefix}-backend", args.site, internal=True)
        self.register_outputs({"frontend": self.frontend, "backend": self.backend})

    def _network(self, name: str, site: Site, *, internal: bool) -> pulumi.Output[str]:
        network = docker.Network(
            name,
            driver="bridge",
            internal=internal,
            labels=[
                docker.NetworkLabelArgs(label=label, value=value) for label, value in site.labels.items()
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        return network.name
