"""Planted secrets are found where they are, and never shown; what is none is let through."""

import re
import secrets
import shutil
import string
import subprocess
from pathlib import Path

import pytest

from app.settings.variables import VARIABLES
from scripts.scan import leaks
from scripts.scan.programs import ROOT
from scripts.scan.verdict import CannotAsk, State

LETTERS = string.ascii_letters + string.digits


def _random(length: int, letters: str = LETTERS) -> str:
    return "".join(secrets.choice(letters) for _ in range(length))


def _url(password: str) -> str:
    return f"postgresql://exai:{password}@postgres:5432/exai"


PLANTED = {
    "our token": lambda: f"AUTH_TOKEN={secrets.token_urlsafe(32)}",
    "our state key": lambda: f'STATE_KEY: "{secrets.token_urlsafe(32)}"',
    "a vendor's key": lambda: f"KIMI_API_KEY=sk-{_random(48)}",
    "a store's URL": lambda: f"url = {_url(secrets.token_hex(32))}",
    "a key of AWS": lambda: f"key = AKIA{_random(16, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567')}",
    "a token of GitHub": lambda: f"token: ghp_{_random(36)}",
    "a private key": lambda: (
        f"-----BEGIN RSA PRIVATE KEY-----\n{_random(64)}\n{_random(64)}\n-----END RSA PRIVATE KEY-----"
    ),
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    shutil.copy(ROOT / ".gitleaks.toml", tmp_path / ".gitleaks.toml")
    _git(tmp_path, "init", "--quiet", "--initial-branch=main")
    _commit(tmp_path)
    return tmp_path


def _git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True, timeout=30)


def _commit(root: Path) -> None:
    _git(root, "add", "--all")
    _git(root, "commit", "--quiet", "--message", "x")


@pytest.mark.parametrize("kind", PLANTED)
def test_a_secret_in_a_file_is_found_and_not_shown(repository: Path, kind: str) -> None:
    planted = PLANTED[kind]()
    (repository / "settings.txt").write_text(f"{planted}\n")

    verdict = leaks.files(repository)

    assert verdict.state is State.FOUND
    assert all(finding.startswith("settings.txt line ") for finding in verdict.findings)
    assert not [finding for finding in verdict.findings if planted[-16:] in finding]


def test_a_secret_that_was_removed_again_is_in_the_history(repository: Path) -> None:
    (repository / "settings.txt").write_text(f"{PLANTED['our token']()}\n")
    _commit(repository)
    (repository / "settings.txt").unlink()
    _commit(repository)

    assert leaks.files(repository).state is State.PASSED
    verdict = leaks.history(repository)
    assert verdict.state is State.FOUND
    assert re.fullmatch(r"settings\.txt line 1 exai-secret [0-9a-f]{12}", verdict.findings[0])


def test_what_git_ignores_may_hold_secrets(repository: Path) -> None:
    (repository / ".gitignore").write_text("/.env\n")
    (repository / ".env").write_text(f"{PLANTED['our token']()}\n")

    assert leaks.files(repository).state is State.PASSED


def test_names_paths_and_placeholders_are_no_secrets(repository: Path) -> None:
    (repository / "settings.txt").write_text(
        "AUTH_TOKEN_FILE=/run/secrets/auth_token\nAUTH_TOKEN=\nSTATE_KEY: ${STATE_KEY:?set it}\n"
        "DATABASE_URL=postgresql://exai:${POSTGRES_PASSWORD}@postgres:5432/exai\nKIMI_API_KEY=…\n"
    )

    assert leaks.files(repository).findings == ()


def test_a_clone_without_its_history_is_not_called_clean(repository: Path, tmp_path: Path) -> None:
    shallow = tmp_path / "shallow"
    (repository / "more.txt").write_text("x\n")
    _commit(repository)
    _git(repository, "clone", "--quiet", "--depth=1", f"file://{repository}", str(shallow))

    with pytest.raises(CannotAsk, match="only the newest commits"):
        leaks.history(shallow)


def test_what_is_no_repository_is_said(tmp_path: Path) -> None:
    with pytest.raises(CannotAsk, match="no git repository"):
        leaks.files(tmp_path)


def test_every_secret_of_the_server_has_its_name_in_the_rule() -> None:
    rule = (ROOT / ".gitleaks.toml").read_text()
    named = set(re.findall(r"[A-Z]+(?:_[A-Z]+)+", rule))

    assert {one.name for one in VARIABLES if one.secret} - named == {"DATABASE_URL", "REDIS_URL"}
    assert "postgres(?:ql)?|rediss?" in rule


def test_this_projects_files_pass() -> None:
    assert leaks.files().findings == ()
