"""Which model answers, and the sentence when none can."""

import pytest

from app.jobs.errors import RefusedError
from app.providers.catalog import BUILT_IN
from app.tools.choice import Choice

BOTH, KIMI, GLM = {"kimi", "glm"}, {"kimi"}, {"glm"}
IMAGE = frozenset({"image"})


@pytest.mark.parametrize(
    ("keys", "wanted", "tool", "last", "media", "chosen"),
    [
        (BOTH, "auto", "chat", None, frozenset(), "kimi-k2.6"),
        (GLM, "auto", "chat", None, frozenset(), "glm-5.3"),
        (BOTH, "auto", "thinkdeep", None, frozenset(), "glm-5.3"),
        (BOTH, "auto", "chat", "glm-5.3-flash", frozenset(), "glm-5.3-flash"),
        (KIMI, "auto", "chat", "glm-5.3", frozenset(), "kimi-k2.6"),
        (BOTH, "auto", "chat", "no-more", frozenset(), "kimi-k2.6"),
        (BOTH, "auto", "codereview", None, IMAGE, "kimi-k2.6"),
        (GLM, "auto", "chat", None, IMAGE, None),
        (BOTH, "glm-vision", "chat", "kimi", IMAGE, "glm-5v-turbo"),
        (BOTH, "moonshot-v1-8k", "chat", None, frozenset(), "kimi-k2.6"),
        (BOTH, "", "chat", None, frozenset(), "kimi-k2.6"),
    ],
)
def test_the_named_the_last_or_the_default_answers(
    keys: set[str], wanted: str, tool: str, last: str | None, media: frozenset[str], chosen: str | None
) -> None:
    model = Choice(BUILT_IN, keys).choose(wanted, tool, last, media)

    assert media <= set(model.media)
    assert model.vendor.id in keys
    assert chosen in (None, model.id)


@pytest.mark.parametrize(
    ("keys", "wanted", "media", "sentence"),
    [
        (set(), "auto", frozenset(), "No vendor key is set, so no model can be asked: set KIMI_API_KEY"),
        (set(), "kimi", frozenset(), "No vendor key is set"),
        (KIMI, "glm", frozenset(), "glm-5.3 needs a key of GLM (Z.ai), and none is set: set GLM_API_KEY"),
        (BOTH, "gpt-7", frozenset(), "There is no model 'gpt-7': use auto, or one of kimi, kimi-code"),
        (BOTH, "kimi-code", IMAGE, "kimi-k2.7-code sees no image, and some were given: use kimi-k2.6"),
    ],
)
def test_when_none_can_the_sentence_says_what_to_do(
    keys: set[str], wanted: str, media: frozenset[str], sentence: str
) -> None:
    with pytest.raises(RefusedError) as caught:
        Choice(BUILT_IN, keys).choose(wanted, "chat", None, media)

    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(("keys", "vendors"), [(BOTH, {"kimi", "glm"}), (KIMI, {"kimi"}), (GLM, {"glm"})])
def test_two_voices_are_of_two_vendors_where_that_can_be(keys: set[str], vendors: set[str]) -> None:
    voices = Choice(BUILT_IN, keys).voices([], "consensus")

    assert len({model.id for model in voices}) == 2
    assert {model.vendor.id for model in voices} == vendors


def test_voices_that_must_see_do() -> None:
    voices = Choice(BUILT_IN, BOTH).voices([], "consensus", IMAGE)

    assert all("image" in model.media for model in voices)
    assert len({model.vendor.id for model in voices}) == 2
