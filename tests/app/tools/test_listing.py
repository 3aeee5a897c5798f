"""What clients are shown of the tools: small, in one order, honest, and never changed by accident."""

import unicodedata
from typing import Any

import orjson
import pytest

from app.protocol.revisions import REVISIONS
from scripts.describe_tools import LOCK, listing, lock_of
from tests.app.jobs.conftest import Bench
from tests.protocol.conversation import STATELESS

TWELVE = [
    "chat", "thinkdeep", "codereview", "debug", "planner", "consensus",
    "documents", "web_search", "threads", "jobs", "listmodels", "status",
]  # fmt: skip

MOST_ARGUMENT_SCHEMA_BYTES = 12_000
"""The contract's bound; clients put these schemas into every conversation."""

MOST_LIST_BYTES = 18_500
"""Everything that is listed: names, titles, descriptions, annotations and output schemas too."""

UNSEEN = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}
"""Unicode categories nobody sees: zero-width, directions, tags, controls."""


def test_the_twelve_are_listed_in_their_order() -> None:
    assert [entry["name"] for entry in listing()] == TWELVE


def test_the_schemas_are_within_their_budget() -> None:
    sizes = {entry["name"]: len(orjson.dumps(entry["inputSchema"])) for entry in listing()}

    assert sum(sizes.values()) <= MOST_ARGUMENT_SCHEMA_BYTES, sizes
    assert len(orjson.dumps(listing())) <= MOST_LIST_BYTES


@pytest.mark.parametrize("revision", [revision.version for revision in REVISIONS])
async def test_the_list_is_the_same_text_every_time_and_for_everybody(bench: Bench, revision: str) -> None:
    seen = set()
    for principal in ("one", "two"):
        client = bench.client(principal, revision)
        for _ in range(50):
            seen.add(orjson.dumps((await client.result("tools/list"))["tools"]))

    assert len(seen) == 1


async def test_what_a_server_lists_is_what_the_lock_and_the_page_were_made_from(bench: Bench) -> None:
    assert (await bench.client("me", STATELESS).result("tools/list"))["tools"] == listing()


def test_the_lock_holds_what_is_listed() -> None:
    assert LOCK.read_text() == lock_of(listing()), "if you meant to change a tool: make describe-tools"


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for key, one in value.items() for text in (key, *_texts(one))]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    return [value] if isinstance(value, str) else []


def test_nothing_that_is_listed_is_invisible() -> None:
    texts = _texts(listing())

    assert [text for text in texts if any(unicodedata.category(letter) in UNSEEN for letter in text)] == []
    assert [text for text in texts if not text.isascii() and "…" not in text] == []


def test_schemas_hold_no_references_and_take_nothing_unknown() -> None:
    for entry in listing():
        assert "$ref" not in str(entry["inputSchema"])
        assert entry["inputSchema"]["additionalProperties"] is False


def test_annotations_say_what_the_tools_do() -> None:
    said = {
        entry["name"]: (
            entry["annotations"]["readOnlyHint"],
            entry["annotations"].get("destructiveHint", False),
            entry["annotations"]["openWorldHint"],
        )
        for entry in listing()
    }

    reads, adds = (True, False, False), (False, False, True)
    assert said == dict.fromkeys(TWELVE[:8], adds) | {
        "threads": (False, True, False),
        "jobs": (False, False, True),
        "listmodels": reads,
        "status": reads,
    }
