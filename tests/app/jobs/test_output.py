"""What a job says is kept in order, once, and never held up by a store that is away."""

import asyncio

import pytest

from app.jobs import output as output_module
from app.jobs.output import Output
from app.stores import StoreUnavailableError
from app.stores.records import Piece, Standing

OURS = Standing(ours=True, cancel_requested=False)


class Store:
    """Keeps pieces; each answer is taken from a list first: a standing, or an error."""

    def __init__(self, *answers: Standing | Exception) -> None:
        self.pieces: list[Piece] = []
        self.tried: list[Piece] = []
        self.answers = list(answers)
        self.news = asyncio.Event()

    async def keep(self, piece: Piece) -> Standing:
        self.tried.append(piece)
        self.news.set()
        answer = self.answers.pop(0) if self.answers else OURS
        if isinstance(answer, Exception):
            raise answer
        self.pieces.append(piece)
        return answer

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)

    async def until(self, text: str) -> None:
        async with asyncio.timeout(5):
            while self.text != text:
                self.news.clear()
                await self.news.wait()
                await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output_module, "FLUSH_SECONDS", 0.0)
    monkeypatch.setattr(output_module, "FIRST_FLUSH_SECONDS", 0.0)


async def test_pieces_are_kept_in_order_and_numbered_from_one() -> None:
    store = Store()
    output = Output(store.keep, lambda _: None)

    for word in ("one ", "two ", "three"):
        output.add(word)
        await asyncio.sleep(0)
    await store.until("one two three")

    assert [piece.number for piece in store.pieces] == list(range(1, len(store.pieces) + 1))
    assert not output.unkept


async def test_what_is_added_while_a_piece_is_being_kept_comes_after_it() -> None:
    store = Store()
    output = Output(store.keep, lambda _: None)

    output.add("one ")
    output.add("two")
    await store.until("one two")

    assert output.text == store.text


async def test_a_piece_whose_reply_was_lost_is_sent_again_as_it_was() -> None:
    store = Store(StoreUnavailableError("away"))
    output = Output(store.keep, lambda _: None)

    output.add("one ")
    await asyncio.wait_for(store.news.wait(), 5)
    output.add("two")
    await store.until("one two")

    assert store.tried[0] == store.tried[1] == Piece(1, "one ")


async def test_a_cancelled_or_lost_job_is_told_to_stop() -> None:
    told: list[Standing] = []
    store = Store(Standing(ours=True, cancel_requested=True))
    output = Output(store.keep, told.append)

    output.add("x")
    await store.until("x")
    await output.close()

    assert told == [Standing(ours=True, cancel_requested=True)]


async def test_after_closing_nothing_more_is_kept() -> None:
    store = Store()
    output = Output(store.keep, lambda _: None)
    output.add("one")
    await store.until("one")

    await output.close()
    output.add("two")

    assert output.text == "onetwo"
    assert store.text == "one"


async def test_the_first_words_are_kept_only_once_they_have_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output_module, "FIRST_FLUSH_SECONDS", 3600.0)
    store = Store()
    output = Output(store.keep, lambda _: None)

    output.add("one")
    await asyncio.sleep(0)

    assert (output.text, store.tried) == ("one", [])
    await output.close()


async def test_where_nothing_may_be_kept_nothing_is() -> None:
    output = Output(None, lambda _: None)
    output.add("secret")
    await output.close()

    assert (output.text, output.unkept) == ("secret", False)
