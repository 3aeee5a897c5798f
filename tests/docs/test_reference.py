"""The reference in docs/ is what the code says, and nothing is missing from it."""

from pathlib import Path

import pytest
from pydantic.alias_generators import to_camel

from app.contract import MCP_PATH
from app.exits import Exit
from app.settings import VARIABLES
from app.telemetry.metrics import METRICS
from infra.settings import Settings
from infra.sources import SECRETS
from scripts.describe_tools import listing
from scripts.reference.__main__ import DOCS, pages, sources
from scripts.reference.blocks import names, table, written
from scripts.reference.endpoints import routes

PAGES = pages()
EXPLAINING = ("commands", "endpoints", "variables", "metrics", "stack-file")


def text(name: str) -> str:
    return (DOCS / f"{name}.md").read_text()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_is_as_the_code_has_it(path: Path) -> None:
    assert path.read_text() == PAGES[path], "run `make reference`"


def test_everything_that_can_be_written_stands_on_one_page() -> None:
    assert sorted(name for page in PAGES.values() for name in names(page)) == sorted(sources())


@pytest.mark.parametrize("name", [variable.name for variable in VARIABLES])
def test_every_setting_is_documented(name: str) -> None:
    assert f"\n| `{name}`" in text("variables")


@pytest.mark.parametrize("key", [*map(to_camel, Settings.model_fields), *SECRETS])
def test_every_key_of_a_stack_file_is_documented(key: str) -> None:
    assert f"\n| `{key}`" in text("stack-file")


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_key_of_a_stack_file_says_what_it_is_for(name: str) -> None:
    field = Settings.model_fields[name]

    assert field.title
    assert field.description


@pytest.mark.parametrize("name", [entry["name"] for entry in listing()])
def test_every_tool_is_documented(name: str) -> None:
    assert f"\n## `{name}`\n" in text("tools")


@pytest.mark.parametrize("name", [metric.name for metric in METRICS])
def test_every_metric_is_documented(name: str) -> None:
    assert f"\n| `{name}" in text("metrics")


@pytest.mark.parametrize("code", Exit)
def test_every_exit_code_is_documented(code: Exit) -> None:
    assert f"\n| `{code.value}` | " in text("commands")


@pytest.mark.parametrize("path", routes())
def test_every_endpoint_is_documented(path: str) -> None:
    page = "status-page" if path.startswith("/status/") else "endpoints"

    assert f"{path}`" in text(page)


def test_no_cell_that_explains_is_empty() -> None:
    rows = [row for name in EXPLAINING for row in text(name).splitlines()]

    assert [row for row in rows if row.startswith("| `") and row.endswith("|  |")] == []


def test_a_block_is_written_and_what_is_around_it_stays() -> None:
    page = "before\n<!-- one: written by make reference -->\nold\n<!-- end -->\nafter\n"

    assert written(page, {"one": lambda: "new\n"}) == page.replace("old", "new")


def test_an_unknown_block_is_refused() -> None:
    with pytest.raises(KeyError, match="two"):
        written("<!-- two: written by make reference -->\n<!-- end -->", {})


def test_a_bar_within_a_cell_does_not_end_it() -> None:
    assert table(("a",), ("x|y",)).endswith("| x\\|y |\n")


def test_mcp_is_served_where_the_contract_says() -> None:
    assert {"GET", "POST", "DELETE"} >= routes()[MCP_PATH] > set()
