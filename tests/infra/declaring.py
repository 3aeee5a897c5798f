"""Declares one part of the stack, or all of it, under Pulumi's mocks, and prints what was registered as JSON.

A process of its own for each run: the mocks leave event loops, threads and gRPC servers behind, and the
program installs a signal handler. Run as `python declaring.py PART ROOT STACK CONFIG`.
"""

import json
import runpy
import sys
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks, set_all_config, set_mocks
from pulumi.runtime.mocks import MockMonitor

from infra.cache import Cache, CacheArgs
from infra.choice import engine_of
from infra.configured import credentials_of
from infra.database import Database, DatabaseArgs
from infra.edge import Edge, EdgeArgs
from infra.image import ServerImage, ServerImageArgs
from infra.network import Network, NetworkArgs
from infra.preflight import Ground
from infra.server import Server, ServerArgs
from infra.settings import Settings
from infra.site import Site
from infra.sources import SECRETS
from infra.workload import Image

PROJECT = "exai-mcp-server"
PROGRAM = Path(__file__).resolve().parents[2] / "infra" / "__main__.py"
IMAGE_ID = f"sha256:{'1234' * 16}"
SUBNET = "10.9.0.0/24"
IMAGE = Image(IMAGE_ID, IMAGE_ID)


class Recorder(Mocks):
    """Answers every registration with its own inputs, as an engine would, and remembers them."""

    def __init__(self) -> None:
        self.registered: list[dict[str, Any]] = []

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        kind = args.typ.rpartition(":")[2]
        self.registered.append({"type": kind, "name": args.name, "inputs": args.inputs})
        more: dict[str, Any] = {"imageId": IMAGE_ID, "repoDigest": ""}
        if kind == "Network":
            more = {"ipamConfigs": [{"subnet": SUBNET}]}
        if kind == "RegistryImage":
            more = {"sha256Digest": f"sha256:{'d' * 64}"}
        return f"{args.name}-id", {"name": args.name, **args.inputs, **more}

    def call(self, args: MockCallArgs) -> dict[str, Any]:
        raise AssertionError(f"{args.token} would dial an engine in a preview")


class Monitor(MockMonitor):
    """Writes down besides what each resource waits for, by name."""

    mocks: Recorder

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - gRPC's
        known = len(self.mocks.registered)
        response = super().RegisterResource(request)
        for one in self.mocks.registered[known:]:
            if one["name"] == request.name:
                one["after"] = sorted(urn.rpartition("::")[2] for urn in request.dependencies)
        return response


class Parts:
    """The components one by one, each with what it needs from above."""

    def __init__(self, root: Path, stack: str) -> None:
        config = pulumi.Config()
        self.settings = Settings.load(config)
        self.site = Site(root, stack, self.settings.prefix or stack, shared=self.settings.is_production)
        self.credentials = credentials_of(self.site, self.settings, config)
        self.engine = engine_of(self.site, self.settings, Ground(node="the-node"))

    def network(self) -> Network:
        return Network("network", NetworkArgs(self.site, self.engine.network_driver))

    def cache(self, network: Network | None = None) -> Cache:
        return Cache(
            "cache",
            CacheArgs(
                engine=self.engine,
                site=self.site,
                image="redis:x",
                network=network or self.network(),
                credentials=self.credentials,
                limits=self.settings.redis,
                protect=self.settings.protect,
                external="redis" in self.settings.external,
            ),
        )

    def database(self, network: Network | None = None) -> Database:
        return Database(
            "database",
            DatabaseArgs(
                engine=self.engine,
                site=self.site,
                image="postgres:x",
                network=network or self.network(),
                credentials=self.credentials,
                limits=self.settings.postgres,
                protect=self.settings.protect,
                external="postgres" in self.settings.external,
            ),
        )

    def server(self) -> Server:
        network = self.network()
        return Server(
            "server",
            ServerArgs(
                engine=self.engine,
                site=self.site,
                image=IMAGE,
                network=network,
                cache=self.cache(network),
                database=self.database(network),
                credentials=self.credentials,
                settings=self.settings,
            ),
        )

    def edge(self) -> Edge:
        return Edge(
            "edge",
            EdgeArgs(
                engine=self.engine,
                site=self.site,
                image="haproxy:x",
                network=self.network(),
                credentials=self.credentials,
                settings=self.settings,
            ),
        )

    def server_image(self) -> ServerImage:
        return ServerImage("image", ServerImageArgs(self.site, self.settings, base="python:x"))


def main(part: str, root: Path, stack: str, config: dict[str, str]) -> None:
    """Declare and print."""
    recorder = Recorder()
    set_mocks(recorder, project=PROJECT, stack=stack, preview=True, monitor=Monitor(recorder))
    set_all_config(config, [key for key in config if key.partition(":")[2] in SECRETS])

    def program() -> None:
        if part == "program":
            runpy.run_path(str(PROGRAM), run_name="__main__")
        else:
            getattr(Parts(root, stack), part)()

    pulumi.runtime.test(program)()
    sys.stdout.write(json.dumps(recorder.registered))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], json.loads(sys.argv[4]))
