"""The command's changes: what a person wrote stays, a wrong file is never written, no token is kept."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from app.clients import editing
from app.settings import ConfigurationError, server_file

WRITTEN = """# who may call
[clients.ci] # the build
token_sha256 = "{digest}"
rate = 30

[limits]
connections = 7 # few
"""


def command(*arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "app", "clients", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(Path(__file__).parents[3]), "CONFIG_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "server.toml"
    path.write_text(WRITTEN.format(digest="a" * 64))
    return path


def test_a_new_client_s_token_is_shown_once_and_only_its_digest_is_kept(tmp_path: Path) -> None:
    done = command("add", "ci", "--tools", "chat,threads", "--rate", "30", "--budget", "2.5", folder=tmp_path)
    token = done.stdout.strip()
    text = (tmp_path / "server.toml").read_text()

    assert done.returncode == 0
    assert len(token) >= 43
    assert token not in text + done.stderr
    client = server_file.read(tmp_path).clients["ci"]
    assert client.token_sha256 == hashlib.sha256(token.encode()).hexdigest()
    assert (client.tools, client.rate, str(client.budget_usd_per_day)) == (["chat", "threads"], 30, "2.5")


def test_a_file_that_is_made_is_named_and_one_that_was_there_is_not(tmp_path: Path) -> None:
    made, changed = command("add", "ci", folder=tmp_path), command("add", "laptop", folder=tmp_path)

    assert f"{tmp_path / 'server.toml'} was made" in made.stderr
    assert "server.toml" not in changed.stderr


def test_what_people_wrote_stays_as_it_is(written: Path) -> None:
    before = written.read_text()
    editing.add(written.parent, "laptop")
    editing.rotate(written.parent, "laptop")
    editing.revoke(written.parent, "laptop")

    assert written.read_text().strip() == before.strip()


def test_a_rotated_token_keeps_everything_else_of_its_client(written: Path) -> None:
    token = editing.rotate(written.parent, "ci")

    assert "# the build" in written.read_text()
    client = server_file.read(written.parent).clients["ci"]
    assert (client.token_sha256, client.rate) == (hashlib.sha256(token.encode()).hexdigest(), 30)


def test_a_client_without_a_token_is_mended_by_rotating_it(tmp_path: Path) -> None:
    (tmp_path / "server.toml").write_text("[clients.ci]\nrate = 3\n")
    editing.rotate(tmp_path, "ci")

    assert server_file.read(tmp_path).clients["ci"].token_sha256


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["add", "ci"], 64, "there is a client 'ci' already"),
        (["add", "CI"], 78, "clients.CI is not a name"),
        (["add", "laptop", "--rate", "0"], 78, "clients.laptop.rate is 0"),
        (["add", "laptop", "--budget", "much"], 64, "no amount"),
        (["revoke", "nobody"], 64, "there is no client 'nobody' (there are: ci)"),
        (["rotate", "default"], 64, "AUTH_TOKEN"),
        ([], 64, "ACTION"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    written: Path, arguments: list[str], code: int, said: str
) -> None:
    before = written.read_text()
    done = command(*arguments, folder=written.parent)

    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert written.read_text() == before


def test_a_wrong_file_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "server.toml").write_text("[limits]\nconections = 7\n")

    with pytest.raises(ConfigurationError, match=r"limits\.conections"):
        editing.add(tmp_path, "ci")
    assert [path.name for path in tmp_path.iterdir()] == ["server.toml"]


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(editing.ClientError, match="--config-dir"):
        editing.add(tmp_path / "file", "ci")


def test_clients_are_listed_without_anything_secret(written: Path) -> None:
    done = command("list", folder=written.parent)

    assert [line.split()[0] for line in done.stdout.splitlines()] == ["NAME", "ci", "default"]
    assert "30/min" in done.stdout
    assert "a" * 64 not in done.stdout
