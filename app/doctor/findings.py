"""What the doctor found, in words and as JSON."""

from collections.abc import Sequence
from enum import StrEnum

import orjson
from msgspec import Struct
from msgspec.structs import asdict


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    """The server works, and somebody should look."""
    FAIL = "fail"
    """Something does not work."""


class Finding(Struct, frozen=True):
    """One line: `area` is what was looked at, `text` what is there, and the mend where it is not well."""

    area: str
    level: Level
    text: str


def ok(area: str, text: str) -> Finding:
    """Make a finding that all is well."""
    return Finding(area, Level.OK, text)


def warn(area: str, text: str) -> Finding:
    """Make a finding that somebody should look at."""
    return Finding(area, Level.WARN, text)


def fail(area: str, text: str) -> Finding:
    """Make a finding that something does not work."""
    return Finding(area, Level.FAIL, text)


def as_lines(findings: Sequence[Finding], *, coloured: bool) -> str:
    """Write them for a person, one a line, with a summary below."""
    colours = {Level.OK: "32", Level.WARN: "33", Level.FAIL: "31"} if coloured else {}
    width = max((len(finding.area) for finding in findings), default=0)
    lines = []
    for finding in findings:
        word = finding.level.value.ljust(4)
        if finding.level in colours:
            word = f"\x1b[{colours[finding.level]}m{word}\x1b[0m"
        # One line each, whatever a driver's error holds.
        lines.append(f"{word}  {finding.area.ljust(width)}  {' '.join(finding.text.split())}")
    return "\n".join([*lines, "", _summary(findings), ""])


def as_json(findings: Sequence[Finding]) -> str:
    """Write them for a program: `{"ok": …, "findings": [{"area", "level", "text"}, …]}`."""
    document = {"ok": not failing(findings), "findings": [asdict(finding) for finding in findings]}
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n"


def failing(findings: Sequence[Finding]) -> bool:
    """Tell whether something does not work."""
    return any(finding.level is Level.FAIL for finding in findings)


def _summary(findings: Sequence[Finding]) -> str:
    counts = [(level, sum(finding.level is level for finding in findings)) for level in Level]
    return ", ".join(f"{count} {level.value}" for level, count in counts)
