"""`exai-mcp` with arguments: what it does, and what it says when it does not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.command_line.commands import COMMANDS
from app.version import VERSION

ROOT = Path(__file__).resolve().parents[3]
COMMAND = Path(sys.executable).with_name("exai-mcp")


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        input="",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environ},
    )


def test_the_installed_command_is_the_same_program() -> None:
    done = subprocess.run([COMMAND, "--version"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, f"{VERSION}\n")


def test_the_help_names_every_command() -> None:
    done = run("--help")

    assert done.returncode == 0
    assert [name for name in COMMANDS if f"    {name} " not in done.stdout] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_of_its_own(name: str) -> None:
    done = run(name, "--help")

    assert done.returncode == 0
    assert f"usage: exai-mcp {name}" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["serve", "--fast"], "exai-mcp does not know 'serve --fast': see exai-mcp --help."),
        (["--fast"], "exai-mcp does not know '--fast': see exai-mcp --help."),
        (["stdio", "--urls", "x"], "exai-mcp: unrecognized arguments: --urls x: see exai-mcp --help."),
        (["stdio", "--url", "127.0.0.1:8079"], "write ws://127.0.0.1:8079/mcp"),
        (["stdio", "--url", "ftp://host/mcp"], "is not a ws, wss, http or https URL"),
        (["stdio", "--url", "ws://127.0.0.1:99999999/mcp"], "is no URL"),
        (["stdio", "--token-file", "token"], "--token-file is for --url"),
    ],
)
def test_wrong_arguments_end_with_64_and_one_sentence(arguments: list[str], sentence: str) -> None:
    done = run(*arguments)

    assert (done.returncode, done.stdout) == (64, "")
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("url", ["ws://user:canary@127.0.0.1/mcp", "ws://127.0.0.1/mcp?token=canary"])
def test_a_token_in_the_url_is_refused_and_not_repeated(url: str) -> None:
    done = run("stdio", "--url", url)

    assert done.returncode == 64
    assert "put it into EXAI_TOKEN" in done.stderr
    assert "canary" not in done.stderr


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"AUTH_TOKEN_FILE": "/none/of/these"}, "the token file cannot be read"),
        ({"MAX_MESSAGE_BYTES": "big"}, "MAX_MESSAGE_BYTES is 'big', which is not a size"),
    ],
)
def test_a_wrong_environment_ends_the_bridge_with_78(environ: dict[str, str], sentence: str) -> None:
    done = run("stdio", "--url", "ws://127.0.0.1:9/mcp", **environ)

    assert (done.returncode, done.stdout) == (78, "")
    assert sentence in done.stderr


def test_the_sql_for_a_supabase_project_is_printed_whole_or_after_a_version() -> None:
    whole, rest, none = run("schema"), run("schema", "--after", "1"), run("schema", "--after", "11")

    assert [done.returncode for done in (whole, rest, none)] == [0, 0, 0]
    assert whole.stdout.startswith(f"-- exai-mcp-server {VERSION}, schema version 11\nBEGIN;\n")
    assert whole.stdout.endswith("NOTIFY pgrst, 'reload schema';\nCOMMIT;\n")
    assert "CREATE SCHEMA IF NOT EXISTS exai;" in whole.stdout
    assert "CREATE SCHEMA" not in rest.stdout
    assert "VALUES (2, 'rights', '0.1.0'" in rest.stdout
    assert none.stdout == ""
    assert "there is nothing to run" in none.stderr


def test_a_version_that_is_none_ends_with_64() -> None:
    done = run("schema", "--after", "12")

    assert (done.returncode, done.stdout) == (64, "")
    assert "versions go from 0 to 11" in done.stderr


def loaded(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; import sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
    )
    return set(done.stdout.split())


def test_the_servers_start_loads_no_command_and_no_bridge() -> None:
    names = loaded("import app.__main__, app.serving")

    assert {name for name in names if name.startswith(("app.command_line", "app.transports.stdio"))} == set()


def test_the_bridge_loads_no_server() -> None:
    names = loaded("import app.command_line.stdio, app.transports.stdio_bridge, app.settings.parsing")
    server = ("app.bootstrap", "app.stores", "app.tools", "app.protocol.dispatcher", "asyncpg", "redis")

    assert {name for name in names if name.startswith(server)} == set()


def test_the_embedded_server_says_which_variables_were_probably_meant(tmp_path: Path) -> None:
    done = run("stdio", DATA_DIR=str(tmp_path), KIMI_KEY="sk-made-up-key")

    assert (done.returncode, done.stdout) == (0, "")
    assert "KIMI_KEY is set, which this server does not read: if KIMI_API_KEY is meant" in done.stderr
    assert "sk-made-up-key" not in done.stderr
