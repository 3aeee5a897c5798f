"""Suggestions: what begins as it was typed, and of threads only one's own."""

from typing import Any

import pytest

from tests.app.jobs.conftest import Bench
from tests.app.tools.conftest import Ask


async def suggested(bench: Bench, name: str, typed: str, principal: str = "me", **ref: Any) -> list[str]:
    reference = ref or {"type": "ref/prompt", "name": "review"}
    params = {"ref": reference, "argument": {"name": name, "value": typed}}
    result = await bench.client(principal).result("completion/complete", params)
    return list(result["completion"]["values"])


@pytest.mark.parametrize(
    ("name", "typed", "values"),
    [
        ("model", "au", ["auto"]),
        ("model", "KIMI-d", ["kimi-deep"]),
        ("focus", "s", ["security"]),
        ("tool", "co", ["codereview", "consensus"]),
        ("models", "kimi,glm-f", ["kimi,glm-fast", "kimi,glm-free"]),
        ("what", "x", []),
        ("unknown", "x", []),
    ],
)
async def test_what_begins_as_typed_is_suggested(
    bench: Bench, name: str, typed: str, values: list[str]
) -> None:
    assert await suggested(bench, name, typed) == values


async def test_a_model_is_not_suggested_twice(bench: Bench) -> None:
    assert "glm,glm" not in await suggested(bench, "models", "glm,g")


async def test_threads_are_found_by_their_title_and_projects_by_their_name(bench: Bench, ask: Ask) -> None:
    _, result = await ask("chat", prompt="Of frogs and ponds", project="nature")
    thread = result["_meta"]["exai/thread"]
    template = {"type": "ref/resource", "uri": "exai://threads/{id}"}

    assert await suggested(bench, "thread", "FROGS") == [thread]
    assert await suggested(bench, "id", thread[:10], **template) == [thread]
    assert await suggested(bench, "project", "na") == ["nature"]
    assert await suggested(bench, "thread", "", "stranger") == []
    assert await suggested(bench, "project", "", "stranger") == []


async def test_while_the_store_is_away_nothing_is_suggested(bench: Bench) -> None:
    await bench.store.close()

    assert await suggested(bench, "thread", "") == []
