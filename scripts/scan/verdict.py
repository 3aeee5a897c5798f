"""What one check says: passed, found something, or could not be asked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """How a check ended."""

    PASSED = "ok"
    FOUND = "FOUND"
    NOT_RUN = "NOT RUN"


@dataclass(frozen=True)
class Verdict:
    """`said` is one line; `findings` are what there is to mend, one line each."""

    check: str
    state: State
    said: str
    findings: Sequence[str] = field(default=())


class CannotAsk(Exception):  # noqa: N818 - names what is the case: nothing was found, nothing was ruled out
    """A check cannot be made here; the message is the reason, without an end."""


def judged(check: str, findings: Sequence[str], passed: str, mend: str) -> Verdict:
    """Return the verdict about what was found: `passed` is said if that is nothing, else `mend`."""
    if not findings:
        return Verdict(check, State.PASSED, passed)
    return Verdict(check, State.FOUND, f"{len(findings)} found: {mend}", tuple(findings))
