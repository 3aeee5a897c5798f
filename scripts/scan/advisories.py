"""What the public databases of advisories say, where they can be reached: pip-audit and grype."""

import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from scripts.scan import locked, parts_list, programs
from scripts.scan.programs import ROOT
from scripts.scan.verdict import CannotAsk, Verdict, judged

WEIGHTY = frozenset({"critical", "high", "medium"})
"""Of grype's severities; below them are holes that Debian has decided to leave."""


def python(root: Path = ROOT) -> Verdict:
    """Ask PyPI about every locked package. One that cannot be asked about is no answer at all.

    pip-audit itself says that nothing is wrong when it was told nothing.
    """
    pinned = locked.everything(root)
    with tempfile.TemporaryDirectory(prefix="scan-") as folder:
        file = Path(folder) / "requirements.txt"
        file.write_text("".join(f"{name}=={version}\n" for name, version in pinned.items()), encoding="utf-8")
        flags = ("--disable-pip", "--no-deps", "--progress-spinner=off", "--format=json")
        done = programs.run("pip-audit", "--requirement", str(file), *flags, passing=(0, 1))
    try:
        answers = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        raise CannotAsk("PyPI's advisories do not answer") from None
    answered = [one for one in answers if "skip_reason" not in one]
    if len(answered) < len(pinned):
        raise CannotAsk(f"PyPI's advisories answer for {len(answered)} of {len(pinned)} packages")
    found = [
        f"{one['name']} {one['version']}: {hole['id']}, {_mended(hole['fix_versions'])}"
        for one in answered
        for hole in one["vulns"]
    ]
    return judged("PyPI's advisories", found, f"{len(answered)} packages", "raise it, then `uv lock`")


def image(root: Path = ROOT) -> Verdict:
    """Ask grype about everything in the bill of materials."""
    if shutil.which("grype") is None:
        raise CannotAsk("grype is not on PATH, and its database is not to be had from package registries")
    bill = root / parts_list.FILE
    if not bill.is_file():
        raise CannotAsk("there is no bill of materials to ask about")
    done = programs.run("grype", f"sbom:{bill}", "--output", "json", "--quiet", "--only-fixed")
    matches = json.loads(done.stdout)["matches"]
    found = [
        f"{part['name']} {part['version']}: {hole['id']} ({hole['severity']}), "
        f"{_mended(hole['fix']['versions'])}"
        for part, hole in ((one["artifact"], one["vulnerability"]) for one in matches)
        if hole["severity"].lower() in WEIGHTY
    ]
    passed = f"{len(matches)} matches, none of weight that has a mend"
    return judged("grype's database", found, passed, "raise it, or build again on a newer base")


def _mended(versions: Sequence[str]) -> str:
    return f"mended in {', '.join(versions)}" if versions else "not mended yet"
