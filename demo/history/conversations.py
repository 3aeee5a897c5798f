"""What the team asked, and what it was answered; as a developer would ask, and a model would answer."""

from dataclasses import dataclass
from pathlib import Path

ANSWERS = Path(__file__).parent / "answers"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question: by which tool and model, the name of its answer, how long ago it was, what it took."""

    tool: str
    model: str
    question: str
    answer: str
    hours_ago: float
    tokens: tuple[int, int]
    nano_usd: int
    fault: str = ""
    """Why the answer is not whole; empty when it is."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A thread of one project."""

    project: str
    exchanges: tuple[Exchange, ...]


CONVERSATIONS = (
    Conversation(
        "checkout",
        (
            Exchange(
                "chat",
                "kimi-k3",
                "Why does this query not use orders_by_customer? EXPLAIN output attached.",
                "partial-index",
                5.2,
                (4_812, 1_206),
                32_480_000,
            ),
            Exchange(
                "chat",
                "glm-5.3",
                "Can I build that index on the primary during the day?",
                "index-by-day",
                4.9,
                (6_204, 512),
                10_940_000,
            ),
        ),
    ),
    Conversation(
        "gateway",
        (
            Exchange(
                "debug",
                "kimi-k2.7-code",
                "test_drain_delivers_everything fails about once in forty runs, only in CI",
                "race",
                8.1,
                (11_320, 840),
                14_210_000,
            ),
        ),
    ),
    Conversation(
        "gateway",
        (
            Exchange(
                "consensus",
                "glm-5.3",
                "One writer or two for the audit log? Peak is 38 writes a second.",
                "one-writer",
                26.0,
                (9_940, 2_310),
                71_600_000,
            ),
        ),
    ),
    Conversation(
        "checkout",
        (
            Exchange(
                "codereview",
                "kimi-k2.7-code",
                "Review of uploads.py before it goes out",
                "uploads",
                29.5,
                (18_230, 960),
                21_350_000,
            ),
        ),
    ),
    Conversation(
        "docs",
        (
            Exchange(
                "chat",
                "glm-5.3",
                "Outline the documentation for somebody who has never used an MCP server",
                "outline",
                31.0,
                (640, 74),
                1_120_000,
                "The job was cancelled.",
            ),
        ),
    ),
    Conversation(
        "gateway",
        (
            Exchange(
                "thinkdeep",
                "kimi-k3",
                "When may a client retry a tool call?",
                "retries",
                50.0,
                (2_100, 1_480),
                28_500_000,
            ),
        ),
    ),
    Conversation(
        "docs",
        (
            Exchange(
                "documents",
                "glm-5.3",
                "Does our privacy notice match what the server does?",
                "privacy",
                74.0,
                (31_870, 720),
                47_900_000,
            ),
        ),
    ),
    Conversation(
        "gateway",
        (
            Exchange(
                "debug",
                "glm-5.3-flash",
                "RSS grows to 226 MB overnight, then stops. Leak?",
                "memory",
                98.0,
                (5_210, 380),
                1_460_000,
            ),
        ),
    ),
    Conversation(
        "checkout",
        (
            Exchange(
                "chat",
                "glm-5.3-flash",
                "A verb for «turn a reservation into what it really cost»",
                "naming",
                122.0,
                (410, 96),
                180_000,
            ),
        ),
    ),
    Conversation(
        "research",
        (
            Exchange(
                "documents",
                "kimi-k3",
                "Does the cache paper's result hold for skewed traffic?",
                "skew",
                170.0,
                (48_300, 640),
                152_300_000,
            ),
        ),
    ),
)

LIVE = {
    "Plan the move of payments.amount from NUMERIC to integer nano-dollars without downtime": "migration",
    "Which locks in the ledger are held longer than they need to be?": "locks",
}
"""Questions that the demo's vendors know an answer to, so that one can be watched as it is written."""


def text_of(answer: str) -> str:
    """Return an answer by its name."""
    return (ANSWERS / f"{answer}.md").read_text("utf-8").rstrip("\n")


def recited(question: str) -> str | None:
    """Return what the demo answers to a question it knows."""
    return text_of(LIVE[question]) if question in LIVE else None
