"""`jobs`: what runs without its caller, fetched, followed and stopped."""

import asyncio

import pytest

from app.providers.events import Done, Text, Usage
from app.stores.records import JobStatus
from tests.app.jobs.conftest import Bench, MakeBench
from tests.app.jobs.scripted import whole
from tests.app.tools.conftest import Ask


@pytest.mark.parametrize("tool", ["chat", "thinkdeep", "codereview", "debug", "planner", "consensus"])
async def test_every_tool_that_asks_a_model_can_be_started_and_collected(
    bench: Bench, ask: Ask, tool: str
) -> None:
    go = asyncio.Event()
    bench.gateway.scripts += [[go, *whole("done")]] * 3

    started, facts = await ask("jobs", action="start", tool=tool, arguments={"prompt": "go"})
    job = facts["_meta"]["exai/job"]
    go.set()
    text, result = await ask("jobs", action="collect", job=job)

    assert started.startswith(
        f"The answer is not there yet, and it goes on without this call: {tool} runs as {job}"
    )
    assert "done" in text
    assert not result.get("isError")
    assert (await bench.store.job("me", job)).tool == tool


async def test_a_search_can_be_started_too(ask: Ask) -> None:
    text, _ = await ask("jobs", action="start", tool="web_search", arguments={"query": "kimi"})

    assert "job_" in text


async def test_collecting_waits_no_longer_than_it_is_told(bench: Bench, ask: Ask) -> None:
    bench.gateway.scripts.append([Text("so far"), asyncio.Event()])
    _, facts = await ask("jobs", action="start", tool="chat", arguments={"prompt": "go"})

    text, result = await ask("jobs", action="collect", job=facts["_meta"]["exai/job"], wait=0.01)

    assert not result.get("isError")
    assert text.startswith("The answer is not there yet")


async def test_attaching_follows_a_job_from_another_client(make: MakeBench) -> None:
    bench = make()
    go = asyncio.Event()
    bench.gateway.scripts.append([Text("half "), go, Text("whole"), Done("stop", Usage(1, 0, 2))])
    one, other = bench.client(), bench.client()
    started = await one.result(
        "tools/call",
        {"name": "jobs", "arguments": {"action": "start", "tool": "chat", "arguments": {"prompt": "go"}}},
    )
    job = started["_meta"]["exai/job"]
    box = other.post(
        "tools/call",
        {"name": "jobs", "arguments": {"action": "attach", "job": job}, "_meta": {"progressToken": 7}},
    )

    told = await box.until(1)
    go.set()
    async with asyncio.timeout(5):
        reply = await box.reply

    assert "half" in told[0]["params"]["message"]
    assert reply is not None
    assert reply["result"]["content"][0]["text"].startswith("half whole\n\n[")


async def test_cancelling_stops_the_vendor_and_keeps_what_had_come(bench: Bench, ask: Ask) -> None:
    bench.gateway.scripts.append([Text("half a sen"), asyncio.Event()])
    _, facts = await ask("jobs", action="start", tool="chat", arguments={"prompt": "go"})
    job = facts["_meta"]["exai/job"]
    await ask("jobs", action="collect", job=job, wait=0.3)

    text, _ = await ask("jobs", action="cancel", job=job)
    kept, result = await ask("jobs", action="collect", job=job)

    assert text.startswith(f"{job} is cancelled; it cost ")
    assert bench.gateway.closed == 1
    assert result["isError"]
    assert kept.endswith("it is incomplete:\n\nhalf a sen")


async def test_jobs_are_listed_and_narrowed(bench: Bench, ask: Ask) -> None:
    await ask("chat", prompt="the first", project="p")
    bench.gateway.scripts.append([asyncio.Event()])
    await ask("jobs", action="start", tool="debug", arguments={"prompt": "the second"})

    text, result = await ask("jobs", action="list")
    running, _ = await ask("jobs", action="list", status="running")
    of_project, _ = await ask("jobs", action="list", project="p")

    assert [job["title"] for job in result["structuredContent"]["jobs"]] == ["the second", "the first"]
    assert "debug, the second (running," in text
    assert "the first" not in running
    assert "the second" not in of_project


async def test_a_long_answer_is_collected_in_parts_each_with_its_footer(bench: Bench, ask: Ask) -> None:
    bench.gateway.scripts.append(whole("a line of it\n" * 6_000, tokens_out=20_000))

    first, result = await ask("chat", prompt="tell me")
    job = result["_meta"]["exai/job"]
    parts = [first] + [(await ask("jobs", action="collect", job=job, page=page))[0] for page in (2, 3)]

    assert all(len(part.encode()) < 40_000 for part in parts)
    assert f'The next: `jobs` with {{"action": "collect", "job": "{job}", "page": 2}}.]\n[kimi-k2.6' in first
    assert [part.splitlines()[-1] for part in parts] == [first.splitlines()[-1]] * 3
    assert sum(part.count("a line of it") for part in parts) == 6_000


async def test_a_long_answer_that_nothing_keeps_comes_whole(bench: Bench, ask: Ask) -> None:
    bench.gateway.scripts.append(whole("a line of it\n" * 6_000, tokens_out=20_000))

    text, _ = await ask("chat", prompt="tell me", no_store=True)

    assert text.count("a line of it") == 6_000


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"action": "start"}, "`start` needs a `tool`, one of chat, thinkdeep, codereview, debug, planner"),
        ({"action": "start", "tool": "jobs"}, "`start` needs a `tool`, one of"),
        (
            {"action": "start", "tool": "chat"},
            "chat was not started because its arguments do not fit: 'prompt'",
        ),
        (
            {"action": "start", "tool": "chat", "arguments": {"prompt": "x", "no_store": True}},
            "chat was not started because nothing of it would be kept",
        ),
        ({"action": "collect"}, "`collect` needs a `job`: `list` names those there are."),
        ({"action": "attach"}, "`attach` needs a `job`"),
        ({"action": "cancel"}, "`cancel` needs a `job`"),
        ({"action": "collect", "job": "job_0"}, "There is no job job_0: list the jobs to see what there is."),
    ],
)
async def test_what_cannot_be_done_is_one_sentence(
    bench: Bench, ask: Ask, arguments: dict[str, object], sentence: str
) -> None:
    text, result = await ask("jobs", **arguments)

    assert result["isError"]
    assert text.startswith(sentence)
    assert bench.gateway.requests == []


async def test_a_tool_that_a_client_may_not_call_cannot_be_started_either(bench: Bench, ask: Ask) -> None:
    bench.refused.add(("me", "chat"))

    text, result = await ask("jobs", action="start", tool="chat", arguments={"prompt": "x"})

    assert result["isError"]
    assert text.startswith("chat was not started because this client may not call it")
    assert bench.gateway.requests == []


async def test_a_start_that_the_budget_refuses_says_so_at_once(make: MakeBench) -> None:
    bench = make(budget="0.000001")

    result = await bench.client().result(
        "tools/call",
        {"name": "jobs", "arguments": {"action": "start", "tool": "chat", "arguments": {"prompt": "x"}}},
    )

    assert result["isError"]
    assert "USD left of" in result["content"][0]["text"] or "USD of its" in result["content"][0]["text"]
    assert await bench.store.jobs("me", status=JobStatus.RUNNING, project=None, most=9) == []


async def test_the_same_idempotency_key_starts_one_job(bench: Bench, ask: Ask) -> None:
    meta = {"exai/idempotency-key": "k"}
    arguments = {"action": "start", "tool": "chat", "arguments": {"prompt": "x"}}

    _, first = await ask("jobs", meta, **arguments)
    _, second = await ask("jobs", meta, **arguments)

    assert first["_meta"]["exai/job"] == second["_meta"]["exai/job"]
    assert len(bench.gateway.requests) == 1
