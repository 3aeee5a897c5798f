"""The look at the vendors when the server starts: warns, and never fails."""

from collections import deque

import pytest

from app.providers import look_round
from app.providers.catalog import BUILT_IN, VENDORS
from tests.app.providers.fake import Fake


async def look(fake: Fake, vendor: str = "kimi", key: str = "sk-good") -> list[str]:
    connection = fake.connection(vendor, key)
    try:
        return await look_round.warnings(connection, BUILT_IN)
    finally:
        await connection.close()


async def test_a_model_that_the_key_does_not_have_is_warned_of(fake: Fake) -> None:
    (warning,) = await look(fake)

    assert "does not list kimi-k3.1-pro-highspeed for this key" in warning
    assert "disable it in models.toml" in warning


async def test_a_vendor_that_lists_no_models_is_not_asked(fake: Fake) -> None:
    assert await look(fake, "glm") == []


async def test_a_wrong_key_is_told_at_the_start(fake: Fake) -> None:
    (warning,) = await look(fake, key="sk-wrong-canary")

    assert "Kimi (Moonshot) could not be looked at" in warning
    assert "KIMI_API_KEY" in warning
    assert "canary" not in warning


async def test_a_vendor_that_fails_is_no_reason_not_to_start(fake: Fake) -> None:
    fake.scripts.queued["kimi-models"] = deque(["500"])

    (warning,) = await look(fake)
    assert "failed on its side" in warning


async def test_a_silent_vendor_is_given_up_in_time(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look_round, "LOOK_SECONDS", 0.0)

    (warning,) = await look(fake)
    assert "did not list its models within 0 s" in warning


@pytest.mark.parametrize("vendor", [vendor.id for vendor in VENDORS])
async def test_an_address_whose_terms_exclude_us_is_warned_of(
    fake: Fake, vendor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = fake.connection(vendor)
    connection.url = connection.vendor.origins[2].url
    monkeypatch.setattr(connection, "json", _nothing)  # that address is the vendor's own
    try:
        found = await look_round.warnings(connection, BUILT_IN)
    finally:
        await connection.close()

    assert any(f"{connection.vendor.url_variable} is " in warning for warning in found)


async def _nothing(*_: object) -> dict[str, object]:
    return {}


async def test_lists_of_any_shape_are_survived(fake: Fake) -> None:
    connection = fake.connection("kimi")
    try:
        for odd in ({}, {"data": None}, {"data": [None, {"id": 7}]}, {"data": [{"id": "kimi-k2.6"}]}):
            look_round._about_models(connection, BUILT_IN, odd)
        small = {"data": [{"id": "kimi-k2.6", "context_length": 1000}]}
        warned = look_round._about_models(connection, BUILT_IN, small)
        empty = look_round._about_balance(connection, {"data": {"available_balance": -0.5}})
    finally:
        await connection.close()

    assert "gives kimi-k2.6 a context of 1,000 tokens" in warned[0]
    assert "balance is used up" in empty[0]
    assert "0.5" not in empty[0]
