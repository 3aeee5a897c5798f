"""PostgreSQL: what may not be lost."""

import asyncio
from dataclasses import dataclass

import pulumi

from app import contract
from infra import engine
from infra.network import Network
from infra.settings import Limits
from infra.site import Site
from infra.volume import volume
from infra.workload import Engine, Workload

STOP_SECONDS = 60
"""A fast shutdown writes a checkpoint first."""
SCRATCH_MIB = 64
SOCKET_MIB = 1
SHARED_MEMORY_MIB = 128
PASSWORD_SQL = (
    f"\\set password `cat {contract.SECRETS_PATH}/postgres_password`\n"
    f"ALTER ROLE {contract.POSTGRES_USER} PASSWORD :'password';\n"
)
"""For psql inside the container: the password does not leave the file it is in."""


@dataclass(frozen=True)
class DatabaseArgs:
    """`image` is an id; `engine` runs it; `protect` keeps its volume from being deleted."""

    engine: Engine
    site: Site
    image: pulumi.Input[str]
    network: Network
    limits: Limits
    protect: bool


class Database(pulumi.ComponentResource):
    """PostgreSQL, reached as `postgres` on the stack's backend network only.

    `address` is known once it answers its probe and has the password of the secret file.
    """

    address: pulumi.Output[str]

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("exai:infra:Database", name, None, opts)
        data = volume("postgres", args.site, protect=args.protect, parent=self)
        running = args.engine.run(
            Workload(
                service=contract.POSTGRES_SERVICE,
                image=args.image,
                # The image's own user from the start: without capabilities its entrypoint cannot step down.
                user=f"{contract.STORE_USER_ID}:{contract.STORE_USER_ID}",
                environment={
                    "POSTGRES_USER": contract.POSTGRES_USER,
                    "POSTGRES_DB": contract.POSTGRES_DATABASE,
                    "POSTGRES_PASSWORD_FILE": f"{contract.SECRETS_PATH}/postgres_password",
                },
                probe=contract.PROBE_POSTGRES,
                secrets=("postgres_password",),
                limits=args.limits,
                networks=(args.network.backend,),
                volumes={contract.POSTGRES_DATA_PATH: data},
                scratch={
                    "/tmp": SCRATCH_MIB,  # noqa: S108 - a path in the container, not here
                    "/var/run/postgresql": SOCKET_MIB,
                },
                shared_memory=SHARED_MEMORY_MIB,
                stop_seconds=STOP_SECONDS,
                accept=(set_password,),
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.address = running.id.apply(lambda _: f"{contract.POSTGRES_SERVICE}:{contract.POSTGRES_PORT}")
        self.register_outputs({"address": self.address})


async def set_password(name: str) -> None:
    """Give the role the password of the secret file.

    PostgreSQL reads POSTGRES_PASSWORD_FILE when it first makes its volume and never again: without this, a
    volume that outlives its secrets (a fresh clone, a rotated password) would lock the server out.
    """
    arguments = (
        "psql",
        "--no-psqlrc",
        "--quiet",
        "--set=ON_ERROR_STOP=1",
        "--username",
        contract.POSTGRES_USER,
    )
    await asyncio.to_thread(
        engine.ask, "exec", "--interactive", name, *arguments, contract.POSTGRES_DATABASE, text=PASSWORD_SQL
    )
