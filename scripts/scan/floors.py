"""The oldest version of each package that has no known hole: floors.toml, held against the lock.

It stands in where no database of advisories can be reached, and keeps a lock from sliding back. It knows only
what somebody has written into it: the scheduled workflow asks the databases.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from scripts.scan import locked
from scripts.scan.programs import ROOT
from scripts.scan.verdict import Verdict, judged

TABLE = Path(__file__).with_name("floors.toml")
TOOLS = {"uv": Path("tools") / "uv.txt"}
"""What is pinned outside the lock."""


@dataclass(frozen=True)
class Floor:
    """`ids` are the advisories that this version was the first to be free of."""

    version: Version
    ids: tuple[str, ...]
    about: str


def table() -> Mapping[str, Floor]:
    """Read the table, by name of the package."""
    rows = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {name: Floor(Version(row["floor"]), tuple(row["ids"]), row["about"]) for name, row in rows.items()}


def held(root: Path = ROOT) -> Verdict:
    """Compare every pinned package that has a floor."""
    pinned = {**locked.everything(root), **pinned_tools(root)}
    floors = table()
    judged_ones = sorted(set(pinned) & set(floors))
    below = [
        f"{name} {pinned[name]} is below {floors[name].version}: {floors[name].about} "
        f"({', '.join(floors[name].ids)})"
        for name in judged_ones
        if Version(pinned[name]) < floors[name].version
    ]
    passed = f"{len(judged_ones)} of {len(pinned)} pinned packages have a floor, none is below"
    return judged("floors", below, passed, "raise it in pyproject.toml, then `uv lock`")


def pinned_tools(root: Path) -> Mapping[str, str]:
    """Return the versions of what is pinned outside the lock."""
    found = {}
    for name, file in TOOLS.items():
        if pinned := re.search(rf"^{name}==(\S+)", (root / file).read_text(encoding="utf-8"), re.MULTILINE):
            found[name] = pinned[1]
    return found
