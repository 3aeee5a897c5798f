"""Redis: what may be lost."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from app import contract
from infra import logins
from infra.image import official
from infra.limits import Limits
from infra.network import Network
from infra.secret import Credentials, Secret
from infra.site import Site
from infra.volume import volume
from infra.workload import Engine, Workload

STOP_SECONDS = 30
SCRATCH_MIB = 16


@dataclass(frozen=True)
class CacheArgs:
    """`engine` runs the image unless it is `external`; `protect` keeps its volume from being deleted."""

    engine: Engine
    site: Site
    image: str
    network: Network
    credentials: Credentials
    limits: Limits
    protect: bool
    external: bool = False


class Cache(pulumi.ComponentResource):
    """Redis with an append-only file, reached as `redis` on the stack's backend network only.

    `urls` is the one secret that servers reach it by, known once Redis answers its probe and takes the
    password. An external Redis is only its URL.
    """

    urls: Sequence[Secret]

    def __init__(self, name: str, args: CacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("exai:infra:Cache", name, None, opts)
        self.urls = [args.credentials.get("redis_url") if args.external else self._run(args)]
        self.register_outputs({})

    def _run(self, args: CacheArgs) -> Secret:
        data = volume("redis", args.site, protect=args.protect, parent=self)
        running = args.engine.run(
            Workload(
                service=contract.REDIS_SERVICE,
                image=official("redis", args.site, args.image, parent=self),
                # The image's own user from the start: without capabilities its entrypoint cannot step down.
                user=f"{contract.STORE_USER_ID}:{contract.STORE_USER_ID}",
                entrypoint=contract.ENTRYPOINT,
                command=contract.REDIS_COMMAND,
                probe=contract.PROBE_REDIS,
                limits=args.limits,
                reached_on=args.network.backend,
                volumes={contract.REDIS_DATA_PATH: data},
                keeps_data=True,
                scratch={"/tmp": SCRATCH_MIB},  # noqa: S108 - a path in the container, not here
                stop_seconds=STOP_SECONDS,
            ),
            pulumi.ResourceOptions(parent=self),
        )

        password = args.credentials.text("redis_password")

        async def open_up() -> None:
            await logins.assured(logins.redis_give, args.site, contract.REDIS_SERVICE, password)

        url = logins.once_open(running, redis_url(password), open_up)
        return args.credentials.put("redis_url", url)


def redis_url(password: str) -> str:
    """Return what a server of the stack connects to."""
    login = f"{contract.REDIS_USER}:{logins.in_url(password)}"
    return f"redis://{login}@{contract.REDIS_SERVICE}:{contract.REDIS_PORT}/0"
