"""The real vendors, for whoever pays them."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest

from app.providers.catalog import GLM, KIMI
from app.providers.connection import Connection
from app.settings import Secret

Connect = Callable[..., Connection]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Connect to a vendor with the key and the address of the environment."""
    async with AsyncExitStack() as stack:

        def made(vendor: str, key: str | None = None) -> Connection:
            record = {"kimi": KIMI, "glm": GLM}[vendor]
            url = os.environ.get(record.url_variable) or record.url
            connection = Connection(record, url, Secret(key or os.environ[record.key_variable]))
            stack.push_async_callback(connection.close)
            return connection

        yield made
