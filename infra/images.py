"""Which base image stands behind a name: the stack file's, a variable's, the pinned one, or the default."""

import tomllib
from pathlib import Path
from typing import Any

import pulumi

from app import contract
from infra.settings import Settings
from infra.sources import variable

LOCK = "images.lock"


def reference(name: str, settings: Settings, root: Path) -> str:
    """Return the image to use for a key of IMAGES or OBSERVABILITY_IMAGES.

    Raises:
        pulumi.RunError: `images.lock` is not readable TOML.
    """
    chosen: str | None = getattr(settings.images, name)
    default = (contract.IMAGES | contract.OBSERVABILITY_IMAGES)[name]
    return chosen or variable(f"{name.upper()}_IMAGE", root) or _pinned(default, root)


def _pinned(image: str, root: Path) -> str:
    path = root / LOCK
    try:
        lock: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except tomllib.TOMLDecodeError as error:
        raise pulumi.RunError(
            f"{LOCK} is not TOML ({error}): write it again with `make pin-images`."
        ) from error
    digest = lock.get("digests", {}).get(image)
    return f"{image}@{digest}" if digest else image
