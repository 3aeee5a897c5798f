"""The tools over a real SQLite store, with vendors that follow a script."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.app.jobs.conftest import Bench, bench, make, store

__all__ = ["Ask", "ask", "bench", "make", "store"]

Ask = Callable[..., Any]
"""Calls a tool as `me` and returns (text, whole result)."""


@pytest.fixture
def ask(bench: Bench) -> Ask:
    client = bench.client()

    async def call(
        tool: str, meta: dict[str, Any] | None = None, /, **arguments: Any
    ) -> tuple[str, dict[str, Any]]:
        params = {"name": tool, "arguments": arguments, "_meta": meta or {}}
        result = await client.result("tools/call", params)
        return result["content"][0]["text"], result

    return call
