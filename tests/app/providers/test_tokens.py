"""The bound is never below what a vendor counts, and the estimate is near it."""

import random
import struct

import pytest

from app.providers import catalog, tokens
from app.providers.image_size import size_of
from app.providers.records import Model
from app.providers.requests import Function, Media, Message, Request, ToolCall
from tests.app.providers.fake import Fake, ask, collect, done_of, model_of
from tests.app.providers.test_dialect import HISTORY, png

TEXTS = {
    "English": "The quick brown fox jumps over the lazy dog. " * 40,
    "Chinese": "敏捷的棕色狐狸跳过了懒狗。" * 60,
    "code": "def f(x: int) -> int:\n    return x ** 2  # squared\n" * 30,
    "nothing": "",
    "emoji": "👩‍👩‍👧‍👦🇩🇪" * 50,
    "noise": "".join(random.Random(7).choices("\u00e9\u4e2d{}[]()<>!?,.;: aZ09\n\t", k=2000)),  # noqa: S311
}


@pytest.mark.parametrize("model", catalog.MODELS, ids=lambda model: model.id)
async def test_the_bound_holds_for_every_model_with_everything_at_once(fake: Fake, model: Model) -> None:
    functions = (
        Function("look_up", "Looks up", {"type": "object", "properties": {"a": {"type": "string"}}}),
    )
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    async with fake.client(model.vendor.id) as client:
        for text in TEXTS.values():
            question = ask(text, model.id, *HISTORY, functions=functions, json_schema=schema)
            usage = done_of(await collect(client.stream(question))).usage
            assert usage is not None
            assert usage.input <= tokens.most_input(question)


@pytest.mark.parametrize("name", TEXTS)
async def test_the_estimate_is_near_what_is_counted(fake: Fake, name: str) -> None:
    question = ask(TEXTS[name] or "?", "kimi", *HISTORY)
    async with fake.client("kimi") as client:
        usage = done_of(await collect(client.stream(question))).usage

    assert usage is not None
    if name not in ("noise", "emoji"):  # of which no tokenizer counts alike
        assert 0.5 <= tokens.estimate(question) / usage.input <= 2
    assert tokens.estimate(question) <= tokens.most_input(question)


def test_a_text_has_at_most_its_bytes_and_a_lone_surrogate_is_no_trap() -> None:
    assert tokens.most_tokens("añ中👩") == 1 + 2 + 3 + 4
    assert tokens.most_tokens("\ud800") == 3


def test_reasoning_counts_only_where_it_is_sent() -> None:
    thought = Message("assistant", "Yes.", reasoning="x" * 10_000)
    kept, dropped = (tokens.most_input(ask("?", name, thought)) for name in ("kimi-k2.7-code", "kimi-k2.6"))

    assert kept - dropped == 10_000


def test_calls_and_their_arguments_count() -> None:
    call = Message("assistant", "", tool_calls=(ToolCall("1", "f", "y" * 500),))

    assert tokens.most_input(ask("?", "kimi", call)) > tokens.most_input(ask("?", "kimi")) + 500


def test_no_prompt_is_longer_than_the_context() -> None:
    assert tokens.most_input(ask("x" * 10**6, "kimi-k2.6")) == 262_144
    assert tokens.most_input(ask("x" * 10**6, "glm-5.3-flashx")) > 10**6


def with_image(content: bytes, media_type: str = "image/png") -> Request:
    seen = Message("user", "?", media=(Media(media_type, content),))
    return Request("request-1", model_of("kimi-k2.6"), (seen,), 100)


def test_an_image_counts_by_its_pixels_and_one_that_cannot_be_read_as_the_worst() -> None:
    plain = tokens.most_input(ask("?", "kimi-k2.6"))

    assert tokens.most_input(with_image(png(1024, 1024))) == plain + 74 * 74 + tokens.PER_MESSAGE
    assert tokens.most_input(with_image(png(9, 9))) == plain + tokens.LEAST_IMAGE_TOKENS + tokens.PER_MESSAGE
    assert tokens.most_input(with_image(b"no image")) == 262_144
    assert tokens.most_input(with_image(png(4, 4), "video/mp4")) == 262_144


JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(10) + b"\xff\xff\xc2\x00\x11\x08" + struct.pack(">HH", 600, 800)
)
VP8 = b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 800, 600)
VP8L = b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + struct.pack("<I", 799 | 599 << 14)
VP8X = b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0" + (799).to_bytes(3, "little") + (599).to_bytes(3, "little")


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (png(800, 600), (800, 600)),
        (b"GIF89a" + struct.pack("<HH", 800, 600), (800, 600)),
        (JPEG, (800, 600)),
        (VP8, (800, 600)),
        (VP8L, (800, 600)),
        (VP8X, (800, 600)),
        (png(800, 600)[:20], None),
        (JPEG[:-3], None),
        (b"\xff\xd8\xff\xe0\x00\x00", None),
        (b"\xff\xd8\x00", None),
        (VP8[:25], None),
        (b"RIFF\0\0\0\0WEBPVP9 ", None),
        (b"GIF89a\0\0\0\0", None),
        (b"", None),
    ],
)
def test_the_size_of_an_image_is_in_its_first_bytes(content: bytes, size: tuple[int, int] | None) -> None:
    assert size_of(content) == size


def test_no_bytes_make_reading_a_size_fail_or_last() -> None:
    source = random.Random(11)  # noqa: S311 - repeatable, no secret
    for _ in range(2000):
        head = source.choice(
            [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"GIF89a", b"\xff\xd8", b"RIFF\0\0\0\0WEBPVP8X", b""]
        )
        size_of(head + source.randbytes(source.randrange(64)))
