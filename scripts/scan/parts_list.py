"""The bill of materials of the production image, by syft, held against the lock."""

import json
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app import contract
from scripts.scan import locked, programs
from scripts.scan.image import Archive
from scripts.scan.programs import ROOT
from scripts.scan.verdict import Verdict, judged

ENVIRONMENT = "/opt/venv/"
"""Where the image keeps what was installed from the lock."""
FILE = Path(".exai") / "sbom.cdx.json"
OFFLINE = {"SYFT_CHECK_FOR_APP_UPDATE": "false"}


def listed(archive: Archive, root: Path = ROOT) -> Verdict:
    """Write the bill (CycloneDX) and compare: what is installed must be what is locked, and nothing else."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    with tempfile.TemporaryDirectory(prefix="scan-") as folder:
        written = Path(folder) / FILE.name
        named = ("--source-name", contract.NAME, "--source-version", project["version"])
        output = ("--quiet", "--output", f"cyclonedx-json={written}")
        programs.run("syft", "scan", f"docker-archive:{archive.file}", *named, *output, environment=OFFLINE)
        document: dict[str, Any] = json.loads(written.read_text(encoding="utf-8"))
    target = root / FILE
    target.parent.mkdir(mode=0o700, exist_ok=True)
    target.write_text(json.dumps(document, indent=1), encoding="utf-8")
    found = installed(document)
    wrong = differences(found, locked.production(root), locked.production(root, on_every_system=True))
    passed = f"{len(document['components'])} components in {FILE}, Python's as locked"
    return judged("bill of materials", wrong, passed, "build the image again from the lock")


def installed(document: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the Python packages that came from the lock, with their versions."""
    return {
        one["name"].lower().replace("_", "-"): one["version"]
        for one in document["components"]
        if str(one.get("purl", "")).startswith("pkg:pypi/")
        and any(
            entry["name"].endswith(":path") and entry["value"].startswith(ENVIRONMENT)
            for entry in one.get("properties", [])
        )
    }


def differences(
    installed: Mapping[str, str], locked: Mapping[str, str], needed: Mapping[str, str]
) -> list[str]:
    """Name what is not as it was locked; `needed` is the part of it that no system does without."""
    others = [
        f"{name} {version} is in the image, and {locked.get(name, 'no such package')} is locked"
        for name, version in sorted(installed.items())
        if locked.get(name) != version
    ]
    return others + [
        f"{name} is locked, and not in the image" for name in sorted(set(needed) - set(installed))
    ]
