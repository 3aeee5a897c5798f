"""The whole examination: everything is looked at, whatever goes wrong."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from app.bootstrap.examined import examined
from app.doctor import examination
from app.doctor.examination import examine
from app.doctor.findings import Finding, Level
from app.settings import Settings
from demo.application import build_app
from demo.paths import GLM_PATH, KIMI_PATH
from tests.app import certificates
from tests.app.doctor.conftest import MakeSettings


async def found(settings: Settings, *, online: bool = False) -> list[Finding]:
    async with examined(settings) as parts:
        return await examine(settings, parts, online=online)


def of(findings: list[Finding], area: str) -> list[tuple[Level, str]]:
    return [(finding.level, finding.text) for finding in findings if finding.area == area]


async def test_a_whole_setup_has_nothing_to_mend(made: MakeSettings) -> None:
    seen = await found(made(KIMI_API_KEY="sk-made-up", GLM_API_KEY="made-up"))

    assert {finding.level for finding in seen} == {Level.OK}
    assert {finding.area for finding in seen} == {
        "versions", "settings", "Kimi (Moonshot)", "GLM (Z.ai)", "port", "store", "shared state", "disk",
    }  # fmt: skip
    assert "made-up" not in str(seen)


async def test_what_is_missing_is_said_with_its_variable(made: MakeSettings) -> None:
    seen = await found(made(KIMI_KEY="x", GLM_API_KEY="made-up", GLM_BASE_URL="http://proxy.internal/v4"))

    ((level, text),) = of(seen, "Kimi (Moonshot)")
    assert (level, "KIMI_API_KEY is not set" in text) == (Level.WARN, True)
    assert "travels in clear" in of(seen, "GLM (Z.ai)")[0][1]
    assert "if KIMI_API_KEY is meant, rename it" in of(seen, "settings")[1][1]
    assert of(seen, "models") == []


async def test_one_broken_part_does_not_hide_the_others(
    made: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examination, "CHECK_SECONDS", 0.05)

    async def silent(*_: object) -> list[Finding]:
        await asyncio.Event().wait()
        return []

    async def broken(*_: object) -> list[Finding]:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(examination.stores, "store", silent)
    monkeypatch.setattr(examination.stores, "shared_state", broken)

    seen = await found(made())

    assert of(seen, "store") == [(Level.FAIL, "There was no answer within 0.05 s: look at its own health.")]
    assert of(seen, "shared state")[0][1].startswith("It could not be looked at (ZeroDivisionError: a bug)")
    assert of(seen, "disk")


@pytest.fixture
async def vendors() -> AsyncIterator[TestServer]:
    server = TestServer(build_app(speed=0, first_seconds=0))
    await server.start_server()
    yield server
    await server.close()


def at(vendors: TestServer, **more: str) -> dict[str, str]:
    return {
        "KIMI_API_KEY": "sk-made-up",
        "KIMI_BASE_URL": str(vendors.make_url(KIMI_PATH)),
        "GLM_API_KEY": "made-up",
        "GLM_BASE_URL": str(vendors.make_url(GLM_PATH)),
    } | more


async def test_vendors_are_asked_only_when_wanted_and_pay_nothing(
    made: MakeSettings, vendors: TestServer
) -> None:
    settings = made(**at(vendors))
    assert len(of(await found(settings), "Kimi (Moonshot)")) == 1

    seen = await found(settings, online=True)

    assert "takes the key and lists" in of(seen, "Kimi (Moonshot)")[1][1]
    assert of(seen, "GLM (Z.ai)")[1] == (Level.OK, "takes the key; glm-4.7-flash, which is free, answered.")
    async with ClientSession() as http, http.get(vendors.make_url("/demo/bill")) as bill:
        assert (await bill.json())["totals"].keys() == {"glm/glm-4.7-flash"}


async def test_a_vendor_that_refuses_says_why_in_its_clients_words(
    made: MakeSettings, vendors: TestServer
) -> None:
    wrong = str(vendors.make_url("/nowhere"))

    seen = await found(made(**at(vendors, GLM_BASE_URL=wrong, KIMI_BASE_URL=wrong)), online=True)

    for area, variable in (("Kimi (Moonshot)", "KIMI_BASE_URL"), ("GLM (Z.ai)", "GLM_BASE_URL")):
        level, text = of(seen, area)[1]
        assert (level, variable in text) == (Level.FAIL, True)
        assert "made-up" not in text


@pytest.mark.parametrize(
    ("days", "trusted", "level", "words"),
    [
        (100, True, Level.OK, "(99 days)"),
        (5, True, Level.WARN, "renew it"),
        (-1, True, Level.FAIL, "clients refuse it now"),
        (100, False, Level.FAIL, "which this host does not trust"),
    ],
)
async def test_the_certificate_of_the_public_url_is_looked_at(
    made: MakeSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    days: int,
    trusted: bool,
    level: Level,
    words: str,
) -> None:
    path = certificates.certificate(tmp_path, days=days)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
    async with certificates.shown(path) as url:
        seen = await found(made(PUBLIC_URL=str(url)))

    ((seen_level, text),) = of(seen, "certificate")
    assert (seen_level, words in text) == (level, True)


async def test_a_public_url_without_tls_is_warned_of(made: MakeSettings) -> None:
    ((level, text),) = of(await found(made(PUBLIC_URL="http://exai.example.com")), "certificate")

    assert (level, "tokens travel in clear" in text) == (Level.WARN, True)
