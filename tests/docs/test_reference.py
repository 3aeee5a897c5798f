"""The reference is what the code has: every block is current, and everything there is has its block."""

import re
from pathlib import Path

import pytest

from app.exits import Exit
from app.settings import VARIABLES
from app.telemetry.metrics import METRICS
from scripts.reference.__main__ import DOCS, pages, sources
from scripts.reference.blocks import names, table, written
from scripts.reference.commands import MAKEFILE
from scripts.reference.endpoints import routes

WHOLE = "\n".join(path.read_text() for path in sorted(DOCS.glob("*.md")))


@pytest.mark.parametrize("path", list(pages()), ids=lambda path: path.name)
def test_a_page_says_what_the_code_has(path: Path) -> None:
    assert path.read_text() == pages()[path], "run `make reference`"


def test_every_block_stands_on_one_page() -> None:
    found = [name for path in sorted(DOCS.glob("*.md")) for name in names(path.read_text())]

    assert sorted(found) == sorted(sources())


def test_no_block_lost_its_end() -> None:
    assert WHOLE.count("written by make reference -->") == len(sources())


@pytest.mark.parametrize("name", [variable.name for variable in VARIABLES])
def test_every_variable_is_documented(name: str) -> None:
    assert f"| `{name}`" in WHOLE


@pytest.mark.parametrize("name", [metric.name for metric in METRICS])
def test_every_metric_is_documented(name: str) -> None:
    assert f"| `{name}" in WHOLE


@pytest.mark.parametrize("code", list(Exit))
def test_every_exit_code_is_documented_with_its_meaning(code: Exit) -> None:
    assert re.search(rf"\| `{code.value}` \| {code.name.lower().replace('_', ' ')} \| \S", WHOLE)


@pytest.mark.parametrize("path", [path for path in routes() if not path.startswith("/status/")])
def test_every_endpoint_is_documented(path: str) -> None:
    assert f"| `{path}` |" in WHOLE


def test_every_verb_has_words_of_its_own() -> None:
    verbs = set(re.findall(r"^([a-z0-9-]+):(?!=)", MAKEFILE.read_text(), re.MULTILINE))
    internal = {verb for verb in verbs if verb.startswith("ready")}

    assert {verb for verb in verbs - internal if f"| `make {verb}` |" not in WHOLE} == set()


def test_a_block_is_replaced_and_what_is_around_it_stays() -> None:
    page = "before\n<!-- one: written by make reference -->\nold\n<!-- end -->\nafter\n"

    made = written(page, {"one": lambda: "new\n"})

    assert made == "before\n<!-- one: written by make reference -->\nnew\n<!-- end -->\nafter\n"
    assert names(made) == ["one"]


def test_a_bar_within_a_cell_does_not_end_it() -> None:
    assert table(("head",), ("a|b",)) == "| head |\n| --- |\n| a\\|b |\n"
