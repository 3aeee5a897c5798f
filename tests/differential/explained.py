"""The table of differences, `explained.toml`, as records."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("explained.toml")


@dataclass(frozen=True)
class Explanation:
    """One row; it explains a difference whose four parts all match."""

    pattern: str
    transports: list[str]
    ours: str
    theirs: str
    why: str
    section: str

    def matches(self, pattern: str, transport: str, ours: str, theirs: str) -> bool:
        """Tell whether this is why the two servers differ here."""
        return transport in self.transports and all(
            _like(wanted, found)
            for wanted, found in ((self.pattern, pattern), (self.ours, ours), (self.theirs, theirs))
        )


def explanations() -> list[Explanation]:
    """Read the table."""
    return [Explanation(**row) for row in tomllib.loads(TABLE.read_text())["difference"]]


def _like(wanted: str, found: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, wanted.split("*"))), found, re.DOTALL) is not None
