"""Who gets in, by which request, and who does not."""

import pytest

from app.bootstrap import CLIENTS
from app.page.answers import HEADERS
from app.transports.throttle import MAX_FAILURES
from tests.app.page.conftest import CI_TOKEN, SERVER_FILE, TOKEN, Browser


async def test_a_stranger_sees_the_door_and_nothing_else(browser: Browser) -> None:
    status, headers, page = await browser.request("GET", "/status")

    assert status == 200
    assert "Sign in" in page
    assert "data-client" not in page
    assert headers["Cache-Control"] == "no-store"
    for path in ("overview", "jobs", "threads", "costs", "live"):
        assert (await browser.request("GET", f"/status/api/{path}"))[0] == 401
    assert (await browser.request("GET", "/status/events"))[0] == 401


async def test_a_token_opens_the_page_of_its_client(browser: Browser) -> None:
    answered = await browser.sign_in()

    cookie = answered["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Path=/status" in cookie
    assert "Max-Age=3600" in cookie
    assert "Secure" not in cookie  # it was plain http on loopback
    assert TOKEN not in cookie
    assert (await browser.get("overview"))["account"]["client"] == "default"
    await browser.sign_in(CI_TOKEN)
    assert (await browser.get("overview"))["account"]["client"] == "ci"


@pytest.mark.parametrize("environ", [{"AUTH_TOKEN": TOKEN, "PUBLIC_URL": "https://exai.example.com"}])
async def test_over_https_the_cookie_is_for_https_only(browser: Browser) -> None:
    answered = await browser.sign_in(Origin="https://exai.example.com", Host="exai.example.com")

    assert "Secure" in answered["Set-Cookie"]


async def test_a_wrong_token_is_told_so_and_counted(browser: Browser) -> None:
    for _ in range(MAX_FAILURES):
        status, headers, page = await browser.request("POST", "/status/login", {"token": "wrong"})
        assert (status, "Set-Cookie" in headers) == (401, False)
        assert "not known here" in page
    status, headers, page = await browser.request("POST", "/status/login", {"token": "wrong"})

    assert (status, "Retry-After" in headers) == (429, True)
    assert "Too many wrong tokens" in page
    # The same count as that of bearer tokens, not one of its own.
    async with browser.http.post(
        f"{browser.origin}/mcp", json={}, headers={"Authorization": "Bearer wrong"}
    ) as response:
        assert response.status == 429


async def test_an_empty_form_is_not_a_wrong_token(browser: Browser) -> None:
    for _ in range(MAX_FAILURES + 1):
        status, _, page = await browser.request("POST", "/status/login", {"token": " "})
        assert status == 400
    assert "Type or paste the token" in page


async def test_what_was_typed_never_comes_back(browser: Browser) -> None:
    _, _, page = await browser.request("POST", "/status/login", {"token": "<script>alert(1)</script>"})

    assert "alert(1)" not in page


@pytest.mark.parametrize("name", ["token", "access_token", "key"])
async def test_a_token_in_the_address_is_refused(browser: Browser, name: str) -> None:
    status, _, body = await browser.request("GET", f"/status?{name}={TOKEN}")

    assert (status, "ends up in logs" in body["error"]) == (400, True)


async def test_a_form_of_another_page_does_not_sign_anybody_in(browser: Browser) -> None:
    for headers in (
        {"Origin": "http://127.0.0.1:1"},  # another server of this machine, which the guard itself admits
        {"Origin": None},
        {"Sec_Fetch_Site": "same-site"},
    ):
        status, answered, _ = await browser.request("POST", "/status/login", {"token": TOKEN}, **headers)
        assert (status, "Set-Cookie" in answered) == (403, False)


async def test_a_form_that_is_too_large_is_not_read(browser: Browser) -> None:
    assert (await browser.request("POST", "/status/login", {"token": "x" * 5000}))[0] == 413


@pytest.mark.parametrize(
    ("headers", "status"), [({"Host": "evil.example"}, 421), ({"Origin": "https://evil.example"}, 403)]
)
async def test_the_guard_stands_before_the_page_too(
    browser: Browser, headers: dict[str, str], status: int
) -> None:
    assert (await browser.request("GET", "/status", **headers))[0] == status


async def test_no_page_may_ask_for_more_by_a_preflight(browser: Browser) -> None:
    status, headers, _ = await browser.request(
        "OPTIONS", "/status/api/jobs", Origin=browser.origin, Access_Control_Request_Method="POST"
    )

    assert status == 405
    assert not [name for name in headers if name.lower().startswith("access-control")]


async def test_whatever_changes_something_needs_origin_and_key(browser: Browser) -> None:
    await browser.sign_in()
    key = browser.key

    for headers in (
        {"X_Form_Key": None},
        {"X_Form_Key": "wrong"},
        {"X_Form_Key": key, "Origin": "http://127.0.0.1:1"},
        {"X_Form_Key": key, "Origin": None},
        {"X_Form_Key": key, "Sec_Fetch_Site": "cross-site"},
    ):
        assert (await browser.post("jobs/job_x/cancel", **headers))[0] == 403
    assert (await browser.post("jobs/job_x/cancel"))[0] == 404
    # What only reads is not for other origins either.
    assert (await browser.request("GET", "/status/api/jobs", Origin="http://127.0.0.1:1"))[0] == 403
    assert (await browser.request("GET", "/status/events", Sec_Fetch_Site="same-site"))[0] == 403


async def test_signing_out_takes_the_cookie_back(browser: Browser) -> None:
    await browser.sign_in()
    status, headers, _ = await browser.request("POST", "/status/logout")

    assert status == 200
    assert 'exai_status=""' in headers["Set-Cookie"]
    assert "Max-Age=0" in headers["Set-Cookie"]


async def test_a_removed_client_is_signed_out(browser: Browser, app, settings) -> None:  # type: ignore[no-untyped-def]
    await browser.sign_in(CI_TOKEN)
    (settings.config_dir / "server.toml").write_text("")
    app[CLIENTS].reload()

    assert (await browser.request("GET", "/status/api/overview"))[0] == 401
    assert "Sign in" in (await browser.request("GET", "/status"))[2]


async def test_the_clients_name_and_the_door_are_escaped(browser: Browser) -> None:
    await browser.sign_in()
    _, headers, page = await browser.request("GET", "/status")

    assert 'data-operator="yes"' in page
    assert "<script>" not in page
    assert {name: headers[name] for name in HEADERS} == HEADERS


@pytest.mark.parametrize(
    "server_file", [SERVER_FILE + "operator = true\n[clients.default]\noperator = false\n"]
)
async def test_who_is_operator_is_said_in_the_servers_file(browser: Browser) -> None:
    await browser.sign_in()
    assert 'data-operator="no"' in (await browser.request("GET", "/status"))[2]
    assert (await browser.request("GET", "/status/api/costs?whose=all"))[0] == 403
    await browser.sign_in(CI_TOKEN)
    assert 'data-operator="yes"' in (await browser.request("GET", "/status"))[2]
    assert {row["name"] for row in (await browser.get("costs?whose=all"))["clients"]} == {"ci", "default"}
