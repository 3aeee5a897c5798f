"""Two clients and every kind of handle: possession of one opens nothing, and nobody learns that it exists."""

import asyncio
import re
from typing import Any

import pytest

from app.threads.attachments import reading_id
from tests.app.files.samples import PDF, given
from tests.app.jobs.conftest import Bench
from tests.app.jobs.scripted import whole

SECRET = "the owner's secret"
UNKNOWN = {"thread": "thread_00000000000000000000", "job": "job_00000000000000000000", "file": "0" * 64}

ATTEMPTS: list[tuple[str, str, dict[str, Any]]] = [
    ("thread", "chat", {"prompt": "x", "thread": "{thread}"}),
    ("thread", "consensus", {"prompt": "x", "thread": "{thread}"}),
    ("thread", "documents", {"question": "x", "files": [{"content": "x"}], "thread": "{thread}"}),
    ("thread", "chat", {"prompt": "x", "thread": "{thread}", "no_store": True}),
    (
        "thread",
        "jobs",
        {"action": "start", "tool": "chat", "arguments": {"prompt": "x", "thread": "{thread}"}},
    ),
    ("thread", "threads", {"action": "show", "thread": "{thread}"}),
    ("thread", "threads", {"action": "export", "thread": "{thread}", "format": "json"}),
    ("thread", "threads", {"action": "fork", "thread": "{thread}"}),
    ("thread", "threads", {"action": "delete", "thread": "{thread}", "confirm": "{thread}"}),
    ("job", "jobs", {"action": "collect", "job": "{job}"}),
    ("job", "jobs", {"action": "attach", "job": "{job}"}),
    ("job", "jobs", {"action": "cancel", "job": "{job}"}),
    ("job", "jobs", {"action": "collect", "job": "{running}"}),
    ("job", "jobs", {"action": "attach", "job": "{running}"}),
    ("job", "jobs", {"action": "cancel", "job": "{running}"}),
    ("file", "chat", {"prompt": "x", "files": [{"id": "{file}"}]}),
    ("file", "chat", {"prompt": "x", "files": [{"id": "{reading}"}]}),
    ("file", "documents", {"files": [{"id": "{file}"}]}),
    ("file", "documents", {"files": [{"id": "{reading}"}], "question": "x", "no_store": True}),
]


def filled(value: Any, handles: dict[str, str]) -> Any:
    """Put handles into the places that name them."""
    if isinstance(value, dict):
        return {key: filled(one, handles) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, handles) for one in value]
    return value.format(**handles) if isinstance(value, str) else value


@pytest.fixture
async def handles(bench: Bench) -> dict[str, str]:
    """One of everything, owned by `owner`."""
    owner = bench.client("owner")
    bench.extraction.text = SECRET
    bench.gateway.scripts.append(whole(SECRET))
    arguments = {"question": SECRET, "files": [given(PDF, "secret.pdf")]}
    meta = {"exai/idempotency-key": "theirs"}
    done = await owner.result("tools/call", {"name": "documents", "arguments": arguments, "_meta": meta})
    thread = done["_meta"]["exai/thread"]
    bench.gateway.scripts.append([asyncio.Event()])
    started = await owner.result(
        "tools/call",
        {"name": "jobs", "arguments": {"action": "start", "tool": "chat", "arguments": {"prompt": SECRET}}},
    )
    (prompt, _) = await bench.store.turns("owner", thread, after=0, most=9)
    return {
        "thread": thread,
        "job": done["_meta"]["exai/job"],
        "running": started["_meta"]["exai/job"],
        "file": prompt.files[0],
        "reading": reading_id(prompt.files[0]),
    }


@pytest.mark.parametrize(("kind", "tool", "arguments"), ATTEMPTS)
async def test_a_foreign_handle_is_answered_like_one_that_never_was(
    bench: Bench, handles: dict[str, str], kind: str, tool: str, arguments: dict[str, Any]
) -> None:
    stranger, asked = bench.client("stranger"), len(bench.gateway.requests)
    never = {
        name: UNKNOWN["job" if name == "running" else "file" if name == "reading" else name]
        for name in handles
    }

    foreign = await stranger.result("tools/call", {"name": tool, "arguments": filled(arguments, handles)})
    unknown = await stranger.result("tools/call", {"name": tool, "arguments": filled(arguments, never)})

    said = [result["content"][0]["text"] for result in (foreign, unknown)]
    assert foreign["isError"]
    assert unknown["isError"]
    assert SECRET not in said[0]
    assert [re.sub(r"(thread|job)_\w{20}|\w{64}", "ID", text) for text in said] == [
        f"There is no {kind} ID: "
        + ("upload it again." if kind == "file" else f"list the {kind}s to see what there is.")
    ] * 2
    assert len(bench.gateway.requests) == asked
    assert len(bench.jobs) == 1
    assert len(await bench.store.turns("owner", handles["thread"], after=0, most=9)) == 2


async def test_lists_searches_and_status_show_nothing_of_others(
    bench: Bench, handles: dict[str, str]
) -> None:
    stranger = bench.client("stranger")
    for tool, arguments in [
        ("threads", {"action": "list"}),
        ("threads", {"action": "search", "query": "secret"}),
        ("jobs", {"action": "list"}),
        ("status", {}),
    ]:
        result = await stranger.result("tools/call", {"name": tool, "arguments": arguments})
        text = str(result)
        assert [handle for handle in handles.values() if handle in text] == []
        assert SECRET not in text
        assert "owner" not in text


async def test_an_idempotency_key_is_the_owners_own(bench: Bench, handles: dict[str, str]) -> None:
    del handles
    stranger = bench.client("stranger")

    result = await stranger.result(
        "tools/call",
        {"name": "chat", "arguments": {"prompt": "x"}, "_meta": {"exai/idempotency-key": "theirs"}},
    )

    assert not result.get("isError")
    assert result["content"][0]["text"].startswith("the answer")


async def test_the_same_content_is_a_file_of_each(bench: Bench, handles: dict[str, str]) -> None:
    stranger = bench.client("stranger")
    bench.extraction.text = "read anew"

    result = await stranger.result("tools/call", {"name": "documents", "arguments": {"files": [given(PDF)]}})

    assert "read anew" in result["content"][0]["text"]
    assert SECRET not in result["content"][0]["text"]
    assert (await bench.store.file("stranger", handles["file"])).name == "file 1"
    assert (await bench.store.file("owner", handles["file"])).name == "secret.pdf"
