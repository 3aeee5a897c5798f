"""The catalogue is consistent, and its units are what they say."""

import pytest

from app.providers import catalog
from app.providers.records import Effort, Thinking, usd
from app.settings import VARIABLES


@pytest.mark.parametrize(
    ("per_million", "nano"),
    [("0.95", 950), ("4", 4000), ("0.075", 75), ("15", 15000), ("0", 0), ("1.40", 1400)],
)
def test_a_dollar_per_million_tokens_is_a_thousand_nano_dollars_per_token(
    per_million: str, nano: int
) -> None:
    assert usd(per_million) == nano


def test_a_price_finer_than_a_nano_dollar_is_refused_rather_than_rounded() -> None:
    with pytest.raises(ValueError, match="round it up"):
        usd("0.0005")


def test_the_price_of_a_million_tokens_adds_up_to_the_vendors_figure() -> None:
    kimi = catalog.find("kimi-k2.6")

    assert kimi is not None
    assert (kimi.price.input * 10**6, kimi.price.cached * 10**6, kimi.price.output * 10**6) == (
        950_000_000, 160_000_000, 4_000_000_000,
    )  # fmt: skip


def test_ids_and_aliases_are_unique() -> None:
    names = [name for model in catalog.MODELS for name in (model.id, *model.aliases)]

    assert len(names) == len(set(names))


def test_retired_ids_lead_to_models_that_are_not_retired() -> None:
    for retired, replacement in catalog.REPLACED.items():
        assert catalog.find(retired) is catalog.find(replacement)
        assert replacement not in catalog.REPLACED
        assert retired not in {model.id for model in catalog.MODELS}


def test_cached_input_never_costs_more_than_fresh_input() -> None:
    assert all(model.price.cached <= model.price.input for model in catalog.MODELS)


def test_thinking_and_effort_agree() -> None:
    for model in catalog.MODELS:
        assert (Effort.OFF in model.efforts) == (model.thinking is Thinking.SWITCH)


def test_the_vendors_variables_are_ours() -> None:
    names = {variable.name for variable in VARIABLES}

    for vendor in catalog.VENDORS:
        assert {vendor.key_variable, vendor.url_variable} <= names


def test_a_substitute_is_another_vendors_and_free_models_have_none() -> None:
    for model in catalog.MODELS:
        other = catalog.find(model.substitute) if model.substitute else None
        assert (other is None) == (model.price.output == 0)
        assert other is None or other.vendor is not model.vendor


@pytest.mark.parametrize(
    ("model", "media", "with_key", "expected"),
    [
        ("kimi-k2.6", (), ("kimi", "glm"), "glm-5.3"),
        ("kimi-k2.6", (), ("kimi",), None),
        ("kimi-k2.6", ("image",), ("kimi", "glm"), "glm-5.3-flash"),
        ("kimi-k2.6", ("video",), ("kimi", "glm"), "glm-5v-turbo"),
        ("glm-5.3", (), ("kimi", "glm"), "kimi-k2.6"),
        ("glm-5v-turbo", ("image",), ("kimi", "glm"), "kimi-k2.6"),
        ("glm-5v-turbo", ("file",), ("kimi", "glm"), None),
        ("glm-4.7-flash", (), ("kimi", "glm"), None),
    ],
)
def test_a_substitute_sees_what_the_question_shows(
    model: str, media: tuple[str, ...], with_key: tuple[str, ...], expected: str | None
) -> None:
    found = catalog.BUILT_IN.find(model)
    assert found is not None
    substitute = catalog.BUILT_IN.substitute(found, frozenset(media), with_key.__contains__)

    assert (substitute.id if substitute else None) == expected


def test_every_default_is_a_model() -> None:
    for tool, names in catalog.DEFAULTS.items():
        assert len(catalog.BUILT_IN.choices(tool)) == len(names) > 1


def test_the_next_stronger_effort_is_taken_and_else_the_strongest() -> None:
    k3, k26, code = (catalog.BUILT_IN.find(name) for name in ("kimi-k3", "kimi-k2.6", "kimi-code"))
    assert k3 is not None
    assert k26 is not None
    assert code is not None

    assert [k3.nearest(effort) for effort in Effort] == [Effort.LOW, Effort.LOW, Effort.HIGH, Effort.MAX]
    assert [k26.nearest(effort) for effort in Effort] == [Effort.OFF, *[Effort.HIGH] * 3]
    assert [code.nearest(effort) for effort in Effort] == [None] * 4


def test_an_unknown_name_is_nothing() -> None:
    assert catalog.find("gpt-5") is None
