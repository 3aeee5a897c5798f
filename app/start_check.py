"""The strict start check: store reachable, schema right, one tool call answered in process.

Until it has passed once `/health` says 503, so that a build which starts but cannot work never replaces
one that does.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from app.exits import Exit
from app.health import Health
from app.protocol.tools import ToolResult
from app.shutdown import Shutdown
from app.stores import Schema, SchemaTooNewError, StoreUnavailableError

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 5.0
"""Between attempts the wait doubles from the first to the longest."""

log = structlog.get_logger(__name__)


class StartCheck:
    """Tries until it passes; a schema that this release may not run on ends the process with 78."""

    def __init__(
        self,
        *,
        store: Schema,
        health: Health,
        call_status: Callable[[], Awaitable[ToolResult]],
        shutdown: Shutdown,
    ) -> None:
        self._store = store
        self._health = health
        self._call_status = call_status
        self._shutdown = shutdown

    async def run(self) -> None:
        """Run until it has passed, or until there is no point in trying again."""
        wait = FIRST_WAIT_SECONDS
        while not self._health.started:
            try:
                await self._attempt()
            except StoreUnavailableError as error:
                if str(error) != self._health.obstacle:
                    log.warning("not ready: the store is away; trying again", reason=str(error))
                self._health.obstacle = str(error)
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT_SECONDS)
            except SchemaTooNewError as error:
                log.error("cannot run on this schema", reason=str(error))  # noqa: TRY400 - a sentence, not a bug
                self._health.obstacle = str(error)
                self._shutdown.ask(Exit.CONFIGURATION)
                return
            except Exception as error:
                log.exception("the start check failed in a way nobody foresaw")
                self._health.obstacle = f"the start check failed: {error}"
                self._shutdown.ask(Exit.BUG)
                return

    async def _attempt(self) -> None:
        await self._store.open()
        version = await self._store.schema_version()
        result = await self._call_status()
        if result.is_error or not result.content:
            raise RuntimeError(f"the tool `status` answered in process with {result}")
        self._health.obstacle = None
        self._health.started = True
        log.info("ready", store=self._store.name, schema=version)
