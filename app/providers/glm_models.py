"""GLM's models as data.

Prices and contexts were taken in November 2026 from the vendor's price list as genai-prices 0.2.3,
litellm 1.109.1 and pydantic-ai-slim 2.68.0 carry it; behaviour and longest answers from docs.z.ai.
"""

from app.providers.records import Effort, Model, Price, Thinking, usd
from app.providers.vendors import GLM

_1M = 1_048_576
_200K = 200_000
_128K = 128_000
_OUT_128K = 131_072
_OUT_96K = 98_304
_ALWAYS = (Effort.LOW, Effort.HIGH, Effort.MAX)
_SWITCH = (Effort.OFF, Effort.HIGH)
_IMAGES = ("image",)


def _price(input_: str, cached: str | None, output: str) -> Price:
    return Price(input=usd(input_), cached=usd(cached or input_), output=usd(output))


_FREE = _price("0", "0", "0")

MODELS = (
    Model(
        "glm-5.3",
        GLM,
        _1M,
        _price("1.40", "0.26", "4.40"),
        Thinking.ALWAYS,
        "deep thinking",
        aliases=("glm", "glm-deep"),
        max_output=_OUT_128K,
        efforts=_ALWAYS,
        substitute="kimi-k2.6",
    ),
    Model(
        "glm-5.3-flash",
        GLM,
        _1M,
        _price("0.15", "0.03", "0.50"),
        Thinking.ALWAYS,
        "fast and cheap; sees images",
        aliases=("glm-fast",),
        efforts=_ALWAYS,
        media=_IMAGES,
        substitute="kimi-k2.6",
    ),
    Model(
        "glm-5.3-flashx",
        GLM,
        None,
        _price("0.37", "0.075", "1.25"),
        Thinking.ALWAYS,
        "faster than flash",
        efforts=_ALWAYS,
        substitute="kimi-k2.6",
    ),
    # Takes none, low, medium, high and max, of which low and medium act as high: three of ours remain.
    Model(
        "glm-5.2",
        GLM,
        _1M,
        _price("1.40", "0.26", "4.40"),
        Thinking.SWITCH,
        "the release before 5.3",
        efforts=(Effort.OFF, Effort.HIGH, Effort.MAX),
        max_output=_OUT_128K,
        substitute="kimi-k2.6",
    ),
    Model(
        "glm-5.1",
        GLM,
        _200K,
        _price("1.40", None, "4.40"),
        Thinking.SWITCH,
        "older",
        efforts=_SWITCH,
        substitute="kimi-k2.6",
    ),
    Model(
        "glm-5",
        GLM,
        _200K,
        _price("1.00", None, "3.20"),
        Thinking.SWITCH,
        "older",
        efforts=_SWITCH,
        substitute="kimi-k2.6",
    ),
    Model(
        "glm-5-turbo",
        GLM,
        _200K,
        _price("1.20", None, "4.00"),
        Thinking.SWITCH,
        "older",
        efforts=_SWITCH,
        substitute="kimi-k2.6",
    ),
    Model(
        "glm-5v-turbo",
        GLM,
        _200K,
        _price("1.20", "0.24", "4.00"),
        Thinking.SWITCH,
        "sees images, video and files",
        aliases=("glm-vision",),
        efforts=_SWITCH,
        media=("image", "video", "file"),
        leaks_tags=True,
        substitute="kimi-k2.6",
    ),
    Model(
        "glm-4.7",
        GLM,
        _200K,
        _price("0.60", "0.11", "2.20"),
        Thinking.SWITCH,
        "cheap",
        efforts=_SWITCH,
        max_output=_OUT_128K,
        substitute="kimi-k2.6",
    ),
    Model(
        "glm-4.6",
        GLM,
        _200K,
        _price("0.60", "0.11", "2.20"),
        Thinking.SWITCH,
        "older",
        efforts=_SWITCH,
        max_output=_OUT_128K,
        substitute="kimi-k2.6",
    ),
    # A free model has no substitute: who chose it did not agree to pay.
    Model(
        "glm-4.7-flash",
        GLM,
        _200K,
        _FREE,
        Thinking.SWITCH,
        "free; good for a first try",
        aliases=("glm-free",),
        efforts=_SWITCH,
    ),
    Model(
        "glm-4.5-flash",
        GLM,
        _128K,
        _FREE,
        Thinking.SWITCH,
        "free, older",
        efforts=_SWITCH,
        max_output=_OUT_96K,
    ),
    # The vision models have been seen to write <think> and box tags into answers (docs.z.ai, GLM-4.5V).
    Model(
        "glm-4.6v",
        GLM,
        _128K,
        _price("0.30", None, "0.90"),
        Thinking.SWITCH,
        "sees images",
        efforts=_SWITCH,
        media=_IMAGES,
        leaks_tags=True,
        substitute="kimi-k2.6",
    ),
    Model(
        "glm-4.6v-flash",
        GLM,
        _128K,
        _FREE,
        Thinking.SWITCH,
        "sees images, free",
        efforts=_SWITCH,
        media=_IMAGES,
        leaks_tags=True,
    ),
    Model(
        "glm-4.5-air",
        GLM,
        _128K,
        _price("0.20", None, "1.10"),
        Thinking.SWITCH,
        "small",
        efforts=_SWITCH,
        max_output=_OUT_96K,
        substitute="kimi-k2.6",
    ),
)
