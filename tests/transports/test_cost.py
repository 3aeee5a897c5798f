"""What a call costs, counted in function calls: a figure no other load on the machine can move."""

from bench import function_calls

MOST_FUNCTION_CALLS = 100
"""A tools/call over WebSocket takes 92 on Python 3.11 and 82 on 3.13; docs/performance.md promises 250."""


def test_a_call_over_websocket_takes_few_function_calls() -> None:
    counted = function_calls.count()

    assert 0 < counted["bare"] < counted["ours"] <= MOST_FUNCTION_CALLS
