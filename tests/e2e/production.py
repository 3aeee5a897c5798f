"""A production stack in a copy of the checkout, on a private engine, with clients that call all the while."""

import asyncio
import contextlib
import json
import secrets
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp

from tests.certificates import self_signed
from tests.e2e.checkout import NAMESPACE, VERB_SECONDS, Checkout, Stack
from tests.e2e.load import Load, Mix, with_waiting_tool
from tests.private_engine import PrivateEngine

SETTLE_SECONDS = 5
"""After an update, for which clients go on: what is replaced leaves meanwhile."""


class Production(Stack):
    """One throw-away production stack: engine `swarm` or `containers`."""

    def __init__(self, checkout: Checkout, private: PrivateEngine, engine: str, **settings: object) -> None:
        super().__init__(checkout, environment="production", engine=engine, protect=True, **settings)
        self.private = private
        self.url = f"https://{private.address}:{self.port}/mcp"
        self._passphrase = secrets.token_hex(8)
        self.secrets_set: dict[str, str] = {}
        done = self.verb("env")
        assert done.returncode == 0, done.stdout

    def set_secrets(self) -> None:
        """Set all that production needs."""
        for key in ("authToken", "stateKey", "postgresPassword", "redisPassword"):
            self.secret(key, secrets.token_hex(16))
        self.certify()

    def certify(self) -> None:
        """Set another certificate."""
        certificate, key = self_signed("localhost")
        self.secret("tlsCertificate", certificate)
        self.secret("tlsKey", key)

    def secret(self, key: str, text: str) -> None:
        """Set a secret as its owner would."""
        self.pulumi("config", "set", "--secret", f"{NAMESPACE}:{key}", text=text)
        self.secrets_set[key] = text

    def pulumi(self, *arguments: str, text: str = "") -> None:
        """Run Pulumi itself on this stack, as its owner would; it must succeed."""
        where = f"file://{self.checkout.root}/.exai/state"
        done = subprocess.run(
            ["pulumi", *arguments, "--stack", self.name],
            cwd=self.checkout.root,
            env={
                **self.checkout.environment,
                "PULUMI_CONFIG_PASSPHRASE": self._passphrase,
                "PULUMI_BACKEND_URL": where,
            },
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    @property
    def token(self) -> str:
        return self.secrets_set["authToken"]

    def verb(self, verb: str, *flags: str, **more: str) -> "subprocess.CompletedProcess[str]":
        given = {"PULUMI_CONFIG_PASSPHRASE": self._passphrase, "YES": "1"} | more
        return super().verb(verb, *flags, **given)

    async def update(self) -> tuple[int, str]:
        """Run `up` beside what this process does meanwhile; return its status and what it said."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "scripts.stack", "up", "--stack", self.name),
            cwd=self.checkout.root,
            env={**self.checkout.environment, "PULUMI_CONFIG_PASSPHRASE": self._passphrase, "YES": "1"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(VERB_SECONDS * 2):
            said, _ = await process.communicate()
        return process.returncode or 0, said.decode()

    @contextlib.asynccontextmanager
    async def under_load(self, mix: Mix | None = None) -> AsyncIterator[Load]:
        """Let clients call while the block runs and a little longer; then print what became of the calls."""
        load = Load(self.url, lambda: self.token, mix or Mix())
        try:
            async with load.running():
                yield load
                await asyncio.sleep(SETTLE_SECONDS)
        finally:
            print(load.report())  # noqa: T201 - the figures of this run

    def twice(self) -> list[str]:
        """The marks of calls that were begun more than once, over all replicas there ever were."""
        name = next(iter(self.running("exai-mcp-server")))
        script = "cat /app/data/marks/* | sort | uniq -d"
        return self.docker("exec", name, "sh", "-c", script).split()

    def running(self, service: str) -> dict[str, dict[str, Any]]:
        """What `docker inspect` says of the running containers of a service, by id."""
        filters = [f"label=exai.stack={self.name}", f"label=exai.service={service}", "status=running"]
        ids = self.docker("ps", "--quiet", *(part for one in filters for part in ("--filter", one))).split()
        shown = json.loads(self.docker("inspect", *ids)) if ids else []
        return {one["Id"]: one for one in shown}

    def sql(self, statement: str) -> str:
        """Say a statement to the stack's PostgreSQL, and return what it answers, without ornament."""
        container = next(iter(self.running("postgres")))
        program = ("psql", "--tuples-only", "--no-align", "--username", "exai", "exai")
        return self.docker("exec", container, *program, "--command", statement).strip()

    def environ_and_command_lines(self) -> str:
        """Everything that /proc tells of the processes in the stack's containers, from outside."""
        said = []
        for service in ("exai-mcp-server", "redis", "postgres", "edge", "door"):
            for container in self.running(service):
                for pid in self.docker("top", container, "-eo", "pid").split()[1:]:
                    for name in ("environ", "cmdline"):
                        with contextlib.suppress(OSError):
                            raw = Path(f"/proc/{pid}/{name}").read_bytes()
                            said.append(raw.replace(b"\0", b"\n").decode(errors="replace"))
        return "\n".join(said)

    @contextlib.asynccontextmanager
    async def visitor(self) -> AsyncIterator[aiohttp.ClientSession]:
        """Whoever comes by the published port; paths are enough, and cookies are kept."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        async with aiohttp.ClientSession(
            base_url=self.url.removesuffix("/mcp"),
            connector=aiohttp.TCPConnector(ssl=context),
            cookie_jar=aiohttp.CookieJar(unsafe=True),  # of an address, which is not a name
            headers={"Host": "localhost"},
        ) as http:
            yield http

    async def status(self, token: str) -> int:
        """The status that a client with this token gets for an initialize."""
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"}
        params = {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "x", "version": "1"},
        }
        message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
        async with self.visitor() as http, http.post("/mcp", json=message, headers=headers) as response:
            return response.status


@contextlib.contextmanager
def production(
    checkout: Checkout, private: PrivateEngine, engine: str, **settings: object
) -> Iterator[Production]:
    """Make a stack whose server has the `wait` tool, and remove it at the end."""
    with_waiting_tool(checkout.root)
    made = Production(checkout, private, engine, **settings)
    try:
        yield made
    finally:
        made.verb("destroy")
