"""The conformance fixtures behind a guard that asks for a token, for clients from outside."""

import hashlib
from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestServer

from app.transports.guard import Guard
from tests.conformance.fixture_server.application import application
from tests.witnesses.routes import TOKEN, Served


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    """The fixture server on a free port."""
    digest = hashlib.sha256(TOKEN.encode()).digest()
    server = TestServer(application(Guard(clients={"witness": digest})))
    await server.start_server()
    try:
        yield Served(str(server.make_url("/mcp")))
    finally:
        await server.close()
