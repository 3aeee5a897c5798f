"""What the demo knows of the vendors' models: enough to refuse what they would refuse."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoModel:
    """One model: `thinking` is always or switch; `graded` models take `reasoning_effort`."""

    id: str
    context: int
    thinking: str = "always"
    graded: bool = False
    preserved: bool = False
    """Whether every assistant message must carry its reasoning."""
    sees: frozenset[str] = frozenset()
    most_output: int | None = None


_IMAGES = frozenset({"image_url"})
_256K, _1M, _200K, _128K = 262_144, 1_048_576, 200_000, 128_000

KIMI = {
    model.id: model
    for model in (
        DemoModel("kimi-k2.6", _256K, "switch", sees=_IMAGES | {"video_url"}),
        DemoModel("kimi-k2.7-code", _256K, preserved=True),
        DemoModel("kimi-k2.7-code-highspeed", _256K, preserved=True),
        DemoModel("kimi-k3", _1M, graded=True, preserved=True),
        DemoModel("kimi-k3.1-pro", _1M, graded=True, preserved=True),
        DemoModel("kimi-k3.1-pro-highspeed", _1M, graded=True, preserved=True),
    )
}
GLM = {
    model.id: model
    for model in (
        DemoModel("glm-5.3", _1M, graded=True, most_output=131_072),
        DemoModel("glm-5.3-flash", _1M, graded=True, sees=_IMAGES),
        DemoModel("glm-5.3-flashx", _1M, graded=True),
        DemoModel("glm-5.2", _1M, "switch", graded=True, most_output=131_072),
        DemoModel("glm-5.1", _200K, "switch"),
        DemoModel("glm-5", _200K, "switch"),
        DemoModel("glm-5-turbo", _200K, "switch"),
        DemoModel("glm-5v-turbo", _200K, "switch", sees=_IMAGES | {"video_url", "file_url"}),
        DemoModel("glm-4.7", _200K, "switch", most_output=131_072),
        DemoModel("glm-4.6", _200K, "switch", most_output=131_072),
        DemoModel("glm-4.7-flash", _200K, "switch"),
        DemoModel("glm-4.5-flash", _128K, "switch", most_output=98_304),
        DemoModel("glm-4.6v", _128K, "switch", sees=_IMAGES),
        DemoModel("glm-4.6v-flash", _128K, "switch", sees=_IMAGES),
        DemoModel("glm-4.5-air", _128K, "switch", most_output=98_304),
    )
}
OF_VENDOR = {"kimi": KIMI, "glm": GLM}
