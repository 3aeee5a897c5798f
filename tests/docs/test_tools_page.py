"""The page about the tools: an example of each that the tool takes."""

import json
import re
from pathlib import Path

import pytest

from scripts.describe_tools import the_tools

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "tools.md").read_text()
EXAMPLES = re.findall(r"^## `(\w+)`\n.*?^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
TOOLS = {tool.name: tool for tool in the_tools()}


def test_every_tool_has_one_example() -> None:
    assert [name for name, _ in EXAMPLES] == list(TOOLS)


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_an_example_is_what_the_tool_takes(name: str, example: str) -> None:
    TOOLS[name].arguments.model_validate(json.loads(example))
