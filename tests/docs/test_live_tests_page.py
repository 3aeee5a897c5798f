"""The page lists every live test, and no other."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "live-tests.md").read_text()


@pytest.mark.parametrize("vendor", ["kimi", "glm"])
def test_every_live_test_is_listed_with_what_it_would_prove(vendor: str) -> None:
    file = f"tests/live/test_{vendor}.py"
    functions = ast.parse((ROOT / file).read_text()).body
    names = [node.name for node in functions if isinstance(node, ast.AsyncFunctionDef)]
    section = PAGE.partition(f"(`{file}`)")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| (?!test |---)(.+?) \| .+ \|$", section, re.MULTILINE)

    assert [f"test_{name.replace(' ', '_')}" for name in listed] == names


def test_every_test_there_carries_the_marker() -> None:
    for path in (ROOT / "tests" / "live").glob("test_*.py"):
        assert f'pytestmark = pytest.mark.live("{path.stem.removeprefix("test_")}")' in path.read_text()
