"""Search on every store, with the words of `app.threads.words`."""

from collections.abc import Sequence

from app.stores import Store
from app.threads.words import query_words
from tests.app.stores.made import ALICE, BOB, exchange


async def found(
    store: Store, query: str, *, principal: str = ALICE, project: str | None = None
) -> Sequence[str]:
    hits = await store.search_turns(principal, query_words(query), project=project, most=10)
    return [hit.turn.text for hit in hits]


async def test_a_turn_is_found_by_all_of_its_words_newest_first(store: Store) -> None:
    first = await exchange(store, "How do monads compose?", "Monads compose with bind.", title="Monads")
    await exchange(store, "And functors?", "Functors compose too.", project="q")

    assert await found(store, "compose") == [
        "Functors compose too.", "Monads compose with bind.", "How do monads compose?",
    ]  # fmt: skip
    assert await found(store, "MONADS compose") == ["Monads compose with bind.", "How do monads compose?"]
    assert await found(store, "monads functors") == []
    assert await found(store, "composes") == []
    assert await found(store, "compose", project="q") == ["Functors compose too."]
    assert await found(store, "compose", project="other") == []
    hit = (await store.search_turns(ALICE, ["bind"], project=None, most=10))[0]
    assert (hit.thread, hit.title, hit.project, hit.turn.number) == (first.thread, "Monads", "p", 1)


async def test_nobody_finds_what_is_anothers(store: Store) -> None:
    await exchange(store, "a secret", "the answer", principal=BOB)

    assert await found(store, "secret") == []
    assert await found(store, "secret", principal=BOB) == ["a secret"]


async def test_chinese_japanese_and_korean_are_found_by_parts_of_a_run(store: Store) -> None:
    await exchange(store, "机器学习很有趣", "東京の天気は晴れです")
    await exchange(store, "한국어 문장입니다", "ﾊﾟｽﾜｰﾄﾞ")

    assert await found(store, "学习") == ["机器学习很有趣"]
    assert await found(store, "器学习很") == ["机器学习很有趣"]
    assert await found(store, "趣") == ["机器学习很有趣"]
    assert await found(store, "学机") == []
    assert await found(store, "天気 晴れ") == ["東京の天気は晴れです"]
    assert await found(store, "한국") == ["한국어 문장입니다"]
    assert await found(store, "パスワード") == ["ﾊﾟｽﾜｰﾄﾞ"]


async def test_the_number_of_hits_is_bounded_and_no_words_find_nothing(store: Store) -> None:
    for number in range(4):
        await exchange(store, f"common {number}", "reply")

    hits = await store.search_turns(ALICE, ["common"], project=None, most=2)

    assert [hit.turn.text for hit in hits] == ["common 3", "common 2"]
    assert await store.search_turns(ALICE, [], project=None, most=10) == []


async def test_words_are_no_language_of_the_database(store: Store) -> None:
    await exchange(store, "NEAR and OR not AND 'quoted' under_score", "x")

    assert len(await found(store, "near OR and")) == 1
    assert len(await found(store, "under_score quoted")) == 1
    for strange in ('a"b', "a' OR '1'='1", "*", "x NOT y", "{a}", "\\", ":", "a:b", "NEAR(a b)"):
        assert await store.search_turns(ALICE, [strange], project=None, most=10) == []


async def test_a_very_long_prompt_with_very_long_words_is_kept_and_found(store: Store) -> None:
    text = "zebra " + "x" * 50_000 + " " + " ".join(f"w{n}" for n in range(30_000))
    await exchange(store, text, "short")

    assert await found(store, "zebra w5") == [text]
    assert await found(store, "x" * 50_000) == [text]
