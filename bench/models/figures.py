"""The rows; `bench.figures` says what a row is and how rounds become a verdict."""

from bench.figures import Figure

FIGURES = (
    Figure(
        "first-sqlite", "added time to first words, p50, SQLite", "first words", "added_ms", "ms", 2, 1,
        lane="sqlite", base=None,
    ),
    Figure(
        "first-postgres", "added time to first words, p50, Postgres", "first words", "added_ms", "ms", 3, 2,
        lane="postgres", base=None,
    ),
    Figure(
        "streamed", "server CPU of a 2,000-token answer, of httpx reading it", "streamed", "cpu_ms", "ms",
        2.0, 1.3, base="httpx",
    ),
)  # fmt: skip
