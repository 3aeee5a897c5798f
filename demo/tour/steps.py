"""The steps of the tour: what is asked, what comes back, and what to see in it."""

import textwrap
import time
from typing import Any

from demo.tour.client import Client

WIDTH = 108
MOST_LINES = 14
COLLECT_SECONDS = 30
MOST_COLLECTS = 5


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
    job = early["_meta"]["exai/job"]
    for _ in range(MOST_COLLECTS):
        collected = await _call(client, "jobs", action="collect", job=job, wait=COLLECT_SECONDS)
        if collected["_meta"].get("exai/status") != "running":
            break

    _step(5, "What is kept, and what it cost.")
    await _call(client, "threads", action="list")
    await _call(client, "status")
    print(f"That was everything, in {time.monotonic() - began:.0f} s.\n")


def _step(number: int, words: str) -> None:
    print(f"{number}. {words}", flush=True)


async def _call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    given = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    print(f"   > {tool}({given})")
    result = await client.call(tool, **arguments)
    lines = [
        line
        for paragraph in str(result["content"][0]["text"]).splitlines()
        for line in textwrap.wrap(paragraph, WIDTH) or [""]
    ]
    shown = lines if len(lines) <= MOST_LINES else [*lines[: MOST_LINES - 3], "…", *lines[-2:]]
    print("\n".join(f"     {line}".rstrip() for line in shown), end="\n\n", flush=True)
    return result
