"""What a call costs, counted in function calls: a figure no other load on the machine can move."""

from bench import function_calls

MOST_FUNCTION_CALLS = 250
"""A tools/call over WebSocket must not take more (the aim is 120)."""

MOST_FOR_WATCHING = 8
"""What of them measuring may take."""


def test_a_call_over_websocket_takes_few_function_calls() -> None:
    counted = function_calls.count()

    assert 0 < counted["bare"] < counted["ours"] <= MOST_FUNCTION_CALLS
    assert 0 < counted["ours"] - counted["unwatched"] <= MOST_FOR_WATCHING
