"""The load generator: a small C program, compiled once per source and compiler into the user's cache."""

import hashlib
import os
import platform
import shutil
import subprocess
from pathlib import Path

SOURCES = Path(__file__).resolve().parent
FLAGS = ("-O2", "-std=gnu11", "-Wall", "-Wextra")
COMPILERS = ("cc", "gcc", "clang")
COMPILE_SECONDS = 60


class CannotBenchError(Exception):
    """This machine cannot run the benchmark; one sentence that says why and what to do."""


def build(cache: Path | None = None) -> Path:
    """Return the compiled program, compiling it when its sources or the compiler have changed.

    Raises:
        CannotBenchError: the system is not Linux, or there is no C compiler, or it fails.
    """
    if platform.system() != "Linux":
        raise CannotBenchError(
            f"The load generator needs Linux (epoll), and this is {platform.system()}: run it in a container."
        )
    names = [os.environ["CC"]] if os.environ.get("CC") else COMPILERS
    compiler = next((found for name in names if (found := shutil.which(name))), None)
    if compiler is None:
        raise CannotBenchError(
            f"No C compiler was found ({', '.join(names)}), and the load generator is compiled here: "
            "install one, on Debian or Ubuntu with `apt-get install gcc libc6-dev`."
        )
    program = (cache or _cache()) / f"bench-{_digest(compiler)}" / "load"
    if not program.exists():
        _compile(compiler, program)
    return program


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "exai-mcp-server"


def _digest(compiler: str) -> str:
    version = subprocess.run([compiler, "--version"], capture_output=True, check=False).stdout
    content = [version, " ".join(FLAGS).encode(), *(file.read_bytes() for file in _sources())]
    return hashlib.sha256(b"\0".join(content)).hexdigest()[:16]


def _sources() -> list[Path]:
    return sorted([*SOURCES.glob("*.c"), *SOURCES.glob("*.h")])


def _compile(compiler: str, program: Path) -> None:
    program.parent.mkdir(parents=True, exist_ok=True)
    # Under a name of this process, then renamed: two runs at once never see half a program.
    unfinished = program.with_name(f"load-{os.getpid()}")
    command = [
        compiler,
        *FLAGS,
        "-o",
        str(unfinished),
        *(str(file) for file in _sources() if file.suffix == ".c"),
    ]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=COMPILE_SECONDS, check=False)
    if ended.returncode:
        first = (ended.stderr.strip().splitlines() or ["no message"])[0]
        raise CannotBenchError(
            f"{compiler} could not compile the load generator ({first}): "
            "install its C headers, on Debian or Ubuntu with `apt-get install libc6-dev`."
        )
    unfinished.rename(program)
