"""What `--url` and the token variables mean."""

from pathlib import Path

import pytest

from app.command_line.bridge import server_url, token_source


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("ws://127.0.0.1:8079/mcp", "ws://127.0.0.1:8079/mcp"),
        ("http://127.0.0.1:8079/mcp", "ws://127.0.0.1:8079/mcp"),
        ("https://exai.example", "wss://exai.example/mcp"),
        ("wss://exai.example/", "wss://exai.example/mcp"),
        ("https://exai.example/team/mcp#part", "wss://exai.example/team/mcp"),
        ("ws://[::1]:8079/mcp", "ws://[::1]:8079/mcp"),
    ],
)
def test_every_scheme_means_the_websocket(given: str, meant: str) -> None:
    assert str(server_url(given)) == meant


def test_the_token_comes_from_the_first_place_that_has_one(tmp_path: Path) -> None:
    file, other = tmp_path / "file", tmp_path / "other"
    file.write_text("from-file\n")
    other.write_text("from-option\n")
    environ = {"EXAI_TOKEN": "exai", "AUTH_TOKEN": "auth", "AUTH_TOKEN_FILE": str(file)}

    assert token_source(str(other), environ)() == "from-option"
    assert token_source(None, environ)() == "exai"
    assert token_source(None, {**environ, "EXAI_TOKEN": ""})() == "auth"
    assert token_source(None, {"AUTH_TOKEN_FILE": str(file)})() == "from-file"
    assert token_source(None, {})() is None
