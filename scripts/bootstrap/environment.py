"""What the bootstrap leaves in the clone: `.exai/`, its `env` for shells, the the host's certificates."""

import os
import shlex
from pathlib import Path

from scripts.bootstrap import toolchain
from scripts.bootstrap.machine import Machine


def folder(root: Path) -> Path:
    """Return `.exai/`, made if need be; only this user may look inside."""
    path = root / ".exai"
    path.mkdir(mode=0o700, exist_ok=True)
    if path.stat().st_mode & 0o077:
        path.chmod(0o700)
    return path


def lines(root: Path, made: Path | None) -> list[str]:
    """Compose the POSIX shell lines; `made` is the toolchain if it was built here, else None."""
    front = [*([made / "bin"] if made else []), root / ".venv" / "bin"]
    path = os.pathsep.join(map(str, front))
    values = {"PULUMI_SKIP_UPDATE_CHECK": "true"}
    if made:
        values["PULUMI_HOME"] = str(toolchain.home(root))
        values["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
    # The rest of PATH is the shell's own, whatever it is when the file is read.
    return [
        f'export PATH={_quote(path)}:"$PATH"',
        *(f"export {name}={_quote(value)}" for name, value in values.items()),
    ]


def _quote(value: str) -> str:
    quoted = shlex.quote(value)
    return quoted if quoted.startswith("'") else f"'{value}'"


def write(machine: Machine, root: Path) -> None:
    """Write `.exai/env` and `.exai/ca.crt`, leaving alone what is already right."""
    target = folder(root)
    text = "\n".join(lines(root, toolchain.installed(machine, root))) + "\n"
    _replace(target / "env", text.encode())
    bundle = machine.ca_bundle()
    if bundle:
        _replace(target / "ca.crt", bundle.read_bytes())
    else:
        (target / "ca.crt").unlink(missing_ok=True)


def _replace(path: Path, content: bytes) -> None:
    if path.is_file() and path.read_bytes() == content:
        return
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_bytes(content)
    partial.replace(path)
