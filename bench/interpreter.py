"""The Python that is measured: the version the image ships, where this machine has one.

What is served is the image, and versions of Python differ by more than the figures have room for. Its
packages are those of uv.lock, in an environment beside the clone's own.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from app import contract
from scripts.bootstrap import python
from scripts.bootstrap.machine import Machine
from scripts.bootstrap.refusal import Refusal

VERSION = contract.IMAGES["python"].partition(":")[2].partition("-")[0]
CHANGED = "EXAI_BENCH_PYTHON"
"""Set in a process that was started on the other Python, so that it is not started a second time."""
LOOK_SECONDS = 10.0


def change(root: Path, module: str, arguments: list[str], say: Callable[[str], None]) -> None:
    """Go on as `python -m module` on the image's Python; return where that cannot be, having said why."""
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if here == VERSION or CHANGED in os.environ:
        return
    found = next(_found(), None)
    if found is None:
        say(f"Measured on Python {here}: the image ships {VERSION}, which this machine has not.")
        return
    folder = root / ".exai" / f"python-{VERSION}"
    try:
        python.environment(Machine.this(), root, folder, found)
    except Refusal as refusal:
        say(f"Measured on Python {here}, not on {VERSION} as the image ships it. {refusal}")
        return
    program = str(folder / "bin" / "python")
    os.execve(program, [program, "-m", module, *arguments], os.environ | {CHANGED: VERSION})  # noqa: S606 - ours


def _found() -> Iterator[Path]:
    name = f"python{VERSION}"
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    # pyenv's own `python3.13` in PATH answers only where somebody has chosen that version.
    candidates = [*sorted(root.glob(f"versions/{VERSION}.*/bin/{name}"), reverse=True)]
    if (in_path := shutil.which(name)) is not None:
        candidates.insert(0, Path(in_path))
    return (candidate for candidate in candidates if _version(candidate) == VERSION)


def _version(program: Path) -> str:
    """Return major and minor version, empty for what does not run."""
    command = [str(program), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LOOK_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
