"""What a call costs, counted in function calls: a figure no other load on the machine can move."""

from bench import function_calls

MOST_FUNCTION_CALLS = 250
"""A tools/call over WebSocket must not take more (the aim is 120)."""


def test_a_call_over_websocket_takes_few_function_calls() -> None:
    counted = function_calls.count()

    assert 0 < counted["bare"] < counted["ours"] <= MOST_FUNCTION_CALLS
