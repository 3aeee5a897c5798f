"""The models and what is asked of them: vendors, jobs, budgets, and what the tools are made of."""

import secrets
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from msgspec import Struct

from app.bootstrap import vendors
from app.bootstrap.adapters import replica
from app.bootstrap.instruments import Instruments
from app.budget.limits import Budgets
from app.files.fetching import HttpsFetch
from app.files.intake import FileLimits, Intake
from app.files.quota import Quota
from app.files.urls import Urls
from app.jobs.jobs import Jobs, Says
from app.jobs.keeper import Keeper
from app.providers.protocol import Extraction, Gateway, WebSearch
from app.settings import Settings
from app.shared import Shared
from app.stores import Store
from app.tools.choice import Choice


class Models(Struct, frozen=True):
    """Everything that has to do with models, wired; `vendors` is None where no key is set."""

    with_key: frozenset[str]
    choice: Choice
    budgets: Budgets
    gateway: Gateway
    searches: Sequence[WebSearch]
    extractions: Sequence[Extraction]
    jobs: Jobs
    keeper: Keeper
    intake: Intake
    look_round: Callable[[], Coroutine[Any, Any, None]]
    close: Callable[[], Coroutine[Any, Any, None]]


def models(settings: Settings, store: Store, shared: Shared, bus: Says, instruments: Instruments) -> Models:
    """Wire them; no vendor is asked yet."""
    # A process of its own: one that is started anew on the same host is not the one whose leases ended.
    process = f"{replica()}/{secrets.token_hex(4)}"
    with_key = frozenset(vendors.keys(settings))
    choice = Choice(settings.models, with_key)
    budgets = Budgets(settings.server_file)
    made = vendors.assembled(settings, shared)
    gateway = instruments.gateway(made.gateway)
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
    limits = settings.server_file.limits
    intake = Intake(
        store,
        Urls(settings.server_file.files.allow_urls, HttpsFetch()),
        Quota(shared, limits.file_bytes_per_hour),
        FileLimits(limits.file_bytes, limits.files_per_call, limits.file_seconds),
    )
    return Models(
        with_key=with_key,
        choice=choice,
        budgets=budgets,
        gateway=gateway,
        searches=made.searches,
        extractions=made.extractions,
        jobs=jobs,
        keeper=Keeper(store, jobs, replica=process, retention_days=settings.retention_days),
        intake=intake,
        look_round=made.look_round,
        close=made.close,
    )
