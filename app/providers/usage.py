"""Where vendors put what they counted, which is in one of four places."""

from collections.abc import Mapping
from typing import Any

from app.providers.events import Usage


def read(chunk: Mapping[str, Any]) -> Usage | None:
    """Return the usage in a chunk of a stream, or in a whole answer; None when there is none in it.

    It stands at the top, or in the first choice (Kimi's last chunk but one); the cached tokens stand at its
    top (Kimi) or among `prompt_tokens_details` (both).
    """
    found = chunk.get("usage")
    if not isinstance(found, Mapping):
        choices = chunk.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        found = choice.get("usage") if isinstance(choice, Mapping) else None
    return _usage(found) if isinstance(found, Mapping) and "prompt_tokens" in found else None


def _usage(found: Mapping[str, Any]) -> Usage:
    prompt, completion = _details(found, "prompt"), _details(found, "completion")
    total = _count(found.get("prompt_tokens"))
    cached = min(total, _count(found.get("cached_tokens")) or _count(prompt.get("cached_tokens")))
    written = _count(prompt.get("cache_creation_tokens")) or _count(prompt.get("cache_write_tokens"))
    output = _count(found.get("completion_tokens"))
    return Usage(
        input=total,
        cached=cached,
        output=output,
        reasoning=min(output, _count(completion.get("reasoning_tokens"))),
        written=min(total - cached, written),
    )


def _details(found: Mapping[str, Any], side: str) -> Mapping[str, Any]:
    details = found.get(f"{side}_tokens_details")
    return details if isinstance(details, Mapping) else {}


def _count(value: object) -> int:
    """Take a count for what it is; null, text and negative numbers have been seen."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
