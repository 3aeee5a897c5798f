"""What came back, as one line of text that two servers can be compared by.

Left out is what may differ: the wording of errors and of failed tools, cursors, session ids, how long a
list may be cached, the order of a result's members, and whether HTTP answered with JSON or with one event.
"""

import json
from typing import Any

NOTHING = "nothing"
SERVER_INFO = "io.modelcontextprotocol/serverInfo"


def line(message: Any) -> str:
    """Render one message; what is not JSON-RPC is only called `prose`."""
    if isinstance(message, list):
        return f"[{', '.join(sorted(map(line, message)))}]"
    if not isinstance(message, dict) or "jsonrpc" not in message:
        return "prose"
    if "method" in message:
        return f"{message['method']} {_text(message.get('params', {}))}"
    # Where no id can be told, JSON-RPC writes null and the schema of 2025-11-25 leaves the member out.
    request_id = "none" if message.get("id") is None else _text(message["id"])
    if "error" in message:
        return f"error {message['error']['code']} id={request_id}"
    return f"result {_text(_settled(message['result']))} id={request_id}"


def response(status: int, messages: list[Any]) -> str:
    """Render one HTTP response."""
    return " ".join([str(status), *map(line, messages)])


def _settled(result: Any) -> Any:
    """Take out of a result what may differ."""
    if not isinstance(result, dict):
        return result
    settled = dict(result)
    if "nextCursor" in settled:
        settled["nextCursor"] = "…"
    if settled.get("isError"):
        settled["content"] = "…"
    # The schema's default; both spellings mean the same.
    if settled.get("isError") is False:
        del settled["isError"]
    if "ttlMs" in settled:
        settled["ttlMs"] = "…"
    if "capabilities" in settled:
        settled["capabilities"] = _declared(settled["capabilities"])
    if "tools" in settled:
        settled["tools"] = [
            sorted(tool) if index < 1 else tool["name"] for index, tool in enumerate(settled["tools"])
        ]
    if isinstance(settled.get("_meta"), dict):
        settled["_meta"] = {key: value for key, value in settled["_meta"].items() if key != SERVER_INFO}
        if not settled["_meta"]:
            del settled["_meta"]
    return settled


def _declared(capabilities: dict[str, Any]) -> dict[str, Any]:
    """Take out flags that are false, for absent means the same, and whether lists change."""
    return {
        name: {flag: value for flag, value in options.items() if value is not False and flag != "listChanged"}
        for name, options in capabilities.items()
    }


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
