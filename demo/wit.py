"""What the demo says: a script that looks sensible, tells that it is one, and is the same every time."""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from demo import tokens
from demo.faults import Script, without_markers
from demo.history.conversations import recited

SHOWN = 160
"""Characters of a question that are repeated."""
ENCRYPTED = re.compile(r"----MOONSHOT ENCRYPTED BEGIN----(.*?)----MOONSHOT ENCRYPTED END----", re.DOTALL)
NAMES = {"kimi": "Kimi", "glm": "GLM"}
_WORDS = (
    "demo",
    "answer",
    "without",
    "meaning",
    "made",
    "only",
    "to",
    "have",
    "the",
    "length",
    "asked",
    "for",
)
_ASKS_FOR_LIST = re.compile(r"\b(list|steps?|plan|ideas?|ways|reasons)\b|列出|步骤", re.IGNORECASE)
_ASKS_FOR_SUMMARY = re.compile(r"\bsummar|总结|摘要", re.IGNORECASE)
_ASKS_FOR_SYNTHESIS = re.compile(
    r"\bsynthes|\bconsensus|\banswer (?:a|1)\b.*\banswer (?:b|2)\b", re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Said:
    """One answer: reasoning, text, and the functions it calls as (name, arguments)."""

    reasoning: str
    text: str
    calls: Sequence[tuple[str, str]] = field(default_factory=tuple)


def answer(vendor: str, body: Mapping[str, Any], script: Script) -> Said:
    """Return what the demo answers to a request."""
    messages = body["messages"]
    question = without_markers(last_text(messages))
    reasoning = _reasoning(question)
    if script.think is not None:
        reasoning = _filler(script.think)
    if "tool-call" in script.faults and body.get("tools"):
        function = body["tools"][0]["function"]
        return Said(
            reasoning, "", ((function["name"], json.dumps(_instance(function["parameters"], question))),)
        )
    if (body.get("response_format") or {}).get("type", "text") != "text":
        return Said(reasoning, json.dumps(_json(body, question), ensure_ascii=False))
    if script.words is not None:
        return Said(reasoning, _filler(script.words))
    if (known := recited(question.strip())) is not None:
        return Said(reasoning, known)
    return Said(reasoning, _text(vendor, str(body["model"]), messages, question))


def last_text(messages: Sequence[Mapping[str, Any]]) -> str:
    """Return the text of the last message of a person."""
    for message in reversed(messages):
        if message["role"] == "user":
            content = message.get("content")
            if isinstance(content, list):
                return " ".join(part["text"] for part in content if part.get("type") == "text")
            return content or ""
    return ""


def _text(vendor: str, model: str, messages: Sequence[Mapping[str, Any]], question: str) -> str:
    opening = f"This is the demo's {NAMES[vendor]} ({model}), a script and no model."
    earlier = [message for message in messages[:-1] if message["role"] == "user"]
    seen = _media(messages)
    if _ASKS_FOR_SYNTHESIS.search(question):
        body = (
            "Where the answers agree: both take the question seriously and would start with the simplest "
            "thing that works.\nWhere they differ: the one names a risk that the other leaves out.\n"
            "Recommendation: follow the shared part first, then settle the difference with a measurement."
        )
    elif _ASKS_FOR_SUMMARY.search(question):
        asked = [f"- {_shown(without_markers(last_text([message])))}" for message in earlier] or [
            f"- {_shown(question)}"
        ]
        body = "In short, this was asked:\n" + "\n".join(asked)
    elif _ASKS_FOR_LIST.search(question):
        subjects = list(dict.fromkeys(re.findall(r"\w{5,}", question)))[:4] or ["the question"]
        body = "\n".join(
            f"{number}. Look at «{subject}» on its own and write down what would prove you wrong."
            for number, subject in enumerate(subjects, 1)
        )
    else:
        body = (
            f"You asked: «{_shown(question)}»\nA real model would answer here; the demo repeats the question."
        )
    memory = (
        f"This is question {len(earlier) + 1} of our thread; the one before was "
        f"«{_shown(without_markers(last_text([earlier[-1]])))}»."
        if earlier
        else ""
    )
    return "\n\n".join(part for part in (opening, seen, body, memory) if part)


def _reasoning(question: str) -> str:
    return f"The question has {tokens.count(question)} tokens. I repeat it, since I am a script."


def _media(messages: Sequence[Mapping[str, Any]]) -> str:
    kinds = [
        part["type"].removesuffix("_url")
        for message in messages
        if isinstance(message.get("content"), list)
        for part in message["content"]
        if part.get("type") != "text"
    ]
    return f"It came with {len(kinds)} of these: {', '.join(sorted(set(kinds)))}." if kinds else ""


def _json(body: Mapping[str, Any], question: str) -> Any:
    schema = (body["response_format"].get("json_schema") or {}).get("schema")
    if schema is None:
        said = "\n".join(str(m.get("content")) for m in body["messages"] if m["role"] == "system")
        at = said.find("{")
        try:
            schema = json.JSONDecoder().raw_decode(said[at:])[0] if at >= 0 else {}
        except json.JSONDecodeError:
            schema = {}
    found = _instance(schema, question)
    for message in body["messages"]:
        if message["role"] == "tool" and (hidden := ENCRYPTED.search(str(message.get("content")))):
            found = {"sources": json.loads(base64.b64decode(hidden[1]))}
    return found


def _instance(schema: Mapping[str, Any], question: str) -> Any:
    """Make the smallest value that fits a schema; texts repeat the question."""
    if schema.get("enum"):
        return schema["enum"][0]
    match schema.get("type"):
        case "string":
            return _shown(question) or "demo"
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case "array":
            return [_instance(schema.get("items", {"type": "string"}), question)]
        case "object":
            return {name: _instance(inner, question) for name, inner in schema.get("properties", {}).items()}
    return {"demo": _shown(question)}


def _filler(count: int) -> str:
    """Return a text of exactly this many tokens."""
    words = [f" {_WORDS[index % len(_WORDS)][:5]}" for index in range(count)]
    return "".join(words)[1:] if words else ""


def _shown(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}…"
