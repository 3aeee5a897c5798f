"""The tutorial's commands are run word for word, and say what the page shows."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.sources import ROOT

PAGE = (ROOT / "docs" / "tutorial.md").read_text()
SHOWN = re.findall(r"^```text\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
TYPED = re.findall(r"^```console\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[1:]
"""The first block fetches the code and starts the demo; the fixture stands for it."""

SECONDS = 120
CHANGING = (
    (r"\b(thread|job)_[a-z0-9]{20}\b", r"\1_ID"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    (r"\d{4}-\d\d-\d\d( \d\d:\d\d)?", "TIME"),
    (r"everything, in \d+ s", "everything"),
)
"""Ids, ports and times. Figures of tokens and money stay, because the demo's never change."""

DOTS = "…"


def settled(text: str) -> str:
    """Return a text as any run has it, its line breaks where the ids happened to put them left out."""
    for pattern, name in CHANGING:
        text = re.sub(pattern, name, text)
    return " ".join(text.split())


def missing(shown: str, said: str) -> list[str]:
    """Return the parts of what a page shows, between dots, that were not said in this order."""
    at, found = 0, settled(said)
    lost = []
    for part in re.split(DOTS, settled(shown)):
        place = found.find(part.strip(), at)
        if place < 0:
            lost.append(part.strip())
        else:
            at = place + len(part.strip())
    return lost


@pytest.fixture(scope="module")
def demo() -> Iterator[tuple[str, dict[str, str]]]:
    """Run the demo until it has said everything; its words, and the environment of the second terminal."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "demo.tour", "--port", "0"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        said = ""
        for line in process.stdout:
            said += line
            if "make up` (the whole stack)" in line:
                break
        token = re.search(r'EXAI_TOKEN="\$\(cat (\S+?)\)"', said)
        port = re.search(r"127\.0\.0\.1:(\d+)/mcp", said)
        assert token is not None, said
        assert port is not None, said
        yield said, {"EXAI_TOKEN": Path(token[1]).read_text().strip(), "WS_PORT": port[1]}
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(SECONDS)
        process.stdout.close()


@pytest.mark.parametrize("shown", SHOWN, ids=lambda text: text.splitlines()[0][:30])
def test_the_tour_says_what_the_page_shows(shown: str, demo: tuple[str, dict[str, str]]) -> None:
    assert missing(shown, demo[0]) == []


def test_what_is_typed_answers_what_the_page_shows(demo: tuple[str, dict[str, str]]) -> None:
    here = f"{Path(sys.executable).parent}/"
    typed = [re.split(r"^\$ ", block, flags=re.MULTILINE)[1:] for block in TYPED]
    steps = [step.partition("\n") for block in typed for step in block]
    lines = ["exec 2>&1", *(f"{command}\necho; echo ======" for command, _, _ in steps)]
    script = "\n".join(lines).replace(".venv/bin/", here)

    done = subprocess.run(
        ["bash", "-c", script],
        cwd=ROOT,
        env={**os.environ, **demo[1]},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )

    answers = done.stdout.split("======")[: len(steps)]
    lost = {command: missing(shown, said) for (command, _, shown), said in zip(steps, answers, strict=True)}
    assert {command: parts for command, parts in lost.items() if parts} == {}, done.stdout


def test_what_differs_is_noticed() -> None:
    assert missing("one … three", "one two three") == []
    assert missing("one … four", "one two three") == ["four"]
    assert missing("three … one", "one two three") == ["one"]
