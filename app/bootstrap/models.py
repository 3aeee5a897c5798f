"""The models and what is asked of them: vendors, jobs, budgets, and the tools over both."""

import secrets
from dataclasses import dataclass
from typing import Any

from app.bootstrap import vendors
from app.bootstrap.adapters import replica
from app.bootstrap.instruments import Instruments
from app.budget.limits import Budgets
from app.jobs.jobs import Jobs, Says
from app.jobs.keeper import Keeper
from app.protocol.tools import Tool
from app.providers.catalog import VENDORS
from app.providers.protocol import Gateway
from app.settings import Settings
from app.shared import Shared
from app.stores import Store
from app.tools.chat import chat_tool
from app.tools.choice import Choice
from app.tools.consultations import Consultations
from app.tools.listmodels import listmodels_tool


@dataclass(frozen=True, slots=True)
class Models:
    """Everything that has to do with models, wired."""

    with_key: frozenset[str]
    budgets: Budgets
    gateway: Gateway
    jobs: Jobs
    keeper: Keeper
    tools: tuple[Tool[Any], ...]
    connections: vendors.Connections

    async def close(self) -> None:
        """Close every connection to a vendor."""
        for connection in self.connections.values():
            await connection.close()


def models(settings: Settings, store: Store, shared: Shared, bus: Says, instruments: Instruments) -> Models:
    """Wire them; no vendor is asked yet."""
    # A process of its own: one that is started anew on the same host is not the one whose leases ended.
    process = f"{replica()}/{secrets.token_hex(4)}"
    with_key = frozenset(vendors.keys(settings))
    connections = vendors.connections(settings)
    choice = Choice(settings.models, with_key)
    budgets = Budgets(settings.server_file)
    gateway = instruments.gateway(vendors.gateway(settings, connections, shared))
    jobs = Jobs(
        store,
        gateway,
        budgets,
        bus,
        replica=process,
        stand_in=choice.stand_in,
        call_seconds=settings.call_timeout,
        detach_seconds=settings.detach_after,
        observer=instruments.journal,
    )
    consultations = Consultations(jobs, store, choice)
    tools = (
        chat_tool(consultations),
        listmodels_tool(settings.models.models, VENDORS, with_key),
    )
    keeper = Keeper(store, jobs, replica=process, retention_days=settings.retention_days)
    return Models(with_key, budgets, gateway, jobs, keeper, tools, connections)
