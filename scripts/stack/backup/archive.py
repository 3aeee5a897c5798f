"""One backup on disk: a folder with its parts and a manifest that tells each part's size and digest."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scripts.stack.errors import StackError

MANIFEST = "manifest.json"
DATABASE = "database.dump"
DATA = "data.tar"
STATE = "state.json"
PARTIAL = ".partial"
"""Ends the name of a folder that is being written; nothing takes it for a backup."""
FORMAT = 1
"""Of the manifest."""


@dataclass(frozen=True)
class Part:
    """One file of a backup."""

    bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> "Part":
        """Measure a file."""
        with path.open("rb") as file:
            return cls(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


@dataclass(frozen=True)
class Manifest:
    """What a backup holds: made when (UTC), of which stack, by which release, on which schema."""

    stack: str
    made: str
    release: str
    schema: int
    threads: int
    parts: Mapping[str, Part]
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        """Put it beside the parts; a folder without it is no backup."""
        text = json.dumps(asdict(self), indent=2, sort_keys=True)
        (folder / MANIFEST).write_text(f"{text}\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read what stands in a folder.

        Raises:
            StackError: there is no backup, or it was made by a release that writes them differently.
        """
        path = folder / MANIFEST
        try:
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            parts = {name: Part(**part) for name, part in found.pop("parts").items()}
            manifest = cls(**found, parts=parts)
        except FileNotFoundError:
            raise StackError(f"{folder} is no backup: it has no {MANIFEST}.") from None
        except (ValueError, TypeError, KeyError, AttributeError):
            raise StackError(f"{path} cannot be read: take another backup, this one is damaged.") from None
        if manifest.format != FORMAT:
            raise StackError(
                f"{folder} was made by release {manifest.release}, in a form that this one does not read: "
                "restore it with that release."
            )
        return manifest

    def check(self, folder: Path) -> None:
        """Compare every part with what was noted when it was made.

        Raises:
            StackError: one is missing or is not what it was.
        """
        for name, noted in self.parts.items():
            path = folder / name
            if not path.is_file():
                raise StackError(f"{path} is missing, so this backup cannot be restored: take another.")
            if Part.of(path) != noted:
                raise StackError(
                    f"{path} is not what was written ({MANIFEST} has another SHA-256): take another backup."
                )


def kept(folder: Path) -> list[Path]:
    """Return the backups in a folder, the oldest first; their names are their times."""
    return sorted(
        path.parent for path in folder.glob(f"*/{MANIFEST}") if not path.parent.name.endswith(PARTIAL)
    )


def rotate(folder: Path, most: int) -> list[Path]:
    """Remove the oldest backups until so many are left, and what was never finished; return them."""
    unfinished = sorted(folder.glob(f"*{PARTIAL}"))
    gone = [*kept(folder)[:-most], *unfinished]
    for path in gone:
        shutil.rmtree(path)
    return gone
