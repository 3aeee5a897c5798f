"""A request of ours in the vendors' words: the one place where the body of a chat completion is made.

What differs between vendors and models is data (`Dialect`, `Model`); nothing here asks who the vendor is.
Sampling is never sent: Kimi's models accept one temperature each and refuse every other.
"""

import base64
from typing import Any

import orjson

from app.providers.errors import Kind, ProviderError
from app.providers.records import Effort, Replay, Thinking
from app.providers.requests import Function, Media, Message, Request

LOST_REASONING = "."
"""Stands for reasoning that was not kept: Kimi answers 400 where it is missing, and to an empty one too."""

PARTS = {"image": "image_url", "video": "video_url", "file": "file_url"}
"""The part of a message that carries each kind of media."""


def body(request: Request) -> dict[str, Any]:
    """Return the body of `POST /chat/completions`, streamed.

    Raises:
        ProviderError: the model cannot be asked this (media it does not see, too many stop sequences).
    """
    model, dialect = request.model, request.model.vendor.dialect
    content: dict[str, Any] = {
        "model": model.id,
        "messages": messages(request),
        "stream": True,
        dialect.output_field: min(request.max_output, model.max_output or request.max_output),
        **_steering(request),
    }
    if dialect.stream_options:
        content["stream_options"] = {"include_usage": True}
    if request.functions:
        content["tools"] = [_function(function, dialect.function_strict) for function in request.functions]
    if request.json_schema is not None:
        content["response_format"] = _format(request)
    if request.stop:
        content["stop"] = _stops(request)
    named = (
        (dialect.cache_field, request.conversation),
        (dialect.user_field, request.user),
        (dialect.id_field, request.id),
    )
    return content | {field: value for field, value in named if field and value}


def messages(request: Request) -> list[dict[str, Any]]:
    """Return the conversation; system messages are joined into one at its head.

    GLM refuses a system message anywhere else (1214), and both vendors' caches want a beginning that stays.
    """
    system = [message.text for message in request.messages if message.role == "system" and message.text]
    if request.json_schema is not None and not request.model.vendor.dialect.json_schemas:
        system.append(_schema_in_words(request))
    said = [_message(message, request) for message in request.messages if message.role != "system"]
    head = [{"role": "system", "content": "\n\n".join(system)}] if system else []
    return [*head, *said]


def _message(message: Message, request: Request) -> dict[str, Any]:
    content: dict[str, Any] = {"role": message.role}
    if message.media:
        media = [_part(medium, request) for medium in message.media]
        # Text goes last, as the vendors' own examples have it; an empty text part is refused.
        content["content"] = [*media, *([{"type": "text", "text": message.text}] if message.text else [])]
    elif message.text or not message.tool_calls:
        # Kimi refuses empty content; a turn that only calls functions has none at all.
        content["content"] = message.text or " "
    if message.tool_call is not None:
        content["tool_call_id"] = message.tool_call
    if message.tool_calls:
        content["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    if replays(message, request):
        content["reasoning_content"] = message.reasoning or LOST_REASONING
    return content


def replays(message: Message, request: Request) -> bool:
    """Whether a message is sent with its reasoning."""
    thinks = request.model.thinking is not Thinking.NONE and _effort(request) is not Effort.OFF
    wanted = bool(message.tool_calls) or request.model.replay is not Replay.CALLS
    return message.role == "assistant" and thinks and wanted


def _steering(request: Request) -> dict[str, Any]:
    """Map our effort to what the model has; nothing is sent of what it could not do otherwise."""
    model, effort = request.model, _effort(request)
    steering: dict[str, Any] = {}
    if effort is Effort.OFF:
        return {"thinking": {"type": "disabled"}}
    thinking = dict(model.vendor.dialect.keep) if model.replay is Replay.ASKED else {}
    if thinking or (effort is not None and model.thinking is Thinking.SWITCH):
        steering["thinking"] = {"type": "enabled", **thinking}
    if effort is not None and model.graded:
        steering["reasoning_effort"] = effort.value
    return steering


def _effort(request: Request) -> Effort | None:
    return None if request.effort is None else request.model.nearest(request.effort)


def _part(medium: Media, request: Request) -> dict[str, Any]:
    model = request.model
    kind = medium.media_type.partition("/")[0]
    kind = kind if kind in PARTS else "file"
    if kind not in model.media:
        raise ProviderError(
            Kind.REQUEST,
            f"{model.id} does not see {medium.media_type}"
            f"{f' (it sees {chr(44).join(model.media)})' if model.media else ', only text'}: "
            "choose a model that does, or have the document's text extracted first.",
            vendor=model.vendor.id,
            attempts=0,
        )
    encoded = base64.b64encode(medium.content).decode("ascii")
    url = f"data:{medium.media_type};base64,{encoded}" if model.vendor.dialect.data_urls else encoded
    return {"type": PARTS[kind], PARTS[kind]: {"url": url}}


def _function(function: Function, strict: bool | None) -> dict[str, Any]:
    content: dict[str, Any] = {
        "name": function.name,
        "description": function.description,
        "parameters": function.parameters,
    }
    if strict is not None:
        content["strict"] = strict
    return {"type": "function", "function": content}


def _format(request: Request) -> dict[str, Any]:
    if not request.model.vendor.dialect.json_schemas:
        return {"type": "json_object"}
    # Not strict: the vendor's subset of JSON Schema refuses what ours may say, and the caller validates.
    return {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": request.json_schema, "strict": False},
    }


def _schema_in_words(request: Request) -> str:
    schema = orjson.dumps(request.json_schema).decode()
    return f"Answer with one JSON value and nothing else. It must fit this JSON Schema:\n{schema}"


def _stops(request: Request) -> list[str]:
    most = request.model.vendor.dialect.stops
    if len(request.stop) > most:
        raise ProviderError(
            Kind.REQUEST,
            f"{request.model.vendor.title} takes at most {most} stop sequences, and {len(request.stop)} were "
            "given: leave some out.",
            vendor=request.model.vendor.id,
            attempts=0,
        )
    return list(request.stop)
