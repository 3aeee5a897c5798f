"""What a text is split into, and that each query finds what a reader would expect it to find."""

import pytest

from app.threads.words import LONGEST_QUERY, LONGEST_WORD, MOST_WORDS, index_words, query_words


def finds(query: str, text: str) -> bool:
    wanted = query_words(query)
    return bool(wanted) and set(wanted) <= set(index_words(text))


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("hello", "Hello, world!"),
        ("WORLD hello", "Hello, world!"),
        ("strasse", "Die Straße"),
        ("\uff21\uff22\uff23", "abc"),
        ("ショップ", "コーヒー・ショップ"),
        ("fine", "ﬁne ligatures"),
        ("学习", "机器学习很有趣"),
        ("机器学习", "机器学习很有趣"),
        ("学", "机器学习很有趣"),
        ("器", "机器"),
        ("猫", "猫"),
        ("ﾃｽﾄ", "これはテストです"),
        ("の", "東京の天気"),
        ("天気", "東京の天気"),
        ("한국", "한국어 문장"),
        ("한", "한국어 문장"),
        ("GLM模型", "用GLM模型回答"),
        ("模型GLM", "模型 glm"),
        ("𠮷野", "𠮷野家"),
        ("snake_case", "a snake_case name"),
        ("2026", "on 2026-11-28"),
        ("don't", "I don't know"),
        ("नमस्ते", "नमस्ते दुनिया"),
        ("привет", "Привет, мир"),
        ("x" * 500, "before " + "x" * 500),
    ],
)
def test_a_query_finds_what_holds_it(query: str, text: str) -> None:
    assert finds(query, text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("world", "worlds"),
        ("习机", "机器学习"),
        ("ーシ", "コーヒー・ショップ"),
        ("学习法", "学习"),
        ("hello moon", "hello world"),
        ("...", "hello..."),
        ("", "hello"),
    ],
)
def test_a_query_does_not_find_what_lacks_a_word(query: str, text: str) -> None:
    assert not finds(query, text)


def test_a_run_becomes_pairs_on_both_sides_and_single_characters_on_the_indexs() -> None:
    assert query_words("机器学习 ok") == ["机器", "器学", "学习", "ok"]
    assert index_words("机器学") == ["机", "器", "学", "机器", "器学"]


def test_words_are_bounded_in_length_and_in_number() -> None:
    assert index_words("x" * 10_000) == ["x" * LONGEST_WORD]
    assert len(index_words(" ".join(map(str, range(30_000))))) == MOST_WORDS
    assert len(query_words(" ".join(map(str, range(100))))) == LONGEST_QUERY


def test_no_word_holds_a_space_or_a_sign_an_index_could_trip_over() -> None:
    text = "a:b \"c\" d* (e) 'f' -g ^h {i} \x00j\tk\u2028l😀m"

    assert index_words(text) == list("abcdefghijklm")
