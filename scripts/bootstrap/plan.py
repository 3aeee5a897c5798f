"""Decide what to supply, or refuse with one sentence for each thing that only the owner may install."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from app import contract
from scripts.bootstrap import images, look, progress, sentences, toolchain, world
from scripts.bootstrap.machine import Machine
from scripts.bootstrap.refusal import EXIT_MISSING, Refusal


@dataclass
class Plan:
    """What is missing and may be supplied here."""

    engine: bool = False
    plugins: list[str] = field(default_factory=list)
    images: bool = False
    toolchain: bool = False


@dataclass
class _Findings:
    """What is missing, whether or not we may supply it."""

    engine: look.Engine | None = None
    plugins: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    pulumi: look.Pulumi | None = None


def make(machine: Machine, root: Path, steps: list[str]) -> Plan:
    """Look at what `steps` name and plan for what is missing; the network is asked only if something is.

    Raises:
        Refusal: something is missing that may not be installed here; one sentence each, all at once.
    """
    found = _look(machine, steps)
    todo = Plan()
    if found.pulumi and toolchain.cached(machine, root):
        # Made here earlier, so this is a machine where we may.
        todo.toolchain, found.pulumi = True, None
    if found.images and found.engine is None and images.cached(machine, root, found.images):
        todo.images, found.images = True, []
    if not (found.engine or found.plugins or found.images or found.pulumi):
        return todo

    network = world.look(machine)
    if network is world.World.OFFICIAL:
        found.images = []  # the engine pulls them when it needs them
    installable = network is world.World.REGISTRIES_ONLY and world.may_install(machine)
    denied = found.engine is not None and (
        found.engine.state in (look.EngineState.DENIED, look.EngineState.SILENT)
        or "DOCKER_HOST" in machine.environ
    )
    if installable and not denied:
        todo.engine = found.engine is not None
        todo.plugins = found.plugins
        todo.images = todo.images or bool(found.images)
        todo.toolchain = todo.toolchain or found.pulumi is not None
        return todo
    _refuse(machine, found, network)
    return todo


def _look(machine: Machine, steps: list[str]) -> _Findings:
    found = _Findings()
    if {"engine", "plugins", "images"} & set(steps):
        engine = look.engine(machine)
        if not engine.answers:
            found.engine = engine
        if "plugins" in steps:
            found.plugins = look.missing_plugins(engine)
        if "images" in steps and not engine.mirrors:
            found.images = look.missing_images(machine) if engine.answers else list(contract.IMAGES)
    if "toolchain" in steps:
        pulumi = look.pulumi(machine)
        found.pulumi = None if pulumi.usable else pulumi
    return found


def _refuse(machine: Machine, found: _Findings, network: world.World) -> None:
    """Say everything that is missing; the plugins alone end nothing, for `pulumi up` does not need them."""
    faults: list[str] = []
    if found.engine:
        faults.append(_engine_sentence(machine, found.engine))
    elif found.images and network is world.World.REGISTRIES_ONLY:  # offline, the engine may not need them
        faults.append(sentences.images_absent([contract.IMAGES[name] for name in found.images]))
    hints = [
        sentences.plugin_absent(machine, name)
        for name in found.plugins
        if not (found.engine and found.engine.state is look.EngineState.ABSENT)  # comes with the engine
    ]
    if found.pulumi:
        if found.pulumi.path:
            version, minimum = (".".join(map(str, v)) for v in (found.pulumi.version, look.MINIMUM_PULUMI))
            faults.append(sentences.pulumi_old(machine, version, minimum))
        else:
            faults.append(
                sentences.pulumi_absent(
                    machine,
                    root_builds=network is world.World.REGISTRIES_ONLY
                    and world.may_install(replace(machine, superuser=True)),
                )
            )
    if faults and network is world.World.OFFLINE:
        hints.append(sentences.offline())
    if faults:
        raise Refusal(*faults, *hints, code=EXIT_MISSING)
    for hint in hints:
        progress.say(hint)


def _engine_sentence(machine: Machine, engine: look.Engine) -> str:
    if engine.state is look.EngineState.ABSENT:
        return sentences.engine_absent(machine)
    if engine.state is look.EngineState.DENIED:
        return sentences.engine_denied(machine)
    if engine.state is look.EngineState.SILENT:
        return sentences.engine_silent(machine)
    return sentences.engine_stopped(machine, engine.why)
