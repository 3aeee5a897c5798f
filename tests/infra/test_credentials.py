"""Secrets are files that are made once, and whose changes show without showing them."""

import os
import stat
from pathlib import Path

import pulumi
import pytest

from infra.credentials import NOT_YET, SecretFiles
from infra.site import Site
from infra.sources import variable


def _text(files: SecretFiles, name: str) -> str:
    return files.path(name).read_text()


def test_missing_secrets_are_generated_and_kept(site: Site) -> None:
    SecretFiles(site.secrets, {}).write()
    first = {path.name: path.read_text() for path in site.secrets.iterdir()}
    SecretFiles(site.secrets, {}).write()
    second = {path.name: path.read_text() for path in site.secrets.iterdir()}

    assert first == second
    assert set(first) == {
        "auth_token",
        "state_key",
        "postgres_password",
        "redis_password",
        "database_url",
        "redis_url",
    }
    assert len(set(first.values())) == len(first)
    assert all(len(text) >= 43 for text in first.values())


def test_without_the_right_to_give_files_away_the_folder_keeps_others_out(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    SecretFiles(site.secrets, {}).write()

    assert stat.S_IMODE(site.secrets.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in site.secrets.iterdir()} == {0o644}


def test_with_it_each_file_even_an_older_one_belongs_to_its_one_reader(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, int] = {}
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    SecretFiles(site.secrets, {}).write()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", lambda path, user, _group: given.update({path.name: user}))

    SecretFiles(site.secrets, {"kimi_api_key": "k"}).write()

    assert {stat.S_IMODE(path.stat().st_mode) for path in site.secrets.iterdir()} == {0o400}
    assert {name for name, user in given.items() if user == 999} == {"postgres_password", "redis_password"}
    assert {name for name, user in given.items() if user == 1000} == {
        "auth_token",
        "state_key",
        "database_url",
        "redis_url",
        "kimi_api_key",
    }


@pytest.mark.usefixtures("update")
def test_production_that_cannot_give_files_away_is_refused_before_anything_is_made(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    with pytest.raises(
        pulumi.RunError, match=r"^In production each secret file belongs to .* in Pulumi\.dev"
    ):
        SecretFiles.of(site, production=True)

    assert not site.secrets.exists()


def test_the_urls_follow_the_passwords(credentials: SecretFiles) -> None:
    credentials.path("postgres_password").write_text("another")
    credentials.write()

    assert _text(credentials, "database_url") == "postgresql://exai:another@postgres:5432/exai"
    assert _text(credentials, "redis_url") == f"redis://:{_text(credentials, 'redis_password')}@redis:6379/0"


@pytest.mark.usefixtures("update")
def test_vendor_keys_come_from_the_environment_or_dotenv_and_go_with_them(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site.root / ".env").write_text("# keys\nexport GLM_API_KEY='from-dotenv'\nKIMI_API_KEY=beaten\n")
    monkeypatch.setenv("KIMI_API_KEY", "from-environment")

    files = SecretFiles.of(site)
    assert _text(files, "kimi_api_key") == "from-environment"
    assert _text(files, "glm_api_key") == "from-dotenv"
    assert set(files.present_vendor_keys) == {"kimi_api_key", "glm_api_key"}

    (site.root / ".env").unlink()
    files = SecretFiles.of(site)
    assert files.present_vendor_keys == ("kimi_api_key",)
    assert not files.path("glm_api_key").exists()


@pytest.mark.usefixtures("preview")
def test_a_preview_writes_nothing(site: Site) -> None:
    files = SecretFiles.of(site)

    assert not site.secrets.exists()
    assert files.fingerprint(["auth_token"]) == NOT_YET


@pytest.mark.parametrize("name", ["auth_token", "state_key", "postgres_password"])
def test_the_fingerprint_changes_with_each_secret_it_covers(credentials: SecretFiles, name: str) -> None:
    before = credentials.fingerprint(["auth_token", "database_url"])

    credentials.path(name).write_text("changed")

    assert credentials.fingerprint(["auth_token", "database_url"]) != before


def test_the_fingerprint_leaves_other_secrets_out_and_shows_none(credentials: SecretFiles) -> None:
    before = credentials.fingerprint(["redis_password"])
    credentials.path("auth_token").write_text("changed")

    assert credentials.fingerprint(["redis_password"]) == before
    assert _text(credentials, "redis_password") not in before


def test_a_preview_foresees_a_vendor_key_that_changed(credentials: SecretFiles) -> None:
    first = SecretFiles(credentials.folder, {"kimi_api_key": "one"})
    second = SecretFiles(credentials.folder, {"kimi_api_key": "two"})

    assert first.fingerprint(["kimi_api_key"]) != second.fingerprint(["kimi_api_key"])


def test_an_unreadable_dotenv_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe")

    with pytest.raises(pulumi.RunError, match=r"\.env cannot be read"):
        variable("KIMI_API_KEY", tmp_path)
