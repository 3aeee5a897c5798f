"""The folders the server writes to, and the two secrets that development keeps in one of them."""

import os
import secrets
import tempfile
from pathlib import Path

from app.settings.secret import Secret

TOKEN_BYTES = 32


def prepare(name: str, path: Path, faults: list[str]) -> None:
    """Make the folder if it is missing, and say the mending command when it cannot be written."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        user = f"{os.getuid()}:{os.getgid()}"
        faults.append(
            f"{name} is {path}, where user {user} cannot write ({error.strerror}): choose another folder, "
            f"or give it over with `chown -R {user} {path}` as root."
        )


def generated(path: Path, faults: list[str]) -> Secret | None:
    """Return the secret kept in `path`, made on first use, readable by its owner only.

    The file appears whole or not at all, and of two processes that start at once both keep the same secret.
    """
    try:
        if not path.exists():
            _write_once(path, secrets.token_urlsafe(TOKEN_BYTES))
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        faults.append(
            f"{path} cannot be kept or read ({error}): mend its rights, or remove it to have a new one made."
        )
        return None
    if not text:
        faults.append(f"{path} is empty: remove it to have a new one made.")
        return None
    return Secret(text)


def _write_once(path: Path, text: str) -> None:
    descriptor, temporary = tempfile.mkstemp(
        dir=path.parent, prefix=f".{path.name}."
    )  # mkstemp makes it 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            # link, not rename: it fails when another process was first, and then theirs is kept.
            os.link(temporary, path)
        except FileExistsError:
            return
    finally:
        Path(temporary).unlink()
