"""What a server that runs already says of itself, asked over its probe with the token."""

import asyncio

import aiohttp
import orjson
from msgspec import Struct
from yarl import URL

ASK_SECONDS = 5.0
MAX_BYTES = 256 * 1024


class Running(Struct, frozen=True):
    """What `/readyz` answered; without a valid token `version` is None and there are no reasons."""

    status: str
    serving: bool
    version: str | None
    reasons: tuple[str, ...]


async def ask(url: URL, token: str) -> Running | None:
    """Ask `/readyz`; None when what answers there is not this kind of server."""
    headers = {"Authorization": f"Bearer {token}"}
    try:
        async with (
            asyncio.timeout(ASK_SECONDS),
            aiohttp.ClientSession(headers=headers, trust_env=False) as http,
            http.get(url, allow_redirects=False) as response,
        ):
            body = orjson.loads(await response.content.read(MAX_BYTES))
        return Running(
            str(body["status"]), response.status == 200, body.get("version"), tuple(body.get("reasons", ()))
        )
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError, LookupError, TypeError, AttributeError):
        return None
