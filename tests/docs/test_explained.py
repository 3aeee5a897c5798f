"""Pages that repeat a sentence or name a test repeat and name what is there."""

import ast
import re
from functools import cache

import pytest

from tests.sources import ROOT

TROUBLE = (ROOT / "docs" / "troubleshooting.md").read_text()
THREATS = (ROOT / "docs" / "security-model.md").read_text()

SAYING = [
    *(path for folder in ("app", "infra") for path in (ROOT / folder).rglob("*.py")),
    *(ROOT / "scripts" / "bootstrap").glob("*.py"),
    *(ROOT / "scripts" / "stack").glob("*.py"),
]
SENTENCES = [
    shown for shown in re.findall(r"^\| `([^`]+)`", TROUBLE, re.MULTILINE) if not re.match("/|make ", shown)
]
"""The first cell of a row, unless it names a path or a verb."""
NAMED = re.findall(r"`(tests/[\w/.]+)::(\w+)`", THREATS)


@cache
def told() -> str:
    """Everything the code may say; what is filled in is a dot, and implicit joins are made."""
    texts = [path.read_text() for path in (ROOT / "scripts").glob("*.sh")]
    for path in SAYING:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                parts = (part.value if isinstance(part, ast.Constant) else "\0" for part in node.values)
                texts.append("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value)
    return "\n".join(texts)


def test_there_are_sentences_to_look_for() -> None:
    assert len(SENTENCES) >= 25


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_is_one_the_code_says(sentence: str) -> None:
    pattern = r"[^\n]*?".join(map(re.escape, re.split(r"…", sentence)))

    assert re.search(pattern, told()), f"nothing says this: {sentence}"


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_threats_test_exists(file: str, name: str) -> None:
    assert re.search(rf"^(?:async )?def {name}\(", (ROOT / file).read_text(), re.MULTILINE)


def test_every_threat_names_a_test() -> None:
    rows = re.findall(r"^\| [A-Z].* \|$", THREATS, re.MULTILINE)

    assert len(rows) >= 10
    assert [row for row in rows if "::test_" not in row] == []
