"""Redis: what may be lost."""

from dataclasses import dataclass

import pulumi

from app import contract
from infra.network import Network
from infra.settings import Limits
from infra.site import Site
from infra.volume import volume
from infra.workload import Engine, Workload

STOP_SECONDS = 30
SCRATCH_MIB = 16


@dataclass(frozen=True)
class CacheArgs:
    """`image` is an id; `engine` runs it; `protect` keeps its volume from being deleted."""

    engine: Engine
    site: Site
    image: pulumi.Input[str]
    network: Network
    limits: Limits
    protect: bool


class Cache(pulumi.ComponentResource):
    """Redis with an append-only file, reached as `redis` on the stack's backend network only.

    `address` is known once it answers its probe.
    """

    address: pulumi.Output[str]

    def __init__(self, name: str, args: CacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("exai:infra:Cache", name, None, opts)
        data = volume("redis", args.site, protect=args.protect, parent=self)
        running = args.engine.run(
            Workload(
                service=contract.REDIS_SERVICE,
                image=args.image,
                # The image's own user from the start: without capabilities its entrypoint cannot step down.
                user=f"{contract.STORE_USER_ID}:{contract.STORE_USER_ID}",
                command=contract.REDIS_COMMAND,
                probe=contract.PROBE_REDIS,
                secrets=("redis_password",),
                limits=args.limits,
                networks=(args.network.backend,),
                volumes={contract.REDIS_DATA_PATH: data},
                scratch={"/tmp": SCRATCH_MIB},  # noqa: S108 - a path in the container, not here
                stop_seconds=STOP_SECONDS,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.address = running.id.apply(lambda _: f"{contract.REDIS_SERVICE}:{contract.REDIS_PORT}")
        self.register_outputs({"address": self.address})
