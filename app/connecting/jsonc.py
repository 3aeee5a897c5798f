"""JSON with comments, changed in place: everything that is not changed stays byte for byte.

The editors' settings files are written by hand, with comments and trailing commas, and belong to their
authors. So a change is spliced into the text; no document is ever written anew.
Source: the grammar of RFC 8259, with the comments and trailing commas that VS Code and Zed allow.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct, field

_TOKEN = re.compile(
    r"""(?P<blank>\s+|//[^\n]*|/\*.*?\*/)
      |(?P<string>"(?:[^"\\\n]|\\.)*")
      |(?P<mark>[{}\[\],:])
      |(?P<word>[^\s{}\[\],:"/]+)""",
    re.VERBOSE | re.DOTALL,
)
_DEFAULT_INDENT = "  "
DEEPEST = 64
"""Levels of nesting that are read; no settings file comes near."""


class NotJsonError(ValueError):
    """The text cannot be read, or holds something else where the change should go; the rest of a sentence."""


class Node(Struct):
    """One value with its place in the text; `parts` are an object's members by key, or a list's items."""

    start: int
    end: int = 0
    kind: str = "scalar"
    parts: list[tuple[str, "Node"]] = field(default_factory=list)
    scalar: Any = None
    trailing_comma: bool = False

    @property
    def value(self) -> Any:
        """The value as Python has it; of a key that stands twice the last one counts."""
        match self.kind:
            case "object":
                return {key: part.value for key, part in self.parts}
            case "list":
                return [part.value for _, part in self.parts]
        return self.scalar

    def member(self, key: str) -> "Node | None":
        """Return the value of a key, None when it is not there."""
        return next((part for name, part in reversed(self.parts) if name == key), None)


def read(text: str) -> Node:
    """Read a document.

    Raises:
        NotJsonError: it is not JSON, not even with comments.
    """
    tokens = _tokens(text)
    found = _value(text, next(tokens), tokens, 0)
    kind, start, _ = next(tokens)
    if kind != "end":
        raise NotJsonError(f"has something after its end ({_line(text, start)})")
    return found


def find(text: str, path: Sequence[str]) -> Any:
    """Return the value at a path of keys, None when there is none.

    Raises:
        NotJsonError: the text cannot be read.
    """
    if next(_tokens(text))[0] == "end":
        return None
    node: Node | None = read(text)
    for key in path:
        node = None if node is None else node.member(key)
    return None if node is None else node.value


def with_member(text: str, path: Sequence[str], value: Any) -> str:
    """Return the text with a value at a path of keys; objects on the way are made where there are none.

    Raises:
        NotJsonError: the text cannot be read, or something else than an object stands on the way.
    """
    if next(_tokens(text))[0] == "end":  # nothing, or nothing but comments
        text = f"{text.rstrip()}\n{{}}\n".lstrip("\n")
    node = read(text)
    for depth, key in enumerate(path):
        if node.kind != "object":
            raise NotJsonError(
                f"has {'.'.join(path[:depth]) or 'its document'} as something else than an object"
            )
        part = node.member(key)
        if part is None:
            for missing in reversed(path[depth + 1 :]):
                value = {missing: value}
            return _insert(text, node, f"{json.dumps(key)}: ", value)
        node = part
    return text[: node.start] + _written(value, text, node.start) + text[node.end :]


def with_item(text: str, key: str, item: dict[str, Any], same: str) -> str:
    """Return the text with an item in the list at a key, unless one with the same value of `same` is in it.

    Raises:
        NotJsonError: as `with_member`, or the key holds something else than a list.
    """
    found = read(text).member(key)
    if found is None:
        return with_member(text, (key,), [item])
    if found.kind != "list":
        raise NotJsonError(f"has {key} as something else than a list")
    if any(isinstance(other, dict) and other.get(same) == item[same] for other in found.value):
        return text
    return _insert(text, found, "", item)


def _insert(text: str, into: Node, before: str, value: Any) -> str:
    """Write a value as the last part of an object or a list, in the style of the parts it has."""
    close = into.end - 1
    outer = _indent_at(text, into.start)
    inner = outer + _unit(text)
    if into.parts and "\n" in text[into.start : into.parts[-1][1].start]:
        inner = _indent_at(text, into.parts[-1][1].start)
    newline = "\r\n" if "\r\n" in text else "\n"
    part = f"{newline}{inner}{before}{_dumped(value, inner, _unit(text), newline)}"
    kept = text[:close]
    if into.parts and not into.trailing_comma:
        last = into.parts[-1][1].end
        kept = f"{text[:last]},{text[last:close]}"
    # After a comment on the last line, only a new line is sure not to be part of it.
    return f"{kept.rstrip()}{part}{newline}{outer}{text[close:]}"


def _written(value: Any, text: str, at: int) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    return _dumped(value, _indent_at(text, at), _unit(text), newline)


def _dumped(value: Any, indent: str, unit: str, newline: str) -> str:
    lines = json.dumps(value, indent=unit, ensure_ascii=False).splitlines()
    return f"{newline}{indent}".join(lines)


def _indent_at(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 :]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _unit(text: str) -> str:
    found = re.search(r"\n([ \t]+)\S", text)
    return found[1] if found else _DEFAULT_INDENT


def _tokens(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield kind, start and end of what means something; `end` comes last, for ever."""
    at = 1 if text.startswith("\ufeff") else 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise NotJsonError(f"cannot be read ({_line(text, at)})")
        at = found.end()
        if found.lastgroup != "blank":
            yield str(found.lastgroup), found.start(), found.end()
    while True:
        yield "end", len(text), len(text)


def _value(
    text: str, token: tuple[str, int, int], tokens: Iterator[tuple[str, int, int]], depth: int
) -> Node:
    kind, start, end = token
    if depth > DEEPEST:
        raise NotJsonError("is nested too deeply")
    if kind == "mark" and text[start] in "{[":
        return _container(text, Node(start, kind="object" if text[start] == "{" else "list"), tokens, depth)
    if kind in ("string", "word"):
        try:
            return Node(start, end, scalar=json.loads(text[start:end]))
        except ValueError:
            pass
    raise NotJsonError(f"cannot be read ({_line(text, start)})")


def _container(text: str, node: Node, tokens: Iterator[tuple[str, int, int]], depth: int) -> Node:
    close = "}" if node.kind == "object" else "]"
    token = next(tokens)
    while text[token[1] : token[2]] != close:
        key = ""
        if node.kind == "object":
            if token[0] != "string":
                raise NotJsonError(f"cannot be read ({_line(text, token[1])})")
            key = json.loads(text[token[1] : token[2]])
            colon = next(tokens)
            if text[colon[1] : colon[2]] != ":":
                raise NotJsonError(f"cannot be read ({_line(text, colon[1])})")
            token = next(tokens)
        node.parts.append((key, _value(text, token, tokens, depth + 1)))
        node.trailing_comma = False
        token = next(tokens)
        if text[token[1] : token[2]] == ",":
            node.trailing_comma = True
            token = next(tokens)
        elif text[token[1] : token[2]] != close:
            raise NotJsonError(f"cannot be read ({_line(text, token[1])})")
    node.end = token[2]
    return node


def _line(text: str, at: int) -> str:
    return f"line {text.count(chr(10), 0, at) + 1}"
