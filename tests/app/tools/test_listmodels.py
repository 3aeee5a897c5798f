"""`listmodels`: complete as text, the same as structure, and clear about keys."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from app.protocol.dispatcher import Dispatcher
from app.protocol.tools import ToolResult
from app.providers import catalog
from app.providers.protocol import ProviderState
from app.tools.listmodels import listmodels_tool

STATES = [
    ProviderState("kimi", "kimi-k2.6", 2, None, None),
    ProviderState("kimi", "kimi-k3", 0, datetime(2026, 11, 22, 10, 30, tzinfo=UTC), "no money there"),
]


async def ask(with_key: set[str], **arguments: object) -> ToolResult:
    async def states() -> Sequence[ProviderState]:
        return STATES

    tool = listmodels_tool(catalog.MODELS, catalog.VENDORS, with_key, states)
    dispatcher = Dispatcher(name="x", version="1", instructions="", tools=[tool])
    return await dispatcher.call_in_process("listmodels", arguments, "somebody")


async def test_every_model_is_in_the_text_and_in_the_structure() -> None:
    result = await ask({"kimi"})

    text, structure = result.content[0]["text"], result.structured or {}
    assert [model["id"] for model in structure["models"]] == [model.id for model in catalog.MODELS]
    for model in structure["models"]:
        (line,) = [
            line for line in text.splitlines() if line.startswith((f"- {model['id']} ", f"- {model['id']}:"))
        ]
        assert str(model["context_tokens"] or "not stated") in line
        assert all(word in line for word in (*model["aliases"], *model["efforts"], *model["media"]))
        assert ("not callable" in line) is not model["available"]


async def test_a_model_whose_breaker_is_open_cannot_be_called_and_says_why() -> None:
    result = await ask({"kimi"}, available=True)

    listed = {model["id"] for model in (result.structured or {})["models"]}
    assert "kimi-k2.6" in listed
    assert "kimi-k3" not in listed
    (line,) = [
        line
        for line in (await ask({"kimi"})).content[0]["text"].splitlines()
        if line.startswith("- kimi-k3 ")
    ]
    assert line.endswith("not callable until 10:30:00 UTC: no money there")


async def test_prices_are_told_in_the_vendors_unit_and_kept_in_ours() -> None:
    result = await ask(set())

    assert "; context 262144 tokens; 0.95 / 0.16 / 4; thinks unless told not to;" in result.content[0]["text"]
    assert (result.structured or {})["models"][0]["input_nano_usd"] == 950


async def test_a_missing_key_names_the_variable_and_where_to_get_one() -> None:
    result = await ask({"kimi"})

    text = result.content[0]["text"]
    assert "Kimi (Moonshot): key set." in text
    assert "set GLM_API_KEY (make one at https://z.ai/" in text
    assert [vendor["what_to_do"] is None for vendor in (result.structured or {})["vendors"]] == [True, False]


@pytest.mark.parametrize(
    ("arguments", "vendors"),
    [({"vendor": "glm"}, {"glm"}), ({"available": True}, {"kimi"}), ({}, {"kimi", "glm"})],
)
async def test_the_list_can_be_narrowed(arguments: dict[str, object], vendors: set[str]) -> None:
    result = await ask({"kimi"}, **arguments)

    assert {model["vendor"] for model in (result.structured or {})["models"]} == vendors


async def test_an_unknown_vendor_is_a_sentence() -> None:
    result = await ask(set(), vendor="openai")

    assert result.is_error
    assert "vendor" in result.content[0]["text"]
