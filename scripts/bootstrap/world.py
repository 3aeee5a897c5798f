"""Which network is this: one with the official download hosts, one with package registries only, or none?"""

import time
from concurrent.futures import ThreadPoolExecutor
from enum import Enum

from scripts.bootstrap.machine import Machine

OFFICIAL_HOSTS = (
    "https://download.docker.com/",
    "https://get.pulumi.com/",
    "https://registry-1.docker.io/v2/",
)
PACKAGE_REGISTRY = "https://pypi.org/simple/pip/"
OWN_REGISTRY_VARIABLES = ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL")

OFFICIAL_SECONDS = 86400.0
"""A base image that is only pulled when needed must not cost a look at the network in every run."""

INSTALLABLE_DISTRIBUTIONS = {"debian", "ubuntu"}
INSTALLABLE_ARCHITECTURES = {"amd64", "arm64"}


class World(Enum):
    """What answers from here."""

    OFFICIAL = "official hosts"
    REGISTRIES_ONLY = "package registries only"
    OFFLINE = "nothing"


def look(machine: Machine) -> World:
    """Ask all hosts at once, within machine.REACH_TIMEOUT_SECONDS; "official" is believed for a day."""
    known = machine.cache / "official-hosts-answered"
    if known.is_file() and time.time() - known.stat().st_mtime < OFFICIAL_SECONDS:
        return World.OFFICIAL
    urls = (*OFFICIAL_HOSTS, PACKAGE_REGISTRY)
    with ThreadPoolExecutor(len(urls)) as pool:
        *official, packages = pool.map(machine.reaches, urls)
    if any(official):
        machine.cache.mkdir(parents=True, exist_ok=True)
        known.touch()
        return World.OFFICIAL
    own = any(machine.environ.get(name) for name in OWN_REGISTRY_VARIABLES)
    return World.REGISTRIES_ONLY if packages or own else World.OFFLINE


def may_install(machine: Machine) -> bool:
    """Whether the system is one whose packages we know, and ours to change."""
    return (
        machine.system == "linux"
        and machine.distribution in INSTALLABLE_DISTRIBUTIONS
        and machine.architecture in INSTALLABLE_ARCHITECTURES
        and machine.superuser
    )
