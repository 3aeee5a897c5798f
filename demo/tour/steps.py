"""The steps of the tour: what is asked, what comes back, and what to see in it."""

import asyncio
import textwrap
import time
from collections.abc import Mapping
from typing import Any

from demo.tour.client import Client

WIDTH = 108
MOST_LINES = 14
COLLECT_SECONDS = 120.0
"""For the answer that takes long, which takes about a quarter of a minute."""


async def show(client: Client) -> None:
    """Ask, go on with the other model, ask both, and collect an answer that took too long."""
    began = time.monotonic()
    _step(1, "Ask a model. The exchange is kept as a thread.")
    first = await _call(client, "chat", prompt="Why is the sky blue?")
    thread = first["_meta"]["exai/thread"]

    _step(2, "Go on in the same thread with the other vendor's model, which sees what was said.")
    await _call(client, "chat", prompt="And at sunset?", thread=thread, model="glm")

    _step(3, "Ask both models blind, and have what they say weighed.")
    await _call(client, "consensus", prompt="Tabs or spaces?")

    _step(4, "An answer that takes long becomes a job: nothing is lost, nothing is paid twice.")
    early = await _call(client, "thinkdeep", prompt="Plan a migration in detail. [fake:pace 0.12]")
    await _collect(client, early["_meta"]["exai/job"])

    _step(5, "What is kept, and what it cost.")
    await _call(client, "threads", action="list")
    await _call(client, "status")
    print(f"That was everything, in {time.monotonic() - began:.0f} s.\n")


def _step(number: int, words: str) -> None:
    print(f"{number}. {words}", flush=True)


async def _call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    _said(tool, arguments)
    result = await client.call(tool, **arguments)
    _heard(result)
    return result


async def _collect(client: Client, job: str) -> None:
    """Ask for the answer as often as it takes; what is shown is the question and the answer.

    Raises:
        RuntimeError: it took too long.
    """
    asked = {"action": "collect", "job": job}
    _said("jobs", asked)
    try:
        async with asyncio.timeout(COLLECT_SECONDS):
            while (result := await client.call("jobs", **asked))["_meta"].get("exai/status") == "running":
                pass
    except TimeoutError:
        raise RuntimeError(f"{job} was not answered within {COLLECT_SECONDS:g} s.") from None
    _heard(result)


def _said(tool: str, arguments: Mapping[str, Any]) -> None:
    given = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    print(f"   > {tool}({given})", flush=True)


def _heard(result: Mapping[str, Any]) -> None:
    lines = [
        line
        for paragraph in str(result["content"][0]["text"]).splitlines()
        for line in textwrap.wrap(paragraph, WIDTH) or [""]
    ]
    shown = lines if len(lines) <= MOST_LINES else [*lines[: MOST_LINES - 3], "…", *lines[-2:]]
    print("\n".join(f"     {line}".rstrip() for line in shown), end="\n\n", flush=True)
