"""A copy of the program that breaks rules, in a stack and a backend of its own, and no engine."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACK = ROOT / "policy" / "run"
PROGRAM = Path(__file__).with_name("program")
SECONDS = 60
Preview = Callable[..., "CompletedProcess[str]"]


@pytest.fixture(scope="session")
def preview(tmp_path_factory: pytest.TempPathFactory) -> Preview:
    """Preview the program as it breaks a rule: with the pack, or under the guard and without the pack."""
    folder = tmp_path_factory.mktemp("policy")
    project, state = folder / "program", folder / "state"
    shutil.copytree(PROGRAM, project, ignore=shutil.ignore_patterns("__pycache__"))
    state.mkdir()
    environment = {
        **os.environ,
        "PULUMI_BACKEND_URL": state.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "x",
        "PULUMI_STACK": "test",
        "DOCKER_HOST": "ssh://ci@localhost",
        "PYTHONPATH": str(ROOT),
    }

    def pulumi(*arguments: str) -> "CompletedProcess[str]":
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=project,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    made = pulumi("stack", "init", "test")
    assert made.returncode == 0, made.stdout

    def run(breach: str, *flags: str, guard: bool = False) -> "CompletedProcess[str]":
        pack = () if guard else ("--policy-pack", str(PACK))
        config = ("--config", f"breach={breach}", "--config", f"guard={str(guard).lower()}")
        return pulumi("preview", "--suppress-progress", "--color", "never", *pack, *config, *flags)

    return run
