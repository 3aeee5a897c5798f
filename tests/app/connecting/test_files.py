"""What is written for each client: read by its format's own parser, merged without loss, backed up."""

import json
import stat
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonc as judge
import pytest

from app.connecting import files
from app.connecting.clients import CLIENTS, INPUT_ID, McpClient, Scope, Target, Token

URL = "https://exai.example.com/mcp"
TARGET = Target("exai", URL, "a-token", Path("/somewhere/token"), "/bin/exai-mcp")
BEARER = "Authorization"
ENTRIES: dict[str, dict[str, Any]] = {
    "claude-code": {
        "type": "ws",
        "url": "wss://exai.example.com/mcp",
        "headers": {BEARER: "Bearer ${EXAI_TOKEN}"},
    },
    "codex": {"url": URL, "bearer_token_env_var": "EXAI_TOKEN"},
    "gemini": {"httpUrl": URL, "headers": {BEARER: "Bearer ${EXAI_TOKEN}"}},
    "vscode": {"type": "http", "url": URL, "headers": {BEARER: "Bearer ${input:exai-token}"}},
    "cursor": {"url": URL, "headers": {BEARER: "Bearer ${env:EXAI_TOKEN}"}},
    "windsurf": {"serverUrl": URL, "headers": {BEARER: "Bearer ${env:EXAI_TOKEN}"}},
    "zed": {"url": URL, "headers": {BEARER: "Bearer a-token"}},
    "claude-desktop": {
        "command": "/bin/exai-mcp",
        "args": ["stdio", "--url", "wss://exai.example.com/mcp", "--token-file", "/somewhere/token"],
    },
}
each_client = pytest.mark.parametrize("name", CLIENTS)


def parser(path: Path) -> Callable[[str], dict[str, Any]]:
    if path.suffix == ".toml":
        return tomllib.loads
    # Zed and VS Code read comments, the others do not.
    return judge.loads if path.name == "settings.json" and "zed" in path.parts else json.loads


def file_of(client: McpClient, folder: Path) -> Path:
    return next(iter(client.files.values()))(folder / "home", folder / "project")


def servers(client: McpClient, document: dict[str, Any]) -> dict[str, Any]:
    for key in client.keys:
        document = document[key]
    return document


@each_client
def test_each_client_is_told_in_its_own_words(name: str, tmp_path: Path) -> None:
    client, path = CLIENTS[name], file_of(CLIENTS[name], tmp_path)

    document = parser(path)(files.changed("", client, TARGET, path))

    assert servers(client, document) == {"exai": ENTRIES[name]}


@each_client
def test_other_servers_and_settings_stay(name: str, tmp_path: Path) -> None:
    client, path = CLIENTS[name], file_of(CLIENTS[name], tmp_path)
    text = '{\n    "other": {"x": [1, "// no comment"]},\n    "KEY": {"theirs": {"command": "c"}}\n}\n'
    if path.suffix == ".toml":
        text = 'model = "o"  # mine\n\n[KEY.theirs]\ncommand = "c"\n\n[other]\nx = [1]\n'
    text = text.replace("KEY", client.keys[0])
    before = parser(path)(text)

    after = parser(path)(files.changed(text, client, TARGET, path))

    assert servers(client, after).pop("exai") == ENTRIES[name]
    assert {key: value for key, value in after.items() if key != client.inputs} == before


def test_comments_in_toml_stay(tmp_path: Path) -> None:
    text = '# about\nmodel = "o"  # mine\n\n[mcp_servers.theirs]\n# theirs\ncommand = "c"\n'

    after = files.changed(text, CLIENTS["codex"], TARGET, tmp_path / "config.toml")

    assert after.startswith(text)
    assert '[mcp_servers.exai]\nurl = "https://exai.example.com/mcp"' in after


@pytest.mark.parametrize("text", ["mcp_servers = {}\n", 'mcp_servers = { theirs = { command = "c" } }\n'])
def test_an_inline_table_takes_the_server_too(text: str, tmp_path: Path) -> None:
    after = tomllib.loads(files.changed(text, CLIENTS["codex"], TARGET, tmp_path / "config.toml"))

    assert after["mcp_servers"]["exai"] == ENTRIES["codex"]
    assert after["mcp_servers"].keys() - {"exai"} == tomllib.loads(text)["mcp_servers"].keys()


@pytest.mark.parametrize("name", ["gemini", "codex"])
def test_what_somebody_added_to_our_entry_stays_and_another_transport_goes(name: str, tmp_path: Path) -> None:
    client, path = CLIENTS[name], file_of(CLIENTS[name], tmp_path)
    key = client.keys[0]
    text = f'{{"{key}": {{"exai": {{"command": "old", "timeout": 30}}}}}}'
    if path.suffix == ".toml":
        text = f'[{key}.exai]\ncommand = "old"\ntimeout = 30\n'

    after = parser(path)(files.changed(text, client, TARGET, path))

    assert servers(client, after)["exai"] == ENTRIES[name] | {"timeout": 30}


def test_a_comment_inside_our_entry_stays(tmp_path: Path) -> None:
    text = '{"context_servers": {"exai": {"url": "http://old/mcp", // moved soon\n "timeout": 3}}}'

    after = files.changed(text, CLIENTS["zed"], TARGET, tmp_path / "settings.json")

    assert "// moved soon" in after
    assert judge.loads(after)["context_servers"]["exai"] == ENTRIES["zed"] | {"timeout": 3}


def test_vscode_asks_for_the_token_once(tmp_path: Path) -> None:
    path = tmp_path / "mcp.json"
    mine = '{"servers": {}, "inputs": [{"id": "mine", "type": "promptString"}]}'

    once = files.changed(mine, CLIENTS["vscode"], TARGET, path)

    inputs = json.loads(once)["inputs"]
    assert [item["id"] for item in inputs] == ["mine", INPUT_ID]
    assert inputs[1]["password"] is True
    assert files.changed(once, CLIENTS["vscode"], TARGET, path) == once


@each_client
def test_the_token_is_in_a_file_only_where_the_format_knows_no_other_way(name: str, tmp_path: Path) -> None:
    client, path = CLIENTS[name], file_of(CLIENTS[name], tmp_path)

    text = files.changed("", client, TARGET, path)

    assert ("a-token" in text) == (client.token is Token.LITERAL)


def test_without_a_token_file_the_bridge_gets_it_by_its_environment_not_by_an_argument(
    tmp_path: Path,
) -> None:
    target = Target("exai", URL, "a-token", None, "exai-mcp")

    text = files.changed("", CLIENTS["claude-desktop"], target, tmp_path / "c.json")

    entry = json.loads(text)["mcpServers"]["exai"]
    assert entry["env"] == {"EXAI_TOKEN": "a-token"}
    assert "a-token" not in str(entry["args"])


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("cursor", "{", "cannot be read (line 1), and nothing was changed"),
        ("cursor", '{"mcpServers": 1}', "has mcpServers as something else than an object"),
        ("codex", "model = ", "is not TOML"),
        ("codex", "mcp_servers = 1", "has mcp_servers as something else than a table"),
    ],
)
def test_a_broken_file_is_named_and_left_alone(name: str, text: str, sentence: str, tmp_path: Path) -> None:
    client, path = CLIENTS[name], file_of(CLIENTS[name], tmp_path)

    with pytest.raises(files.FileError) as caught:
        files.changed(text, client, TARGET, path)

    assert str(path) in str(caught.value)
    assert sentence in str(caught.value)


def test_writing_keeps_the_old_file_beside_the_new_one_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text("before")
    path.chmod(0o640)

    backup = files.write(path, "after\r\n", private=False, now=datetime(2026, 11, 28, 2, 3, 4, tzinfo=UTC))

    assert backup == tmp_path / "settings.json.20261128T020304Z.backup"
    assert (backup.read_text(), path.read_bytes()) == ("before", b"after\r\n")
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path, backup)] == [0o640, 0o640]
    assert sorted(each.name for each in tmp_path.iterdir()) == [path.name, backup.name]


def test_a_file_with_the_token_is_its_owners_alone_and_so_is_the_backup(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "settings.json"

    assert files.write(path, "1", private=True) is None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    backup = files.write(path, "2", private=True)
    assert backup is not None
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path, backup)] == [0o600, 0o600]


def test_a_link_into_somebodys_dotfiles_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "dotfiles.json", tmp_path / "settings.json"
    real.write_text("{}")
    link.symlink_to(real)

    files.write(link, "{}\n", private=False)

    assert link.is_symlink()
    assert real.read_text() == "{}\n"


def test_reading_tells_no_file_from_one_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"\xff")

    assert files.read(tmp_path / "none") == ""
    with pytest.raises(files.FileError, match="cannot be read"):
        files.read(tmp_path / "latin")


@each_client
def test_every_scope_leads_into_the_home_or_the_folder(name: str, tmp_path: Path) -> None:
    home, here = tmp_path / "home", tmp_path / "here"

    for scope, path in CLIENTS[name].files.items():
        assert path(home, here).is_relative_to(here if scope is Scope.PROJECT else home)
