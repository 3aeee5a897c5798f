"""The whole examination, in the order somebody would go about it."""

import asyncio
import platform
import sys
from collections.abc import Awaitable, Mapping
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from importlib import metadata
from pathlib import Path

import aiohttp
from msgspec import Struct
from yarl import URL

from app import certificate
from app.counted import counted
from app.doctor import machine, stores
from app.doctor.findings import Finding, fail, ok, warn
from app.health import Health
from app.providers.catalog import VENDORS
from app.providers.errors import ProviderError
from app.providers.protocol import FreeRequest
from app.settings import Settings
from app.shared import Shared
from app.stores import Store
from app.version import VERSION

CHECK_SECONDS = 20.0
"""For one area; the parts have shorter deadlines of their own."""
RENEW_DAYS = 14
"""A certificate with less than this left should have been renewed by now."""
TITLES = {vendor.id: vendor.title for vendor in VENDORS}
HTTP_DATE_SECONDS = 3.0
"""An HTTP date tells whole seconds, and took a moment to arrive."""


class Parts(Struct, frozen=True):
    """What is examined, made by the composition root as for a server and not opened yet."""

    store: Store
    shared: Shared
    health: Health
    free_requests: Mapping[str, FreeRequest]
    """By vendor id, of those that have a key."""


async def examine(settings: Settings, parts: Parts, *, online: bool) -> list[Finding]:
    """Look at everything; what goes wrong in one area does not keep the others from being looked at.

    `online` asks each vendor that has a key for something free, and the edge's clock.
    """
    areas: list[tuple[str, Awaitable[list[Finding]]]] = [
        ("server", machine.port(settings)),
        ("store", stores.store(parts.store)),
        ("shared state", stores.shared_state(parts.shared, settings)),
        ("models", _pings(parts.health)),
        ("certificate", _public(settings)),
    ]
    if online:
        areas += [
            (TITLES[vendor], _reach(TITLES[vendor], ask)) for vendor, ask in parts.free_requests.items()
        ]
    found = [*_versions(), *_settings(settings), *_vendors(settings)]
    for area, looking in areas:
        found += await _within(area, looking)
    return [*found, *machine.disks(_folders(settings))]


async def _within(area: str, looking: Awaitable[list[Finding]]) -> list[Finding]:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await looking
    except TimeoutError:
        return [fail(area, f"There was no answer within {CHECK_SECONDS:g} s: look at its own health.")]
    except Exception as error:  # noqa: BLE001 - whatever goes wrong in one area is a finding, the others go on
        what = f"It could not be looked at ({type(error).__name__}: {error})"
        return [fail(area, f"{what}: report this as a bug of the doctor's.")]


def _versions() -> list[Finding]:
    libraries = ", ".join(f"{name} {metadata.version(name)}" for name in ("aiohttp", "pydantic", "redis"))
    python = f"Python {platform.python_version()} ({sys.platform})"
    return [ok("versions", f"release {VERSION} on {python}, {libraries}.")]


def _settings(settings: Settings) -> list[Finding]:
    clients = len(settings.server_file.clients)
    listed = f"{counted(clients, 'client')} besides `default` in {settings.config_dir}"
    text = f"{settings.environment}, store {settings.store}, {listed}."
    return [ok("settings", text), *(warn("settings", warning) for warning in settings.warnings)]


def _vendors(settings: Settings) -> list[Finding]:
    found = []
    for vendor in VENDORS:
        key = getattr(settings, vendor.key_variable.lower())
        url: str = getattr(settings, vendor.url_variable.lower())
        if key is None:
            what = f"{vendor.key_variable} is not set, so its models cannot be called"
            found.append(warn(vendor.title, f"{what}: set it to a key from {vendor.keys_at}."))
        elif URL(url).scheme == "http":
            what = f"The key travels in clear to {url}"
            found.append(warn(vendor.title, f"{what}: set {vendor.url_variable} to an https URL."))
        else:
            found.append(ok(vendor.title, f"{vendor.key_variable} is set, for {url}."))
    return found


async def _pings(health: Health) -> list[Finding]:
    return stores.pinged([report for report in await health.reports() if report.name == "models"])


async def _reach(name: str, ask: FreeRequest) -> list[Finding]:
    try:
        told, warnings = await ask()
    except ProviderError as error:
        return [fail(name, str(error))]
    return [ok(name, f"{told}."), *(warn(name, warning) for warning in warnings)]


async def _public(settings: Settings) -> list[Finding]:
    if settings.public_url is None:
        return []
    url = URL(settings.public_url)
    if url.scheme != "https":
        what = f"PUBLIC_URL is {url}, so tokens travel in clear"
        return [warn("certificate", f"{what}: put TLS before it, and https into it.")]
    try:
        shown = await certificate.shown_at(url)
    except certificate.UnreachableError as error:
        return [fail("certificate", str(error))]
    left = shown.left()
    text = f"{url.host} shows one that ends {shown.expires:%Y-%m-%d} ({counted(left.days, 'day')})"
    if left <= timedelta(0):
        return [fail("certificate", f"{text}: renew it, clients refuse it now.")]
    if shown.distrust is not None:
        what = f"{text}, which this host does not trust ({shown.distrust})"
        return [fail("certificate", f"{what}: have clients trust its authority.")]
    if left < timedelta(days=RENEW_DAYS):
        return [warn("certificate", f"{text}: renew it.")]
    return [ok("certificate", f"{text}."), *await _edge_clock(url)]


async def _edge_clock(url: URL) -> list[Finding]:
    try:
        async with aiohttp.ClientSession() as http, http.head(url, allow_redirects=False) as response:
            theirs = parsedate_to_datetime(response.headers["Date"])
    except (aiohttp.ClientError, OSError, LookupError, ValueError):
        return []
    return [stores.clock(str(url.host), theirs.astimezone(UTC), within=HTTP_DATE_SECONDS)]


def _folders(settings: Settings) -> dict[str, Path]:
    folders = {"DATA_DIR": settings.data_dir, "LOG_DIR": settings.log_dir}
    return {name: folder for name, folder in folders.items() if folder is not None}
