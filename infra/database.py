"""PostgreSQL: what may not be lost."""

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

STOP_SECONDS = 60
"""A fast shutdown writes a checkpoint first."""
STOP_SIGNAL = "SIGINT"
"""Fast: roll back what is open and stop; SIGTERM would wait for every client to leave."""
SCRATCH_MIB = 64
SOCKET_MIB = 1
SHARED_MEMORY_MIB = 128


@dataclass(frozen=True)
class DatabaseArgs:
    """`engine` runs the image unless it is `external`; `protect` keeps its volume from being deleted."""

    engine: Engine
    site: Site
    image: str
    network: Network
    credentials: Credentials
    limits: Limits
    protect: bool
    external: bool = False


class Database(pulumi.ComponentResource):
    """PostgreSQL, reached as `postgres` on the stack's backend network only.

    `urls` is the one secret that servers reach it by, known once PostgreSQL answers its probe and takes the
    password. An external database is only its URL, and Supabase not even that: it has secrets of its own.
    """

    urls: Sequence[Secret]

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("exai:infra:Database", name, None, opts)
        if args.external:
            self.urls = args.credentials.optional("database_url")
        else:
            self.urls = [self._run(args)]
        self.register_outputs({})

    def _run(self, args: DatabaseArgs) -> Secret:
        data = volume("postgres", args.site, protect=args.protect, parent=self)
        running = args.engine.run(
            Workload(
                service=contract.POSTGRES_SERVICE,
                image=official("postgres", args.site, args.image, parent=self),
                # The image's own user from the start: without capabilities its entrypoint cannot step down.
                user=f"{contract.STORE_USER_ID}:{contract.STORE_USER_ID}",
                entrypoint=contract.ENTRYPOINT,
                command=contract.POSTGRES_COMMAND,
                environment={
                    "POSTGRES_USER": contract.POSTGRES_USER,
                    "POSTGRES_DB": contract.POSTGRES_DATABASE,
                    "POSTGRES_PASSWORD_FILE": contract.NOBODYS_PASSWORD,
                },
                probe=contract.PROBE_POSTGRES,
                limits=args.limits,
                reached_on=args.network.backend,
                volumes={contract.POSTGRES_DATA_PATH: data},
                keeps_data=True,
                scratch={
                    "/tmp": SCRATCH_MIB,  # noqa: S108 - a path in the container, not here
                    "/var/run/postgresql": SOCKET_MIB,
                },
                shared_memory=SHARED_MEMORY_MIB,
                stop_signal=STOP_SIGNAL,
                stop_seconds=STOP_SECONDS,
            ),
            pulumi.ResourceOptions(parent=self),
        )

        password = args.credentials.text("postgres_password")

        async def open_up() -> None:
            await logins.assured(logins.postgres_give, args.site, contract.POSTGRES_SERVICE, password)

        url = logins.once_open(running, database_url(password), open_up)
        return args.credentials.put("database_url", url)


def database_url(password: str) -> str:
    """Return what a server of the stack connects to."""
    login = f"{logins.postgres_login(password)}:{logins.in_url(password)}"
    address = f"{contract.POSTGRES_SERVICE}:{contract.POSTGRES_PORT}"
    return f"postgresql://{login}@{address}/{contract.POSTGRES_DATABASE}"
