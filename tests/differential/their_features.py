"""Prompts, resources and completions on the SDK's server: its handlers over the records of `features`."""

import base64
from typing import Any
from urllib.parse import unquote

import mcp_types as types
from mcp import MCPError
from pydantic import ValidationError

from app.protocol.completions import Complete
from app.protocol.prompts import Prompt
from app.protocol.revisions import REVISIONS
from tests.differential import features

INVALID_PARAMS = -32602
MISSING = {revision.version: revision.missing_resource for revision in REVISIONS}
_call: Any = None
"""The handlers of `features` do not look at their call."""


def handlers() -> dict[str, Any]:
    """Return the keyword arguments for the SDK's `Server`."""
    return {
        "on_list_prompts": _list_prompts,
        "on_get_prompt": _get_prompt,
        "on_list_resources": _list_resources,
        "on_list_resource_templates": _list_templates,
        "on_read_resource": _read_resource,
        "on_subscribe_resource": _nothing,
        "on_unsubscribe_resource": _nothing,
        "on_completion": _complete,
        "on_set_logging_level": _nothing,
    }


async def _nothing(_ctx: Any, _params: Any) -> types.EmptyResult:
    return types.EmptyResult()


async def _list_prompts(_ctx: Any, _params: Any) -> types.ListPromptsResult:
    listed = [
        {
            "name": prompt.name,
            "title": prompt.title,
            "description": prompt.description,
            "arguments": _arguments(prompt),
        }
        for prompt in features.prompts()
    ]
    return types.ListPromptsResult.model_validate({"prompts": listed})


def _arguments(prompt: Prompt[Any]) -> list[dict[str, Any]]:
    return [
        {"name": name, "required": field.is_required()}
        | ({} if field.description is None else {"description": field.description})
        for name, field in prompt.arguments.model_fields.items()
    ]


async def _get_prompt(_ctx: Any, params: types.GetPromptRequestParams) -> types.GetPromptResult:
    prompt = next((prompt for prompt in features.prompts() if prompt.name == params.name), None)
    if prompt is None:
        raise MCPError(INVALID_PARAMS, "Unknown prompt")
    try:
        arguments = prompt.arguments.model_validate(params.arguments or {})
    except ValidationError as error:
        raise MCPError(INVALID_PARAMS, "Arguments do not fit") from error
    messages = await prompt.handler(_call, arguments)
    return types.GetPromptResult.model_validate({"description": prompt.description, "messages": messages})


async def _list_resources(_ctx: Any, _params: Any) -> types.ListResourcesResult:
    return types.ListResourcesResult.model_validate({"resources": _listed("uri", template=False)})


async def _list_templates(_ctx: Any, _params: Any) -> types.ListResourceTemplatesResult:
    listed = _listed("uriTemplate", template=True)
    return types.ListResourceTemplatesResult.model_validate({"resourceTemplates": listed})


def _listed(key: str, *, template: bool) -> list[dict[str, Any]]:
    return [
        {
            key: resource.uri,
            "name": resource.name,
            "title": resource.title,
            "description": resource.description,
            "mimeType": resource.mime_type,
        }
        for resource in features.resources()
        if resource.is_template == template
    ]


async def _read_resource(ctx: Any, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
    known = {resource.uri: resource for resource in features.resources() if not resource.is_template}
    (template,) = [resource for resource in features.resources() if resource.is_template]
    before, _, number = str(params.uri).rpartition("/")
    resource = template if before == "memo://pages" and number else known.get(str(params.uri))
    if resource is None:
        raise MCPError(MISSING[ctx.protocol_version], "No such resource", {"uri": str(params.uri)})
    read = await resource.read(_call, str(params.uri), {"number": unquote(number)})
    entry = {"uri": str(params.uri), "mimeType": resource.mime_type}
    shown = {"text": read} if isinstance(read, str) else {"blob": base64.b64encode(read).decode()}
    return types.ReadResourceResult.model_validate({"contents": [entry | shown]})


async def _complete(_ctx: Any, params: types.CompleteRequestParams) -> types.CompleteResult:
    asked = Complete.model_validate(params.model_dump(by_alias=True, exclude_none=True))
    values = await features.complete(_call, asked)
    completion = {"values": values, "total": len(values), "hasMore": False}
    return types.CompleteResult.model_validate({"completion": completion})
