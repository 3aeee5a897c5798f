"""The compose files and the example environment, before anything is started."""

import os
import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
COMPOSE = (ROOT / "docker-compose.yml").read_text()
EXAMPLE = (ROOT / ".env.docker.example").read_text()
SECRETS = ("AUTH_TOKEN", "STATE_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD")
BARE = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
"""An environment in which nothing of ours is set."""


def _compose(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ["docker", "compose", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=BARE | environment, capture_output=True, text=True, check=False, timeout=60
    )


def _lint(path: Path) -> subprocess.CompletedProcess[str]:
    settings = ["--config", str(ROOT / ".compose-lint.yml"), "--strict-config", "--no-env"]
    command = ["compose-lint", "check", "--fail-on", "low", *settings, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_compose_lint_finds_nothing_at_its_lowest_level() -> None:
    linted = _lint(ROOT / "docker-compose.yml")

    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_every_suppressed_finding_has_its_reason() -> None:
    rules: dict[str, Any] = yaml.safe_load((ROOT / ".compose-lint.yml").read_text())["rules"]
    reasons = [reason for rule in rules.values() for reason in rule["exclude_services"].values()]

    assert all(len(reason) > 40 for reason in reasons)


@pytest.mark.engine
def test_the_development_overlay_keeps_the_hardening(tmp_path: Path) -> None:
    files = ["-f", "docker-compose.yml", "-f", "docker-compose.dev.yml"]
    merged = _compose(*files, "config", **dict.fromkeys(SECRETS, "value"))
    (tmp_path / "docker-compose.yml").write_text(merged.stdout)
    server = yaml.safe_load(merged.stdout)["services"]["exai-mcp-server"]
    mounts = {mount["target"]: mount for mount in server["volumes"]}

    assert merged.returncode == 0, merged.stderr
    assert (server["read_only"], server["cap_drop"]) == (True, ["ALL"])
    assert server["build"]["target"] == "development"
    assert server["environment"]["LOG_LEVEL"] == "DEBUG"
    assert all(mounts[path]["read_only"] for path in ("/app/app", "/app/config"))


@pytest.mark.engine
@pytest.mark.parametrize("name", SECRETS)
def test_a_missing_secret_is_named_with_what_to_do(name: str) -> None:
    refused = _compose("config", **{other: "value" for other in SECRETS if other != name})

    assert refused.returncode != 0
    assert f"required variable {name} is missing a value" in refused.stderr
    assert "scripts/docker-env.sh" in refused.stderr


@pytest.mark.engine
def test_without_vendor_keys_their_variables_are_absent_and_not_empty() -> None:
    configured = _compose("config", "--format", "json", **dict.fromkeys(SECRETS, "value"))
    environment = yaml.safe_load(configured.stdout)["services"]["exai-mcp-server"]["environment"]

    assert environment["KIMI_API_KEY"] is None
    assert environment["GLM_API_KEY"] is None


@pytest.mark.engine
def test_another_image_database_or_port_comes_from_the_environment() -> None:
    changed = {
        "REDIS_IMAGE": "r:1",
        "POSTGRES_IMAGE": "p:1",
        "MCP_IMAGE": "m:1",
        "MCP_PUBLISHED_PORT": "9000",
    }
    configured = _compose(
        "config", DATABASE_URL="postgresql://u:p@h/d", **changed, **dict.fromkeys(SECRETS, "value")
    )
    services = yaml.safe_load(configured.stdout)["services"]

    assert [services[name]["image"] for name in ("redis", "postgres", "exai-mcp-server")] == [
        "r:1",
        "p:1",
        "m:1",
    ]
    assert services["exai-mcp-server"]["environment"]["DATABASE_URL"] == "postgresql://u:p@h/d"
    assert services["exai-mcp-server"]["ports"][0]["published"] == "9000"


def test_no_secret_stands_in_a_tracked_file() -> None:
    assert all(re.search(rf"^{name}=$", EXAMPLE, re.MULTILINE) for name in SECRETS)
    assert not re.search(r"^\s+\w*(TOKEN|KEY|PASSWORD): (?!\$\{)\S", COMPOSE, re.MULTILINE)


def test_the_example_names_every_variable_that_compose_takes() -> None:
    taken = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE)) | set(
        re.findall(r"^      ([A-Z_]+):$", COMPOSE, re.MULTILINE)
    )
    named = set(re.findall(r"^#?([A-Z_]+)=", EXAMPLE, re.MULTILINE))

    assert taken - named <= {"MCP_IMAGE", "LOG_DRIVER", "LOG_MAX_SIZE", "LOG_MAX_FILES"}


def test_the_environment_file_is_made_with_secrets_that_only_its_owner_reads(tmp_path: Path) -> None:
    made = tmp_path / "env"
    script = str(ROOT / "scripts" / "docker-env.sh")
    subprocess.run([script, made], check=True, capture_output=True, timeout=10)
    lines = made.read_text().splitlines()
    values = dict(line.split("=", 1) for line in lines if re.match(r"\w+=", line))

    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert set(values) - {"CA_BUNDLE"} == set(SECRETS)
    assert all(re.fullmatch(r"[0-9a-f]{64}", values[name]) for name in SECRETS)
    assert len({values[name] for name in SECRETS}) == len(SECRETS)
    assert Path(values.get("CA_BUNDLE", __file__)).is_file()
    assert len(lines) == len(EXAMPLE.splitlines())
    assert list(tmp_path.iterdir()) == [made]


def test_an_environment_file_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    there = tmp_path / "env"
    there.write_text("AUTH_TOKEN=mine\n")
    subprocess.run([ROOT / "scripts" / "docker-env.sh", there], check=True, capture_output=True, timeout=10)

    assert there.read_text() == "AUTH_TOKEN=mine\n"


def test_a_secret_without_a_value_is_filled_and_named_and_nothing_else_changes(tmp_path: Path) -> None:
    there = tmp_path / "env"
    there.write_text("# mine\nAUTH_TOKEN=\nSTATE_KEY=kept\n#CA_BUNDLE=\nKIMI_API_KEY=\n")
    there.chmod(0o640)
    script = ROOT / "scripts" / "docker-env.sh"
    filled = subprocess.run([script, there], check=True, capture_output=True, text=True, timeout=10)
    _, token, *rest = there.read_text().splitlines()

    assert re.fullmatch(r"AUTH_TOKEN=[0-9a-f]{64}", token)
    assert rest == ["STATE_KEY=kept", "#CA_BUNDLE=", "KIMI_API_KEY="]
    assert filled.stderr == f"Filled in {there} what had no value: AUTH_TOKEN.\n"
    assert stat.S_IMODE(there.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [there]


def test_shellcheck_finds_nothing() -> None:
    scripts = sorted(str(path) for path in (ROOT / "scripts").glob("*.sh"))
    linted = subprocess.run(
        ["shellcheck", "--external-sources", "--severity", "style", *scripts],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert scripts
    assert linted.returncode == 0, linted.stdout
