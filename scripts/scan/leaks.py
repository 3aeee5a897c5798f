"""Secrets where none may be: in the files, in the history, in the image. gitleaks with .gitleaks.toml."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from scripts.scan import programs
from scripts.scan.image import Archive, unpack_additions
from scripts.scan.programs import ROOT
from scripts.scan.verdict import CannotAsk, Verdict, judged

CONFIG = ".gitleaks.toml"
LISTING_SECONDS = 60
MEND = (
    "make the secret void where it was issued, then remove it; what is none goes into .gitleaks.toml with "
    "its reason"
)


def files(root: Path = ROOT) -> Verdict:
    """Look at every file that git has or would take."""
    names = _git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    with tempfile.TemporaryDirectory(prefix="scan-") as folder:
        copied = 0
        for name in filter(None, names):
            if (root / name).is_file() and not (root / name).is_symlink():
                target = Path(folder) / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(root / name, target)
                copied += 1
        found = _leaks(root, "dir", folder)
    return judged("secrets in files", found, f"{copied} files", MEND)


def history(root: Path = ROOT) -> Verdict:
    """Look at every commit that the present one comes from."""
    if _git(root, "rev-parse", "--is-shallow-repository").strip() == "true":
        raise CannotAsk("this clone has only the newest commits (`git fetch --unshallow` gets the others)")
    count = _git(root, "rev-list", "--count", "HEAD").strip()
    found = _leaks(root, "git", "--log-opts=HEAD", str(root))
    return judged("secrets in history", found, f"{count} commits", MEND)


def image(archive: Archive, root: Path = ROOT) -> Verdict:
    """Look at what the build added: files, also hidden ones, environment, labels, build arguments."""
    with tempfile.TemporaryDirectory(prefix="scan-") as folder:
        layers = unpack_additions(archive, Path(folder))
        found = _leaks(root, "dir", folder)
    return judged("secrets in the image", found, f"{layers} layers of {archive.name} and its history", MEND)


def _leaks(root: Path, *what: str) -> Sequence[str]:
    """Return where gitleaks finds secrets; never the secrets."""
    command, *rest = what
    flags = ("--no-banner", "--no-color", "--redact=100", "--log-level=error", "--config", str(root / CONFIG))
    report = ("--report-format=json", "--report-path=-", "--exit-code=0")
    done = programs.run("gitleaks", command, *flags, *report, *rest, cwd=root)
    target = what[-1].rstrip("/") + "/"
    return [
        " ".join(
            filter(
                None,
                (
                    one["File"].removeprefix(target),
                    f"line {one['StartLine']}",
                    one["RuleID"],
                    one["Commit"][:12],
                ),
            )
        )
        for one in json.loads(done.stdout or "[]")
    ]


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=root, capture_output=True, text=True, timeout=LISTING_SECONDS, check=False
    )
    if done.returncode:
        raise CannotAsk("this is no git repository")
    return done.stdout
