"""Ten thousand bad inputs, made from the listed schemas: each is a sentence, none reaches a vendor."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.protocol.errors import InvalidParams
from tests.app.jobs.conftest import Bench

VALID: dict[str, dict[str, Any]] = {
    "chat": {"prompt": "x"},
    "thinkdeep": {"prompt": "x"},
    "codereview": {"prompt": "x", "focus": "tests"},
    "debug": {"prompt": "x"},
    "planner": {"prompt": "x"},
    "consensus": {"prompt": "x", "models": ["kimi", "glm"]},
    "documents": {"files": [{"content": "x"}], "question": "x"},
    "web_search": {"query": "x", "count": 3},
    "threads": {"action": "list"},
    "jobs": {"action": "start", "tool": "chat", "arguments": {"prompt": "x"}},
    "listmodels": {"available": True},
    "status": {},
}
EXAMPLES = 10_000 // len(VALID) + 1

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
JUNK = SCALARS | st.sampled_from([[], {}, [[]], {"a": {"b": [None]}}, [1, "x"], {"": 0}])
OBJECT = st.dictionaries(st.text(min_size=1, max_size=8), JUNK, min_size=1, max_size=3)
LIST = st.lists(JUNK, max_size=3)
WORD = st.text("abcxyz", min_size=3, max_size=9)

WRONG: dict[str, st.SearchStrategy[Any]] = {
    "string": OBJECT | LIST | st.integers() | st.booleans(),
    "integer": OBJECT | LIST | WORD | st.floats(0.1, 0.9) | st.booleans(),
    "number": OBJECT | LIST | WORD | st.booleans(),
    "boolean": OBJECT | LIST | st.just("perhaps") | st.integers(2),
    "array": OBJECT | WORD | st.integers() | st.booleans(),
    "object": LIST | WORD | st.integers() | st.booleans(),
}
"""What no reading of a type takes, by the type."""

BAD_FILES: st.SearchStrategy[Any] = st.sampled_from(
    [
        {},
        {"name": "n"},
        {"content": "a", "base64": "YQ=="},
        {"content": "a", "id": "0" * 64},
        {"id": "../../etc/passwd"},
        {"id": "0" * 63},
        {"path": "/etc/passwd"},
        {"path": "../.env"},
        {"url": "file:///etc/passwd"},
        {"url": "http://127.0.0.1:8079/status"},
        {"base64": "!!!"},
        {"base64": ""},
        {"content": ""},
        {"base64": "AAECAwQFBgc="},
        {"text": "a"},
    ]
) | JUNK.filter(lambda junk: not isinstance(junk, dict))


def bad(tool: str, schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Arguments with one thing wrong that nobody could mean."""
    properties, valid = schema["properties"], VALID[tool]
    unknown = st.tuples(WORD.filter(lambda key: key not in properties), JUNK)
    ways = [unknown.map(lambda pair: valid | {pair[0]: pair[1]})]
    ways += [
        st.just({name: value for name, value in valid.items() if name != key})
        for key in schema.get("required", ())
    ]
    for key, part in properties.items():

        def put(value: Any, key: str = key) -> dict[str, Any]:
            return valid | {key: value}

        if "type" in part:
            ways.append(WRONG[part["type"]].map(put))
        if "enum" in part:
            ways.append(WORD.filter(lambda word, part=part: word not in part["enum"]).map(put))
        if "minimum" in part:
            ways.append(st.integers(max_value=part["minimum"] - 1).map(put))
        if "maximum" in part:
            ways.append(st.integers(min_value=int(part["maximum"]) + 1).map(put))
        if "maxLength" in part:
            ways.append(
                st.integers(1, 50).map(lambda more, part=part, put=put: put("x" * (part["maxLength"] + more)))
            )
        if part.get("type") == "string" and "enum" not in part and "format" not in part:
            ways.append(st.just(put("a\0b")))
        if key in ("files", "images"):
            ways.append(BAD_FILES.map(lambda file, put=put: put([{"content": "fine"}, file])))
    return st.one_of(ways)


@pytest.mark.parametrize("tool", VALID)
async def test_bad_arguments_are_a_sentence_and_reach_nobody(bench: Bench, tool: str) -> None:
    listed = (await bench.client().result("tools/list"))["tools"]
    assert [entry["name"] for entry in listed] == list(VALID)
    (schema,) = [entry["inputSchema"] for entry in listed if entry["name"] == tool]
    made: list[dict[str, Any]] = []

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(bad(tool, schema))
    def collect(arguments: dict[str, Any]) -> None:
        made.append(arguments)

    collect()
    wrong = [arguments for arguments in made if not await _refused(bench, tool, arguments)]

    assert wrong == []
    assert len(made) >= EXAMPLES
    assert (bench.gateway.requests, bench.search.queries, bench.extraction.documents, bench.fetch.urls) == (
        [],
    ) * 4


async def _refused(bench: Bench, tool: str, arguments: dict[str, Any]) -> bool:
    result = await bench.dispatcher.call_in_process(tool, arguments, "me")
    (block,) = result.content
    return result.is_error and block["text"].endswith((".", "?")) and len(block["text"]) < 1_000


@pytest.mark.parametrize("tool", VALID)
async def test_arguments_that_are_no_object_are_refused(bench: Bench, tool: str) -> None:
    for arguments in ([], "x", 1, True, [{"prompt": "x"}]):
        with pytest.raises(InvalidParams):
            await bench.dispatcher.tools.run(None, tool, arguments)  # type: ignore[arg-type]  # nobody looks at the call

    assert bench.gateway.requests == []


@pytest.mark.parametrize("tool", VALID)
async def test_null_stands_for_what_is_left_out(bench: Bench, tool: str) -> None:
    listed = (await bench.client().result("tools/list"))["tools"]
    (schema,) = [entry["inputSchema"] for entry in listed if entry["name"] == tool]
    optional = {
        key: None
        for key, part in schema["properties"].items()
        if key not in schema.get("required", ())
        and "default" not in part
        and part.get("type") not in ("boolean", "array", "object")
        and key not in ("project", "question", "domain", "query", "tool")
    }

    result = await bench.dispatcher.call_in_process(tool, VALID[tool] | optional, "me")

    assert not result.is_error, json.dumps(result.content)
