"""Who asks the same at the same time shares an answer, and none is older than its question."""

import asyncio

import pytest

from app.tools.coalescing import Coalesced


class Source:
    """Counts how often it is asked, and answers when it is told to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.gate = asyncio.Event()
        self.began = asyncio.Event()

    async def find(self, key: str) -> str:
        self.asked.append(key)
        number = len(self.asked)
        self.began.set()
        await self.gate.wait()
        if key == "broken":
            raise LookupError(f"nothing {number}")
        return f"{key} {number}"


async def test_a_crowd_is_answered_by_one_question() -> None:
    source = Source()
    source.gate.set()
    ask = Coalesced(source.find)

    answers = await asyncio.gather(*(ask("a") for _ in range(100)))

    assert set(answers) == {"a 1"}
    assert source.asked == ["a"]


async def test_keys_do_not_wait_for_each_other() -> None:
    source = Source()
    ask = Coalesced(source.find)
    asking = [asyncio.create_task(ask(key)) for key in ("a", "b")]
    while len(source.asked) < 2:
        source.began.clear()
        await source.began.wait()
    source.gate.set()

    assert await asyncio.gather(*asking) == ["a 1", "b 2"]


async def test_who_asks_while_an_answer_is_found_shares_the_next_one() -> None:
    source = Source()
    ask = Coalesced(source.find)
    early = asyncio.create_task(ask("a"))
    await source.began.wait()
    late = [asyncio.create_task(ask("a")) for _ in range(3)]
    await asyncio.sleep(0)
    source.gate.set()

    assert await early == "a 1"
    assert await asyncio.gather(*late) == ["a 2"] * 3
    assert await ask("a") == "a 3"


async def test_an_error_is_everybodys_and_the_next_question_is_asked_anew() -> None:
    source = Source()
    source.gate.set()
    ask = Coalesced(source.find)

    answers = await asyncio.gather(*(ask("broken") for _ in range(2)), return_exceptions=True)

    assert [str(answer) for answer in answers] == ["nothing 1"] * 2
    with pytest.raises(LookupError, match="nothing 2"):
        await ask("broken")


async def test_who_gives_up_stops_nobody_else() -> None:
    source = Source()
    ask = Coalesced(source.find)
    gives_up, stays = asyncio.create_task(ask("a")), asyncio.create_task(ask("a"))
    await source.began.wait()
    gives_up.cancel()
    source.gate.set()

    assert await stays == "a 1"
    with pytest.raises(asyncio.CancelledError):
        await gives_up
