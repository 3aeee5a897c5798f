"""`chat`: files and images as the model sees them, and searches while it answers."""

from pathlib import Path

import pytest

from app.providers.errors import Kind, ProviderError
from app.providers.events import Done, Reasoning, Usage
from app.providers.requests import Request, ToolCall
from app.tools.searching import MAX_SEARCHES
from tests.app.files.samples import JPEG, PNG, given
from tests.app.jobs.conftest import Bench, MakeBench
from tests.app.jobs.scripted import Step, whole
from tests.app.tools.conftest import Ask


def written(folder: Path) -> bytes:
    """Everything that a store has written."""
    return b"".join(path.read_bytes() for path in folder.iterdir())


def searching(query: str = "news", *, calls: int = 1, reasoning: str = "") -> list[Step]:
    """An answer that asks for searches."""
    wanted = tuple(
        ToolCall(f"c{number}", "web_search", f'{{"query": "{query} {number}"}}') for number in range(calls)
    )
    thought: list[Step] = [Reasoning(reasoning)] if reasoning else []
    return [*thought, Done("tool_calls", Usage(10, 0, 5), tool_calls=wanted)]


async def test_files_stand_before_the_question_and_are_kept_with_it(bench: Bench, ask: Ask) -> None:
    _, result = await ask("chat", prompt="what is it?", files=[{"name": "a/notes.md", "content": "# Hi"}])

    shown = bench.gateway.requests[0].messages[-1].text
    assert shown == '<file name="notes.md">\n# Hi\n</file>\n\nwhat is it?'
    (turn, _) = await bench.store.turns("me", result["_meta"]["exai/thread"], after=0, most=9)
    file = await bench.store.file("me", turn.files[0])
    assert (turn.text, file.name, file.content, file.expires) == ("what is it?", "notes.md", b"# Hi", None)


async def test_a_later_question_shows_the_files_again_without_sending_them(bench: Bench, ask: Ask) -> None:
    _, first = await ask("chat", prompt="what is it?", files=[{"name": "n.md", "content": "# Hi"}])

    await ask("chat", prompt="and now?", thread=first["_meta"]["exai/thread"])

    assert "# Hi" in bench.gateway.requests[1].messages[1].text


async def test_an_image_goes_to_a_model_that_sees(bench: Bench, ask: Ask) -> None:
    await ask("chat", prompt="what is it?", images=[given(PNG)], files=[given(JPEG)])

    request = bench.gateway.requests[0]
    assert "image" in request.model.media
    assert [(media.media_type, media.content) for media in request.messages[-1].media] == [
        ("image/jpeg", JPEG),
        ("image/png", PNG),
    ]


async def test_a_model_that_sees_nothing_is_not_asked_about_an_image(bench: Bench, ask: Ask) -> None:
    text, result = await ask("chat", prompt="what is it?", images=[given(PNG)], model="kimi-code")

    assert result["isError"]
    assert text.startswith("kimi-k2.7-code sees no image, and some were given: use kimi-k2.6")
    assert bench.gateway.requests == []


async def test_a_search_is_made_and_its_sources_are_listed(bench: Bench, ask: Ask) -> None:
    bench.gateway.scripts += [searching(reasoning="let me look"), whole("It is so [2].")]

    text, result = await ask("chat", prompt="what is new?", web_search=True)

    assert bench.search.queries == [("news 0", 6, None, None)]
    asked, told = bench.gateway.requests[1].messages[-2:]
    assert (asked.role, asked.reasoning, asked.tool_calls[0].id) == ("assistant", "let me look", "c0")
    assert (told.role, told.tool_call) == ("tool", "c0")
    assert told.text.startswith("[1] Page 1.1\nhttps://site.example/1/1\nIt says 1.\n\n[2] Page 1.2")
    assert text.startswith("It is so [2].\n\nSources:\n[2] Page 1.2: https://site.example/1/2\n\n[kimi-k2.6")
    assert result["_meta"]["exai/cost-nano-usd"] > bench.search.cost
    turns = await bench.store.turns("me", result["_meta"]["exai/thread"], after=0, most=9)
    assert turns[1].text.endswith("[2] Page 1.2: https://site.example/1/2")


async def test_all_sources_are_listed_when_none_is_cited(bench: Bench, ask: Ask) -> None:
    bench.gateway.scripts += [searching(), whole("It is so.")]

    text, _ = await ask("chat", prompt="what is new?", web_search=True)

    assert "[1] Page 1.1: https://site.example/1/1\n[2] Page 1.2: https://site.example/1/2\n" in text


@pytest.mark.parametrize("calls", [1, 2, 7])
async def test_searches_are_bounded_however_a_model_asks_for_them(bench: Bench, ask: Ask, calls: int) -> None:
    def endless(request: Request) -> list[Step]:
        return searching(calls=calls) if request.functions else whole("enough")

    bench.gateway.scripts += [endless] * 10

    text, _ = await ask("chat", prompt="what is new?", web_search=True)

    assert len(bench.search.queries) == MAX_SEARCHES
    assert len(bench.gateway.requests) <= MAX_SEARCHES + 1
    assert bench.gateway.requests[-1].functions == ()
    assert text.startswith("enough")


async def test_a_model_that_calls_nonsense_is_told_so_and_answers(bench: Bench, ask: Ask) -> None:
    nonsense = (ToolCall("c0", "rm", "{}"), ToolCall("c1", "web_search", "not json"))
    bench.gateway.scripts += [[Done("tool_calls", Usage(1, 0, 1), tool_calls=nonsense)], whole("well")]

    text, _ = await ask("chat", prompt="what is new?", web_search=True)

    assert bench.search.queries == []
    assert [m.text for m in bench.gateway.requests[1].messages[-2:]] == [
        "This was not done: call web_search with a query."
    ] * 2
    assert text.startswith("well\n\n[")


async def test_a_failed_search_costs_the_search_and_not_the_answer(bench: Bench, ask: Ask) -> None:
    bench.search.fault = ProviderError(Kind.CAPACITY, "GLM is busy.", vendor="glm")
    bench.gateway.scripts += [searching(), whole("from memory")]

    text, result = await ask("chat", prompt="what is new?", web_search=True)

    assert text.startswith("from memory")
    assert "Note: a search failed: GLM is busy." in text
    assert result["_meta"]["exai/cost-nano-usd"] < bench.search.cost


async def test_who_stands_in_within_the_loop_goes_on_and_sees_no_foreign_reasoning(
    bench: Bench, ask: Ask
) -> None:
    busy = ProviderError(Kind.CAPACITY, "Kimi is busy.", vendor="kimi")
    bench.gateway.scripts += [
        searching(reasoning="kimi's own"),
        [busy],
        searching(reasoning="glm's own"),
        whole(),
    ]

    await ask("chat", prompt="what is new?", web_search=True, model="kimi")

    assert [request.model.vendor.id for request in bench.gateway.requests] == ["kimi", "kimi", "glm", "glm"]
    kimi, glm, last = (request.messages for request in bench.gateway.requests[1:])
    assert [message.reasoning for message in kimi if message.role == "assistant"] == ["kimi's own"]
    assert [message.reasoning for message in glm if message.role == "assistant"] == [None]
    assert [message.reasoning for message in last if message.role == "assistant"] == [None, "glm's own"]


async def test_without_anybody_to_search_the_variable_is_named(make: MakeBench) -> None:
    bench = make(with_key=frozenset({"kimi"}))

    result = await bench.client().result(
        "tools/call", {"name": "chat", "arguments": {"prompt": "x", "web_search": True}}
    )

    assert result["content"][0]["text"].startswith("Searching the web needs GLM_API_KEY, which is not set")
    assert bench.gateway.requests == []


async def test_nothing_is_kept_of_a_call_that_wants_nothing_kept(
    bench: Bench, ask: Ask, tmp_path: Path
) -> None:
    bench.gateway.scripts.append(whole("the unsayable"))
    file = {"name": "n.md", "content": "a secret"}

    text, result = await ask("chat", prompt="a riddle", files=[file], no_store=True)

    assert text.startswith("the unsayable\n\n[kimi-k2.6")
    assert text.endswith("nothing kept]")
    assert "exai/thread" not in result["_meta"]
    (job,) = await bench.store.jobs("me", status=None, project=None, most=9)
    assert (job.title, job.result, job.thread) == ("", None, None)
    on_disk = written(tmp_path)
    assert job.id.encode() in on_disk
    assert [word for word in (b"a secret", b"a riddle", b"the unsayable") if word in on_disk] == []


async def test_every_vendor_call_is_settled(bench: Bench, ask: Ask) -> None:
    bench.gateway.scripts += [searching(), whole("so [1]")]
    _, result = await ask("chat", prompt="what is new?", web_search=True)

    spending = await bench.store.spending("me", since="2000-01-01")
    assert sum(row.cost for row in spending) == result["_meta"]["exai/cost-nano-usd"]
    assert {row.model for row in spending} == {"kimi-k2.6", "web-search"}
    held = await bench.store.held(["client:me"], spending[0].day)
    assert held["client:me"] == result["_meta"]["exai/cost-nano-usd"]
