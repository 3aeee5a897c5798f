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
from urllib.parse import urlsplit

from infra.site import CHECKOUT_LABEL, SERVICE_LABEL, STACK_LABEL, Site

LOOPBACK = "127.0.0.1"
DEFAULT_HOST = "unix:///var/run/docker.sock"
QUESTION_SECONDS = 20
"""For a question to the engine; it answers in milliseconds, a loaded machine in a few seconds."""
LOG_LINES = 20
GONE = ("not found", "no such")
STOP_SECONDS = 5
"""For a container that never became healthy: nobody is waiting for its answers."""
FIELDS = (
    "ID",
    "Names",
    "State",
    f'Label "{STACK_LABEL}"',
    f'Label "{CHECKOUT_LABEL}"',
    f'Label "{SERVICE_LABEL}"',
    'Label "com.docker.swarm.task.id"',
    "Status",
    "Ports",
)


class EngineError(Exception):
    """The engine could not be asked, or refused; the message is a sentence for the person at the terminal."""


@dataclass(frozen=True)
class Listed:
    """A container as a listing shows it; `published` are the ports of the host that it holds.

    `task` is the id of the task that it is, empty outside of Swarm; `healthy`: its probe has passed.
    """

    id: str
    name: str
    state: str
    stack: str
    checkout: str
    service: str
    task: str
    published: frozenset[int]
    healthy: bool = False

    @property
    def runs(self) -> bool:
        """Whether its process is there, healthy or not."""
        return self.state in {"running", "paused", "restarting"}


def host() -> str:
    """Return the address of the engine, as DOCKER_HOST names it."""
    return os.environ.get("DOCKER_HOST") or DEFAULT_HOST


def address() -> str:
    """Return where ports that this engine publishes are reached from here."""
    return urlsplit(host()).hostname or LOOPBACK


def inspected(kind: str, ids: Sequence[str]) -> Sequence[dict[str, Any]]:
    """Return what the engine knows of things of one kind, without those that are gone meanwhile."""
    if not ids:
        return []
    found: list[dict[str, Any]] = json.loads(ask("inspect", "--type", kind, *ids, may_be_gone=True))
    return found


def ask(
    *arguments: str,
    text: str | bytes | None = None,
    seconds: float = QUESTION_SECONDS,
    may_be_gone: bool = False,
) -> str:
    """Run one `docker` command, `text` on its standard input, and return what it printed.

    With `may_be_gone`, a complaint that something is not there is no refusal.

    Raises:
        EngineError: docker is missing, the engine does not answer in time, or it refuses.
    """
    try:
        done = subprocess.run(  # noqa: S603 - the arguments are ours
            ["docker", *arguments],  # noqa: S607 - the user's docker, from PATH
            input=text.encode() if isinstance(text, str) else text,
            stdin=subprocess.DEVNULL if text is None else None,
            capture_output=True,
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
    said, complaint = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace").strip()
    if done.returncode and not (may_be_gone and any(sign in complaint.lower() for sign in GONE)):
        raise EngineError(sentence(complaint or said.strip()))
    return said


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
    id_, names, state, stack, checkout, service, task, status, ports = line.split("\t")
    published = (part.split("->")[0].rpartition(":")[2] for part in ports.split(", ") if "->" in part)
    spans = (part.partition("-") for part in published)
    numbers = frozenset(port for low, _, high in spans for port in range(int(low), int(high or low) + 1))
    name, healthy = names.split(",")[0], status.endswith("(healthy)")
    return Listed(id_, name, state, stack, checkout, service, task, numbers, healthy)


def of_stack(site: Site, service: str | None = None) -> Sequence[Listed]:
    """List the containers of a stack, or of one of its services, running or not, tasks of a Swarm too."""
    ours = [one for one in containers() if (one.stack, one.checkout) == (site.prefix, site.checkout)]
    return [one for one in ours if service in {None, one.service}]


def healthy_one(site: Site, service: str) -> str:
    """Return the id of a healthy container of a service on this engine.

    Raises:
        EngineError: there is none.
    """
    if found := next((one for one in of_stack(site, service) if one.healthy), None):
        return found.id
    raise EngineError(
        f"No healthy container of {site.container(service)} is on this engine: look at its logs."
    )


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
    return both("logs", "--tail", str(LOG_LINES), name)[1][-LOG_LINES:]


def both(*arguments: str) -> tuple[bool, Sequence[str]]:
    """Run one `docker` command; return whether it succeeded and the lines it wrote to either stream."""
    try:
        done = subprocess.run(  # noqa: S603 - the arguments are ours
            ["docker", *arguments],  # noqa: S607 - the user's docker, from PATH
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            timeout=QUESTION_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False, []
    return done.returncode == 0, done.stdout.splitlines()


def stop(name: str, grace: int = STOP_SECONDS) -> None:
    """Stop one container; it stays, for whoever wants to look at it."""
    ask("stop", "--time", str(grace), name, seconds=QUESTION_SECONDS + grace)


def name_of(container: str) -> str:
    """Return the name that people know a container by."""
    return ask("inspect", "--type", "container", "--format", "{{.Name}}", container).strip().removeprefix("/")


def bound_processes(name: str, most: int) -> None:
    """Let a container have at most so many processes and threads."""
    ask("update", "--pids-limit", str(most), name)


def announce(container: str, network: str, alias: str) -> str:
    """Give a container a name on a network that it is on, and return its address there.

    A connection takes no further alias, so it is made anew: for a container that nobody uses yet.
    """
    ask("network", "disconnect", network, container)
    ask("network", "connect", "--alias", alias, network, container)
    form = f'{{{{(index .NetworkSettings.Networks "{network}").IPAddress}}}}'
    return ask("inspect", "--type", "container", "--format", form, container).strip()


def remove(name: str) -> None:
    """Remove one container, running or not, with the anonymous volumes that are its own."""
    ask("rm", "--force", "--volumes", name)
