"""Counts tokens roughly as real tokenizers do: four or five letters each, one for each Chinese character."""

import re
from typing import Any

PER_MESSAGE = 4
"""What a message costs beside its text."""
PER_MEDIUM = 258
"""What an image, a video or a file costs here; the vendors count pixels."""

_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\s?\w{1,5}|\s?[^\w\s]|\s")


def split(text: str) -> list[str]:
    """Cut a text into its tokens; joined they are the text."""
    return _TOKEN.findall(text)


def count(text: str) -> int:
    """Return how many tokens a text has."""
    return len(split(text))


def of_message(message: dict[str, Any]) -> int:
    """Return what one message of a request costs, its reasoning and function calls included."""
    total = PER_MESSAGE + count(message.get("reasoning_content") or "")
    content = message.get("content")
    if isinstance(content, str):
        total += count(content)
    for part in content if isinstance(content, list) else ():
        total += count(part["text"]) if part.get("type") == "text" else PER_MEDIUM
    for call in message.get("tool_calls") or ():
        total += count(call["function"]["name"]) + count(call["function"]["arguments"])
    return total
