"""`threads`: what is kept of conversations, found again, taken away and removed for good."""

import asyncio
import json
from pathlib import Path

import pytest

from app.stores.records import JobStatus
from tests.app.jobs.conftest import Bench
from tests.app.jobs.scripted import whole
from tests.app.tools.conftest import Ask
from tests.app.tools.test_chat import written


async def talk(bench: Bench, ask: Ask, *exchanges: tuple[str, str], **more: str) -> str:
    """Have a conversation and return its id."""
    thread = ""
    for question, answer in exchanges:
        bench.gateway.scripts.append(whole(answer))
        _, result = await ask("chat", prompt=question, thread=thread, **more)
        thread = result["_meta"]["exai/thread"]
    return thread


async def test_threads_are_listed_by_project_the_last_touched_first(bench: Bench, ask: Ask) -> None:
    first = await talk(bench, ask, ("what is a pond?", "water"), project="nature")
    second = await talk(bench, ask, ("what is a street?", "stone"), ("and?", "more"))

    text, result = await ask("threads", action="list")
    narrowed, _ = await ask("threads", action="list", project="nature")

    assert [entry["id"] for entry in result["structuredContent"]["threads"]] == [second, first]
    assert result["structuredContent"]["before"] is None
    assert text.splitlines()[0].startswith(f"- {second}: what is a street? (")
    assert "2 exchanges)" in text.splitlines()[0]
    assert narrowed.splitlines()[0].endswith("1 exchange, project nature)")
    assert second not in narrowed


async def test_a_long_list_goes_on_where_it_ended(
    bench: Bench, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.tools.threads.MOST_LISTED", 2)
    ids = [await talk(bench, ask, (f"number {number}", "x")) for number in range(3)]

    text, result = await ask("threads", action="list")
    before = result["structuredContent"]["before"]
    _, rest = await ask("threads", action="list", before=before)

    assert f'"before": "{before}"' in text
    listed = [*result["structuredContent"]["threads"], *rest["structuredContent"]["threads"]]
    assert [entry["id"] for entry in listed] == ids[::-1]


@pytest.mark.parametrize("query", ["FROGS pond", "青蛙", "池塘"])
async def test_a_search_finds_words_and_chinese(bench: Bench, ask: Ask, query: str) -> None:
    thread = await talk(bench, ask, ("who lives in the pond?", "Frogs do. 青蛙住在池塘里。"))
    await talk(bench, ask, ("who lives in the street?", "People do."))

    text, result = await ask("threads", action="search", query=query)

    found = result["structuredContent"]["found"]
    assert {hit["thread"] for hit in found} <= {thread}
    assert found or query == "FROGS pond"
    assert all(hit["excerpt"] in text for hit in found)


async def test_a_search_without_words_says_what_it_needs(ask: Ask) -> None:
    text, result = await ask("threads", action="search", query=" ?! ")

    assert result["isError"]
    assert text == "A search needs words: pass them as `query`."


async def test_a_thread_is_shown_and_exported(bench: Bench, ask: Ask) -> None:
    thread = await talk(bench, ask, ("what is a pond?", "water"), ("deep?", "no"))

    shown, _ = await ask("threads", action="show", thread=thread)
    exported, _ = await ask("threads", action="export", thread=thread, format="json")

    assert shown.startswith("# what is a pond?\n\nThread `")
    assert shown.index("## 1. chat\n\nwhat is a pond?") < shown.index("## 2. chat\n\ndeep?")
    document = json.loads(exported)
    assert [turn["text"] for turn in document["turns"]] == ["what is a pond?", "water", "deep?", "no"]
    (entry,) = [
        entry
        for entry in await bench.store.audit_entries("me", after=0, most=99)
        if "thread exported" in entry.text
    ]
    assert "pond" not in entry.text


async def test_a_long_thread_is_shown_in_parts(bench: Bench, ask: Ask) -> None:
    thread = await talk(bench, ask, ("tell me", "a line of it\n" * 6_000))

    parts = [(await ask("threads", action="export", thread=thread, page=page))[0] for page in (1, 2, 3)]

    assert all(len(part.encode()) < 40_000 for part in parts)
    assert '[Part 1 of 3. The next: the same call with "page": 2;' in parts[0]
    assert "[Part 3 of 3. This is the end.]" in parts[2]
    assert sum(part.count("a line of it") for part in parts) == 6_000


async def test_a_fork_goes_its_own_way(bench: Bench, ask: Ask) -> None:
    thread = await talk(bench, ask, ("one", "1"), ("two", "2"))

    text, _ = await ask("threads", action="fork", thread=thread, through=1)
    new = text.split()[0]
    await ask("chat", prompt="other", thread=new)

    said = [message.text for message in bench.gateway.requests[-1].messages[1:]]
    assert said == ["one", "1", "other"]
    assert len(await bench.store.turns("me", thread, after=0, most=99)) == 4
    assert ("me", new) in bench.changed


async def test_a_fork_through_what_is_not_there_is_refused(bench: Bench, ask: Ask) -> None:
    thread = await talk(bench, ask, ("one", "1"))

    text, result = await ask("threads", action="fork", thread=thread, through=7)

    assert result["isError"]
    assert text == f"{thread} has 1 exchange and no 7: name one that it has."


async def test_nothing_is_deleted_before_the_id_is_repeated(bench: Bench, ask: Ask) -> None:
    thread = await talk(bench, ask, ("one", "1"))

    for confirm in ("", "yes", thread[:-1]):
        text, result = await ask("threads", action="delete", thread=thread, confirm=confirm)
        assert result["isError"]
        assert text.startswith(f"Nothing was deleted. {thread} ('one', 1 exchange) would be gone for good")

    assert len(await bench.store.turns("me", thread, after=0, most=99)) == 2


async def test_no_sentence_of_what_is_deleted_is_left_on_the_disk(
    bench: Bench, ask: Ask, tmp_path: Path
) -> None:
    bench.gateway.scripts.append(whole("the unsayable answer"))
    _, result = await ask(
        "chat", prompt="the unsayable question", files=[{"name": "n", "content": "the unsayable file"}]
    )
    thread = result["_meta"]["exai/thread"]
    sentences = [b"the unsayable answer", b"the unsayable question", b"the unsayable file"]
    assert [one for one in sentences if one not in written(tmp_path)] == []

    text, _ = await ask("threads", action="delete", thread=thread, confirm=thread)
    gone, answer = await ask("threads", action="show", thread=thread)

    assert text.startswith(f"{thread} is deleted")
    assert answer["isError"]
    assert gone == f"There is no thread {thread}: list the threads to see what there is."
    await bench.store.close()
    assert [one for one in sentences if one in written(tmp_path)] == []
    assert ("me", thread) in bench.changed


async def test_a_running_job_of_a_deleted_thread_is_stopped_first(bench: Bench, ask: Ask) -> None:
    thread = await talk(bench, ask, ("one", "1"))
    bench.gateway.scripts.append([asyncio.Event()])
    await ask("jobs", action="start", tool="chat", arguments={"prompt": "two", "thread": thread})
    (running,) = await bench.store.jobs("me", status=JobStatus.RUNNING, project=None, most=9)

    await ask("threads", action="delete", thread=thread, confirm=thread)

    assert len(bench.jobs) == 0
    job = await bench.store.job("me", running.id)
    assert job.status is JobStatus.CANCELLED
    assert bench.gateway.closed == 2


@pytest.mark.parametrize("action", ["show", "export", "delete", "fork"])
async def test_an_action_without_a_thread_says_so(ask: Ask, action: str) -> None:
    text, result = await ask("threads", action=action)

    assert result["isError"]
    assert text == f"`{action}` needs a `thread`: `list` names those there are."
