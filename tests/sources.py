"""What each file says of the topology, in one form: compose, the Dockerfile, and the plans of both stacks.

The plans come from the real CLI, without an engine. Both kinds of resources are read through the policy's
view, so that a container and a service are compared by the same facts.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from app import contract
from policy.inputs import Resource, at
from policy.workloads import PLACES, SERVICE, Workload

ROOT = Path(__file__).resolve().parent.parent
PLAN_SECONDS = 120
MIB = 1 << 20
SHARED_MEMORY = "/dev/shm"  # noqa: S108 - a path in the containers, not here
IMAGES = (f"{name.upper()}_IMAGE" for name in contract.IMAGES | contract.OBSERVABILITY_IMAGES)
OVERRIDES = (*IMAGES, "KIMI_API_KEY", "GLM_API_KEY")


@dataclass(frozen=True)
class Facts:
    """One service: sizes in MiB, times in seconds; what a source leaves to the image is None."""

    environment: Mapping[str, str]
    memory: float
    reservation: float
    cpus: float
    probe: tuple[str, ...] | None
    probe_times: tuple[float, ...] | None
    user: str | None
    command: tuple[str, ...] | None
    volumes: frozenset[str]
    scratch: Mapping[str, float]
    ports: frozenset[tuple[str, int]]
    log: tuple[str, Mapping[str, str]]
    stop_seconds: float | None
    hardened: Mapping[str, Any]
    swarm: bool = False


def seconds(duration: str) -> float:
    """Read `1m30s`, `500ms`, `150s`."""
    parts = re.findall(r"([\d.]+)(ms|s|m|h)", duration)
    assert parts, f"{duration!r} is no duration"
    return sum(float(number) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[unit] for number, unit in parts)


def mebibytes(size: str | int) -> float:
    """Read `1024M`, `1m`, or a number of bytes."""
    text = str(size)
    return float(text[:-1]) if text[-1] in "mM" else int(text) / MIB


def compose(profile: str | None = None) -> Mapping[str, Facts]:
    """Read the services that docker-compose.yml always starts, or those of a profile.

    Each `${NAME:-default}` is its default.
    """
    return {name: _of_compose(service) for name, service in services(profile).items()}


def services(profile: str | None) -> Mapping[str, Mapping[str, Any]]:
    """Return the services of one profile as they are written; None for those of no profile."""
    document = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    wanted = [] if profile is None else [profile]
    return {
        name: service
        for name, service in document["services"].items()
        if service.get("profiles", []) == wanted
    }


def _of_compose(service: Mapping[str, Any]) -> Facts:
    limits, reserved = (service["deploy"]["resources"][key] for key in ("limits", "reservations"))
    check = service.get("healthcheck")
    mounts = service.get("volumes", [])
    return Facts(
        environment={name: str(text) for name, text in service["environment"].items() if text is not None},
        memory=mebibytes(limits["memory"]),
        reservation=mebibytes(reserved["memory"]),
        cpus=float(limits["cpus"]),
        probe=_words(check["test"]) if check else None,
        probe_times=_times(check, "start_period") if check else None,
        user=service.get("user"),
        command=_words(service["command"]) if "command" in service else None,
        volumes=frozenset(mount["target"] for mount in mounts if mount["type"] == "volume"),
        scratch=_scratch_of_compose(service),
        ports=frozenset(_port_of_compose(port) for port in service.get("ports", ())),
        log=(
            default(service["logging"]["driver"]),
            {name: default(text) for name, text in service["logging"]["options"].items()},
        ),
        stop_seconds=seconds(service["stop_grace_period"]),
        hardened={
            "read-only root": service["read_only"],
            "dropped capabilities": service["cap_drop"],
            "new privileges": "no-new-privileges:true" in service["security_opt"],
            "init": service["init"],
        },
    )


def _scratch_of_compose(service: Mapping[str, Any]) -> Mapping[str, float]:
    mounts = [mount for mount in service.get("volumes", ()) if mount["type"] == "tmpfs"]
    short = (one.partition(":") for one in service.get("tmpfs", ()))
    return {
        **{mount["target"]: mebibytes(mount["tmpfs"]["size"]) for mount in mounts},
        **{place: mebibytes(options.partition("size=")[2].partition(",")[0]) for place, _, options in short},
        **({SHARED_MEMORY: mebibytes(service["shm_size"])} if "shm_size" in service else {}),
    }


def default(text: str) -> str:
    """Return what `${NAME:-default}` is where NAME is not set."""
    return re.sub(r"\$\{\w+:-([^{}]*)\}", r"\1", text)


def _port_of_compose(port: str) -> tuple[str, int]:
    address, _, inside = default(port).split(":")
    return address, int(inside)


def _words(words: list[str]) -> tuple[str, ...]:
    return tuple(word.replace("$$", "$") for word in words)


def _times(check: Mapping[str, Any], start: str) -> tuple[float, ...]:
    return (*(seconds(check[key]) for key in ("interval", "timeout", start)), float(check["retries"]))


def dockerfile() -> str:
    """Return the Dockerfile with its continued lines in one."""
    return re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text())


def instruction(name: str) -> list[str]:
    """Return what stands behind every instruction of this name."""
    return re.findall(rf"^{name}\s+(.+)$", dockerfile(), re.MULTILINE)


def plan(stack: str, folder: Path) -> list[Mapping[str, Any]]:
    """Plan a committed stack that nobody has created, and return what it would be made of."""
    environment = {
        **{name: text for name, text in os.environ.items() if not name.startswith("PULUMI_CONFIG")},
        **dict.fromkeys(OVERRIDES, ""),
        "DOCKER_HOST": "ssh://ci@localhost",
        "PULUMI_BACKEND_URL": folder.as_uri(),
    }
    done = subprocess.run(
        [sys.executable, "-m", "scripts.stack", "preview", "--stack", stack, "--json"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PLAN_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    changes: list[Mapping[str, Any]] = json.loads(done.stdout)["changes"]
    return changes


def of_stack(stack: str, changes: list[Mapping[str, Any]]) -> Mapping[str, Facts]:
    """Read what a plan would run, by service: the name without the stack's prefix and a replica's number."""
    found = {}
    for change in changes:
        type_ = change["urn"].split("::")[2].rpartition("$")[2]
        if type_ in PLACES:
            name = re.sub(r"-\d+$", "", change["name"].removeprefix(f"{stack}-"))
            found[name] = _of_workload(Workload(Resource(type_, change["name"], change["inputs"])))
    return found


def images(changes: list[Mapping[str, Any]]) -> frozenset[str]:
    """Return the images of a plan that somebody else made."""
    return frozenset(
        change["inputs"]["name"]
        for change in changes
        if change["kind"] == "remote image" and "build" not in change["inputs"]
    )


def _of_workload(one: Workload) -> Facts:
    swarm = one.resource.type == SERVICE
    inputs = one.resource.inputs
    spec = at(inputs, "taskSpec", "containerSpec") if swarm else inputs
    check = spec["healthcheck"]
    limits = at(inputs, "taskSpec", "resources") if swarm else None
    mounts = list(one.items("mounts"))
    in_memory = [mount for mount in mounts if mount["type"] == "tmpfs"]
    stop = spec.get("stopGracePeriod") if swarm else f"{spec['destroyGraceSeconds']}s"
    words = tuple(str(word) for fact in ("entrypoint", "command") for word in one.items(fact))
    return Facts(
        environment=dict(one.environment()),
        memory=limits["limits"]["memoryBytes"] / MIB if limits else float(inputs["memory"]),
        reservation=(
            limits["reservation"]["memoryBytes"] / MIB if limits else float(inputs["memoryReservation"])
        ),
        cpus=limits["limits"]["nanoCpus"] / 1e9 if limits else float(inputs["cpus"]),
        probe=tuple(check["tests"]),
        probe_times=_times(check, "startPeriod"),
        user=one.get("user"),
        command=words or None,
        volumes=frozenset(mount["target"] for mount in mounts if mount["type"] == "volume"),
        scratch={
            **{mount["target"]: mount["tmpfsOptions"]["sizeBytes"] / MIB for mount in in_memory},
            **({SHARED_MEMORY: float(inputs["shmSize"])} if "shmSize" in inputs else {}),
        },
        ports=frozenset(
            (str(port.get("ip", "0.0.0.0")), int(port.get("internal") or port["targetPort"]))  # noqa: S104 - what it means
            for port in one.items("ports")
        ),
        log=(one.get("log driver"), dict(one.get("log options") or {})),
        stop_seconds=seconds(stop) if stop else None,
        hardened={
            "read-only root": one.get("read-only root"),
            "dropped capabilities": list(one.items("dropped capabilities")),
            "new privileges": "--no-new-privs" in words
            or "no-new-privileges:true" in list(one.items("security options")),
            "init": spec["init"],
        },
        swarm=swarm,
    )
