"""The rows; `bench.figures` says what a row is and how rounds become a verdict."""

from bench.figures import Figure

FIGURES = (
    Figure(
        "sqlite-appends", "durable appends/s, 8 writers, SQLite, of a raw commit loop's", "sqlite appends",
        "per_second", "/s", 0.7, base="raw", at_least=True,
    ),
    Figure(
        "postgres-appends", "durable appends/s, 8 writers, Postgres, of pgbench's", "postgres appends",
        "per_second", "/s", 0.6, base="raw", at_least=True,
    ),
    Figure(
        "postgres-round-trips", "round trips of one append, Postgres", "postgres appends", "round_trips", "",
        1.0, base=None,
    ),
    Figure("sqlite-search", "search of 100,000 turns, p95, SQLite", "sqlite search", "p95_ms", "ms", 50, 10,
           base=None),
    Figure("postgres-search", "search of 100,000 turns, p95, Postgres", "postgres search", "p95_ms", "ms", 50,
           10, base=None),
)  # fmt: skip
