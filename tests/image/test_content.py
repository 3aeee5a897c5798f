"""What is inside the production image, read from the image itself."""

import gzip
import json
import os
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app import contract
from scripts.image_content import builds_only

pytestmark = pytest.mark.engine

ROOT = Path(__file__).resolve().parent.parent.parent
HOST_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
SECOND = 1_000_000_000
"""Docker writes durations in nanoseconds."""


@pytest.fixture(scope="module")
def config(image: str) -> dict[str, Any]:
    inspected = subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=True)
    found: dict[str, Any] = json.loads(inspected.stdout)[0]["Config"]
    return found


def _run(image: str, *command: str) -> subprocess.CompletedProcess[str]:
    hardened = ["--rm", "--read-only", "--cap-drop", "ALL", "--network", "none"]
    return subprocess.run(
        ["docker", "run", *hardened, image, *command], capture_output=True, text=True, check=False, timeout=60
    )


def test_it_runs_as_a_numeric_user_without_login(image: str, config: dict[str, Any]) -> None:
    passwd = _run(image, "getent", "passwd", str(contract.USER_ID)).stdout

    assert config["User"] == f"{contract.USER_ID}:{contract.GROUP_ID}"
    assert passwd.strip().endswith("/usr/sbin/nologin")


def test_its_probe_is_the_contracts_in_exec_form(config: dict[str, Any]) -> None:
    assert config["Healthcheck"] == {
        "Test": list(contract.PROBE_SERVER),
        "Interval": contract.PROBE_INTERVAL_SECONDS * SECOND,
        "Timeout": contract.PROBE_TIMEOUT_SECONDS * SECOND,
        "StartPeriod": contract.PROBE_START_PERIOD_SECONDS * SECOND,
        "Retries": contract.PROBE_RETRIES,
    }


def test_it_starts_the_server_itself_so_that_signals_reach_it(config: dict[str, Any]) -> None:
    assert config["Cmd"] == ["python", "-m", "app"]
    assert not config.get("Entrypoint")
    assert config["StopSignal"] == "SIGTERM"
    assert config["WorkingDir"] == "/app"
    assert list(config["ExposedPorts"]) == [f"{contract.PORT}/tcp"]


def test_its_environment_names_the_paths_of_the_contract(config: dict[str, Any]) -> None:
    environment = dict(entry.split("=", 1) for entry in config["Env"])

    assert environment["PATH"].startswith("/opt/venv/bin:")
    assert {name: environment[name] for name in ("DATA_DIR", "LOG_DIR", "CONFIG_DIR", "WS_HOST")} == {
        "DATA_DIR": contract.DATA_PATH,
        "LOG_DIR": contract.LOG_PATH,
        "CONFIG_DIR": contract.CONFIG_PATH,
        "WS_HOST": "0.0.0.0",  # noqa: S104 - inside the container; published on loopback only
    }
    assert environment["PYTHONUNBUFFERED"] == environment["PYTHONDONTWRITEBYTECODE"] == "1"


def test_its_labels_say_what_it_is(config: dict[str, Any]) -> None:
    labels = {
        name.removeprefix("org.opencontainers.image."): value for name, value in config["Labels"].items()
    }

    assert labels["title"] == contract.NAME
    assert labels["licenses"] == "MIT"
    assert {"description", "source", "version"} <= set(labels)


def test_nothing_in_it_only_builds(files: list[tarfile.TarInfo]) -> None:
    assert [file.name for file in files if builds_only(file.name)] == []


@pytest.mark.parametrize(
    "program", ["pip", "pip3", "uv", "gcc", "cc", "make", "pulumi", "pytest", "watchfiles"]
)
def test_no_program_that_builds_or_tests_is_found(image: str, program: str) -> None:
    assert _run(image, "sh", "-c", f"command -v {program}").returncode != 0


@pytest.mark.parametrize("module", ["pip", "ensurepip", "pulumi", "pytest", "setuptools", "watchfiles"])
def test_no_module_that_builds_or_tests_is_found(image: str, module: str) -> None:
    tried = _run(image, "python", "-c", f"import {module}")

    assert "ModuleNotFoundError" in tried.stderr


def test_no_file_is_setuid_or_setgid(files: list[tarfile.TarInfo]) -> None:
    assert [file.name for file in files if file.isfile() and file.mode & 0o6000] == []


@pytest.mark.parametrize("folder", ["app/data", "app/logs"])
def test_the_server_owns_the_folders_it_writes_to(files: list[tarfile.TarInfo], folder: str) -> None:
    (found,) = (file for file in files if file.name.rstrip("/") == folder)

    assert (found.uid, found.gid) == (contract.USER_ID, contract.GROUP_ID)


def test_the_server_cannot_change_its_own_code(files: list[tarfile.TarInfo]) -> None:
    code = [file for file in files if file.name.startswith(("app/app", "opt/venv")) and not file.issym()]

    assert len(code) > 100
    assert [file.name for file in code if file.uid != 0 or file.mode & 0o022] == []


def test_every_module_was_compiled_because_the_root_is_read_only(files: list[tarfile.TarInfo]) -> None:
    names = {file.name for file in files}
    sources = [name for name in names if name.startswith("app/app/") and name.endswith(".py")]
    compiled = {
        name.split(".cpython-")[0].replace("/__pycache__", "") for name in names if name.endswith(".pyc")
    }

    assert sources
    assert [name for name in sources if name.removesuffix(".py") not in compiled] == []


def test_the_locked_dependencies_import_under_a_read_only_root(image: str) -> None:
    tried = _run(image, "python", "-c", "import aiohttp, asyncpg, orjson, pydantic, redis, structlog, uvloop")

    assert (tried.returncode, tried.stderr) == (0, "")


def _saved_bytes(image: str, folder: Path) -> Iterator[bytes]:
    """Every file of `docker save`, unpacked where the engine compresses its layers."""
    saved = folder / "image.tar"
    subprocess.run(["docker", "save", "--output", saved, image], check=True, timeout=120)
    with tarfile.open(saved) as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is not None:
                data = content.read()
                yield gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def test_a_build_secret_is_in_no_layer_and_no_history(tmp_path: Path, image: str) -> None:
    """The real Dockerfile without its cache, and a canary beside the real certificates."""
    canary = b"canary-7d1f0c52c6e94b0a"
    bundle = tmp_path / "ca.crt"
    bundle.write_bytes(
        (HOST_BUNDLE.read_bytes() if HOST_BUNDLE.is_file() else b"") + b"\n# " + canary + b"\n"
    )
    name = f"{image}-canary"
    build = ["docker", "build", "--no-cache", "--target", "production", "--secret", f"id=ca,src={bundle}"]
    base = ["--build-arg", f"PYTHON_IMAGE={os.environ.get('PYTHON_IMAGE', contract.IMAGES['python'])}"]
    subprocess.run(
        [*build, *base, "--tag", name, ROOT],
        env=os.environ | {"DOCKER_BUILDKIT": "1"},
        capture_output=True,
        check=True,
        timeout=900,
    )
    try:
        history = subprocess.run(
            ["docker", "history", "--no-trunc", name], capture_output=True, check=True
        ).stdout
        saved = list(_saved_bytes(name, tmp_path))
    finally:
        subprocess.run(["docker", "rmi", name], capture_output=True, check=True)

    assert any(b"site-packages/aiohttp" in part for part in saved)  # the search is not blind
    assert canary not in history
    assert not any(canary in part for part in saved)
