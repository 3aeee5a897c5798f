"""`make demo` shows what it promises, and every answer says that it is the demo's."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 180


@pytest.fixture(scope="module")
def shown() -> str:
    tour = subprocess.run(
        [sys.executable, "-m", "demo.tour", "--once", "--port", "0"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert tour.returncode == 0, tour.stderr
    return tour.stdout


def test_a_newcomer_sees_an_answer_and_a_thread_that_both_models_share(shown: str) -> None:
    (asked, went_on) = re.findall(r"> chat\(.*", shown)
    thread = re.search(r"thread_\w+", went_on)

    assert "sky blue" in asked
    assert thread is not None
    assert "the one before was «Why is the sky blue?»" in shown


def test_both_models_are_weighed(shown: str) -> None:
    consensus = shown.split("3. ")[1].split("4. ")[0]

    assert "kimi-k2.6" in consensus
    assert "glm-5.3" in consensus


def test_an_answer_that_takes_long_is_collected_whole(shown: str) -> None:
    job = shown.split("4. ", 1)[1].split("5. What")[0]
    early, _, collected = job.partition("> jobs(action='collect'")

    assert "The answer is not there yet" in early
    assert re.search(r"\[glm-5\.3 · .* USD · thread_\w+\]", collected)


def test_every_answer_says_that_it_is_the_demos(shown: str) -> None:
    assert shown.count("This is the demo's") >= 4
    assert "A script and no model".lower() in shown.lower()


def test_money_and_threads_are_told(shown: str) -> None:
    assert "USD left of 10.00" in shown
    assert shown.split("> threads(action='list')")[1].count("thread_") >= 3
