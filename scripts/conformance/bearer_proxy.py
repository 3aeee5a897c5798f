"""A loopback proxy that adds the bearer token, because the conformance suite cannot send one.

It changes nothing else: method, path, body and headers pass through, Host and Origin too, so the guard judges
what the suite sent. Answers are passed on as they come, event streams included.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import hdrs, web

HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding"}
)
"""Belong to one connection (RFC 9110 section 7.6.1) or are set anew by what writes the body."""


@asynccontextmanager
async def bearer_proxy(url: str, token: str) -> AsyncIterator[str]:
    """Serve `url` with the token added; yields the address to use instead, with the same path."""
    upstream = aiohttp.ClientSession(auto_decompress=False, timeout=aiohttp.ClientTimeout(total=None))
    origin, path = url.rsplit("/", 1)

    async def forward(request: web.Request) -> web.StreamResponse:
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP]
        headers.append((hdrs.AUTHORIZATION, f"Bearer {token}"))
        async with upstream.request(
            request.method, f"{origin}{request.rel_url}", headers=headers, data=await request.read()
        ) as answer:
            response = web.StreamResponse(status=answer.status)
            for name, value in answer.headers.items():
                if name.lower() not in HOP_BY_HOP:
                    response.headers.add(name, value)
            await response.prepare(request)
            async for part in answer.content.iter_any():
                await response.write(part)
            await response.write_eof()
            return response

    app = web.Application(client_max_size=0)
    app.router.add_route("*", "/{path:.*}", forward)
    # A client that leaves ends the request behind the proxy too, as it would without one.
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"{listening_at(runner)}/{path}"
    finally:
        await runner.cleanup()
        await upstream.close()


def listening_at(runner: web.AppRunner) -> str:
    """Return the origin a runner on the loopback listens at."""
    return f"http://127.0.0.1:{runner.addresses[0][1]}"
