"""Stand-ins for the official base images where no image registry answers: built once, then only loaded."""

from collections.abc import Sequence
from pathlib import Path

from app import contract
from scripts.bootstrap import cache, packages, progress
from scripts.bootstrap.machine import Machine

IMAGES = contract.IMAGES | {"prometheus": contract.OBSERVABILITY_IMAGES["prometheus"]}
"""What can be stood in for: Prometheus only where it is asked for; Grafana not, which no package holds."""
PACKAGES = ("mmdebstrap", "debian-archive-keyring")
BUILD_TIMEOUT_SECONDS = 900.0
LOAD_TIMEOUT_SECONDS = 300.0


def recipes(root: Path, name: str) -> list[Path]:
    """List the files that one stand-in is made from."""
    folder = root / "tools" / "images"
    return [
        folder / "build.sh",
        folder / "trim.sh",
        *(file for file in (folder / name).iterdir() if file.is_file()),
    ]


def key(machine: Machine, root: Path, name: str) -> str:
    """Name a stand-in after its inputs."""
    return cache.digest(recipes(root, name), IMAGES[name], machine.architecture)


def cached(machine: Machine, root: Path, names: Sequence[str]) -> bool:
    """Whether every named image only needs loading."""
    return all(
        cache.entry(machine.cache, f"image-{name}", key(machine, root, name)).is_dir() for name in names
    )


def supply(machine: Machine, root: Path, names: Sequence[str]) -> None:
    """Give the engine a stand-in for each name (keys of IMAGES).

    Raises:
        Refusal: a build or a load failed.
    """
    if not cached(machine, root, names):
        packages.install(machine, PACKAGES)
    for name in names:
        _supply(machine, root, name)


def _supply(machine: Machine, root: Path, name: str) -> None:
    image = IMAGES[name]
    thing, made = f"image-{name}", key(machine, root, name)
    log = machine.cache / "logs" / f"{thing}.log"
    debian = packages.mirror(machine)
    security = packages.mirror(machine, packages.DEBIAN_SECURITY)

    def build(out: Path) -> None:
        progress.run(
            [str(root / "tools/images/build.sh"), name, image, str(out / "image.tar")],
            what=f"Building the stand-in for {image}",
            remedy=f"check that {debian} and {security} answer, then run again",
            log=log,
            timeout=BUILD_TIMEOUT_SECONDS,
            environ={**machine.environ, "MIRROR": debian, "SECURITY_MIRROR": security},
        )

    if not cached(machine, root, [name]):
        with progress.step(f"building a stand-in for {image} from Debian packages", "about 30 s, once"):
            cache.make(machine.cache, thing, made, build)
        return  # building it gave it to the engine too
    tar = cache.entry(machine.cache, thing, made) / "image.tar"
    with progress.step(f"loading the stand-in for {image}", "a few seconds"):
        progress.run(
            ["docker", "load", "--input", str(tar)],
            what=f"Loading the stand-in for {image}",
            remedy=f"remove {tar.parent} and run again",
            log=log,
            timeout=LOAD_TIMEOUT_SECONDS,
            environ=machine.environ,
        )
