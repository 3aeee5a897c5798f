"""The last word of every update: a client's call, answered by the server that was made."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import pulumi

from app import contract
from infra.access import Access, NobodyServesError, UnansweredError
from infra.engine import LOOPBACK, address
from infra.logins import retire
from infra.pruning import prune
from infra.secret import Credentials
from infra.settings import Settings
from infra.site import Site
from infra.workload import Engine, Running

TOOL = "status"
TAKEN_IN_SECONDS = 15.0
"""Within which the edge finds a server that has become healthy: by its name, then by a check of its own."""
ASK_AGAIN_SECONDS = 0.25
ANSWERED = f"initialize, tools/list and tools/call {TOOL} answered"


class Acceptance:
    """Decides whether an update succeeded.

    The call is made in every update, also in one that changed nothing: a server that does not answer is then
    found by whoever runs `up` again. What it does not pass, the engine undoes as far as it can.
    """

    def __init__(
        self, access: Access, engine: Engine, afterwards: Sequence[Callable[[], Awaitable[None]]] = ()
    ) -> None:
        self._access = access
        self._engine = engine
        self._afterwards = afterwards

    async def ask(self) -> str:
        """Hold the conversation, once everything of the stack is healthy; a preview asks nobody.

        Raises:
            pulumi.RunError: something is not healthy, or the call was not answered.
        """
        if pulumi.runtime.is_dry_run():
            return ANSWERED
        converse, _ = await asyncio.gather(asyncio.to_thread(_conversation), self._engine.settled())
        try:
            tools, elapsed = await self._answered(converse)
        except UnansweredError as error:
            what = f"did not answer a client's call to {self._access.websocket_url} ({error})"
            said = await asyncio.to_thread(self._engine.account, contract.NAME, what)
            await self._engine.undo()
            raise pulumi.RunError(said) from error
        pulumi.log.info(
            f"MCP call answered in {elapsed} ms: initialize, tools/list ({tools}), tools/call {TOOL}."
        )
        if self._engine.changed():
            for step in self._afterwards:
                await step()
        return ANSWERED

    async def _answered(self, converse: Callable[[Access, str], Awaitable[int]]) -> tuple[int, int]:
        """Return how many tools the server has, and the milliseconds of the conversation that said so."""
        deadline = time.monotonic() + TAKEN_IN_SECONDS
        while True:
            began = time.monotonic()
            try:
                tools = await converse(self._access, TOOL)
            except NobodyServesError:
                if time.monotonic() > deadline:
                    raise
            else:
                return tools, round((time.monotonic() - began) * 1000)
            await asyncio.sleep(ASK_AGAIN_SECONDS)


def accepted(
    site: Site,
    settings: Settings,
    engine: Engine,
    credentials: Credentials,
    parts: Sequence[Running],
) -> pulumi.Output[str]:
    """Return what becomes known once a call was answered in this very run: no update succeeds without.

    The call waits for the `parts`, whatever else is made.
    """
    production = settings.is_production
    access = Access(
        url=settings.url,
        address=address() if production else LOOPBACK,
        port=settings.published_port,
        token=credentials.text("auth_token"),
        certificate=credentials.text("tls_certificate") if production else None,
    )
    afterwards = (partial(prune, site, settings.image), partial(retire, site, settings, credentials))
    acceptance = Acceptance(access, engine, afterwards)
    return pulumi.Output.all(*(part.id for part in parts)).apply(lambda _: acceptance.ask())


def prepare() -> None:
    """Let an update import the client while the program waits for something else; a plan needs none."""
    if not pulumi.runtime.is_dry_run():
        threading.Thread(target=_conversation, daemon=True).start()


def _conversation() -> Callable[[Access, str], Awaitable[int]]:
    """Import the client, which takes a sixth of a second."""
    from infra.conversation import converse

    return converse
