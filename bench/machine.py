"""What the benchmark ran on: the machine, its versions, and which core does what."""

import importlib.metadata
import importlib.util
import os
import platform
from pathlib import Path

DISTRIBUTIONS = ("aiohttp", "uvloop", "orjson", "pydantic", "mcp", "uvicorn", "httptools")
DOCUMENT = "docs/performance.md"


def cores() -> tuple[int | None, int | None]:
    """Choose a core for the server and another for the load generator; none where there is only one."""
    usable = sorted(os.sched_getaffinity(0))
    return (usable[0], usable[1]) if len(usable) > 1 else (None, None)


def machine() -> str:
    """Describe the hardware and the system in one line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    count = len(os.sched_getaffinity(0))
    return f"{count} cores ({_processor()}), {memory:.0f} GiB, {platform.system()} {platform.release()}"


def versions() -> str:
    """Name Python and what the servers are made of."""
    found = [f"CPython {platform.python_version()}"]
    for name in DISTRIBUTIONS:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            if name == "httptools":
                found.append("h11 as uvicorn's parser (httptools is not installed)")
    return ", ".join(found)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
