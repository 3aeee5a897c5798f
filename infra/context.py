"""The digest of what an image is made from: what `.dockerignore` lets through, and the Dockerfile.

RemoteImage has no digest of its context, so this is what makes changed source a changed image and unchanged
source no change at all.
"""

import fnmatch
import hashlib
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi

DOCKERFILE = "Dockerfile"
IGNORE = ".dockerignore"
WILD = "(?:"
"""Stands in a rule's expression only where the line has a wildcard."""


@dataclass(frozen=True)
class Rule:
    """One line of `.dockerignore`: the last rule that matches a path or one of its folders decides."""

    pattern: re.Pattern[str]
    lets_through: bool


def digest(root: Path) -> str:
    """Return a SHA-256 over names, modes, link targets and contents, in hexadecimal.

    Raises:
        pulumi.RunError: `.dockerignore` uses a form that this subset does not know.
    """
    total = hashlib.sha256()
    for path in sorted(_files(root), key=lambda path: path.relative_to(root).as_posix()):
        name, mode = path.relative_to(root).as_posix(), path.lstat().st_mode
        total.update(f"{name}\0{stat.S_IFMT(mode):o} {stat.S_IMODE(mode):o}\0".encode())
        total.update(_content(path, mode))
    return total.hexdigest()


def _content(path: Path, mode: int) -> bytes:
    if stat.S_ISLNK(mode):
        return os.fsencode(path.readlink())
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _files(root: Path) -> Iterator[Path]:
    rules = _rules(root / IGNORE)
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        kept = [name for name in folders if _may_hold(here / name, root, rules)]
        links = [name for name in kept if (here / name).is_symlink()]
        folders[:] = [name for name in kept if name not in links]
        for name in (*files, *links):
            path = here / name
            relative = path.relative_to(root).as_posix()
            if relative == DOCKERFILE or not _ignored(relative, rules):
                yield path


def _may_hold(folder: Path, root: Path, rules: Sequence[Rule]) -> bool:
    """Whether to look inside: an ignored folder may still hold what a later rule lets through."""
    relative = folder.relative_to(root).as_posix()
    reach = f"{relative}/"
    return not _ignored(relative, rules) or any(
        rule.lets_through
        and (WILD in rule.pattern.pattern or rule.pattern.pattern.startswith(re.escape(reach)))
        for rule in rules
    )


def _ignored(relative: str, rules: Sequence[Rule]) -> bool:
    parts = relative.split("/")
    paths = ["/".join(parts[: count + 1]) for count in range(len(parts))]
    ignored = False
    for rule in rules:
        if any(rule.pattern.fullmatch(path) for path in paths):
            ignored = not rule.lets_through
    return ignored


def _rules(path: Path) -> Sequence[Rule]:
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return [_rule(line.strip()) for line in lines if line.strip() and not line.startswith("#")]


def _rule(line: str) -> Rule:
    """Read one line of the forms in use: `*`, `path`, `!path` (wildcards within a name), `**/name`."""
    lets_through, text = line.startswith("!"), line.removeprefix("!").strip("/")
    anywhere, rest = text.startswith("**/"), text.removeprefix("**/")
    if "**" in rest or "\\" in rest or not rest:
        raise pulumi.RunError(
            f"{IGNORE} has the line `{line}`, a form the image's digest does not know: "
            "write it as `*`, `!path` or `**/name`."
        )
    names = "/".join(_name(part) for part in rest.split("/"))
    return Rule(re.compile(f"(?:.*/)?{names}" if anywhere else names), lets_through)


def _name(part: str) -> str:
    """Translate the wildcards of one path part; `*` and `?` stop at a slash, as Docker's do."""
    if not re.search(r"[*?\[]", part):
        return re.escape(part)
    body = fnmatch.translate(part).removeprefix("(?s:").removesuffix(r")\Z")
    return f"(?:{body.replace('.*', '[^/]*')})"
