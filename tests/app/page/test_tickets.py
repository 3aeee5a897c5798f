"""The cookie: whose, for how long, and what ends it."""

import pytest

from app.page.tickets import IDLE_SECONDS, LONGEST_SECONDS, Ticket, Tickets
from app.protocol.sealing import Seal

KEY, OTHER_KEY = b"a state key", b"another one"


class House:
    """A clock and tokens that a test can change."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.marks = {"alice": "mark of alice", "bob": "mark of bob"}

    def tickets(self, *keys: bytes) -> Tickets:
        return Tickets(Seal(keys or (KEY,), lambda: self.now), self.marks.get, lambda: self.now)


@pytest.fixture
def house() -> House:
    return House()


def read(house: House, cookie: str | None, *keys: bytes) -> Ticket | None:
    return house.tickets(*keys).read(cookie)


def test_a_cookie_opens_on_every_replica_that_has_the_key(house: House) -> None:
    cookie = house.tickets().issue("alice")

    ticket = read(house, cookie)
    assert ticket is not None
    assert ticket.principal == "alice"
    assert read(house, cookie, OTHER_KEY) is None


def test_a_rotated_state_key_keeps_people_signed_in_while_the_old_one_is_known(house: House) -> None:
    cookie = house.tickets().issue("alice")

    assert read(house, cookie, OTHER_KEY, KEY) is not None


@pytest.mark.parametrize(
    "cookie", [None, "", "alice", "alice.", ".x", "alice.AAAA", "alice.é", "x" * 100_000]
)
def test_what_is_no_cookie_of_ours_is_nobody(house: House, cookie: str | None) -> None:
    assert read(house, cookie) is None


def test_a_cookie_cannot_be_made_somebody_elses(house: House) -> None:
    _, _, sealed = house.tickets().issue("alice").rpartition(".")

    assert read(house, f"bob.{sealed}") is None


def test_a_sealed_value_of_another_purpose_is_no_cookie(house: House) -> None:
    value = ["mark of alice", "key", 0, house.now + 60]
    sealed = Seal([KEY]).close(value, purpose="session", principal="alice", ttl_seconds=60)

    assert read(house, f"alice.{sealed}") is None


def test_it_ends_when_nobody_looks_for_an_hour(house: House) -> None:
    cookie = house.tickets().issue("alice")

    house.now += IDLE_SECONDS - 1
    assert read(house, cookie) is not None
    house.now += 2
    assert read(house, cookie) is None


def test_it_is_renewed_by_use_but_never_past_a_working_day(house: House) -> None:
    cookie, began = house.tickets().issue("alice"), house.now
    first = read(house, cookie)
    assert first is not None
    assert house.tickets().renew(first) is None  # there is no need yet

    while (ticket := read(house, cookie)) is not None:
        assert ticket.form_key == first.form_key
        house.now += IDLE_SECONDS * 0.6
        cookie = house.tickets().renew(ticket) or cookie
    assert LONGEST_SECONDS <= house.now - began <= LONGEST_SECONDS + IDLE_SECONDS


def test_a_replaced_token_and_a_removed_client_end_it_at_once(house: House) -> None:
    of_alice, of_bob = house.tickets().issue("alice"), house.tickets().issue("bob")

    house.marks["alice"] = "mark of the new token"
    del house.marks["bob"]
    assert read(house, of_alice) is None
    assert read(house, of_bob) is None


def test_only_its_own_key_opens_a_form(house: House) -> None:
    ticket, other = (read(house, house.tickets().issue("alice")) for _ in range(2))
    assert ticket is not None
    assert other is not None

    assert ticket.opens(ticket.form_key)
    assert not ticket.opens(other.form_key)
    assert not ticket.opens(None)
    assert not ticket.opens("é")
