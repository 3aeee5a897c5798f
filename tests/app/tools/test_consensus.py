"""`consensus`: blind, at once, weighed, and never worth less than what the vendors gave."""

import asyncio
from typing import Any

import pytest

from app.providers.errors import Kind, ProviderError
from app.providers.events import Done, Text, Usage
from app.providers.requests import Request
from app.stores.records import Grant, NewCall
from app.tools.consensus import WEIGH
from tests.app.jobs.conftest import Bench, MakeBench
from tests.app.jobs.scripted import Step, whole
from tests.app.tools.conftest import Ask
from tests.protocol.conversation import STATELESS

VERDICT = "B is right."


def by_vendor(kimi: list[Step], glm: list[Step]) -> object:
    """Answers a voice by its vendor, and whoever weighs with the verdict."""

    def answer(request: Request) -> list[Step]:
        if "<answer letter=" in request.messages[-1].text:
            return whole(VERDICT)
        return kimi if request.model.vendor.id == "kimi" else glm

    return answer


def failing(sentence: str, vendor: str) -> list[Step]:
    return [ProviderError(Kind.CAPACITY, sentence, vendor=vendor)]


async def test_every_answer_is_shown_under_its_model_and_then_weighed(bench: Bench, ask: Ask) -> None:
    bench.gateway.scripts += [by_vendor(whole("tabs"), whole("spaces"))] * 3  # type: ignore[list-item]  # a function

    text, result = await ask("consensus", prompt="tabs or spaces?")

    assert text.startswith(
        "## A: kimi-k2.6\n\ntabs\n\n## B: glm-5.3\n\nspaces\n\n## Weighed by kimi-k2.6\n\nB is right.\n\n["
    )
    assert result["_meta"]["exai/models"] == ["kimi-k2.6", "glm-5.3"]
    turns = await bench.store.turns("me", result["_meta"]["exai/thread"], after=0, most=9)
    assert [turn.text[:12] for turn in turns] == ["tabs or spac", "## A: kimi-k"]
    assert len(await bench.store.jobs("me", status=None, project=None, most=9)) == 1


async def test_nobody_is_shown_another_answer_and_who_weighs_is_told_no_names(bench: Bench, ask: Ask) -> None:
    bench.gateway.scripts += [by_vendor(whole("tabs"), whole("spaces"))] * 3  # type: ignore[list-item]  # a function

    await ask("consensus", prompt="tabs or spaces?")

    *voices, judge = bench.gateway.requests
    assert [len(request.messages) for request in voices] == [2, 2]
    seen = "\n".join(message.text for message in judge.messages)
    assert "tabs" in seen
    assert "spaces" in seen
    assert [name for name in ("kimi", "glm", "Moonshot", "Z.ai") if name in seen] == []


async def test_who_weighs_sees_the_files_and_the_thread_too(bench: Bench, ask: Ask) -> None:
    _, first = await ask("chat", prompt="we like tabs")
    bench.gateway.requests.clear()

    await ask(
        "consensus",
        prompt="still?",
        thread=first["_meta"]["exai/thread"],
        files=[{"name": "style.md", "content": "tabs"}],
    )

    judge = bench.gateway.requests[-1].messages
    assert [message.role for message in judge] == ["system", "user", "assistant", "user"]
    assert judge[0].text.startswith(WEIGH)
    assert judge[1].text == "we like tabs"
    assert judge[3].text.startswith('<file name="style.md">\ntabs\n</file>\n\nstill?\n\nThe answers to this:')


async def test_both_are_asked_at_once_and_shown_in_their_order(bench: Bench) -> None:
    go, both = asyncio.Event(), asyncio.Event()

    def waits(request: Request) -> list[Step]:
        if len(bench.gateway.requests) == 2:
            both.set()
        if "<answer" in request.messages[-1].text:
            return whole(VERDICT)
        if request.model.vendor.id == "kimi":
            return [Text("ta"), go, Text("bs"), Done("stop", Usage(1, 0, 1))]
        return whole("spaces")

    bench.gateway.scripts += [waits] * 3
    client = bench.client(revision=STATELESS)
    params = {"name": "consensus", "arguments": {"prompt": "?"}, "_meta": {"progressToken": 1}}
    box = client.post("tools/call", params)
    async with asyncio.timeout(5):
        await both.wait()
        sent = await box.until(1)
        go.set()
        reply = await box.reply

    assert reply is not None
    assert "tabs" in reply["result"]["content"][0]["text"]
    assert "spaces" not in sent[0]["params"]["message"]


@pytest.mark.parametrize(("down", "up", "said"), [("kimi", "glm", "spaces"), ("glm", "kimi", "tabs")])
async def test_one_vendor_failing_costs_its_own_answer_only(
    bench: Bench, ask: Ask, down: str, up: str, said: str
) -> None:
    scripts = {"kimi": whole("tabs"), "glm": whole("spaces")} | {down: failing(f"{down} is away.", down)}
    bench.gateway.scripts += [by_vendor(scripts["kimi"], scripts["glm"])] * 3  # type: ignore[list-item]  # a function

    text, result = await ask("consensus", prompt="tabs or spaces?")

    assert not result.get("isError")
    assert said in text
    assert f"No answer: {down} is away." in text
    assert "Note: only one model answered, so there was nothing to weigh" in text
    assert [request.model.vendor.id for request in bench.gateway.requests].count(up) == 1


async def test_a_failed_verdict_leaves_the_answers(bench: Bench, ask: Ask) -> None:
    def answer(request: Request) -> list[Step]:
        weighing = "<answer letter=" in request.messages[-1].text
        return failing("busy", request.model.vendor.id) if weighing else whole("yes")

    bench.gateway.scripts += [answer] * 6

    text, result = await ask("consensus", prompt="?")

    assert not result.get("isError")
    assert "## B: glm-5.3\n\nyes" in text
    assert "Note: the answers were not weighed: busy" in text


async def test_when_everybody_fails_each_reason_is_told(bench: Bench, ask: Ask) -> None:
    bench.gateway.scripts += [by_vendor(failing("one", "kimi"), failing("two", "glm"))] * 2  # type: ignore[list-item]  # a function

    text, result = await ask("consensus", prompt="?")

    assert result["isError"]
    assert "kimi-k2.6 gave no answer: one\nglm-5.3 gave no answer: two" in text


async def test_with_one_key_two_models_of_one_vendor_answer_and_it_is_said(make: MakeBench) -> None:
    bench = make(with_key=frozenset({"glm"}))

    result = await bench.client().result("tools/call", {"name": "consensus", "arguments": {"prompt": "?"}})

    models = [request.model for request in bench.gateway.requests[:2]]
    assert {model.vendor.id for model in models} == {"glm"}
    assert len({model.id for model in models}) == 2
    assert (
        "Note: all answers come from GLM (Z.ai), so they may share its habits; the other vendor has no key"
        in result["content"][0]["text"]
    )


async def test_named_models_are_asked_and_the_named_one_weighs(bench: Bench, ask: Ask) -> None:
    text, _ = await ask("consensus", prompt="?", models=["glm-fast", "kimi-deep", "glm"], model="glm")

    assert [request.model.id for request in bench.gateway.requests] == [
        "glm-5.3-flash",
        "kimi-k3",
        "glm-5.3",
        "glm-5.3",
    ]
    assert "## C: glm-5.3" in text


@pytest.mark.parametrize(
    ("models", "sentence"),
    [
        (["kimi"], "A consensus needs two models or more"),
        (["kimi", "kimi-k2.6"], "Two of these models are the same one"),
        (["kimi", "gpt"], "There is no model 'gpt'"),
    ],
)
async def test_models_that_make_no_consensus_are_refused(
    bench: Bench, ask: Ask, models: list[str], sentence: str
) -> None:
    text, result = await ask("consensus", prompt="?", models=models)

    assert result["isError"]
    assert text.startswith(sentence)
    assert bench.gateway.requests == []


async def test_who_cannot_weigh_is_told_before_anybody_is_asked(bench: Bench, ask: Ask) -> None:
    text, result = await ask("consensus", prompt="?", model="gpt")

    assert result["isError"]
    assert text.startswith("There is no model 'gpt'")
    assert bench.gateway.requests == []


async def test_a_budget_for_one_answer_gives_that_answer(make: MakeBench) -> None:
    bench, refused = make(budget="0.004"), asyncio.Event()
    reserve = bench.store.reserve

    async def watched(job: str, call: NewCall, **options: Any) -> Grant:
        grant = await reserve(job, call, **options)
        refused.set()
        return grant

    bench.store.reserve = watched  # type: ignore[method-assign]  # to know when the second was refused
    bench.gateway.scripts.append([refused, *whole("tabs")])

    result = await bench.client().result(
        "tools/call", {"name": "consensus", "arguments": {"prompt": "?", "models": ["kimi", "glm"]}}
    )

    assert len(bench.gateway.requests) == 1
    assert "No answer: The client 'me' has" in result["content"][0]["text"]


async def test_the_same_idempotency_key_is_one_consensus(bench: Bench, ask: Ask) -> None:
    meta = {"exai/idempotency-key": "k1"}
    first, _ = await ask("consensus", meta, prompt="?")

    second, _ = await ask("consensus", meta, prompt="?")

    assert first == second
    assert len(bench.gateway.requests) == 3
