"""The endpoints of the page: one client's own, whole or saying that they are not."""

import asyncio
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web

from app.bootstrap import PAGE
from app.page import events, jobs, threads
from app.stores.records import JobStatus
from app.stores.sqlite import SqliteStore
from tests.app.page.conftest import CI_TOKEN, Browser
from tests.app.stores.made import exchange, finish, new_call, new_job, start, stream

ME = "default"
SECONDS = 10


async def running(store: SqliteStore, *texts: str, **changes: Any) -> Any:
    """A job of another replica, which has said something."""
    job, call = new_job(principal=ME, replica="elsewhere", **changes), new_call(limit=None)
    await start(store, job, call=call)
    await stream(store, job, call, *texts)
    return job


@pytest.fixture
async def signed_in(browser: Browser) -> Browser:
    await browser.sign_in()
    return browser


async def test_an_empty_server_answers_with_nothing_and_no_fault(signed_in: Browser) -> None:
    assert (await signed_in.get("jobs"))["jobs"] == []
    assert await signed_in.get("threads") == {"threads": [], "next": None}
    assert (await signed_in.get("costs"))["total"] == 0
    assert (await signed_in.get("overview"))["account"]["budgets"][0]["left_nano_usd"] == 10 * 10**9


async def test_jobs_are_listed_and_shown_with_what_there_is_of_them(
    signed_in: Browser, store: SqliteStore
) -> None:
    done = await exchange(store, "the question", "the answer", principal=ME)
    job = await running(store, "so ", "far")
    found = (await signed_in.get("jobs"))["jobs"]

    assert [(one["id"], one["status"]) for one in found] == [(job.id, "running"), (done.id, "completed")]
    assert (await signed_in.get(f"jobs/{done.id}"))["text"] == "the answer"
    assert (await signed_in.get(f"jobs/{job.id}"))["text"] == "so far"
    await store.finish_job(finish(job, None, status=JobStatus.FAILED, fault="The vendor hung up."))
    failed = await signed_in.get(f"jobs/{job.id}")
    assert (failed["text"], failed["fault"]) == ("so far", "The vendor hung up.")


async def test_what_is_longer_than_is_shown_says_by_how_much(
    signed_in: Browser, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "LONGEST_SHOWN", 10)
    monkeypatch.setattr(threads, "LONGEST_SHOWN", 10)
    job = await exchange(store, "q", "x" * 25, principal=ME)

    found = await signed_in.get(f"jobs/{job.id}")
    assert (len(found["text"]), found["cut"]) == (10, 15)
    turns = (await signed_in.get(f"threads/{job.thread}"))["turns"]
    assert [(len(turn["text"]), turn["cut"]) for turn in turns] == [(1, 0), (10, 15)]


async def test_more_jobs_than_are_listed_are_told(signed_in: Browser, store: SqliteStore) -> None:
    for _ in range(3):
        await exchange(store, "q", "a", principal=ME)

    found = await signed_in.get("jobs?most=2")
    assert (len(found["jobs"]), found["more"]) == (2, True)
    assert (await signed_in.get("jobs?most=3"))["more"] is False


async def test_nothing_of_another_client_is_there(browser: Browser, store: SqliteStore) -> None:
    mine = await exchange(store, "a secret question", "a", principal=ME)
    await browser.sign_in(CI_TOKEN)

    assert (await browser.get("jobs"))["jobs"] == []
    assert (await browser.get("threads?q=secret"))["hits"] == []
    for path in (f"jobs/{mine.id}", f"threads/{mine.thread}", f"threads/{mine.thread}/export"):
        assert (await browser.request("GET", f"/status/api/{path}"))[0] == 404
    assert (await browser.post(f"jobs/{mine.id}/cancel"))[0] == 404
    assert (await browser.post(f"threads/{mine.thread}/delete", X_Confirm=str(mine.thread)))[0] == 404
    assert (await browser.request("GET", "/status/api/costs?whose=all"))[0] == 403


async def test_a_job_of_another_replica_is_asked_to_stop(signed_in: Browser, store: SqliteStore) -> None:
    job = await running(store, "so far")
    status, body = await signed_in.post(f"jobs/{job.id}/cancel")

    assert (status, body["status"], body["stopping"]) == (200, "running", True)
    assert list(await store.renew_leases("elsewhere", 60)) == [job.id]


async def test_threads_come_page_by_page_each_once(
    signed_in: Browser, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "PAGE", 4)
    made = [(await exchange(store, f"question {n}", "a", principal=ME)).thread for n in range(10)]
    seen, onward = [], ""
    while onward is not None:
        found = await signed_in.get(f"threads?before={onward.replace('+', '%2B')}" if onward else "threads")
        seen += [one["id"] for one in found["threads"]]
        onward = found["next"]

    assert seen == made[::-1]
    assert (await signed_in.request("GET", "/status/api/threads?before=yesterday"))[0] == 400


async def test_threads_are_found_by_words_and_by_project(signed_in: Browser, store: SqliteStore) -> None:
    await exchange(store, "How do partial indexes work?", "Like this.", principal=ME, project="shop")
    await exchange(store, "And locks?", "Like that.", principal=ME, project="bank")

    found = await signed_in.get("threads?q=partial+index")
    assert found["hits"] == []  # whole words, all of them
    (hit,) = (await signed_in.get("threads?q=PARTIAL+indexes"))["hits"]
    assert (hit["project"], hit["role"], "partial indexes" in hit["excerpt"]) == ("shop", "user", True)
    assert len((await signed_in.get("threads?project=bank"))["threads"]) == 1
    assert (await signed_in.get("threads?q=...")) == {"hits": [], "words": [], "more": False}


async def test_a_long_thread_is_read_in_pages_that_split_no_exchange(
    signed_in: Browser, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "PAGE_TURNS", 5)
    first = await exchange(store, "question 1", "answer 1", principal=ME)
    for number in range(2, 7):
        job = new_job(principal=ME, thread=first.thread, new_thread=False)
        await start(store, job, f"question {number}")
        await store.finish_job(finish(job, f"answer {number}"))
    seen, after = [], 0
    while after is not None:
        found = await signed_in.get(f"threads/{first.thread}?after={after}")
        seen += [turn["text"] for turn in found["turns"]]
        after = found["next"]

    assert seen == [f"{side} {number}" for number in range(1, 7) for side in ("question", "answer")]


async def test_a_thread_is_taken_away_as_a_file(signed_in: Browser, store: SqliteStore) -> None:
    job = await exchange(store, "the question", "the answer", principal=ME)
    path = f"/status/api/threads/{job.thread}/export"

    status, headers, text = await signed_in.request("GET", path)
    assert (status, headers["Content-Type"]) == (200, "text/markdown; charset=utf-8")
    assert headers["Content-Disposition"] == f'attachment; filename="{job.thread}.md"'
    assert "the answer" in text
    _, _, document = await signed_in.request("GET", f"{path}?format=json")
    assert document["format"] == "exai-thread/1"
    assert "thread exported" in [
        orjson.loads(entry.text)["event"] for entry in await store.audit_entries(ME, after=0, most=99)
    ]


async def test_a_thread_is_deleted_only_when_it_is_named_again(
    signed_in: Browser, store: SqliteStore
) -> None:
    job = await exchange(store, "q", "a", principal=ME)

    assert (await signed_in.post(f"threads/{job.thread}/delete"))[0] == 400
    assert len((await signed_in.get("threads"))["threads"]) == 1
    assert (await signed_in.post(f"threads/{job.thread}/delete", X_Confirm=str(job.thread)))[0] == 200
    assert (await signed_in.get("threads"))["threads"] == []


async def told(response: aiohttp.ClientResponse) -> tuple[str, Any]:
    """Return the next event of a stream."""
    name = ""
    async with asyncio.timeout(SECONDS):
        while line := await response.content.readline():
            if line.startswith(b"event: "):
                name = line[7:].strip().decode()
            elif line.startswith(b"data: ") and name:
                return name, orjson.loads(line[6:])
    return "end", None


def listen(browser: Browser, query: str = "") -> Any:
    headers = {"Cookie": f"exai_status={browser.cookie}"}
    return browser.http.get(f"{browser.origin}/status/events{query}", headers=headers)


async def test_the_stream_tells_of_this_replica_and_of_an_attached_job(
    signed_in: Browser, store: SqliteStore
) -> None:
    job = await running(store, "so ", "far")
    async with listen(signed_in, f"?attach={job.id}") as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        heard = [await told(response) for _ in range(3)]
        assert heard[0][1]["state"] in ("starting", "serving")
        assert heard[1:] == [("began", {"job": job.id}), ("said", {"job": job.id, "text": "so far"})]
        await store.finish_job(finish(job, "so far and on"))
        while (event := await told(response))[0] == "replica":
            pass
        assert event == ("over", {"job": job.id, "status": "completed"})


async def test_a_job_of_somebody_else_cannot_be_attached_to(browser: Browser, store: SqliteStore) -> None:
    job = await running(store, "a secret")
    await browser.sign_in(CI_TOKEN)
    async with listen(browser, f"?attach={job.id}") as response:
        while (event := await told(response))[0] == "replica":
            pass
        assert event == ("over", {"job": job.id, "status": "unknown"})


async def test_streams_are_bounded_and_the_page_may_ask_instead(
    signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MOST_STREAMS_PER_CLIENT", 1)
    async with listen(signed_in) as response:
        await told(response)
        async with listen(signed_in) as second:
            assert (second.status, second.headers["Retry-After"]) == (503, "5")
        (replica,) = (await signed_in.get("live"))["replicas"]
        assert replica["all_connections"] >= 1


async def test_a_replica_that_leaves_ends_its_streams_at_once(
    signed_in: Browser, app: web.Application
) -> None:
    async with listen(signed_in) as response:
        await told(response)
        app[PAGE].drain()
        while (event := await told(response))[0] == "replica":
            pass
        assert event[0] == "leaving"
        assert await told(response) == ("end", None)
    async with listen(signed_in) as again:
        assert again.status == 503


async def test_a_stream_ends_with_its_login(
    signed_in: Browser, app: web.Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "LOOK_SECONDS", 0.02)
    async with listen(signed_in) as response:
        await told(response)
        app[PAGE]._tickets._mark = lambda _: "another token"
        while (event := await told(response))[0] == "replica":
            pass
        assert event[0] == "expired"


async def test_while_the_store_is_away_the_page_says_so(signed_in: Browser, app: web.Application) -> None:
    await app[PAGE]._views.store.close()
    status, _, body = await signed_in.request("GET", "/status/api/jobs")

    assert (status, "store" in body["error"].lower()) == (503, True)
    assert (await signed_in.get("overview"))["account"]["unknown"]
