"""A look at the vendors when the server starts: what would fail later is warned of now, and never fatal."""

import asyncio
from collections.abc import Mapping
from typing import Any

from app.providers.catalog import Catalog
from app.providers.connection import Connection
from app.providers.errors import ProviderError
from app.providers.sentences import shown

LOOK_SECONDS = 10.0


async def warnings(connection: Connection, catalog: Catalog) -> list[str]:
    """Return what is to be said about one vendor; ends within LOOK_SECONDS and never raises."""
    vendor = connection.vendor
    found = [
        f"{vendor.url_variable} {origin.warning}."
        for origin in vendor.origins
        if origin.warning and connection.url == origin.url
    ]
    if not vendor.lists_models:
        return found
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            listed = await connection.json("GET", "models")
            found += _about_models(connection, catalog, listed)
            balance = await connection.json("GET", "users/me/balance")
            found += _about_balance(connection, balance)
    except ProviderError as error:
        found.append(f"{vendor.title} could not be looked at: {error}")
    except TimeoutError:
        found.append(f"{vendor.title} did not list its models within {LOOK_SECONDS:g} s: calls may fail too.")
    return found


def _about_models(connection: Connection, catalog: Catalog, listed: Mapping[str, Any]) -> list[str]:
    """Compare the vendor's list with ours: a model that is gone fails when it is asked for."""
    data = listed.get("data")
    entries = [entry for entry in data if isinstance(entry, Mapping)] if isinstance(data, list) else []
    there = {entry["id"]: entry for entry in entries if isinstance(entry.get("id"), str)}
    if not there:
        return []
    found = []
    for model in catalog.models:
        if model.vendor.id != connection.vendor.id:
            continue
        entry = there.get(model.id)
        if entry is None:
            names = f" (alias {', '.join(model.aliases)})" if model.aliases else ""
            found.append(
                f"{connection.vendor.title} does not list {model.id}{names} for this key: it is retired or "
                "not in the plan; disable it in models.toml, or move its alias."
            )
            continue
        context = entry.get("context_length")
        if isinstance(context, int) and model.context and context < model.context:
            found.append(
                f"{connection.vendor.title} gives {model.id} a context of {context:,} tokens, less than the "
                f"{model.context:,} of the catalogue: set its context in models.toml."
            )
    return found


def _about_balance(connection: Connection, balance: Mapping[str, Any]) -> list[str]:
    data = balance.get("data")
    left = data.get("available_balance") if isinstance(data, Mapping) else None
    if not isinstance(left, (int, float)) or left > 0:
        return []
    vendor = connection.vendor
    # The figure is not told: logs are read by more people than the bill is.
    return [
        f"{vendor.title}'s balance is used up at {shown(connection.url)}: top it up at {vendor.billing_at}."
    ]
