"""Development's secrets are files that are made once, and whose changes show without showing them."""

import os
import stat
from pathlib import Path

import pulumi
import pytest

from app.settings.secret import Secret
from infra.configured import ConfiguredSecrets, credentials_of
from infra.credentials import NOT_YET, SecretFiles
from infra.secret import Sealed
from infra.settings import Settings
from infra.site import Site
from infra.sources import PLACEHOLDER, variable


def test_missing_secrets_are_generated_and_kept(site: Site) -> None:
    SecretFiles(site.secrets, {}).write()
    first = {path.name: path.read_text() for path in site.secrets.iterdir()}
    SecretFiles(site.secrets, {}).write()
    second = {path.name: path.read_text() for path in site.secrets.iterdir()}

    assert first == second
    assert set(first) == {"auth_token", "state_key", "postgres_password", "redis_password"}
    assert len(set(first.values())) == len(first)
    assert all(len(text) >= 43 for text in first.values())


def test_without_the_right_to_give_files_away_the_folder_keeps_others_out(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    SecretFiles(site.secrets, {}).write()

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in site.secrets.iterdir()}
    assert stat.S_IMODE(site.secrets.stat().st_mode) == 0o700
    assert modes == {
        "auth_token": 0o644,
        "state_key": 0o644,
        "postgres_password": 0o600,
        "redis_password": 0o600,
    }


def test_the_token_of_prometheus_belongs_to_its_one_reader(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, tuple[int, int]] = {}
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", lambda path, user, group: given.update({path.name: (user, group)}))
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: False)
    files = SecretFiles(site.secrets, {})
    files.write()

    files._write("metrics_token", files.text("auth_token"))

    assert given["metrics_token"] == (65534, 65534)
    assert given["auth_token"] == (1000, 1000)
    assert stat.S_IMODE(files.path("metrics_token").stat().st_mode) == 0o400


def test_with_it_each_file_even_an_older_one_belongs_to_the_server(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, int] = {}
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    SecretFiles(site.secrets, {}).write()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", lambda path, user, _group: given.update({path.name: user}))

    SecretFiles(site.secrets, {"kimi_api_key": "k"}).write()

    assert given == {"auth_token": 1000, "state_key": 1000, "kimi_api_key": 1000}
    assert {stat.S_IMODE((site.secrets / name).stat().st_mode) for name in given} == {0o400}


@pytest.mark.usefixtures("update")
def test_vendor_keys_come_from_the_environment_or_dotenv_and_go_with_them(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site.root / ".env").write_text("# keys\nexport GLM_API_KEY='from-dotenv'\nKIMI_API_KEY=beaten\n")
    monkeypatch.setenv("KIMI_API_KEY", "from-environment")

    files = SecretFiles.of(site)
    assert files.text("kimi_api_key") == "from-environment"
    assert files.text("glm_api_key") == "from-dotenv"
    assert {key.name for key in files.others()} == {"kimi_api_key", "glm_api_key"}

    (site.root / ".env").unlink()
    files = SecretFiles.of(site)
    assert [key.name for key in files.others()] == ["kimi_api_key"]
    assert not files.path("glm_api_key").exists()


@pytest.mark.usefixtures("preview")
def test_a_preview_writes_nothing(site: Site) -> None:
    files = SecretFiles.of(site)

    assert not site.secrets.exists()
    assert files.get("auth_token").digest == NOT_YET


def test_the_digest_changes_with_the_secret_and_with_the_key_it_is_made_with(
    credentials: SecretFiles,
) -> None:
    first = credentials.get("auth_token").digest
    credentials.path("auth_token").write_text("changed")
    second = credentials.get("auth_token").digest
    credentials.path("state_key").write_text("changed")
    third = credentials.get("auth_token").digest

    assert len({first, second, third}) == 3


def test_the_digest_leaves_other_secrets_out_and_shows_none(credentials: SecretFiles) -> None:
    before = str(credentials.get("auth_token").digest)
    credentials.path("redis_password").write_text("changed")

    assert credentials.get("auth_token").digest == before
    assert credentials.text("auth_token") not in before


def test_a_preview_foresees_a_vendor_key_that_changed(credentials: SecretFiles) -> None:
    first = SecretFiles(credentials.folder, {"kimi_api_key": "one"})
    second = SecretFiles(credentials.folder, {"kimi_api_key": "two"})

    assert first.get("kimi_api_key").digest != second.get("kimi_api_key").digest


def test_an_unreadable_dotenv_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe")

    with pytest.raises(pulumi.RunError, match=r"\.env cannot be read"):
        variable("KIMI_API_KEY", tmp_path)


def test_production_takes_its_secrets_from_the_configuration_and_makes_no_file(site: Site) -> None:
    settings = Settings.model_validate({"environment": "production"})

    found = credentials_of(site, settings, pulumi.Config("exai-mcp-server"))

    assert isinstance(found, ConfiguredSecrets)
    assert not site.secrets.exists()


async def test_what_is_not_set_is_a_placeholder_and_what_is_optional_is_absent() -> None:
    secrets = ConfiguredSecrets({"auth_token": Secret("the-token")})

    assert secrets.text("auth_token") == "the-token"
    assert secrets.text("state_key") == PLACEHOLDER
    assert secrets.optional("database_url") == secrets.others() == []
    assert isinstance(secrets.get("auth_token"), Sealed)
    assert "the-token" not in repr(secrets)


async def test_what_the_server_may_have_besides_is_passed_on_and_the_stacks_own_is_not() -> None:
    names = ("auth_token", "state_key_previous", "kimi_api_key", "supabase_key", "tls_key", "redis_url")
    secrets = ConfiguredSecrets({name: Secret("text") for name in names})

    assert {one.name for one in secrets.others()} == {"state_key_previous", "kimi_api_key", "supabase_key"}
