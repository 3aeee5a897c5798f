"""The pages about metrics, logs, traces, the doctor and connecting say what the code does."""

import inspect
import json
import re
from pathlib import Path

import pytest

from app.command_line import connect, doctor
from app.connecting.clients import CLIENTS, Scope, Token
from app.exits import Exit
from app.settings import VARIABLES
from app.telemetry import journal, semantics, traces

ROOT = Path(__file__).resolve().parents[2]


def page(name: str) -> str:
    return (ROOT / "docs" / f"{name}.md").read_text()


def test_the_line_of_a_model_call_has_the_fields_that_are_written() -> None:
    shown = json.loads(re.search(r"```json\n(.*?)\n```", page("logs"), re.DOTALL)[1].replace("\n", ""))  # type: ignore[index]  # a page without it must fail
    written = set(re.findall(r"^ {12}(\w+)=", inspect.getsource(journal.Journal.settled), re.MULTILINE))

    assert shown.keys() - {"ts", "level", "event", "request_id"} == written


@pytest.mark.parametrize(
    "name", [variable.name for variable in VARIABLES if variable.name.startswith("OTEL_")]
)
def test_every_variable_of_traces_is_on_their_page(name: str) -> None:
    assert f"`{name}`" in page("traces")


def test_every_attribute_on_the_page_is_one_that_is_set() -> None:
    names = {value for value in vars(semantics).values() if isinstance(value, str)}
    told = set(re.findall(r"`((?:mcp|gen_ai|db|jsonrpc|error)\.[a-z_.]+?)`", page("traces")))

    assert told <= names
    assert traces.PATH in page("traces")


@pytest.mark.parametrize("name", CLIENTS)
def test_every_client_is_listed_with_its_files(name: str) -> None:
    row = re.search(rf"^\| `{name}` \| (.*) \| (.*) \|$", page("connect"), re.MULTILINE)
    assert row is not None
    client, home, here = CLIENTS[name], Path("~"), Path()
    for scope, path in client.files.items():
        shown = str(path(home, here))
        if name != "claude-desktop":  # its folder differs by system
            assert f"`{shown}`" in row[1]
        assert scope in Scope
    assert ("EXAI_TOKEN" in row[2]) == (client.token is Token.VARIABLE)


@pytest.mark.parametrize("command", [connect, doctor])
def test_every_option_of_a_command_is_on_its_page(command: object) -> None:
    source = inspect.getsource(command.declare)  # type: ignore[attr-defined]  # every command has it
    text = page(command.__name__.rpartition(".")[2])  # type: ignore[attr-defined]  # a module has its name

    assert [option for option in re.findall(r'"(--[a-z-]+)"', source) if f"`{option}" not in text] == []


def test_the_doctors_exit_codes_are_those_of_the_code() -> None:
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", page("doctor"), re.MULTILINE)}

    assert codes == {Exit.DRAINED, Exit.FINDINGS, Exit.CONFIGURATION}
