"""Kimi and GLM models as data: id, aliases, context, price, thinking, effort, media; and what replaced what.

Prices and contexts were taken in November 2026 from the vendors' price lists as genai-prices 0.2.3,
litellm 1.109.1 and pydantic-ai-slim 2.68.0 carry them; behaviour from the vendors' API references
(platform.kimi.ai/docs, docs.z.ai). The tests say which units these are.
"""

from app.providers.records import Effort, Model, Price, Thinking, Vendor, usd

KIMI = Vendor(
    id="kimi",
    title="Kimi (Moonshot)",
    key_variable="KIMI_API_KEY",
    url_variable="KIMI_BASE_URL",
    keys_at="https://platform.kimi.ai/console/api-keys",
)
GLM = Vendor(
    id="glm",
    title="GLM (Z.ai)",
    key_variable="GLM_API_KEY",
    url_variable="GLM_BASE_URL",
    keys_at="https://z.ai/manage-apikey/apikey-list",
)
VENDORS = (KIMI, GLM)

_SWITCH = (Effort.OFF, Effort.HIGH)
_ALWAYS = (Effort.LOW, Effort.HIGH, Effort.MAX)
_SEES = ("image", "video")
_256K = 262_144
_1M = 1_048_576
_200K = 200_000
_128K = 128_000


def _price(input_: str, cached: str | None, output: str) -> Price:
    return Price(input=usd(input_), cached=usd(cached or input_), output=usd(output))


_KIMI_MODELS = (
    Model(
        "kimi-k2.6",
        KIMI,
        _256K,
        _price("0.95", "0.16", "4"),
        Thinking.SWITCH,
        "general; the one whose thinking can be off",
        aliases=("kimi",),
        efforts=_SWITCH,
        media=_SEES,
    ),
    Model(
        "kimi-k2.7-code",
        KIMI,
        _256K,
        _price("0.95", "0.19", "4"),
        Thinking.ALWAYS,
        "code",
        aliases=("kimi-code",),
    ),
    Model(
        "kimi-k2.7-code-highspeed",
        KIMI,
        _256K,
        _price("1.90", "0.38", "8"),
        Thinking.ALWAYS,
        "code, faster at twice the price",
    ),
    Model(
        "kimi-k3",
        KIMI,
        _1M,
        _price("3", "0.30", "15"),
        Thinking.ALWAYS,
        "deep thinking over long contexts",
        aliases=("kimi-deep",),
        efforts=_ALWAYS,
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
    ),
    Model(
        "kimi-k3.1-pro-highspeed",
        KIMI,
        _1M,
        _price("4", "0.20", "20"),
        Thinking.ALWAYS,
        "the same, faster; not every account has it",
        efforts=_ALWAYS,
    ),
)

_GLM_MODELS = (
    Model(
        "glm-5.3",
        GLM,
        _1M,
        _price("1.40", "0.26", "4.40"),
        Thinking.ALWAYS,
        "deep thinking",
        aliases=("glm", "glm-deep"),
        max_output=131_072,
        efforts=_ALWAYS,
    ),
    Model(
        "glm-5.3-flash",
        GLM,
        _1M,
        _price("0.15", "0.03", "0.50"),
        Thinking.ALWAYS,
        "fast and cheap",
        aliases=("glm-fast",),
        efforts=_ALWAYS,
    ),
    Model(
        "glm-5.3-flashx",
        GLM,
        None,
        _price("0.37", "0.075", "1.25"),
        Thinking.ALWAYS,
        "faster than flash",
        efforts=_ALWAYS,
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
    ),
    Model("glm-5.1", GLM, _200K, _price("1.40", None, "4.40"), Thinking.SWITCH, "older", efforts=_SWITCH),
    Model("glm-5", GLM, _200K, _price("1.00", None, "3.20"), Thinking.SWITCH, "older", efforts=_SWITCH),
    Model("glm-5-turbo", GLM, _200K, _price("1.20", None, "4.00"), Thinking.SWITCH, "older", efforts=_SWITCH),
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
    ),
    Model("glm-4.7", GLM, _200K, _price("0.60", "0.11", "2.20"), Thinking.SWITCH, "cheap", efforts=_SWITCH),
    Model("glm-4.6", GLM, _200K, _price("0.60", "0.11", "2.20"), Thinking.SWITCH, "older", efforts=_SWITCH),
    Model(
        "glm-4.7-flash",
        GLM,
        _200K,
        _price("0", "0", "0"),
        Thinking.SWITCH,
        "free; good for a first try",
        aliases=("glm-free",),
        efforts=_SWITCH,
    ),
    Model(
        "glm-4.5-flash", GLM, _128K, _price("0", "0", "0"), Thinking.SWITCH, "free, older", efforts=_SWITCH
    ),
    Model(
        "glm-4.6v",
        GLM,
        _128K,
        _price("0.30", None, "0.90"),
        Thinking.SWITCH,
        "sees images",
        efforts=_SWITCH,
        media=("image",),
    ),
    Model(
        "glm-4.6v-flash",
        GLM,
        _128K,
        _price("0", "0", "0"),
        Thinking.SWITCH,
        "sees images, free",
        efforts=_SWITCH,
        media=("image",),
    ),
    Model("glm-4.5-air", GLM, _128K, _price("0.20", None, "1.10"), Thinking.SWITCH, "small", efforts=_SWITCH),
)

MODELS: tuple[Model, ...] = _KIMI_MODELS + _GLM_MODELS

REPLACED: dict[str, str] = {
    "kimi-latest": "kimi-k2.6",
    "kimi-k2": "kimi-k2.6",
    "kimi-k2-0711-preview": "kimi-k2.6",
    "kimi-k2-0905-preview": "kimi-k2.6",
    "kimi-k2-turbo-preview": "kimi-k2.6",
    "kimi-k2-thinking": "kimi-k2.6",
    "kimi-k2-thinking-turbo": "kimi-k2.6",
    "kimi-k2.5": "kimi-k2.6",
    "moonshot-v1-8k": "kimi-k2.6",
    "moonshot-v1-32k": "kimi-k2.6",
    "moonshot-v1-128k": "kimi-k2.6",
    "moonshot-v1-auto": "kimi-k2.6",
}
"""Ids that their vendor has retired, and the model to be used instead."""


def find(name: str) -> Model | None:
    """Return the model of this id, alias or retired id; None when there is none."""
    name = REPLACED.get(name, name)
    for model in MODELS:
        if name == model.id or name in model.aliases:
            return model
    return None
