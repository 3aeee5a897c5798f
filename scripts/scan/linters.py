"""hadolint, compose-lint, actionlint and zizmor, each at its lowest level."""

import json
from collections.abc import Sequence
from pathlib import Path

from scripts.scan import programs
from scripts.scan.programs import ROOT
from scripts.scan.verdict import Verdict, judged

FOUND = (0, 1)
"""How the linters end: nothing found, something found."""
MEND = "mend it, or say in the file why it stays"


def dockerfiles(root: Path = ROOT) -> Verdict:
    """Look at every Dockerfile of the project."""
    files = sorted(
        str(path.relative_to(root)) for path in (root / "Dockerfile", *(root / "tools").rglob("Dockerfile"))
    )
    flags = ("--no-color", "--failure-threshold", "style", "--format", "json")
    done = programs.run("hadolint", *flags, *files, cwd=root, passing=FOUND)
    findings = [
        f"{one['file']}:{one['line']} {one['code']} {one['message']}"
        for one in json.loads(done.stdout or "[]")
    ]
    return judged("hadolint", findings, f"{len(files)} Dockerfiles, nothing at the lowest level", MEND)


def compose(root: Path = ROOT) -> Verdict:
    """Look at the compose file; the overlay for development says nothing without it."""
    flags = ("--fail-on", "low", "--config", ".compose-lint.yml", "--strict-config", "--no-env")
    done = programs.run("compose-lint", "check", *flags, "docker-compose.yml", cwd=root, passing=FOUND)
    findings = done.stdout.splitlines() if done.returncode else []
    return judged("compose-lint", findings, "nothing at the lowest level", MEND)


def workflows(root: Path = ROOT) -> Verdict:
    """Look at the workflows: whether GitHub will take them, and what they let others do."""
    files = _workflows(root)
    checked = programs.run("actionlint", "-no-color", "-oneline", *files, cwd=root, passing=FOUND)
    flags = ("--offline", "--no-progress", "--color", "never", "--persona", "pedantic", "--format", "plain")
    audited = programs.run("zizmor", *flags, *files, cwd=root, passing=(0, 11, 12, 13, 14))
    findings = [*checked.stdout.splitlines(), *(audited.stdout.splitlines() if audited.returncode else [])]
    return judged("workflows", findings, f"{len(files)} files, nothing by actionlint or zizmor", MEND)


def _workflows(root: Path) -> Sequence[str]:
    return sorted(str(path.relative_to(root)) for path in (root / ".github" / "workflows").glob("*.yml"))
