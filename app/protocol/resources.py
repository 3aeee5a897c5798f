"""Resources: things a client may read, by URI or by template (specification: server/resources)."""

import base64
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import unquote

from msgspec import Struct

from app.protocol.call import Call
from app.protocol.errors import InvalidParams
from app.protocol.pages import Pages
from app.protocol.revisions import REVISIONS, Revision

Read = Callable[[Call, str, dict[str, str]], Awaitable[str | bytes]]
"""Given the call, the URI and the template's variables, returns text or binary contents."""


class Resource(Struct, frozen=True):
    """One resource, or with `{variables}` in its URI a template (RFC 6570 level 1)."""

    uri: str
    name: str
    title: str
    description: str
    mime_type: str
    read: Read

    @property
    def is_template(self) -> bool:
        """Tell whether the URI has variables."""
        return "{" in self.uri


class ResourceTable:
    """Lists resources and templates, and reads them."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        fixed = [resource for resource in resources if not resource.is_template]
        templates = [resource for resource in resources if resource.is_template]
        self._fixed = {resource.uri: resource for resource in fixed}
        self._templates = [(_pattern(resource.uri), resource) for resource in templates]
        self._pages = {
            revision.version: (
                Pages("resources", [_listing(resource, revision, "uri") for resource in fixed]),
                Pages("resourceTemplates", [_listing(item, revision, "uriTemplate") for item in templates]),
            )
            for revision in REVISIONS
        }

    def list(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Answer `resources/list`."""
        return self._pages[call.protocol_version][0].at(params.get("cursor"))

    def list_templates(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Answer `resources/templates/list`."""
        return self._pages[call.protocol_version][1].at(params.get("cursor"))

    async def read(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Answer `resources/read`.

        Raises:
            InvalidParams: there is no such resource; with the code the revision has for that.
        """
        uri = params.get("uri")
        if type(uri) is not str:
            raise InvalidParams("'uri' must be a string.")
        resource, variables = self._find(call, uri)
        contents = await resource.read(call, uri, variables)
        entry = {"uri": uri, "mimeType": resource.mime_type}
        if isinstance(contents, bytes):
            return {"contents": [entry | {"blob": base64.b64encode(contents).decode()}]}
        return {"contents": [entry | {"text": contents}]}

    def subscribe(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Answer `resources/subscribe`; from now on the session is told of changes."""
        uri = params.get("uri")
        if type(uri) is not str:
            raise InvalidParams("'uri' must be a string.")
        self._find(call, uri)
        if len(call.session.subscriptions) >= MAX_SUBSCRIPTIONS:
            raise InvalidParams(f"A session may watch {MAX_SUBSCRIPTIONS} resources; give one up first.")
        call.session.subscriptions.add(uri)
        return {}

    def unsubscribe(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Answer `resources/unsubscribe`; of a resource never subscribed to as well."""
        uri = params.get("uri")
        if type(uri) is not str:
            raise InvalidParams("'uri' must be a string.")
        call.session.subscriptions.discard(uri)
        return {}

    def _find(self, call: Call, uri: str) -> tuple[Resource, dict[str, str]]:
        resource = self._fixed.get(uri)
        if resource is not None:
            return resource, {}
        for pattern, template in self._templates:
            match = pattern.fullmatch(uri)
            if match is not None:
                return template, {name: unquote(value) for name, value in match.groupdict().items()}
        raise no_such_resource(call, uri)


def no_such_resource(call: Call, uri: str) -> InvalidParams:
    """Build the error for what is not there, with the code the revision has for it; `read` raises it too."""
    error = InvalidParams("There is no such resource; resources/list names those there are.", {"uri": uri})
    error.code = call.revision.missing_resource
    return error


MAX_SUBSCRIPTIONS = 100
"""Resources one session may watch."""


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{([A-Za-z_][A-Za-z0-9_]*)\}", template)
    return re.compile(
        "".join(f"(?P<{part}>[^/]+)" if n % 2 else re.escape(part) for n, part in enumerate(parts))
    )


def _listing(resource: Resource, revision: Revision, key: str) -> dict[str, Any]:
    entry = {key: resource.uri, "name": resource.name}
    if revision.structured:
        entry["title"] = resource.title
    return entry | {"description": resource.description, "mimeType": resource.mime_type}
