"""What is inside an image: its size, its layers, and the files that do not belong in production.

Asks the engine through the `docker` command. Nothing is started: `docker export` gives the file system.
"""

import itertools
import re
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import PurePosixPath

ENGINE_TIMEOUT_SECONDS = 120

BUILD_PROGRAMS = frozenset(
    {"gcc", "cc", "g++", "c++", "clang", "ld", "as", "make", "cmake", "cargo", "rustc", "git"}
    | {"pip", "uv", "uvx", "pulumi", "pytest", "py.test", "easy_install", "wheel", "hatch", "poetry"}
)
"""Programs that build, install or test; compared with the names of files in folders of programs."""

BUILD_PACKAGES = frozenset(
    {"pip", "ensurepip", "setuptools", "wheel", "hatchling", "uv", "pkg_resources"}
    | {"pulumi", "pulumi_docker", "pulumi_policy", "pytest", "_pytest", "mypy", "ruff"}
)
"""Python packages that build or test; compared with names in the folders where Python looks for packages."""

_DECORATION = re.compile(r"^.*-linux-gnu-|-?\d+(\.\d+)*$")
_SETUID_OR_SETGID = 0o6000


class ImageUnreadable(Exception):  # noqa: N818 - names what is the case, as the caller tells it
    """The engine could not say what was asked; the message is one sentence for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer with content: its size in bytes and the instruction that made it."""

    size: int
    instruction: str


@dataclass(frozen=True, slots=True)
class Strays:
    """Paths inside an image that should not be there, topmost folders only."""

    build_only: tuple[str, ...]
    setuid: tuple[str, ...]


def ask_engine(*arguments: str) -> str:
    """Run `docker` with these arguments and return its output; ImageUnreadable says why it could not."""
    try:
        answer = subprocess.run(
            ["docker", *arguments],
            capture_output=True,
            text=True,
            timeout=ENGINE_TIMEOUT_SECONDS,
            check=False,
        )
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        raise ImageUnreadable(
            f"docker {arguments[0]} could not be run ({error}): start a Docker engine."
        ) from error
    if answer.returncode != 0:
        reason = (answer.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ImageUnreadable(
            f"docker {' '.join(arguments[:2])} failed ({reason}): run it by hand to see more."
        )
    return answer.stdout


def size_of(image: str) -> int:
    """Return an image's unpacked size in bytes."""
    return int(ask_engine("image", "inspect", "--format", "{{.Size}}", image))


def layers_of(image: str) -> tuple[Layer, ...]:
    """Return the layers with content, newest first."""
    form = "{{.Size}}\t{{.CreatedBy}}"
    lines = ask_engine("history", "--no-trunc", "--human=false", "--format", form, image).splitlines()
    rows = (line.split("\t", 1) for line in lines)
    return tuple(Layer(int(size), " ".join(made.split())) for size, made in rows if size != "0")


def builds_only(path: str) -> bool:
    """Tell whether a path inside an image (no leading slash) is a program or a package that only builds."""
    parts = PurePosixPath(path).parts
    if parts[-2:-1] in (("bin",), ("sbin",)):
        return _DECORATION.sub("", parts[-1]) in BUILD_PROGRAMS
    for folder, name in itertools.pairwise(parts):
        looked_in = folder in ("site-packages", "dist-packages") or folder.startswith("python3.")
        if looked_in and name.removesuffix(".py") in BUILD_PACKAGES:
            return True
    return path.endswith(".whl")


def strays_in(image: str) -> Strays:
    """Read every file of an image and return those that only build, and those that are setuid or setgid."""
    container = ask_engine("create", image).strip()
    found: set[str] = set()
    setuid: list[str] = []
    try:
        with (
            subprocess.Popen(["docker", "export", container], stdout=subprocess.PIPE) as export,
            tarfile.open(fileobj=export.stdout, mode="r|") as archive,
        ):
            for member in archive:
                if builds_only(member.name):
                    found.add(member.name.rstrip("/"))
                if member.isfile() and member.mode & _SETUID_OR_SETGID:
                    setuid.append(member.name)
        if export.returncode != 0:
            raise ImageUnreadable(f"docker export of {image} ended with {export.returncode}: run it again.")
    finally:
        ask_engine("rm", container)
    topmost = (
        path for path in sorted(found) if not any(str(up) in found for up in PurePosixPath(path).parents)
    )
    return Strays(tuple(topmost), tuple(setuid))
