"""What the vendors refuse in a chat request, each rule as its documentation or its users tell it."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from demo import models, tokens
from demo.models import DemoModel
from demo.refusals import RefusalError, glm, kimi

Body = Mapping[str, Any]

SAMPLING = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "n")
_TOOL_NAME = re.compile(r"^[a-zA-Z_][a-zA-Z0-9-_]{2,63}$")
_BAD = "invalid_request_error"
KIMI_DEFAULT_OUTPUT = 1024


def check_key(vendor: str, header: str | None) -> str:
    """Return the key; a key that holds `wrong` is none, and one that holds `poor` has no money left."""
    scheme, _, key = (header or "").partition(" ")
    if scheme != "Bearer" or not key or "wrong" in key:
        raise (
            kimi(401, "invalid_authentication_error", "Invalid Authentication")
            if vendor == "kimi"
            else glm(401, "1002", "Invalid Authentication Token, please confirm the correct transmission")
        )
    if "poor" in key:
        raise (
            kimi(429, "exceeded_current_quota_error", "Your account is suspended, please recharge")
            if vendor == "kimi"
            else glm(429, "1113", "Insufficient balance or no resource package. Please recharge.")
        )
    return key


def check(vendor: str, body: Body) -> DemoModel:
    """Return the model of a request that the vendor would take.

    Raises:
        RefusalError: it would not.
    """
    model = models.OF_VENDOR[vendor].get(body.get("model", ""))
    if model is None:
        raise (
            kimi(
                404,
                "resource_not_found_error",
                f"Not found the model {body.get('model')} or Permission denied",
            )
            if vendor == "kimi"
            else glm(400, "1211", "Model does not exist, please check the model code.")
        )
    refuse = _kimi if vendor == "kimi" else _glm
    if not body.get("messages"):
        raise refuse("messages must not be empty")
    _check_steering(body, model, refuse)
    _check_media(vendor, body, model, refuse)
    (_check_kimi if vendor == "kimi" else _check_glm)(body, model)
    _check_length(vendor, body, model)
    return model


def most_output(vendor: str, body: Body) -> int:
    """Return how many tokens the answer may have."""
    if vendor == "kimi":
        return int(body.get("max_completion_tokens") or body.get("max_tokens") or KIMI_DEFAULT_OUTPUT)
    return int(body.get("max_tokens") or 65_536)


def thinks(body: Body) -> bool:
    """Whether the model reasons in this request."""
    return bool((body.get("thinking") or {}).get("type") != "disabled")


def prompt_tokens(body: Body) -> int:
    """Return what the prompt costs: messages and functions."""
    functions = sum(tokens.count(str(tool)) for tool in body.get("tools") or ())
    return sum(map(tokens.of_message, body["messages"])) + functions


def _kimi(message: str) -> RefusalError:
    return kimi(400, _BAD, f"Invalid request: {message}")


def _glm(message: str) -> RefusalError:
    return glm(400, "1214", message)


def _check_steering(body: Body, model: DemoModel, refuse: Callable[[str], RefusalError]) -> None:
    if model.thinking == "always" and not thinks(body):
        raise refuse(f"thinking cannot be disabled for {model.id}")
    if "reasoning_effort" in body and not model.graded:
        raise refuse(f"reasoning_effort is not supported by {model.id}")
    if body.get("reasoning_effort", "max") not in ("low", "medium", "high", "max", "none"):
        raise refuse("reasoning_effort must be one of low, high, max")


def _check_media(vendor: str, body: Body, model: DemoModel, refuse: Callable[[str], RefusalError]) -> None:
    for message in body["messages"]:
        parts = message.get("content")
        for part in parts if isinstance(parts, list) else ():
            kind = part.get("type")
            if kind == "text":
                continue
            if kind not in model.sees:
                raise refuse(f"{model.id} does not support {kind}")
            url = part[kind]["url"]
            if vendor == "kimi" and not url.startswith(("data:", "ms://")):
                raise refuse("unsupported image url, only base64 data urls and ms:// files are")
            if vendor == "glm" and url.startswith("data:"):
                raise glm(400, "1210", "图片输入格式/解析错误")


def _check_kimi(body: Body, model: DemoModel) -> None:
    for field in SAMPLING:
        if field in body:
            raise _kimi(f"invalid {field}: it is fixed for this model")
    if len(body.get("stop") or ()) > 5 or any(len(one.encode()) > 32 for one in body.get("stop") or ()):
        raise _kimi("stop takes at most 5 sequences of 32 bytes")
    for index, message in enumerate(body["messages"]):
        calls = message.get("tool_calls")
        if not message.get("content") and not calls:
            raise _kimi(f"message at position {index} with role '{message['role']}' must not be empty")
        if message["role"] != "assistant" or not thinks(body):
            continue
        if calls and not message.get("reasoning_content"):
            raise kimi(
                400,
                _BAD,
                "thinking is enabled but reasoning_content is missing in assistant tool call message at "
                f"index {index}",
            )
        if model.preserved and "reasoning_content" not in message:
            raise kimi(
                400,
                _BAD,
                "preserved thinking (thinking.keep=all) requires reasoning_content on every assistant "
                f"message, but assistant message at index {index} is missing reasoning_content",
            )
    for tool in body.get("tools") or ():
        function = tool["function"]
        if not _TOOL_NAME.match(function["name"]):
            raise _kimi(f"tool name {function['name']!r} is invalid")
        if function.get("strict", True) and not _typed(function["parameters"]):
            raise _kimi(
                "tools.function.parameters is not a valid moonshot flavored json schema: type is missing"
            )
    if body.get("tool_choice") == "required" and not model.graded:
        raise _kimi("tool_choice required is not supported")


def _check_glm(body: Body, model: DemoModel) -> None:
    if "max_completion_tokens" in body:
        raise glm(400, "1210", "Incorrect API call parameters: max_completion_tokens")
    if model.most_output and (body.get("max_tokens") or 0) > model.most_output:
        raise glm(400, "1210", "Incorrect API call parameters: max_tokens")
    if not 0 <= body.get("temperature", 0.5) <= 1:
        raise _glm("Invalid temperature parameter")
    if len(body.get("stop") or ()) > 1:
        raise _glm("Invalid stop parameter: only one stop word is supported")
    if body.get("tool_choice", "auto") != "auto":
        raise _glm("Invalid tool_choice parameter: only auto is supported")
    if (body.get("response_format") or {}).get("type") == "json_schema":
        raise _glm("Invalid response_format parameter")
    for field, least, most in (("user_id", 6, 128), ("request_id", 6, 64)):
        if field in body and not least <= len(body[field]) <= most:
            raise _glm(f"Invalid {field} parameter")
    roles = [message["role"] for message in body["messages"]]
    if "system" in roles[1:]:
        raise _glm("Incorrect role information: system must come first")
    if not {"user", "tool"} & set(roles):
        raise _glm("The messages must not be system or assistant messages only")


def _check_length(vendor: str, body: Body, model: DemoModel) -> None:
    asked = prompt_tokens(body)
    if vendor == "glm" and asked > model.context:
        raise glm(400, "1261", "Prompt exceeds max length")
    if vendor == "kimi" and asked + most_output(vendor, body) > model.context:
        raise _kimi(f"Your request exceeded model token limit: {model.context} (requested: {asked})")


def _typed(schema: Any) -> bool:
    """Whether every nested property says its type, which Kimi's strict mode demands."""
    properties = schema.get("properties", {}) if isinstance(schema, Mapping) else {}
    return all("type" in inner and _typed(inner) for inner in properties.values())
