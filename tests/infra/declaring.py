"""Declares one part of the stack, or all of it, under Pulumi's mocks, and prints what was registered as JSON.

A process of its own for each run: the mocks leave event loops, threads and gRPC servers behind, and the
program installs a signal handler. Run as `python declaring.py PART ROOT STACK CONFIG`.
"""

import json
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks, set_all_config, set_mocks

from infra.cache import Cache, CacheArgs
from infra.containers import Containers
from infra.credentials import SecretFiles
from infra.database import Database, DatabaseArgs
from infra.image import OfficialImage, OfficialImageArgs, ServerImage, ServerImageArgs
from infra.network import Network, NetworkArgs
from infra.server import Server, ServerArgs
from infra.settings import Settings
from infra.site import Site

PROJECT = "exai-mcp-server"
PROGRAM = Path(__file__).resolve().parents[2] / "infra" / "__main__.py"
IMAGE_ID = f"sha256:{'1234' * 16}"


class Recorder(Mocks):
    """Answers every registration with its own inputs, as an engine would, and remembers them."""

    def __init__(self) -> None:
        self.registered: list[dict[str, Any]] = []

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        kind = args.typ.rpartition(":")[2]
        self.registered.append({"type": kind, "name": args.name, "inputs": args.inputs})
        return f"{args.name}-id", {"name": args.name, **args.inputs, "imageId": IMAGE_ID}

    def call(self, args: MockCallArgs) -> dict[str, Any]:
        raise AssertionError(f"{args.token} would dial an engine in a preview")


class Parts:
    """The components one by one, each with what it needs from above."""

    def __init__(self, root: Path, stack: str) -> None:
        self.settings = Settings.load(pulumi.Config())
        self.site = Site(root, stack, self.settings.prefix or stack)
        self.credentials = SecretFiles.of(self.site)

    def containers(self) -> Containers:
        return Containers(self.site, self.credentials, self.settings, swap=True)

    def network(self) -> Network:
        return Network("network", NetworkArgs(site=self.site))

    def cache(self, network: Network | None = None) -> Cache:
        return Cache(
            "cache",
            CacheArgs(
                engine=self.containers(),
                site=self.site,
                image=IMAGE_ID,
                network=network or self.network(),
                limits=self.settings.redis,
                protect=self.settings.protect,
            ),
        )

    def database(self, network: Network | None = None) -> Database:
        return Database(
            "database",
            DatabaseArgs(
                engine=self.containers(),
                site=self.site,
                image=IMAGE_ID,
                network=network or self.network(),
                limits=self.settings.postgres,
                protect=self.settings.protect,
            ),
        )

    def server(self) -> Server:
        network = self.network()
        return Server(
            "server",
            ServerArgs(
                engine=self.containers(),
                site=self.site,
                image=IMAGE_ID,
                network=network,
                cache=self.cache(network),
                database=self.database(network),
                credentials=self.credentials,
                settings=self.settings,
            ),
        )

    def server_image(self) -> ServerImage:
        args = ServerImageArgs(site=self.site, base="python:x", target=self.settings.target)
        return ServerImage("image", args)

    def official_image(self) -> OfficialImage:
        return OfficialImage("redis", OfficialImageArgs(site=self.site, reference="redis:x"))


def main(part: str, root: Path, stack: str, config: dict[str, str]) -> None:
    """Declare and print."""
    recorder = Recorder()
    set_mocks(recorder, project=PROJECT, stack=stack, preview=True)
    set_all_config(config, [])
    outputs: dict[str, Any] = {}

    def program() -> None:
        if part == "program":
            runpy.run_path(str(PROGRAM), run_name="__main__")
            return
        made = getattr(Parts(root, stack), part)()
        for name in type(made).__annotations__:
            _keep(outputs, name)(getattr(made, name))

    pulumi.runtime.test(program)()
    sys.stdout.write(json.dumps({"resources": recorder.registered, "outputs": outputs}))


def _keep(outputs: dict[str, Any], name: str) -> Callable[[pulumi.Output[Any]], None]:
    def keep(output: pulumi.Output[Any]) -> None:
        output.apply(lambda value: outputs.__setitem__(name, value))

    return keep


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], json.loads(sys.argv[4]))
