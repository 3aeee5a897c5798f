"""Takes changes of server.toml over without a restart: on SIGHUP, and when the file has become another.

Clients and budgets change live. A file with faults changes nothing: the clients of before stay.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import structlog

from app.clients.admission import ClientAdmission
from app.settings import ConfigurationError, Secret, ServerFile
from app.settings.server_file import DEFAULT_CLIENT, FILE_NAME, check_token, read

CHECK_SECONDS = 2.0
"""How often the file is looked at (one `stat`); a change is known to all within this time."""

FINISH_SECONDS = 30.0
"""When a token was rotated, how long calls on the old token's sockets may take to finish."""

REVOKED = "This client was removed from the server; ask its operator."
ROTATED = "This client's token was replaced; connect with the new one."

log = structlog.get_logger(__name__)


class Gate(Protocol):
    """The part of the guard that knows tokens."""

    def replace_clients(self, clients: Mapping[str, bytes]) -> None:
        """Take other clients from the next request on."""


class Spends(Protocol):
    """What knows how much each client may spend."""

    def replace(self, file: ServerFile) -> None:
        """Take the budgets of another file from the next call on."""


class Transport(Protocol):
    """What serves clients, and can stop to."""

    async def expel(self, principal: str, reason: str, finish_seconds: float) -> None:
        """Close what a client has open, after its calls have had this long to finish."""


class LiveClients:
    """The clients as they are now: `default` and those of the file."""

    def __init__(
        self,
        *,
        config_dir: Path,
        auth_token: Secret,
        gate: Gate,
        admission: ClientAdmission,
        budgets: Spends,
        transports: tuple[Transport, ...],
    ) -> None:
        self._config_dir = config_dir
        self._auth_token = auth_token
        self._gate = gate
        self._admission = admission
        self._budgets = budgets
        self._transports = transports
        self._file = ServerFile()
        self._digests: dict[str, bytes] = {}
        self._seen: tuple[int, ...] = ()
        self._asked = asyncio.Event()
        self._expelling: set[asyncio.Task[None]] = set()

    def begin(self, file: ServerFile) -> None:
        """Take the clients the settings were read with."""
        self._seen = self._look()
        self._file = file
        self._digests = self._digests_of(file)
        self._gate.replace_clients(self._digests)
        self._admission.replace(file.clients)

    @property
    def names(self) -> frozenset[str]:
        """The clients there are now."""
        return frozenset(self._digests)

    def is_operator(self, name: str) -> bool:
        """Whether a client is shown what all clients spend."""
        return self._file.is_operator(name)

    def ask(self) -> None:
        """Ask for the file to be read again now; safe in a signal handler of the event loop."""
        self._asked.set()

    async def watch(self) -> None:
        """Take over changes until cancelled."""
        try:
            while True:
                try:
                    async with asyncio.timeout(CHECK_SECONDS):
                        await self._asked.wait()
                except TimeoutError:
                    if self._look() == self._seen:
                        continue
                asked = self._asked.is_set()
                self._asked.clear()
                self.reload(asked=asked)
        finally:
            for task in self._expelling:
                task.cancel()
            await asyncio.gather(*self._expelling, return_exceptions=True)

    def reload(self, *, asked: bool = False) -> bool:
        """Read the file and apply its clients; return whether it was free of faults."""
        self._seen = self._look()
        try:
            file = read(self._config_dir)
            check_token(file, self._auth_token)
        except ConfigurationError as error:
            log.error(  # noqa: TRY400 - a sentence for the operator, not a bug
                "server.toml is wrong, and the clients stay as they were", faults=list(error.faults)
            )
            return False
        if file.limits != self._file.limits:
            log.warning("[limits] of server.toml changed: they are read at start, restart to apply them")
        before, now = self._digests, self._digests_of(file)
        self._gate.replace_clients(now)
        listed = self._admission.replace(file.clients)
        self._budgets.replace(file)
        self._file, self._digests = file, now
        revoked = sorted(before.keys() - now.keys())
        rotated = sorted(name for name in before.keys() & now.keys() if before[name] != now[name])
        for name in revoked:
            self._expel(name, REVOKED, 0.0)
        for name in rotated:
            self._expel(name, ROTATED, FINISH_SECONDS)
        added = sorted(now.keys() - before.keys())
        if asked or added or revoked or rotated or listed:
            log.info("clients taken over", clients=len(now), added=added, revoked=revoked, rotated=rotated)
        return True

    def _digests_of(self, file: ServerFile) -> dict[str, bytes]:
        own = hashlib.sha256(self._auth_token.reveal().encode()).digest()
        return {DEFAULT_CLIENT: own} | {
            name: bytes.fromhex(client.token_sha256)
            for name, client in file.clients.items()
            if client.token_sha256 is not None
        }

    def _expel(self, name: str, reason: str, finish_seconds: float) -> None:
        for transport in self._transports:
            task = asyncio.ensure_future(transport.expel(name, reason, finish_seconds))
            self._expelling.add(task)
            task.add_done_callback(self._expelling.discard)

    def _look(self) -> tuple[int, ...]:
        try:
            found = (self._config_dir / FILE_NAME).stat()
        except OSError:
            return ()
        return found.st_mtime_ns, found.st_size, found.st_ino
