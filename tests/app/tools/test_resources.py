"""Threads as resources: read by their owner, watched by their owner, and not there for anybody else."""

import pytest

from app.tools.resources import LIST
from tests.app.jobs.conftest import Bench
from tests.app.jobs.scripted import whole
from tests.app.tools.conftest import Ask
from tests.protocol.conversation import STATELESS, Conversation, Mailbox


@pytest.fixture
async def thread(bench: Bench, ask: Ask) -> str:
    bench.gateway.scripts.append(whole("water"))
    _, result = await ask("chat", prompt="what is a pond?")
    return str(result["_meta"]["exai/thread"])


async def test_the_list_and_the_template_are_listed(bench: Bench) -> None:
    client = bench.client()

    fixed = (await client.result("resources/list"))["resources"]
    templates = (await client.result("resources/templates/list"))["resourceTemplates"]

    assert [resource["uri"] for resource in fixed] == ["exai://threads"]
    assert [resource["uriTemplate"] for resource in templates] == ["exai://threads/{id}"]
    assert {resource["mimeType"] for resource in (*fixed, *templates)} == {"text/markdown"}


async def test_a_thread_reads_as_markdown(bench: Bench, thread: str) -> None:
    client = bench.client()

    one = (await client.result("resources/read", {"uri": f"exai://threads/{thread}"}))["contents"][0]
    many = (await client.result("resources/read", {"uri": LIST}))["contents"][0]

    assert one["text"].startswith("# what is a pond?\n")
    assert "water" in one["text"]
    assert f"- {thread}: what is a pond? (" in many["text"]


@pytest.mark.parametrize("revision", [STATELESS, "2025-11-25", "2024-11-05"])
async def test_a_foreign_thread_is_like_one_that_never_was(bench: Bench, thread: str, revision: str) -> None:
    stranger = bench.client("stranger", revision)

    errors = [
        await stranger.refused("resources/read", {"uri": uri})
        for uri in (
            f"exai://threads/{thread}",
            "exai://threads/thread_00000000000000000000",
            "exai://threads/..%2F..%2Fetc",
            "exai://threads/a%00b",
            "exai://other",
        )
    ]

    assert len({(error["code"], error["message"]) for error in errors}) == 1
    listed = (await stranger.result("resources/read", {"uri": LIST}))["contents"][0]["text"]
    assert "There is no thread here yet." in listed


def _watching(client: Conversation) -> Mailbox:
    mailbox = Mailbox()
    client.dispatcher.changes.attach(client.session, mailbox)
    return mailbox


def _updated(mailbox: Mailbox) -> list[str]:
    return [message["params"]["uri"] for message in mailbox.sent]


async def test_who_watches_is_told_of_answers_and_deletions_and_nobody_else(
    bench: Bench, ask: Ask, thread: str
) -> None:
    uri = f"exai://threads/{thread}"
    boxes = []
    for principal in ("me", "stranger"):
        client = bench.client(principal, "2025-11-25")
        boxes.append(_watching(client))
        for watched in (uri, LIST):
            await client.result("resources/subscribe", {"uri": watched})

    await ask("chat", prompt="deep?", thread=thread)
    after_answer = list(_updated(boxes[0]))
    await ask("threads", action="delete", thread=thread, confirm=thread)

    assert after_answer == [uri, LIST]
    assert _updated(boxes[0]) == [uri, LIST] * 2
    assert _updated(boxes[1]) == []
