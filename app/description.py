"""What the `status` tool tells, put together from the parts that know it."""

from collections.abc import Collection

from app.budget.limits import Budgets, today
from app.health import Health
from app.providers import catalog
from app.providers.protocol import Gateway
from app.settings import Settings
from app.stores import Ledger, StoreError
from app.stores.records import Limit
from app.tools.status import (
    Account,
    BreakerStatus,
    BudgetStatus,
    DependencyStatus,
    Limits,
    SpendingStatus,
    Status,
    VendorStatus,
)
from app.version import VERSION


async def describe(
    settings: Settings,
    health: Health,
    with_key: Collection[str],
    gateway: Gateway,
    account: Account,
    *,
    replica: str,
    connections: int,
    calls: int,
) -> Status:
    """Ask every dependency and return the whole picture; `with_key` are the vendors that can be called."""
    return Status(
        status=await health.readiness(),
        version=VERSION,
        environment=settings.environment,
        replica=replica,
        uptime_seconds=int(health.uptime_seconds),
        connections=connections,
        calls_in_flight=calls,
        dependencies=[
            DependencyStatus.model_validate(report, from_attributes=True) for report in await health.reports()
        ],
        vendors=[
            VendorStatus(name=vendor.title, configured=vendor.id in with_key) for vendor in catalog.VENDORS
        ],
        breakers=[
            BreakerStatus(
                vendor=state.vendor,
                model=state.model,
                until=state.open_until.isoformat(timespec="seconds"),
                reason=state.reason,
            )
            for state in await gateway.states()
            if state.open_until is not None
        ],
        account=account,
        limits=Limits(
            max_message_bytes=settings.max_message_bytes,
            call_timeout_seconds=settings.call_timeout,
            detach_after_seconds=settings.detach_after,
        ),
    )


async def account_of(principal: str, ledger: Ledger, budgets: Budgets) -> Account:
    """Return what a principal has spent and has left today; while the store is away, that it is."""
    day = today()
    try:
        limits = budgets.limits(principal, "")
        # In one wait: each takes several turns of the event loop, which are long when many others call.
        found = await ledger.statement(principal, [limit.scope for limit in limits], day)
        held = found.held
        of_projects: tuple[Limit, ...] = ()
        for project in sorted({row.project for row in found.spending}):
            known = {*limits, *of_projects}
            of_projects += tuple(limit for limit in budgets.limits(principal, project) if limit not in known)
        if of_projects:
            held = {**held, **await ledger.held([limit.scope for limit in of_projects], day)}
            limits += of_projects
    except StoreError as error:
        return Account(client=principal, day=day, unknown=str(error))
    return Account(
        client=principal,
        day=day,
        budgets=[
            BudgetStatus(
                scope=limit.scope,
                nano_usd=limit.nano_usd,
                left_nano_usd=max(0, limit.nano_usd - held.get(limit.scope, 0)),
            )
            for limit in limits
        ],
        spent=[
            SpendingStatus(
                project=row.project,
                vendor=row.vendor,
                model=row.model,
                calls=row.calls,
                input_tokens=row.input_tokens,
                output_tokens=row.output_tokens,
                nano_usd=row.cost,
            )
            for row in found.spending
            if row.day == day
        ],
        jobs_running=found.running,
    )
