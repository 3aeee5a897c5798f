"""What is asked of the Docker engine outside Pulumi: who holds a port, what is left, how a container fares.

Through the `docker` command, because it follows contexts, ssh and TLS exactly as its user set them up.
Nothing here changes an engine except `stop` and `remove`, which are given one container each.
"""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.site import CHECKOUT_LABEL, STACK_LABEL

DEFAULT_HOST = "unix:///var/run/docker.sock"
QUESTION_SECONDS = 20
"""For a question to the engine; it answers in milliseconds, a loaded machine in a few seconds."""
LOG_LINES = 20
STOP_SECONDS = 5
"""For a container that never became healthy: nobody is waiting for its answers."""
FIELDS = ("ID", "Names", "State", f'Label "{STACK_LABEL}"', f'Label "{CHECKOUT_LABEL}"', "Ports")


class EngineError(Exception):
    """The engine could not be asked, or refused; the message is a sentence for the person at the terminal."""


@dataclass(frozen=True)
class Listed:
    """A container as a listing shows it; `published` are the ports of the host that it holds."""

    id: str
    name: str
    state: str
    stack: str
    checkout: str
    published: frozenset[int]

    @property
    def runs(self) -> bool:
        """Whether its process is there, healthy or not."""
        return self.state in {"running", "paused", "restarting"}


def host() -> str:
    """Return the address of the engine, as DOCKER_HOST names it."""
    return os.environ.get("DOCKER_HOST") or DEFAULT_HOST


def ask(*arguments: str, text: str | None = None, seconds: float = QUESTION_SECONDS) -> str:
    """Run one `docker` command and return what it printed.

    Raises:
        EngineError: docker is missing, the engine does not answer in time, or it refuses.
    """
    try:
        done = subprocess.run(  # noqa: S603 - the arguments are ours
            ["docker", *arguments],  # noqa: S607 - the user's docker, from PATH
            input=text,
            stdin=subprocess.DEVNULL if text is None else None,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except FileNotFoundError:
        raise EngineError(
            "The docker command is not on PATH: install Docker (https://docs.docker.com/engine/install/)."
        ) from None
    except subprocess.TimeoutExpired:
        raise EngineError(
            f"The Docker engine at {host()} did not answer within {seconds:g} s: restart it."
        ) from None
    if done.returncode:
        raise EngineError(sentence(done.stderr.strip() or done.stdout.strip()))
    return done.stdout


def sentence(said: str) -> str:
    """Return what docker said, in one sentence."""
    lowered = said.lower()
    if "permission denied" in lowered and "connect" in lowered:
        return (
            f"You have no rights to the Docker engine at {host()}: join the group that owns the socket "
            "(sudo usermod -aG docker $USER, then log in again)."
        )
    if "cannot connect" in lowered or "error during connect" in lowered or "no such host" in lowered:
        return f"No Docker engine answers at {host()}: start Docker, or set DOCKER_HOST to where it listens."
    return f"Docker refused: {said.splitlines()[-1] if said else 'it gave no reason'}"


def containers() -> Sequence[Listed]:
    """List every container of the engine, running or not."""
    form = "\t".join(f"{{{{.{field}}}}}" for field in FIELDS)
    lines = ask("ps", "--all", "--no-trunc", "--format", form).splitlines()
    return [listed(line) for line in lines]


def listed(line: str) -> Listed:
    """Read one line of the listing."""
    id_, names, state, stack, checkout, ports = line.split("\t")
    published = (part.split("->")[0].rpartition(":")[2] for part in ports.split(", ") if "->" in part)
    spans = (part.partition("-") for part in published)
    numbers = frozenset(port for low, _, high in spans for port in range(int(low), int(high or low) + 1))
    return Listed(id_, names.split(",")[0], state, stack, checkout, numbers)


def accounts_swap() -> bool:
    """Whether the engine's kernel can bound swap; where it cannot, a container reads back as unbounded."""
    return ask("info", "--format", "{{.SwapLimit}}").strip() == "true"


def health(name: str) -> str:
    """Return `healthy`, `unhealthy` or `starting` while it runs, else its state, such as `exited`."""
    state: dict[str, Any] = json.loads(
        ask("inspect", "--type", "container", "--format", "{{json .State}}", name)
    )
    return str(state["Health"]["Status"]) if state["Running"] and "Health" in state else str(state["Status"])


@dataclass(frozen=True)
class Ownership:
    """What it takes to give a container's volumes to its user: image id, `uid:gid`, volumes by place."""

    image: str
    user: str
    volumes: Mapping[str, str]


def ownership(name: str) -> Ownership:
    """Ask a container who it runs as and which volumes it writes to."""
    form = "[{{json .Image}}, {{json .Config.User}}, {{json .Mounts}}]"
    image, user, mounts = json.loads(ask("inspect", "--type", "container", "--format", form, name))
    return Ownership(
        image, user, {mount["Destination"]: mount["Name"] for mount in mounts if mount["Type"] == "volume"}
    )


def last_lines(name: str) -> Sequence[str]:
    """Return the last lines a container wrote, both streams in one order."""
    done = subprocess.run(  # noqa: S603 - the arguments are ours
        ["docker", "logs", "--tail", str(LOG_LINES), name],  # noqa: S607 - the user's docker, from PATH
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
        timeout=QUESTION_SECONDS,
        check=False,
    )
    return done.stdout.splitlines()[-LOG_LINES:]


def stop(name: str) -> None:
    """Stop one container; it stays, for whoever wants to look at it."""
    ask("stop", "--time", str(STOP_SECONDS), name, seconds=QUESTION_SECONDS + STOP_SECONDS)


def prune_images(labels: Mapping[str, str]) -> None:
    """Remove the images with all of these labels that no container uses."""
    filters = [part for label, value in labels.items() for part in ("--filter", f"label={label}={value}")]
    ask("image", "prune", "--all", "--force", *filters)


def remove(name: str) -> None:
    """Remove one container, running or not, with the anonymous volumes that are its own."""
    ask("rm", "--force", "--volumes", name)
