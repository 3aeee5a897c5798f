"""Plans against a state that was exported elsewhere, through the real CLI: no engine, no passphrase."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from scripts.stack.exported import SECRET as SECRET_SIGNATURE
from scripts.stack.exported import SIGNATURE
from tests.preview.conftest import digest

pytestmark = pytest.mark.pulumi

Preview = Callable[..., "CompletedProcess[str]"]
Export = Callable[..., str]
PREFIX = "urn:pulumi:prod::exai-mcp-server::"
PROVIDER = f"{PREFIX}pulumi:providers:docker::default_5_2_0"
PROVIDER_ID = "00000000-0000-4000-8000-000000000000"
OWNERS = {"data": "Server", "logs": "Server", "redis": "Cache", "postgres": "Database"}
SECRET = {SIGNATURE: SECRET_SIGNATURE, "ciphertext": "v1:AAAA:BBBB"}


def _volume(name: str, owner: str, **more: Any) -> dict[str, Any]:
    inputs = {"__defaults": [], "name": f"prod-{name}"}
    return {
        "urn": f"{PREFIX}exai:infra:{owner}$docker:index/volume:Volume::prod-{name}",
        "custom": True,
        "id": f"prod-{name}",
        "type": "docker:index/volume:Volume",
        "inputs": inputs,
        "outputs": {**inputs, "driver": "local", "mountpoint": f"/somewhere/prod-{name}"},
        "parent": f"{PREFIX}pulumi:pulumi:Stack::exai-mcp-server-prod",
        "provider": f"{PROVIDER}::{PROVIDER_ID}",
        "retainOnDelete": True,
        **more,
    }


@pytest.fixture
def export(tmp_path: Path) -> Export:
    """Write what `pulumi stack export` would have, on a machine with the four volumes and what is given."""

    def write(*more: dict[str, Any]) -> str:
        stack = {
            "urn": f"{PREFIX}pulumi:pulumi:Stack::exai-mcp-server-prod",
            "custom": False,
            "type": "pulumi:pulumi:Stack",
            "outputs": {"secret": SECRET},
        }
        provider = {
            "urn": PROVIDER,
            "custom": True,
            "id": PROVIDER_ID,
            "type": "pulumi:providers:docker",
            "inputs": {"version": "5.2.0"},
            "outputs": {"version": "5.2.0"},
        }
        volumes = [_volume(name, owner, protect=True) for name, owner in OWNERS.items()]
        deployment = {
            "manifest": {"time": "2026-01-01T00:00:00Z", "magic": "", "version": ""},
            "secrets_providers": {"type": "passphrase", "state": {"salt": "v1:AAAA:v1:BBBB:CCCC"}},
            "resources": [stack, provider, *volumes, *more],
        }
        path = tmp_path / "export.json"
        path.write_text(json.dumps({"version": 3, "deployment": deployment}))
        return str(path)

    return write


def test_what_is_there_stays_and_what_is_missing_is_created(preview: Preview, export: Export) -> None:
    done = preview("prod", "--json", "--state", export())

    assert done.returncode == 0, done.stdout
    plan = digest(done)
    assert plan["against"] == "export"
    assert plan["summary"]["unchanged"] == 4
    assert {one["operation"] for one in plan["changes"]} == {"create"}
    assert "volume" not in {one["kind"] for one in plan["changes"]}


def test_a_volume_that_would_go_fails_the_plan_until_its_loss_is_meant(
    preview: Preview, export: Export
) -> None:
    state = export(_volume("old", "Server"))

    refused = preview("prod", "--state", state)
    meant = preview("prod", "--state", state, LOSE_VOLUMES="prod-old")

    assert refused.returncode == 1
    assert re.search(
        r"^prod: 1 to delete, \d+ to create, 4 unchanged \(against the exported", refused.stdout, re.MULTILINE
    )
    assert "The volume prod-old would be forgotten, and its data left unmanaged" in refused.stdout
    assert meant.returncode == 0, meant.stdout


def test_a_volume_that_would_be_replaced_fails_the_plan(preview: Preview, export: Export) -> None:
    state = Path(export())
    state.write_text(state.read_text().replace('"name": "prod-data"', '"name": "of-another-time"'))

    done = preview("prod", "--state", str(state))

    assert done.returncode == 1
    assert "The volume prod-data would be replaced over name, and its data with it: undo" in done.stdout


def test_a_protected_volume_is_named_with_what_releases_it(preview: Preview, export: Export) -> None:
    state = export(_volume("old", "Server", protect=True))

    done = preview("prod", "--json", "--state", state, LOSE_VOLUMES="prod-old")

    assert done.returncode == 1
    (sentence,) = digest(done)["errors"]
    assert sentence.startswith("prod-old is protected, and the update would remove it: `pulumi state unp")


def test_secrets_of_the_state_need_no_passphrase_and_are_not_shown(preview: Preview, export: Export) -> None:
    secret = {
        "urn": f"{PREFIX}docker:index/secret:Secret::prod-token",
        "custom": True,
        "id": "made-up",
        "type": "docker:index/secret:Secret",
        "inputs": {"__defaults": [], "data": SECRET, "name": "prod-token"},
        "outputs": {"data": SECRET, "name": "prod-token"},
        "parent": f"{PREFIX}pulumi:pulumi:Stack::exai-mcp-server-prod",
        "provider": f"{PROVIDER}::{PROVIDER_ID}",
    }

    done = preview("prod", "--state", export(secret))

    assert done.returncode == 0, done.stdout
    assert re.search(r"^  delete +secret +prod-token$", done.stdout, re.MULTILINE)
    assert "placeholder" not in done.stdout


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read"),
        ("not JSON", "is not what `pulumi stack export` writes: make it again."),
        ("[]", "is not what `pulumi stack export` writes: make it again."),
        (
            '{"deployment": {"resources": [{"urn": "urn:pulumi:dev::x::y::z"}]}}',
            "is the state of dev and not",
        ),
    ],
)
def test_a_file_that_is_no_export_of_this_stack_is_one_sentence(
    preview: Preview, tmp_path: Path, content: str | None, sentence: str
) -> None:
    file = tmp_path / "state.json"
    if content is not None:
        file.write_text(content)

    done = preview("prod", "--state", str(file))

    assert done.returncode == 1
    assert sentence in done.stdout
    assert sentence in done.stdout.splitlines()[-1]
