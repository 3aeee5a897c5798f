"""A thread as a model is shown it: whole while it fits, summarised when it does not, never cut silently."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.providers import catalog
from app.providers.records import Model
from app.providers.requests import Message
from app.stores import NotFoundError, Store
from app.stores.records import AuditEvent, File, Finish, JobStatus, NewJob, Turn
from app.stores.sqlite import SqliteStore
from app.threads.conversation import CUT_OFF, UNANSWERED, Conversation, TooLongError

NOW = datetime(2026, 11, 28, tzinfo=UTC)
KIMI, GLM = catalog.find("kimi"), catalog.find("glm")
assert KIMI is not None
assert GLM is not None
LONG = "word " * 400
"""About 500 tokens."""


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = SqliteStore(tmp_path / "threads.sqlite3")
    await store.open()
    yield store
    await store.close()


async def exchange(
    store: Store,
    number: int,
    prompt: str,
    answer: str | None,
    *,
    model: Model = KIMI,
    reasoning: str | None = None,
    partial: bool = False,
    files: tuple[str, ...] = (),
) -> None:
    job = f"job_{number}"
    wish = NewJob(job, "me", "chat", "", "t", "d", "one", 60, thread="thread_1", new_thread=number == 1)
    event = AuditEvent("test", {})
    await store.start_job(wish, prompt=Turn(0, "user", prompt, NOW, files=files), call=None, audit=event)
    if answer is not None:
        turn = Turn(0, "assistant", answer, NOW, reasoning=reasoning, model=model.id, partial=partial)
        await store.finish_job(Finish(job, "one", JobStatus.COMPLETED, answer=turn))


class Summaries:
    """Stands for the model that summarises; keeps what it was given."""

    def __init__(self) -> None:
        self.given: list[tuple[str, list[str]]] = []

    async def __call__(self, summary: str, messages: Sequence[Message]) -> str:
        self.given.append((summary, [message.text for message in messages]))
        return f"summary {len(self.given)}"


def texts(messages: Sequence[Message]) -> list[str]:
    return [message.text for message in messages]


async def test_what_fits_is_shown_whole_and_nothing_is_summarised(store: Store) -> None:
    await exchange(store, 1, "one?", "1")
    await exchange(store, 2, "two?", "2")
    talk, summarise = await Conversation.read(store, "me", "thread_1"), Summaries()

    shown = await talk.fitted(KIMI, 10_000, summarise, store)

    assert (shown.summary, texts(shown.messages)) == ("", ["one?", "1", "two?", "2"])
    assert summarise.given == []


async def test_what_no_longer_fits_is_summarised_once_and_the_latest_stay(store: Store) -> None:
    for number in range(1, 7):
        await exchange(store, number, f"{number}? {LONG}", f"{number}!")
    talk, summarise = await Conversation.read(store, "me", "thread_1"), Summaries()

    shown = await talk.fitted(KIMI, 2_500, summarise, store)

    assert shown.summary == "summary 1"
    assert texts(shown.messages)[1::2] == ["5!", "6!"]
    assert [text[:2] for text in summarise.given[0][1][::2]] == ["1?", "2?", "3?", "4?"]
    thread = await store.thread("me", "thread_1")
    assert (thread.summary, thread.summary_through) == ("summary 1", 4)
    again = await (await Conversation.read(store, "me", "thread_1")).fitted(KIMI, 2_500, summarise, store)
    assert (again.summary, texts(again.messages)) == ("summary 1", texts(shown.messages))
    assert len(summarise.given) == 1


async def test_an_older_summary_goes_into_the_next_one(store: Store) -> None:
    for number in range(1, 4):
        await exchange(store, number, f"{number}? {LONG}", f"{number}!")
    summarise = Summaries()
    await (await Conversation.read(store, "me", "thread_1")).fitted(KIMI, 1_200, summarise, store)
    for number in range(4, 7):
        await exchange(store, number, f"{number}? {LONG}", f"{number}!")

    await (await Conversation.read(store, "me", "thread_1")).fitted(KIMI, 1_200, summarise, store)

    assert len(summarise.given) > 1
    assert summarise.given[-1][0].startswith("summary ")


async def test_more_than_one_call_can_read_is_summarised_in_steps(store: Store) -> None:
    for number in range(1, 9):
        await exchange(store, number, f"{number}? {LONG}", f"{number}!")
    talk, summarise = await Conversation.read(store, "me", "thread_1"), Summaries()

    await talk.fitted(KIMI, 1_200, summarise, store)

    assert len(summarise.given) > 1
    assert [text[:2] for _, messages in summarise.given for text in messages[::2]] == [
        f"{number}?" for number in range(1, 9)
    ][: sum(len(messages) for _, messages in summarise.given) // 2]


async def test_one_exchange_longer_than_the_model_takes_is_refused_and_nothing_is_lost(store: Store) -> None:
    await exchange(store, 1, LONG * 10, "1")
    await exchange(store, 2, "two?", "2")
    talk = await Conversation.read(store, "me", "thread_1")

    with pytest.raises(TooLongError, match=r"Exchange 1 of thread_1 alone has about [\d,]+ tokens"):
        await talk.fitted(KIMI, 1_000, Summaries(), store)

    assert (await store.thread("me", "thread_1")).summary is None


async def test_reasoning_is_given_back_to_the_model_whose_it_was_only(store: Store) -> None:
    await exchange(store, 1, "one?", "1", reasoning="because")
    talk = await Conversation.read(store, "me", "thread_1")

    for model, expected in ((KIMI, "because"), (GLM, None)):
        shown = await talk.fitted(model, 10_000, Summaries(), store)
        assert shown.messages[1].reasoning == expected
    assert talk.last_model == KIMI.id


async def test_an_answer_that_was_cut_off_or_never_came_says_so(store: Store) -> None:
    await exchange(store, 1, "one?", "half", partial=True)
    await exchange(store, 2, "two?", None)
    talk = await Conversation.read(store, "me", "thread_1")

    shown = await talk.fitted(KIMI, 10_000, Summaries(), store)

    assert texts(shown.messages) == ["one?", f"half\n\n{CUT_OFF}", "two?", UNANSWERED]


async def test_files_of_earlier_turns_are_shown_again_to_models_that_can_see_them(store: Store) -> None:
    picture = File("a" * 64, "me", "cat.png", "image/png", 3, NOW, None, b"PNG")
    notes = File("b" * 64, "me", "notes.txt", "text/plain", 5, NOW, None, b"hello")
    for file in (picture, notes):
        await store.put_file(file)
    await exchange(store, 1, "what is it?", "a cat", files=(picture.id, notes.id))
    talk = await Conversation.read(store, "me", "thread_1")

    seeing = (await talk.fitted(KIMI, 100_000, Summaries(), store)).messages[0]
    blind = (await talk.fitted(replace(GLM, media=()), 100_000, Summaries(), store)).messages[0]

    assert seeing.text == '<file name="notes.txt">\nhello\n</file>\n\nwhat is it?'
    assert [media.content for media in seeing.media] == [b"PNG"]
    assert blind.media == ()
    assert blind.text.startswith(f"[cat.png (image/png) is attached, and {GLM.id} cannot see it]")


async def test_a_long_thread_is_read_page_by_page_without_losing_an_exchange(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.threads.conversation.PAGE_TURNS", 3)
    for number in range(1, 6):
        await exchange(store, number, f"{number}?", f"{number}!")

    talk = await Conversation.read(store, "me", "thread_1")

    assert [turn.text for turn in talk.turns] == [f"{n}{mark}" for n in range(1, 6) for mark in "?!"]


async def test_a_foreign_thread_is_not_found(store: Store) -> None:
    await exchange(store, 1, "one?", "1")

    with pytest.raises(NotFoundError):
        await Conversation.read(store, "you", "thread_1")
