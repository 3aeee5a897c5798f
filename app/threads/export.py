"""A thread to take away: Markdown for people, JSON for programs."""

from collections.abc import Sequence
from typing import Any

import orjson

from app.budget.limits import as_usd
from app.counted import counted
from app.stores.records import Thread, Turn

FORMAT = "exai-thread/1"
"""The `format` of the JSON; it changes when a reader would have to."""


def as_markdown(thread: Thread, turns: Sequence[Turn]) -> str:
    """Write a thread as a document, one heading an exchange and side."""
    parts = [
        f"# {thread.title or thread.id}",
        f"Thread `{thread.id}`"
        + (f", project {thread.project}" if thread.project else "")
        + f", {counted(thread.exchanges, 'exchange')}, begun {thread.created:%Y-%m-%d %H:%M} UTC.",
    ]
    for turn in turns:
        if turn.role == "user":
            files = f"\n\nFiles: {', '.join(file[:12] for file in turn.files)}" if turn.files else ""
            parts.append(f"## {turn.number}. {turn.tool or 'Question'}\n\n{turn.text}{files}")
        else:
            cut = "\n\n*This answer was cut off.*" if turn.partial else ""
            facts = f"*{turn.model}, {counted(turn.output_tokens, 'token')}, {as_usd(turn.cost)} USD*"
            parts.append(f"### Answer\n\n{turn.text}{cut}\n\n{facts}")
    return "\n\n".join(parts) + "\n"


def as_json(thread: Thread, turns: Sequence[Turn]) -> str:
    """Write a thread as JSON: `format`, `thread` and `turns`, times in ISO 8601, money in nano-USD."""
    document: dict[str, Any] = {
        "format": FORMAT,
        "thread": {
            "id": thread.id,
            "title": thread.title,
            "project": thread.project,
            "created": thread.created,
            "updated": thread.updated,
            "forked_from": thread.forked_from,
        },
        "turns": [
            {
                "number": turn.number,
                "role": turn.role,
                "text": turn.text,
                "created": turn.created,
                "model": turn.model,
                "tool": turn.tool,
                "job": turn.job,
                "files": list(turn.files),
                "partial": turn.partial,
                "input_tokens": turn.input_tokens,
                "output_tokens": turn.output_tokens,
                "cost_nano_usd": turn.cost,
            }
            for turn in turns
        ],
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).decode()
