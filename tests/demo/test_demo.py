"""The demo as a newcomer meets it: runs by itself, says that it is one, is the same every time."""

import ast
import re
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from demo import faults, tokens, wit
from demo.faults import Script, Scripts
from tests.app.providers.fake import Fake, serving

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30
KEY = {"Authorization": "Bearer any-key"}


@pytest.fixture
async def fake() -> AsyncIterator[Fake]:
    async with serving() as started:
        yield started


@pytest.fixture
def running() -> Iterator[tuple[str, str]]:
    """`python -m demo` on a free port; gives its address and what it printed."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "demo", "--port", str(port), "--speed", "0", "--first", "0"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    said = process.stdout.readline() + process.stdout.readline()
    give_up = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except OSError:
            assert time.monotonic() < give_up
            time.sleep(0.02)  # another process starts; there is no event to await
    yield f"http://127.0.0.1:{port}", said
    process.terminate()
    process.wait(timeout=START_SECONDS)
    process.stdout.close()


def test_it_runs_by_itself_and_prints_what_to_set(running: tuple[str, str]) -> None:
    address, said = running
    kimi, glm = (re.search(rf"{name}_BASE_URL=(\S+)", said) for name in ("KIMI", "GLM"))
    assert kimi is not None
    assert glm is not None
    for url, model in ((kimi[1], "kimi-k2.6"), (glm[1], "glm-5.3")):
        body = {"model": model, "messages": [{"role": "user", "content": "Why?"}]}
        answer = httpx.post(f"{url}/chat/completions", json=body, headers=KEY)
        assert "a script and no model" in answer.json()["choices"][0]["message"]["content"]
    bill = httpx.get(f"{address}/demo/bill").json()
    assert [row["state"] for row in bill["rows"]] == ["complete"] * 2
    assert bill["totals"]["kimi/kimi-k2.6"]["calls"] == 1


def test_the_faults_can_be_listed() -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "demo", "--list"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout

    assert listed.split() == [f"[fake:{name}]" for name in faults.NAMES]


async def test_faults_can_be_queued_for_the_next_requests(fake: Fake) -> None:
    control = f"http://127.0.0.1:{fake.port}/demo"
    body = {"model": "glm-5.3", "messages": [{"role": "user", "content": "Why?"}]}
    async with httpx.AsyncClient(headers=KEY) as client:
        queued = await client.post(f"{control}/faults", json={"vendor": "glm", "faults": ["ok", "glm-1302"]})
        wrong = await client.post(f"{control}/faults", json={"vendor": "glm", "faults": ["nonsense"]})
        answers = [await client.post(f"{fake.url('glm')}/chat/completions", json=body) for _ in range(3)]
        bill = (await client.get(f"{control}/bill")).json()
        asked = (await client.get(f"{control}/requests")).json()
        await client.delete(f"{control}/bill")
        empty = (await client.get(f"{control}/bill")).json()

    assert (queued.status_code, wrong.status_code) == (204, 400)
    assert "nonsense is no fault; python -m demo --list" in wrong.text
    assert [answer.status_code for answer in answers] == [200, 429, 200]
    assert (len(bill["rows"]), bill["refused"], len(asked)) == (2, 1, 3)
    assert "any-key" not in str(asked) + str(bill)
    assert (empty["rows"], empty["refused"]) == ([], 0)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("What is a port?", "You asked: «What is a port?»"),
        ("Give me a list of reasons for testing software", "2. Look at «testing» on its own"),
        ("Please summarise our thread", "In short, this was asked:\n- One?"),
        ("Answer A: yes. Answer B: no. Write a synthesis.", "Where the answers agree"),
        ("[fake:think 3] Why?", "You asked: «Why?»"),
    ],
)
def test_it_says_something_sensible_and_the_same_every_time(question: str, words: str) -> None:
    earlier = [{"role": "user", "content": "One?"}, {"role": "assistant", "content": "Two."}]
    body = {"model": "kimi-k2.6", "messages": [*earlier, {"role": "user", "content": question}]}
    said = [wit.answer("kimi", body, Scripts().script("kimi", question)) for _ in range(2)]

    assert said[0] == said[1]
    assert words in said[0].text
    assert said[0].text.startswith("This is the demo's Kimi (kimi-k2.6), a script and no model.")
    assert "the one before was «One?»" in said[0].text


@pytest.mark.parametrize("text", ["Hello there, world!", "敏捷的棕色狐狸", "  a\n\tb ", "", "née 👩‍👩‍👧 x"])
def test_the_tokens_of_a_text_are_the_text(text: str) -> None:
    assert "".join(tokens.split(text)) == text


def test_the_length_that_is_asked_for_is_exact() -> None:
    for count in (0, 1, 7, 2000):
        assert (
            tokens.count(wit.answer("glm", {"model": "m", "messages": []}, Script(words=count)).text) == count
        )


def test_neither_knows_the_other() -> None:
    def imported(pattern: str) -> set[str]:
        trees = [ast.parse(path.read_text()) for path in ROOT.glob(pattern)]
        nodes = [node for tree in trees for node in ast.walk(tree)]
        found = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        found |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
        return {name.partition(".")[0] for name in found}

    assert "app" not in imported("demo/*.py")
    assert "demo" not in imported("app/**/*.py") | imported("infra/**/*.py")


def test_it_is_in_neither_the_wheel_nor_the_image() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert "app" in wheel["packages"]
    assert "demo" not in wheel["packages"]
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    assert not any("demo" in line for line in ignored)
