"""The audit log: who did what with which model and for how much, without any content.

Each principal's entries are a chain of hashes. `verify` follows every chain in the configured store and names
the first link that was edited, dropped, reordered or cut off. It prints each chain's head: kept elsewhere, a
head shows later that nobody wrote the chain anew.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from app.exits import Exit
from app.process import say

if TYPE_CHECKING:
    from app.settings import Settings
    from app.stores import Store

HELP = "verify the audit log"
PAGE = 1000
"""Links read at once."""


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    actions = parser.add_subparsers(metavar="ACTION", required=True, dest="action")
    verifying = actions.add_parser("verify", help="follow every chain and name the first broken link")
    verifying.add_argument("--principal", metavar="NAME", help="only this client's chain")


def run(options: argparse.Namespace) -> int:
    """Verify; returns 0 when every chain is whole, 65 when one is broken, 75 when the store is away."""
    from app.settings import ConfigurationError, Settings
    from app.stores import StoreError

    try:
        settings = Settings.from_env(os.environ, Path.cwd())
    except ConfigurationError as error:
        say("The configuration is wrong, and nothing was read:", *error.faults)
        return Exit.CONFIGURATION
    try:
        return asyncio.run(_verify(settings, options.principal))
    except StoreError as error:
        say(f"exai-mcp audit: {error}")
        return Exit.STORE_AWAY


async def _verify(settings: "Settings", principal: str | None) -> Exit:
    from app.bootstrap import adapters

    store = adapters.store(settings)
    await store.open()
    try:
        heads = await store.audit_heads()
        principals = sorted(heads) if principal is None else [principal]
        if principal is not None and principal not in heads:
            say(f"exai-mcp audit: {store.name} has no chain of {principal!r}; it has {_listed(heads)}.")
            return Exit.USAGE
        if not heads:
            say(f"exai-mcp audit: {store.name} has no chain yet.")
        whole = [await _verify_chain(store, one) for one in principals]
    finally:
        await store.close()
    return Exit.DRAINED if all(whole) else Exit.BROKEN_CHAIN


async def _verify_chain(store: "Store", principal: str) -> bool:
    from app.stores.audit_chain import NO_HEAD, Walk

    walk = Walk((await store.audit_heads()).get(principal, NO_HEAD))
    broken = None
    while broken is None:
        entries = await store.audit_entries(principal, after=walk.number, most=PAGE)
        broken = walk.take(entries)
        if len(entries) < PAGE:
            break
    broken = broken or walk.end((await store.audit_heads()).get(principal, NO_HEAD))
    if broken:
        sys.stdout.write(f"{principal}: BROKEN at number {broken.number}: {broken.reason}\n")
        return False
    sys.stdout.write(f"{principal}: {walk.number} links, whole; head {walk.number} {walk.hash}\n")
    return True


def _listed(heads: Collection[str]) -> str:
    return ", ".join(sorted(heads)) or "none"
