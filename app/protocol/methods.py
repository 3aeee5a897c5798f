"""The methods of each era: a dict from name to handler.

`instant` methods are answered within the loop turn that read the request; `served` ones get a task
of their own.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from msgspec import Struct, field

from app.protocol.call import Call
from app.protocol.changes import Changes
from app.protocol.completions import Completions
from app.protocol.lifecycle import Lifecycle
from app.protocol.logs import level_in
from app.protocol.prompts import PromptTable
from app.protocol.resources import ResourceTable
from app.protocol.stateless import Stateless
from app.protocol.tasks import Tasks
from app.protocol.tool_table import ToolTable

Params = dict[str, Any]
Answer = dict[str, Any]
Instant = Callable[[Call, Params], Answer]
Served = Callable[[Call, Params], Coroutine[Any, Any, Answer]]

ASKS = frozenset({"tools/call", "prompts/get", "resources/read"})
"""The methods whose handlers may ask the client for input."""


class Meter(Protocol):
    """Told of every request when it has ended."""

    def ended(self, method: str, params: Params, outcome: Answer | BaseException, seconds: float) -> None:
        """Take in what became of a request, its answer or what was raised, and how long it took."""


class Around(Protocol):
    """What is put around every handler once, at the start: to trace it."""

    def instant(self, method: str, handler: Instant) -> Instant:
        """Return a handler that does the same and more."""

    def served(self, method: str, handler: Served) -> Served:
        """Return a handler that does the same and more."""


class Methods(Struct, frozen=True):
    """The methods of one era."""

    instant: dict[str, Instant] = field(default_factory=dict)
    served: dict[str, Served] = field(default_factory=dict)

    def within(self, around: Around) -> "Methods":
        """Return the same methods with something around each."""
        return Methods(
            {name: around.instant(name, handler) for name, handler in self.instant.items()},
            {name: around.served(name, handler) for name, handler in self.served.items()},
        )


class Features(Struct, frozen=True):
    """What a server offers; an absent feature has neither methods nor a capability."""

    tools: ToolTable
    changes: Changes
    prompts: PromptTable | None = None
    resources: ResourceTable | None = None
    completions: Completions | None = None
    logging: bool = False

    def shared(self) -> Methods:
        """Return the methods both eras have."""
        methods = Methods({"tools/list": self.tools.list}, {"tools/call": self.tools.call})
        if self.prompts is not None:
            methods.instant["prompts/list"] = self.prompts.list
            methods.served["prompts/get"] = self.prompts.get
        if self.resources is not None:
            methods.instant["resources/list"] = self.resources.list
            methods.instant["resources/templates/list"] = self.resources.list_templates
            methods.served["resources/read"] = self.resources.read
        if self.completions is not None:
            methods.served["completion/complete"] = self.completions.complete
        return methods

    def handshake(self, lifecycle: Lifecycle) -> Methods:
        """Return the methods of the handshake revisions."""
        methods = self.shared()
        methods.instant["initialize"] = lifecycle.initialize
        methods.instant["ping"] = lambda _call, _params: {}
        if self.resources is not None:
            methods.instant["resources/subscribe"] = self.resources.subscribe
            methods.instant["resources/unsubscribe"] = self.resources.unsubscribe
        if self.logging:
            methods.instant["logging/setLevel"] = _set_level
        return methods

    def stateless(self, stateless: Stateless, tasks: Tasks) -> Methods:
        """Return the methods of the stateless revision."""
        methods = self.shared()
        methods.instant["server/discover"] = stateless.discover
        methods.served["subscriptions/listen"] = self.changes.listen
        methods.served["tasks/get"] = tasks.get
        methods.served["tasks/update"] = tasks.update
        methods.served["tasks/cancel"] = tasks.cancel
        return methods

    def capabilities(self) -> dict[str, Any]:
        """Return the capabilities of a server with these features."""
        offered: dict[str, Any] = {"tools": {"listChanged": True}}
        if self.prompts is not None:
            offered["prompts"] = {"listChanged": True}
        if self.resources is not None:
            offered["resources"] = {"listChanged": True, "subscribe": True}
        if self.completions is not None:
            offered["completions"] = {}
        if self.logging:
            offered["logging"] = {}
        return offered


def _set_level(call: Call, params: Params) -> Answer:
    call.session.log_level = level_in(params)
    return {}
