"""Changes to JSON with comments: judged by another parser, and everything else byte for byte as it was."""

import json
from typing import Any

import jsonc as judge
import pytest

from app.connecting import jsonc

SETTINGS = """// Zed settings
{
  "theme": "One Dark", // not the light one
  /* servers */
  "context_servers": {
    "other": {
      "command": "x",
      "args": ["a // no comment", "b \\" /* none */"],
    },
  },
  "tabs": { "size": 4 },
  // the end
}
"""
DOCUMENTS = {
    "empty": "",
    "only a comment": "// nothing yet\n",
    "no members": "{}",
    "on one line": '{"a": 1, "b": [1, 2]}',
    "comment after the last member": '{\n  "a": 1 // why\n}\n',
    "tabs": '{\n\t"a": {\n\t\t"b": true\n\t}\n}\n',
    "windows line ends": '{\r\n  "a": 1\r\n}\r\n',
    "a byte order mark": '\ufeff{\n  "a": null\n}',
    "a person's settings": SETTINGS,
}
ENTRY = {"url": "http://127.0.0.1:8079/mcp", "headers": {"Authorization": "Bearer ${X}"}}


def judged(text: str) -> Any:
    return judge.loads(text.removeprefix("\ufeff")) if "{" in text else {}


@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS)
@pytest.mark.parametrize("path", [("new",), ("a-table", "deep", "exai"), ("context_servers", "exai")])
def test_a_member_is_added_and_nothing_else_changes(text: str, path: tuple[str, ...]) -> None:
    expected = judged(text)
    table = expected
    for key in path[:-1]:
        table = table.setdefault(key, {})
    table[path[-1]] = ENTRY

    after = jsonc.with_member(text, path, ENTRY)

    assert judged(after) == expected
    assert jsonc.find(after, path) == ENTRY
    assert all(line in after for line in text.splitlines() if line.strip().startswith(("//", "/*")))


@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS)
def test_adding_twice_changes_nothing_the_second_time(text: str) -> None:
    once = jsonc.with_member(text, ("servers", "exai"), ENTRY)

    assert jsonc.with_member(once, ("servers", "exai"), ENTRY) == once


def test_strict_json_stays_strict_json() -> None:
    for text in ("", "{}", '{"a": 1}', '{\n  "a": [],\n  "b": {}\n}\n'):
        after = jsonc.with_item(jsonc.with_member(text, ("a-new", "one"), ENTRY), "list", {"id": "x"}, "id")

        assert json.loads(after)["a-new"] == {"one": ENTRY}


def test_a_value_is_replaced_where_it_stands_and_comments_around_it_stay() -> None:
    after = jsonc.with_member(SETTINGS, ("context_servers", "other"), {"command": "y"})

    assert judged(after)["context_servers"] == {"other": {"command": "y"}}
    head, tail = SETTINGS.index('{\n      "command"'), SETTINGS.index(',\n  },\n  "tabs"')
    assert after.startswith(SETTINGS[:head])
    assert after.endswith(SETTINGS[tail:])


def test_of_a_key_that_stands_twice_the_one_that_counts_is_changed() -> None:
    after = jsonc.with_member('{"a": 1, "a": 2}', ("a",), 3)

    assert judged(after) == {"a": 3}


def test_an_item_is_added_once() -> None:
    once = jsonc.with_item('{"inputs": [{"id": "x"}, // mine\n]}', "inputs", {"id": "y", "n": 1}, "id")

    assert judged(once) == {"inputs": [{"id": "x"}, {"id": "y", "n": 1}]}
    assert "// mine" in once
    assert jsonc.with_item(once, "inputs", {"id": "y"}, "id") == once


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "cannot be read (line 1)"),
        ('{\n"a": 1\n"b": 2}', "cannot be read (line 3)"),
        ('{"a" 1}', "cannot be read (line 1)"),
        ("{'a': 1}", "cannot be read (line 1)"),
        ('{"a": nope}', "cannot be read (line 1)"),
        ("{} {}", "has something after its end (line 1)"),
        ("[1]", "has its document as something else than an object"),
        ('{"servers": []}', "has servers as something else than an object"),
        ("[" * 100, "is nested too deeply"),
        ('{"a": "unfinished\n"}', "cannot be read (line 1)"),
        ("/* unfinished {}", "cannot be read (line 1)"),
    ],
)
def test_what_cannot_be_changed_is_said_with_its_line(text: str, sentence: str) -> None:
    with pytest.raises(jsonc.NotJsonError) as caught:
        jsonc.with_member(text, ("servers", "exai"), ENTRY)

    assert str(caught.value) == sentence


def test_a_list_is_not_made_of_something_else() -> None:
    with pytest.raises(jsonc.NotJsonError, match="has inputs as something else than a list"):
        jsonc.with_item('{"inputs": {}}', "inputs", {"id": "x"}, "id")
