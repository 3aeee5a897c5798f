"""What the tests of the program share: parts declared under mocks, a made-up site, a quiet environment."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi.runtime import set_all_config

from app import contract
from infra.credentials import SecretFiles
from infra.site import Site
from tests.certificates import self_signed

ROOT = Path(__file__).resolve().parents[2]
DECLARING = Path(__file__).with_name("declaring.py")
DECLARE_SECONDS = 60
QUIET = {
    # An engine behind ssh is not asked in a preview; nothing of the developer's shell is read.
    "DOCKER_HOST": "ssh://ci@localhost",
    **dict.fromkeys(("KIMI_API_KEY", "GLM_API_KEY"), ""),
    **{f"{name.upper()}_IMAGE": "" for name in contract.IMAGES | contract.OBSERVABILITY_IMAGES},
}


@dataclass(frozen=True)
class Declared:
    """What a program registered."""

    resources: list[dict[str, Any]]

    def one(self, kind: str, name: str) -> dict[str, Any]:
        """The inputs of the resource of this type and name."""
        (found,) = [one for one in self.resources if (one["type"], one["name"]) == (kind, name)]
        inputs: dict[str, Any] = found["inputs"]
        return inputs

    def after(self, kind: str, name: str) -> list[str]:
        """The names of what a resource waits for."""
        (found,) = [one for one in self.resources if (one["type"], one["name"]) == (kind, name)]
        names: list[str] = found["after"]
        return names

    def all(self, kind: str) -> dict[str, dict[str, Any]]:
        """The inputs of every resource of this type, by name."""
        return {one["name"]: one["inputs"] for one in self.resources if one["type"] == kind}


def declare_part(
    part: str, root: Path, stack: str = "dev", config: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(DECLARING), part, str(root), stack, json.dumps(config or {})],
        cwd=ROOT,
        env={**os.environ, **QUIET},
        capture_output=True,
        text=True,
        timeout=DECLARE_SECONDS,
        check=False,
    )


@pytest.fixture(scope="session")
def declare() -> Callable[..., Declared]:
    """Declare a part (`cache`, `server`, …, or `program` for all of it) and get what it registered."""

    def run(part: str, root: Path, stack: str = "dev", config: Mapping[str, str] | None = None) -> Declared:
        done = declare_part(part, root, stack, config)
        assert done.returncode == 0, done.stderr
        assert "Calling __str__ on an Output" not in done.stderr, done.stderr
        return Declared(json.loads(done.stdout.splitlines()[-1]))

    return run


@pytest.fixture(scope="session")
def refuse() -> Callable[..., str]:
    """Declare a part that must fail, and get what it said."""

    def run(part: str, root: Path, stack: str, config: Mapping[str, str]) -> str:
        done = declare_part(part, root, stack, config)
        assert done.returncode != 0, done.stdout
        return done.stderr

    return run


@pytest.fixture(scope="session")
def config_of() -> Callable[[str], dict[str, str]]:
    """Read the configuration of a committed stack file, as Pulumi hands it over."""

    def read(stack: str) -> dict[str, str]:
        config = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
        return {key: text if isinstance(text, str) else json.dumps(text) for key, text in config.items()}

    return read


@pytest.fixture(autouse=True)
def quiet_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, text in QUIET.items():
        monkeypatch.setenv(name, text)
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE", raising=False)
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE_FILE", raising=False)
    yield
    set_all_config({}, [])


@pytest.fixture
def preview(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make Pulumi say that this is a preview."""
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)


@pytest.fixture
def update(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make Pulumi say that this is a real update."""
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: False)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path, "dev", "dev")


@pytest.fixture(scope="session")
def certified() -> tuple[str, str]:
    """A certificate for localhost and its key, in PEM."""
    return self_signed("localhost")


@pytest.fixture
def credentials(site: Site) -> SecretFiles:
    files = SecretFiles(site.secrets, {})
    files.write()
    return files
