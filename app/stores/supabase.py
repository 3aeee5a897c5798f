"""Supabase through its own client: each operation one call of a function over the project's Data API."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson

from app import contract
from app.settings import Secret
from app.stores.errors import NotFoundError, StoreUnavailableError
from app.stores.functions import NOT_FOUND, FunctionStore, TryAgainError, encode
from app.version import VERSION

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0
"""Above the eight seconds after which Supabase itself ends a statement of its API."""
CALL_SECONDS = 20.0
"""For one call in all, the wait for a free connection included."""
CONNECTIONS = 10
SCHEMA = "exai"

_NO_SCHEMA = frozenset({"PGRST106", "PGRST202", "3F000", "42883"})
"""The schema is not exposed; it has no such function; it is not there; the function is not."""
_NO_RIGHT = "42501"
_NO_ENTRY = frozenset({"401", "403", "PGRST301", "PGRST302"})
_PASSING = frozenset(
    {"40001", "40P01", "53300", "57P01", "57P03", "PGRST000", "PGRST001", "PGRST002", "PGRST003"}
    | {"502", "503", "504", "520", "521", "522", "523", "524"}
)
"""A deadlock, a server that restarts or is full, a gateway between: the next attempt may not meet them.

https://docs.postgrest.org/en/v12/references/errors.html; what is no JSON has its HTTP status as its code.
"""

Client = Any
"""The library's own classes, which are not imported unless this store is configured."""


class SupabaseStore(FunctionStore):
    """The library's client on an HTTP client of ours, which has deadlines, and a User-Agent of no browser.

    Secret keys (`sb_secret_…`) are refused to what looks like a browser. Nobody signs in on this client: a
    session would take the place of the service key, and row-level security would hide every row.
    """

    name = "supabase"

    def __init__(self, url: str, key: Secret) -> None:
        super().__init__()
        self._url = url
        self._key = key
        self._http: httpx.AsyncClient | None = None
        self._functions: Client | None = None
        # The HTTP client's own queue costs more the longer it is.
        self._free = asyncio.Semaphore(CONNECTIONS)

    async def open(self) -> None:
        """Connect, and look whether the project has the schema; its API offers no way to make it."""
        if self._functions is not None:
            return
        try:
            await self._connect()
            await self._require_schema()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Give the connections back."""
        http, self._http, self._functions = self._http, None, None
        if http is not None:
            await http.aclose()

    async def _connect(self) -> None:
        # Half a second of imports, which nobody else should wait for.
        supabase = await asyncio.to_thread(importlib.import_module, "supabase")
        self._http = httpx.AsyncClient(
            headers={"User-Agent": f"{contract.NAME}/{VERSION}"},
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS, pool=CALL_SECONDS),
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
        )
        options = supabase.AsyncClientOptions(
            persist_session=False, auto_refresh_token=False, httpx_client=self._http
        )
        client = await supabase.acreate_client(self._url, self._key.reveal(), options=options)
        self._functions = client.schema(SCHEMA)

    async def _require_schema(self) -> None:
        version = await self.schema_version()
        if version < len(self._migrations):
            raise StoreUnavailableError(_old(version, len(self._migrations)))

    async def _call(self, function: str, args: Mapping[str, Any]) -> Any:
        """Call one function with one request."""
        if self._functions is None:
            raise StoreUnavailableError("Supabase is not connected: it is connected at start, look above.")
        async with self._errors():
            answer = await self._functions.rpc(function, {"args": orjson.loads(encode(args))}).execute()
        return answer.data

    @asynccontextmanager
    async def _errors(self) -> AsyncIterator[None]:
        """Bound a call and translate what the library, the API and the network raise; no key is repeated."""
        from postgrest import APIError

        try:
            async with asyncio.timeout(CALL_SECONDS), self._free:
                yield
        except (TimeoutError, httpx.TimeoutException) as error:
            raise StoreUnavailableError(
                "Supabase did not answer in time: check SUPABASE_URL, and that the project is not paused."
            ) from error
        except httpx.HTTPError as error:
            raise TryAgainError(
                f"Supabase cannot be reached ({error or type(error).__name__}): check SUPABASE_URL."
            ) from error
        except APIError as error:
            raise _translated(error) from error


def _translated(error: Any) -> Exception:
    code, message = str(error.code), error.message or "no reason given"
    if code == NOT_FOUND:
        return NotFoundError(message, error.details)
    if code in _NO_SCHEMA:
        return StoreUnavailableError(_missing(message))
    if code == _NO_RIGHT:
        return StoreUnavailableError(
            f"Supabase lets this key do nothing here ({message}): SUPABASE_SERVICE_ROLE_KEY must be the "
            "service_role or sb_secret_ key, and what `exai-mcp schema` prints must have been run whole."
        )
    if code in _NO_ENTRY or "api key" in message.lower():
        return StoreUnavailableError(
            f"Supabase refuses us ({message}): correct SUPABASE_SERVICE_ROLE_KEY or SUPABASE_URL."
        )
    kind = TryAgainError if code in _PASSING else StoreUnavailableError
    return kind(f"Supabase cannot be used ({code}: {message}): look at the project's logs.")


def _missing(reason: str) -> str:
    return (
        f"This Supabase project has no schema `{SCHEMA}` that its API shows us ({reason}): paste what "
        f"`exai-mcp schema` prints into the project's SQL editor, and add `{SCHEMA}` to the exposed schemas "
        "in its API settings."
    )


def _old(version: int, needed: int) -> str:
    return (
        f"The schema of this Supabase project has version {version}, and this release needs {needed}: paste "
        f"what `exai-mcp schema --after {version}` prints into the project's SQL editor, and see that "
        f"`{SCHEMA}` is among the exposed schemas in its API settings."
    )
