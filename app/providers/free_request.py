"""One request to a vendor that costs nothing and still shows whether key, address and account work."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

from app.providers import look_round
from app.providers.catalog import Catalog
from app.providers.client import ChatClient
from app.providers.connection import Connection
from app.providers.errors import Kind, ProviderError
from app.providers.requests import Message, Request
from app.providers.sentences import shown

ANSWER_SECONDS = 20.0
FEW_TOKENS = 16


async def make(connection: Connection, catalog: Catalog) -> tuple[str, Sequence[str]]:
    """Make it; returns what it showed, and sentences about what somebody should look at.

    A vendor that lists its models is asked for the list, another one for a few tokens of a free model.

    Raises:
        ProviderError: it was refused, or not answered within ANSWER_SECONDS.
    """
    vendor = connection.vendor
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            if vendor.lists_models:
                listed = (await connection.json("GET", "models")).get("data")
                told = f"takes the key and lists {len(listed) if isinstance(listed, list) else 0} models"
            else:
                told = await _few_tokens(connection, catalog)
    except TimeoutError:
        sentence = f"{vendor.title} did not answer within {ANSWER_SECONDS:g} s at {shown(connection.url)}"
        raise ProviderError(Kind.TIMEOUT, f"{sentence}: try again later.", vendor=vendor.id) from None
    return told, await look_round.warnings(connection, catalog)


async def _few_tokens(connection: Connection, catalog: Catalog) -> str:
    free = next(
        (
            model
            for model in catalog.models
            if model.vendor.id == connection.vendor.id and not model.price.input and not model.price.output
        ),
        None,
    )
    if free is None:
        return "has no free model in the catalogue, so it was not asked"
    request = Request(
        id="doctor-0", model=free, messages=(Message("user", "Say yes."),), max_output=FEW_TOKENS
    )
    async with aclosing(ChatClient(connection).stream(request)) as events:
        async for _ in events:
            pass
    return f"takes the key; {free.id}, which is free, answered"
