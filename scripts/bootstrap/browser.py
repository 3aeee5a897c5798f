"""A Chromium for the tests and pictures of the status page; only they need one."""

from pathlib import Path

from scripts.bootstrap import packages, progress, world
from scripts.bootstrap.machine import Machine

VARIABLE = "CHROMIUM"
"""Names a browser that is somewhere else."""

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = ("chromium", "fonts-inter", "fonts-dejavu-core")
"""The fonts are those of the pictures; without them a page is set in whatever there is."""


def find(machine: Machine) -> Path | None:
    """Return the browser of this machine."""
    named = machine.environ.get(VARIABLE)
    found = (machine.which(program) for program in ([named] if named else PROGRAMS))
    return next((path for path in found if path is not None), None)


def supply(machine: Machine) -> None:
    """Install Debian's, where that is ours to do; elsewhere the tests say what they did without it.

    Raises:
        Refusal: the package mirror does not answer.
    """
    # Ubuntu's package of this name is a snap, which does not run in a container.
    if find(machine) is not None or machine.distribution != "debian" or not world.may_install(machine):
        return
    if world.look(machine) is world.World.REGISTRIES_ONLY:
        with progress.step("installing Chromium for the browser tests", "about 30 s"):
            packages.install(machine, PACKAGES)
