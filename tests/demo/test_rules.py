"""The fake refuses what the vendors refuse, asked directly and not through our client."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.app.providers.fake import Fake, serving

Body = dict[str, Any]
ASSISTANT = {"role": "assistant", "content": "Two."}
CALL = {"id": "1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
CALLED = {"role": "assistant", "tool_calls": [CALL]}
QUESTION = {"role": "user", "content": "One?"}
NESTED = {"type": "object", "properties": {"a": {"type": "object", "properties": {"b": {}}}}}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
FORMAT = {"type": "json_schema", "json_schema": {"schema": {}}}


@pytest.fixture
async def fake() -> AsyncIterator[Fake]:
    async with serving() as started:
        yield started


async def post(fake: Fake, vendor: str, body: Body, key: str = "sk-good") -> httpx.Response:
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {key}"}) as client:
        return await client.post(f"{fake.url(vendor)}/chat/completions", json=body)


def function(**more: Any) -> Body:
    return {
        "type": "function",
        "function": {"name": "look_up", "description": "", "parameters": NESTED, **more},
    }


@pytest.mark.parametrize(
    ("model", "more", "words"),
    [
        ("kimi-k2.6", {"temperature": 0.7}, "invalid temperature"),
        ("kimi-k3", {"top_p": 0.9}, "invalid top_p"),
        ("kimi-k2.7-code", {"thinking": {"type": "disabled"}}, "thinking cannot be disabled"),
        ("kimi-k2.6", {"reasoning_effort": "high"}, "reasoning_effort is not supported"),
        ("kimi-k3", {"reasoning_effort": "most"}, "must be one of"),
        ("kimi-k2.6", {"messages": []}, "must not be empty"),
        ("kimi-k2.6", {"messages": [{"role": "user", "content": ""}]}, "must not be empty"),
        (
            "kimi-k2.6",
            {"messages": [QUESTION, CALLED]},
            "reasoning_content is missing in assistant tool call message",
        ),
        (
            "kimi-k2.6",
            {"messages": [QUESTION, CALLED | {"reasoning_content": ""}]},
            "reasoning_content is missing in assistant tool call message at index 1",
        ),
        (
            "kimi-k3",
            {"messages": [QUESTION, ASSISTANT]},
            "requires reasoning_content on every assistant message",
        ),
        ("kimi-k2.6", {"stop": ["a"] * 6}, "stop takes at most 5"),
        ("kimi-k2.6", {"stop": ["a" * 33]}, "stop takes at most 5"),
        ("kimi-k2.6", {"tools": [function()]}, "moonshot flavored json schema"),
        ("kimi-k2.6", {"tools": [function(name="9", strict=False)]}, "is invalid"),
        ("kimi-k2.6", {"tool_choice": "required"}, "tool_choice required"),
        ("kimi-k3", {"messages": [{"role": "user", "content": [IMAGE]}]}, "does not support image_url"),
        (
            "kimi-k2.6",
            {
                "messages": [
                    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://a/b"}}]}
                ]
            },
            "unsupported image url",
        ),
        (
            "kimi-k2.6",
            {"messages": [{"role": "user", "content": "wort " * 300_000}]},
            "model token limit: 262144",
        ),
        ("kimi-k2.6", {"max_completion_tokens": 262_144}, "model token limit: 262144"),
    ],
)
async def test_kimi_refuses(fake: Fake, model: str, more: Body, words: str) -> None:
    answer = await post(fake, "kimi", {"model": model, "messages": [QUESTION], **more})

    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert words in answer.json()["error"]["message"]
    assert (len(fake.bill.rows), fake.bill.refused) == (0, 1)


@pytest.mark.parametrize(
    ("model", "more", "code"),
    [
        ("glm-5.3", {"max_completion_tokens": 9}, "1210"),
        ("glm-5.3", {"max_tokens": 200_000}, "1210"),
        ("glm-5.3", {"temperature": 1.5}, "1214"),
        ("glm-5.3", {"thinking": {"type": "disabled"}}, "1214"),
        ("glm-4.7", {"reasoning_effort": "high"}, "1214"),
        ("glm-5.3", {"stop": ["a", "b"]}, "1214"),
        ("glm-5.3", {"tool_choice": "required"}, "1214"),
        ("glm-5.3", {"response_format": FORMAT}, "1214"),
        ("glm-5.3", {"user_id": "short"}, "1214"),
        ("glm-5.3", {"request_id": "x" * 65}, "1214"),
        ("glm-5.3", {"messages": [QUESTION, {"role": "system", "content": "Late."}]}, "1214"),
        ("glm-5.3", {"messages": [{"role": "system", "content": "Alone."}]}, "1214"),
        ("glm-5.3-flash", {"messages": [{"role": "user", "content": [IMAGE]}]}, "1210"),
        ("glm-4.5-air", {"messages": [{"role": "user", "content": "wort " * 200_000}]}, "1261"),
        ("glm-9", {}, "1211"),
    ],
)
async def test_glm_refuses(fake: Fake, model: str, more: Body, code: str) -> None:
    answer = await post(fake, "glm", {"model": model, "messages": [QUESTION], **more})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert not fake.bill.rows


@pytest.mark.parametrize(
    ("vendor", "key", "status", "code"),
    [
        ("kimi", "sk-wrong", 401, "invalid_authentication_error"),
        ("kimi", "sk-poor", 429, "exceeded_current_quota_error"),
        ("glm", "wrong", 401, "1002"),
        ("glm", "poor", 429, "1113"),
    ],
)
async def test_keys_are_looked_at(fake: Fake, vendor: str, key: str, status: int, code: str) -> None:
    model = "kimi-k2.6" if vendor == "kimi" else "glm-5.3"
    answer = await post(fake, vendor, {"model": model, "messages": [QUESTION]}, key)

    error = answer.json()["error"]
    assert (answer.status_code, error.get("code") or error.get("type")) == (status, code)


async def test_a_retired_model_is_not_found(fake: Fake) -> None:
    answer = await post(fake, "kimi", {"model": "kimi-k2.5", "messages": [QUESTION]})

    assert (answer.status_code, answer.json()["error"]["type"]) == (404, "resource_not_found_error")


async def test_without_a_figure_kimis_answer_has_1024_tokens_at_most(fake: Fake) -> None:
    question = {"role": "user", "content": "[fake:words 5000]"}
    answer = await post(fake, "kimi", {"model": "kimi-k2.6", "messages": [question]})

    assert answer.json()["usage"]["completion_tokens"] == 1024


async def test_an_answer_that_is_not_streamed_says_the_same(fake: Fake) -> None:
    whole = (await post(fake, "glm", {"model": "glm-4.7", "messages": [QUESTION]})).json()
    streamed = await post(fake, "glm", {"model": "glm-4.7", "messages": [QUESTION], "stream": True})

    assert whole["choices"][0]["message"]["content"].startswith("This is the demo's GLM (glm-4.7), a script")
    assert streamed.text.rstrip().endswith("data: [DONE]")
    first, second = fake.bill.rows
    assert (first.input, first.output) == (second.input, second.output)
