"""A copy of this checkout with a stack of its own: what a fresh clone is, without touching the real one."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
VERB_SECONDS = 300
NAMESPACE = "exai-mcp-server"
_OF_OTHERS = {
    "PULUMI_BACKEND_URL",
    "PULUMI_STACK",
    "YES",
    "KIMI_API_KEY",
    "GLM_API_KEY",
    "PYTHONDONTWRITEBYTECODE",
}


class Checkout:
    """The copy. Everything runs in it: the program, the verbs, and the edits that tests make."""

    def __init__(self, root: Path, engine_host: str | None = None) -> None:
        self.root = root
        self.engine_host = engine_host
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, root / name)
        (root / ".exai").mkdir(mode=0o700)
        if (ROOT / ".exai" / "ca.crt").is_file():
            shutil.copy2(ROOT / ".exai" / "ca.crt", root / ".exai" / "ca.crt")
        (root / ".venv").symlink_to(sys.prefix)
        probing_quickly(root)

    @property
    def environment(self) -> dict[str, str]:
        """This process's, without what would point at another stack; the copy's packages come first.

        Compiled modules are kept, as everywhere but on machines that build images.
        """
        kept = {
            name: text
            for name, text in os.environ.items()
            if name not in _OF_OTHERS and not name.startswith("PULUMI_CONFIG")
        }
        host = {"DOCKER_HOST": self.engine_host} if self.engine_host else {}
        return {**kept, **host, "PYTHONPATH": str(self.root)}

    def run(self, *command: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """Run a command in the copy, its two outputs in one."""
        return subprocess.run(
            command,
            cwd=self.root,
            env={**self.environment, **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=VERB_SECONDS,
            check=False,
        )

    def verb(self, verb: str, stack: str, *flags: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """Run one verb of a stack."""
        return self.run(sys.executable, "-m", "scripts.stack", verb, "--stack", stack, *flags, **more)

    @contextmanager
    def edited(self, name: str, before: str, after: str) -> Iterator[None]:
        """Change one place of a file, and change it back."""
        path = self.root / name
        original = path.read_text()
        assert before in original, f"{name} no longer has {before!r}"
        path.write_text(original.replace(before, after, 1))
        try:
            yield
        finally:
            path.write_text(original)


class Stack:
    """One throw-away stack in a copy: its own names, port and state; development's unless settings say so."""

    def __init__(self, checkout: Checkout, **settings: object) -> None:
        self.checkout = checkout
        self.name = f"e2e-{secrets.token_hex(3)}"
        self.port = free_port()
        self.file = checkout.root / f"Pulumi.{self.name}.yaml"
        self.file.write_text("config: {}\n")
        self.configure(publishedPort=self.port, logLevel="DEBUG", **(settings or {"hotReload": True}))

    @property
    def secrets(self) -> Path:
        return self.checkout.root / ".exai" / "secrets" / self.name

    def configure(self, **settings: object) -> None:
        """Change settings in the stack file."""
        document = yaml.safe_load(self.file.read_text())
        for key, value in settings.items():
            document["config"][f"{NAMESPACE}:{key}"] = value
        self.file.write_text(yaml.safe_dump(document))

    def unset(self, key: str) -> None:
        """Take a setting out of the stack file."""
        document = yaml.safe_load(self.file.read_text())
        del document["config"][f"{NAMESPACE}:{key}"]
        self.file.write_text(yaml.safe_dump(document))

    def verb(self, verb: str, *flags: str, **more: str) -> "subprocess.CompletedProcess[str]":
        return self.checkout.verb(verb, self.name, *flags, **more)

    def up(self) -> str:
        """Bring it up, which must succeed, and return what was said."""
        done = self.verb("up")
        assert done.returncode == 0, done.stdout
        return done.stdout

    def refused(self) -> str:
        """Bring it up, which must fail, and return what was said."""
        done = self.verb("up")
        assert done.returncode != 0, done.stdout
        return done.stdout

    def docker(self, *arguments: str) -> str:
        """Run docker on the engine of this stack, which must succeed."""
        return docker(*arguments, host=self.checkout.engine_host)

    def container(self, service: str) -> str:
        return f"{self.name}-{service}"

    def inspect(self, service: str) -> dict[str, Any]:
        shown: list[dict[str, Any]] = json.loads(self.docker("inspect", self.container(service)))
        return shown[0]

    def ids(self) -> Mapping[str, str]:
        """The containers by name; they change when containers are replaced."""
        lines = self.docker(
            "ps",
            "--all",
            "--no-trunc",
            "--filter",
            f"label=exai.stack={self.name}",
            "--format",
            "{{.Names}} {{.ID}}",
        )
        return dict(line.split() for line in lines.splitlines())

    def volumes(self) -> list[str]:
        return self.docker("volume", "ls", "--quiet", "--filter", f"label=exai.stack={self.name}").split()

    def images(self) -> list[str]:
        """The tags of the images that were built for this stack."""
        pattern = f"reference={NAMESPACE}:{self.name}-*"
        return self.docker("images", "--filter", pattern, "--format", "{{.Tag}}").split()

    def remove(self) -> None:
        """Remove everything, also what a failed test left."""
        self.verb("destroy", YES="1")
        for name in self.ids():
            self.docker("rm", "--force", name)
        for network in self.docker(
            "network", "ls", "--quiet", "--filter", f"label=exai.stack={self.name}"
        ).split():
            self.docker("network", "rm", network)
        for volume in self.volumes():
            self.docker("volume", "rm", "--force", volume)
        for tag in self.images():
            self.docker("rmi", "--force", f"{NAMESPACE}:{tag}")


def probing_quickly(root: Path) -> None:
    """Let a copy probe each second, which saves minutes: nothing is healthy before its first probe."""
    contract = root / "app" / "contract.py"
    slow, quick = "PROBE_INTERVAL_SECONDS = 5\n", "PROBE_INTERVAL_SECONDS = 1\n"
    assert slow in contract.read_text()
    contract.write_text(contract.read_text().replace(slow, quick))


def docker(*arguments: str, host: str | None = None) -> str:
    """Run docker, which must succeed."""
    where = ["--host", host] if host else []
    done = subprocess.run(
        ["docker", *where, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
