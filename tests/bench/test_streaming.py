"""The provider layer's part of a streamed answer is measured on whole answers."""

from bench.streaming import TOKENS, read_streams


def test_every_reader_reads_the_whole_answer() -> None:
    (reading,) = read_streams(rounds=1)

    assert TOKENS == 2000
    assert min(reading.httpx, reading.client, reading.gateway) > 0
    assert reading.ratio == reading.gateway / reading.httpx
