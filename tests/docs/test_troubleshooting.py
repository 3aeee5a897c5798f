"""The page of symptoms quotes what the code says."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text()
CODE = "\n".join(
    path.read_text()
    for folder in ("app", "infra", "scripts")
    for path in sorted((ROOT / folder).rglob("*.py"))
)
SAID = re.sub(r"\"\s*\n\s*f?\"", "", CODE)
"""The code with the strings joined that stand on several lines."""
SYMPTOMS = [row.split(" | ")[0] for row in re.findall(r"^\| (?!---|you see)(.+) \|$", PAGE, re.MULTILINE)]
QUOTED = [words for symptom in SYMPTOMS for words in re.findall(r"`([A-Za-z][^`]* [^`]+)`", symptom)]


def test_there_are_symptoms() -> None:
    assert len(SYMPTOMS) > 20
    assert len(QUOTED) > 8


@pytest.mark.parametrize("words", [words for words in QUOTED if not words.startswith("make ")])
def test_a_symptom_is_what_the_code_says(words: str) -> None:
    assert words in SAID
