"""One line an offender, and few lines for many."""

import pytest

from app.transports.offenders import INTERVAL_SECONDS, MAX_LINES, MAX_OFFENDERS, Offenders


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_one_offender_makes_one_line_an_interval(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    offenders = Offenders(clock)
    for _ in range(1000):
        offenders.note("192.0.2.1", None, "This Host is not served here.")
    assert [record.message for record in caplog.records] == [
        "refused: 192.0.2.1: This Host is not served here."
    ]

    clock.now += INTERVAL_SECONDS
    offenders.note("192.0.2.1", None, "This Host is not served here.")

    assert "(999 others were not written down)" in caplog.records[-1].message


def test_a_client_is_named(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    Offenders(clock).note("192.0.2.1", "ci", "Too many connections.")

    assert "client ci at 192.0.2.1: Too many connections." in caplog.text


def test_an_offender_of_many_addresses_fills_neither_the_log_nor_the_memory(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    offenders = Offenders(clock)
    for number in range(MAX_OFFENDERS + 50):
        offenders.note(f"address {number}", None, "No.")

    assert len(caplog.records) == MAX_LINES
    assert len(offenders._silent_until) == MAX_OFFENDERS
