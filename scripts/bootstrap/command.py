"""The steps, in order: look at everything, refuse in one go or supply what is missing, write it down."""

import signal
import sys
from pathlib import Path

from scripts.bootstrap import (
    browser,
    engine,
    environment,
    images,
    look,
    plan,
    plugins,
    progress,
    python,
    toolchain,
)
from scripts.bootstrap.machine import Machine, version
from scripts.bootstrap.refusal import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE, Refusal

STEPS = ("engine", "plugins", "images", "toolchain", "python")
"""What no argument means."""

BROWSER = "browser"
"""Only tests and pictures of the status page need one, so it is asked for by name."""

STOP = "stop-engine"
QUIET = "--quiet"
"""For callers such as make, which have something of their own to say."""


def main(arguments: list[str], root: str) -> int:
    """Run the named steps and return the exit code; sentences go to stderr."""
    quiet = QUIET in arguments
    arguments = [argument for argument in arguments if argument != QUIET]
    unknown = [name for name in arguments if name not in (*STEPS, BROWSER, STOP)]
    if unknown:
        progress.say(
            f"There is no step {', '.join(unknown)}: the steps are {', '.join((*STEPS, BROWSER, STOP))}."
        )
        return EXIT_USAGE
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_INTERRUPTED))
    try:
        machine = Machine.this()
        if STOP in arguments:
            engine.stop(machine)
        else:
            supply(machine, Path(root), arguments or list(STEPS))
            if not (arguments or quiet):
                report(machine, Path(root))
    except Refusal as refusal:
        for sentence in refusal.sentences:
            progress.say(sentence)
        return refusal.code
    except KeyboardInterrupt:
        progress.say("Interrupted; nothing is left half done, and the next run goes on from here.")
        return EXIT_INTERRUPTED
    except OSError as error:
        progress.say(
            f"The bootstrap could not read or write a file ({error}): "
            "check its owner and the free space, then run again."
        )
        return EXIT_FAILED
    return 0


def supply(machine: Machine, root: Path, steps: list[str]) -> None:
    """Do what `steps` name and the machine lacks."""
    todo = plan.make(machine, root, steps)
    environment.folder(root)
    if todo.engine:
        engine.supply(machine)
    if todo.plugins:
        plugins.supply(machine, todo.plugins)
    if todo.images:
        images.supply(machine, root, look.missing_images(machine))
    if todo.toolchain:
        toolchain.install_provider(machine, root, toolchain.supply(machine, root))
    if "python" in steps and not python.current(root):
        python.supply(machine, root)
    if BROWSER in steps:
        browser.supply(machine)
    environment.write(machine, root)


def report(machine: Machine, root: Path) -> None:
    """Say in one line what is there; nothing if a plugin is not, which has had its sentence."""
    docker = look.engine(machine)
    if not docker.answers or look.missing_plugins(docker):
        return
    own = look.pulumi(machine)
    if own.usable:
        pulumi_version = own.version
    else:
        made = toolchain.installed(machine, root)
        pulumi_version = version(machine.ask(str(made / "bin/pulumi"), "version").out) if made else (0,)
    venv_version = version(machine.ask(str(root / ".venv/bin/python"), "--version").out)
    pulumi_text, python_text = (".".join(map(str, numbers)) for numbers in (pulumi_version, venv_version))
    progress.say(
        f"Nothing is missing: Docker Engine {docker.version}, Pulumi {pulumi_text}, Python {python_text}."
    )
