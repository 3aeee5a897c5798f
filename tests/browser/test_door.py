"""Signing in, not signing in, signing out."""

from playwright.sync_api import expect

from tests.browser.conftest import LABEL, Open, sign_in_on
from tests.browser.house import House


def test_a_wrong_token_is_told_and_the_right_one_opens(house: House, open_page: Open) -> None:
    page = open_page(house, sign_in=False, expected=("status of 401",))
    expect(page.get_by_label(LABEL)).to_be_focused()

    page.get_by_label(LABEL).fill("not-the-token")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("not known here")
    expect(page.get_by_label(LABEL)).to_have_value("")
    sign_in_on(page, house.token)
    expect(page.get_by_text("default", exact=True)).to_be_visible()


def test_signing_out_closes_the_door_for_every_tab(house: House, open_page: Open) -> None:
    page = open_page(house)
    other = page.context.new_page()
    other.goto(f"{house.page}#/costs")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label(LABEL)).to_be_visible()
    other.reload()
    expect(other.get_by_label(LABEL)).to_be_visible()


def test_the_token_is_in_no_address_and_no_store_of_the_browser(house: House, open_page: Open) -> None:
    page = open_page(house)
    (cookie,) = page.context.cookies()

    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    assert house.token not in cookie["value"]
    kept = page.evaluate(
        "JSON.stringify([location.href, document.cookie, {...localStorage}, {...sessionStorage}])"
    )
    assert house.token not in kept
    assert "exai_status" not in kept


def test_a_login_that_ended_leads_back_to_the_door(house: House, open_page: Open) -> None:
    page = open_page(house, expected=("status of 401",))
    expect(page.locator("#link")).to_have_attribute("data-state", "live")
    page.context.clear_cookies()
    with page.expect_response(lambda response: response.status == 401):
        page.get_by_role("link", name="Costs").first.click()
    expect(page.get_by_label(LABEL)).to_be_visible()
