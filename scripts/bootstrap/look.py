"""See what is there before anything is done. Nothing here changes the machine."""

import json
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from app import contract
from scripts.bootstrap.machine import NO_ANSWER, Machine, last_line, version

MINIMUM_PULUMI = (3, 238)
"""Since then a failing after-hook fails the update: our MCP call is such a hook."""

PLUGINS = ("buildx", "compose")


class EngineState(Enum):
    """How `docker info` went."""

    ANSWERS = "answers"
    DENIED = "permission denied"
    STOPPED = "installed, does not answer"
    SILENT = "takes connections, does not answer"
    ABSENT = "not installed"


@dataclass(frozen=True)
class Engine:
    """The engine and its client's plugins."""

    state: EngineState
    why: str = ""
    plugins: frozenset[str] = field(default_factory=frozenset)
    version: str = ""
    mirrors: bool = False
    """The engine pulls through a registry of the company's own."""

    @property
    def answers(self) -> bool:
        """Whether containers can be started."""
        return self.state is EngineState.ANSWERS


def engine(machine: Machine) -> Engine:
    """Ask `docker info` once for everything."""
    if machine.which("docker") is None:
        return Engine(EngineState.ABSENT)
    answer = machine.ask("docker", "info", "--format", "{{json .}}")
    if answer.code == NO_ANSWER:
        # Nothing was said of the plugins either, so none may be called missing.
        return Engine(EngineState.SILENT, answer.err, plugins=frozenset(PLUGINS))
    try:
        info = json.loads(answer.out)
    except ValueError:
        info = {}
    info = info if isinstance(info, dict) else {}
    errors = [*(info.get("ServerErrors") or []), answer.err]
    client = info.get("ClientInfo") or {}
    plugins = frozenset(plugin["Name"] for plugin in client.get("Plugins") or [] if not plugin.get("Err"))
    if answer.code == 0 and info.get("ServerVersion"):
        mirrors = bool((info.get("RegistryConfig") or {}).get("Mirrors"))
        return Engine(EngineState.ANSWERS, plugins=plugins, version=info["ServerVersion"], mirrors=mirrors)
    why = last_line(errors) or f"exit code {answer.code}"
    denied = any("permission denied" in text.lower() for text in errors)
    return Engine(EngineState.DENIED if denied else EngineState.STOPPED, why, plugins)


def missing_plugins(found: Engine) -> list[str]:
    """Name the client plugins that are not there, in a fixed order."""
    return [name for name in PLUGINS if name not in found.plugins]


def missing_images(machine: Machine) -> list[str]:
    """Name the base images (keys of contract.IMAGES) that neither the engine has nor a variable replaces."""
    listed = machine.ask("docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}").out.split()
    return [
        name
        for name, image in contract.IMAGES.items()
        if image not in listed and not machine.environ.get(f"{name.upper()}_IMAGE")
    ]


@dataclass(frozen=True)
class Pulumi:
    """The CLI that the user has; one that the bootstrap built does not count."""

    path: Path | None
    version: tuple[int, ...] = (0,)

    @property
    def usable(self) -> bool:
        """Whether it is there and new enough."""
        return self.path is not None and self.version >= MINIMUM_PULUMI


def pulumi(machine: Machine) -> Pulumi:
    """Find the user's own CLI and ask its version."""
    path = machine.which("pulumi")
    if path is None:
        return Pulumi(None)
    return Pulumi(path, version(machine.ask(str(path), "version").out))
