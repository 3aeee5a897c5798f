"""Kimi's models as data.

Prices and contexts were taken in November 2026 from the vendor's price list as genai-prices 0.2.3,
litellm 1.109.1 and pydantic-ai-slim 2.68.0 carry it; behaviour from platform.kimi.ai/docs.
"""

from app.providers.records import Effort, Model, Price, Replay, Thinking, usd
from app.providers.vendors import KIMI

_256K = 262_144
_1M = 1_048_576
_ALWAYS = (Effort.LOW, Effort.HIGH, Effort.MAX)


def _price(input_: str, cached: str, output: str) -> Price:
    return Price(input=usd(input_), cached=usd(cached), output=usd(output))


MODELS = (
    Model(
        "kimi-k2.6",
        KIMI,
        _256K,
        _price("0.95", "0.16", "4"),
        Thinking.SWITCH,
        "general; the one whose thinking can be off",
        aliases=("kimi",),
        efforts=(Effort.OFF, Effort.HIGH),
        media=("image", "video"),
        substitute="glm-5.3",
    ),
    # Preserved thinking is always on: every assistant message must carry its reasoning
    # (MoonshotAI/kimi-cli#2498).
    Model(
        "kimi-k2.7-code",
        KIMI,
        _256K,
        _price("0.95", "0.19", "4"),
        Thinking.ALWAYS,
        "code",
        aliases=("kimi-code",),
        replay=Replay.ALL,
        substitute="glm-5.3",
    ),
    Model(
        "kimi-k2.7-code-highspeed",
        KIMI,
        _256K,
        _price("1.90", "0.38", "8"),
        Thinking.ALWAYS,
        "code, faster at twice the price",
        replay=Replay.ALL,
        substitute="glm-5.3",
    ),
    # Bills what it writes to its cache at the input rate; twice that for caches of an hour, which we never
    # ask for.
    Model(
        "kimi-k3",
        KIMI,
        _1M,
        Price(input=usd("3"), cached=usd("0.30"), output=usd("15"), written=usd("3")),
        Thinking.ALWAYS,
        "deep thinking over long contexts",
        aliases=("kimi-deep",),
        efforts=_ALWAYS,
        replay=Replay.ALL,
        substitute="glm-5.3",
    ),
    # Carried by three price packages, but no vendor page was seen: confirm with GET /models.
    Model(
        "kimi-k3.1-pro",
        KIMI,
        _1M,
        _price("2", "0.20", "10"),
        Thinking.ALWAYS,
        "deep thinking; not every account has it",
        efforts=_ALWAYS,
        replay=Replay.ALL,
        substitute="glm-5.3",
    ),
    Model(
        "kimi-k3.1-pro-highspeed",
        KIMI,
        _1M,
        _price("4", "0.20", "20"),
        Thinking.ALWAYS,
        "the same, faster; not every account has it",
        efforts=_ALWAYS,
        replay=Replay.ALL,
        substitute="glm-5.3",
    ),
)

RETIRED = dict.fromkeys(
    (
        "kimi-latest",
        "kimi-k2",
        "kimi-k2-0711-preview",
        "kimi-k2-0905-preview",
        "kimi-k2-turbo-preview",
        "kimi-k2-thinking",
        "kimi-k2-thinking-turbo",
        "kimi-k2.5",
        "moonshot-v1-8k",
        "moonshot-v1-32k",
        "moonshot-v1-128k",
        "moonshot-v1-auto",
    ),
    "kimi-k2.6",
)
"""Ids that the vendor has retired, and the model to be used instead."""
