"""Every error row of both vendors, over a socket: the right kind, what may be done, and the sentence."""

from datetime import UTC, datetime, timedelta

import pytest

from app.providers.errors import Kind, ProviderError
from app.providers.refusals import reset_time, retry_after
from demo import faults, refusals
from tests.app.providers.fake import KEY, Fake, ask, collect

AGAIN = {Kind.CAPACITY, Kind.UNREACHABLE, Kind.BROKEN}
ELSEWHERE = AGAIN | {Kind.WINDOW, Kind.ACCOUNT, Kind.KEY}

ROWS = {
    "kimi-400-content-filter": (Kind.CONTENT, "refuses this content (400 content_filter)"),
    "kimi-400-invalid": (Kind.REQUEST, "could not read the request (400 invalid_request_error: "),
    "kimi-400-too-long": (Kind.CONTEXT, "longer than kimi-k2.6 takes (262,144 tokens)"),
    "kimi-400-limit": (Kind.CONTEXT, "longer than kimi-k2.6 takes (262,144 tokens)"),
    "kimi-401-authentication": (
        Kind.KEY,
        "refuses the key in KIMI_API_KEY (401 invalid_authentication_error)",
    ),
    "kimi-401-key": (Kind.KEY, "KIMI_BASE_URL is http://127.0.0.1:"),
    "kimi-403-permission": (Kind.MODEL, "does not serve kimi-k2.6 to this key"),
    "kimi-403-coding": (Kind.KEY, "Kimi Code (subscription) with https://api.kimi.com/coding/v1"),
    "kimi-404-model": (Kind.MODEL, "use another of kimi-k2.6, kimi-k2.7-code"),
    "kimi-429-rate": (Kind.CAPACITY, "has no capacity for this call now (429 rate_limit_reached_error)"),
    "kimi-429-retry-after": (Kind.CAPACITY, "try again in a minute"),
    "kimi-429-retry-date": (Kind.CAPACITY, "try again in a minute"),
    "kimi-429-overloaded": (Kind.CAPACITY, "429 engine_overloaded_error"),
    "kimi-429-quota": (Kind.ACCOUNT, "serves nothing more on this account (429 exceeded_current_quota_error"),
    "kimi-500-server": (Kind.UNREACHABLE, "failed on its side (500 server_error)"),
    "kimi-500-output": (Kind.UNREACHABLE, "failed on its side (500 unexpected_output)"),
    "kimi-503": (Kind.UNREACHABLE, "failed on its side (503 server_unavailable)"),
    **{f"glm-100{n}": (Kind.KEY, "refuses the key in GLM_API_KEY (401 100") for n in range(5)},
    **{
        f"glm-{n}": (Kind.ACCOUNT, f"(429 {n}: no balance")
        for n in (1110, 1111, 1112, 1113, 1121, 1309, 1313)
    },
    **{
        f"glm-{n}": (Kind.REQUEST, f"could not read the request (400 {n}: ")
        for n in (1210, 1212, 1213, 1214, 1215)
    },
    "glm-1211": (Kind.MODEL, "does not serve glm-5.3 to this key (400 1211): use another of glm-5.3, "),
    "glm-1311": (Kind.MODEL, "does not serve glm-5.3 to this key (429 1311)"),
    "glm-1261": (Kind.CONTEXT, "longer than glm-5.3 takes (1,048,576 tokens)"),
    "glm-1210-tokens": (Kind.CONTEXT, "longer than glm-5.3 takes"),
    "glm-1301": (Kind.CONTENT, "refuses this content (400 1301)"),
    **{f"glm-{n}": (Kind.CAPACITY, f"no capacity for this call now (429 {n})") for n in (1302, 1303, 1305)},
    "glm-bare": (Kind.CAPACITY, "(429 1302)"),
    **{f"glm-{n}": (Kind.WINDOW, f" UTC (429 {n}): wait") for n in (1308, 1310, *range(1316, 1322))},
    "glm-1308-chinese": (Kind.WINDOW, " UTC (429 1308): wait"),
    "glm-1230": (Kind.UNREACHABLE, "failed on its side (500 1230)"),
    "glm-1234": (Kind.UNREACHABLE, "failed on its side (500 1234)"),
    "glm-500": (Kind.UNREACHABLE, "failed on its side (500 500)"),
    "glm-200-error": (Kind.UNREACHABLE, "failed on its side"),
}
EITHER = {
    "500": (Kind.UNREACHABLE, "failed on its side (500)"),
    "502-html": (Kind.UNREACHABLE, "failed on its side (502)"),
    "504": (Kind.TIMEOUT, "may still be working and be charged"),
    "404-html": (Kind.REQUEST, "_BASE_URL (the default is https://api."),
    "429-bare": (Kind.CAPACITY, "no capacity for this call now (429)"),
}
EVERY = [(name, name.partition("-")[0], *row) for name, row in ROWS.items()]
EVERY += [(name, vendor, *row) for name, row in EITHER.items() for vendor in ("kimi", "glm")]


async def fails(fake: Fake, vendor: str, prompt: str) -> ProviderError:
    async with fake.client(
        vendor, known="kimi-k2.6, kimi-k2.7-code" if vendor == "kimi" else "glm-5.3, glm-5"
    ) as client:
        with pytest.raises(ProviderError) as caught:
            await collect(client.stream(ask(prompt, vendor)))
    return caught.value


@pytest.mark.parametrize(
    ("name", "vendor", "kind", "words"), EVERY, ids=[f"{row[1]} {row[0]}" for row in EVERY]
)
async def test_an_error_row_has_its_kind_and_its_sentence(
    fake: Fake, name: str, vendor: str, kind: Kind, words: str
) -> None:
    error = await fails(fake, vendor, f"A secret question [fake:{name}]")

    assert error.kind is kind, str(error)
    assert words in str(error)
    assert (error.kind.again, error.kind.elsewhere) == (kind in AGAIN, kind in ELSEWHERE)
    assert "secret question" not in str(error)
    assert error.vendor == vendor
    assert not fake.bill.rows, "the fake bills nothing for what it refuses"


def test_no_error_row_of_the_fake_is_left_out() -> None:
    assert set(refusals.NAMES) == ROWS.keys() | EITHER.keys()
    assert set(faults.NAMES) > set(refusals.NAMES)


@pytest.mark.parametrize("vendor", ["kimi", "glm"])
async def test_a_wrong_key_names_the_three_origins_and_never_the_key(fake: Fake, vendor: str) -> None:
    async with fake.client(vendor, "sk-wrong-key-canary") as client:
        with pytest.raises(ProviderError) as caught:
            await collect(client.stream(ask("?", vendor)))

    sentence = str(caught.value)
    origins = client.vendor.origins
    assert caught.value.kind is Kind.KEY
    assert len(origins) == 3
    assert all(origin.url in sentence and origin.keys_from in sentence for origin in origins)
    assert "canary" not in sentence + repr(caught.value) + repr(client) + repr(vars(client))


async def test_a_vendor_that_repeats_the_key_does_not_make_us_repeat_it(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = refusals.kimi(400, "invalid_request_error", f"Bad thing near {KEY}, and " + "much more " * 100)
    monkeypatch.setitem(refusals._TABLE, "kimi-400-invalid", lambda: made)
    error = await fails(fake, "kimi", "[fake:kimi-400-invalid]")

    assert "Bad thing near ***" in str(error)
    assert KEY not in str(error)
    assert len(str(error)) < 500


async def test_the_limit_is_the_vendors_figure_where_it_says_one(fake: Fake) -> None:
    assert (await fails(fake, "kimi", "[fake:kimi-400-limit]")).limit == 262_144
    assert (await fails(fake, "glm", "[fake:glm-1261]")).limit == 1_048_576


async def test_the_vendors_code_goes_with_the_error(fake: Fake) -> None:
    error = await fails(fake, "glm", "[fake:glm-1302]")

    assert (error.vendor_code, error.status) == ("1302", 429)


@pytest.mark.parametrize("name", ["glm-1308", "glm-1308-chinese"])
async def test_a_used_up_window_tells_when_it_opens_again(fake: Fake, name: str) -> None:
    error = await fails(fake, "glm", f"[fake:{name}]")

    assert error.retry_at is not None
    expected = datetime.now(UTC) + timedelta(hours=refusals.RESET_HOURS)
    assert abs(error.retry_at - expected) < timedelta(minutes=1)
    assert f"until {error.retry_at:%Y-%m-%d %H:%M} UTC" in str(error)


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [("kimi-429-rate", 1, 1), ("kimi-429-retry-after", 2, 2), ("kimi-429-retry-date", 2, 5)],
)
async def test_the_pause_a_vendor_asks_for_is_read_from_header_date_or_words(
    fake: Fake, name: str, least: float, most: float
) -> None:
    error = await fails(fake, "kimi", f"[fake:{name}]")

    assert error.retry_after is not None
    assert least <= error.retry_after <= most


@pytest.mark.parametrize("value", ["soon", "-5", "", "Tue, 99 Foo 2026", "1e9999", "٣"])
def test_a_pause_that_is_nonsense_is_none(value: str) -> None:
    assert retry_after({"retry-after": value}, "") is None


def test_a_date_that_has_passed_asks_for_no_pause() -> None:
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, "") == 0


@pytest.mark.parametrize("words", ["", "resets at 2026-99-99 12:00:00", "resets at noon"])
def test_a_reset_time_that_is_nonsense_is_none(words: str) -> None:
    assert reset_time(words, 8) is None
