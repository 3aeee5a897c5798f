"""What the `status` tool tells of this process, put together from the parts that know it."""

from collections.abc import Collection

from app.health import Health
from app.providers import catalog
from app.settings import Settings
from app.tools.status import DependencyStatus, Limits, Status, VendorStatus
from app.version import VERSION


async def describe(
    settings: Settings,
    health: Health,
    with_key: Collection[str],
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
        limits=Limits(
            max_message_bytes=settings.max_message_bytes,
            call_timeout_seconds=settings.call_timeout,
            detach_after_seconds=settings.detach_after,
        ),
    )
