"""The catalogue: every model that can be asked for, by id, alias or retired id, and which one a tool takes.

`BUILT_IN` is what this release knows; CONFIG_DIR/models.toml makes another one from it
(`app.settings.models_file`).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from msgspec import Struct

from app.providers import glm_models, kimi_models
from app.providers.records import Model
from app.providers.vendors import GLM, KIMI, VENDORS

__all__ = ["BUILT_IN", "DEFAULTS", "GLM", "KIMI", "MODELS", "REPLACED", "VENDORS", "Catalog", "find"]

DEFAULTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "chat": ("kimi", "glm"),
        "thinkdeep": ("glm-deep", "kimi"),
        "codereview": ("kimi-code", "glm"),
        "debug": ("kimi-code", "glm"),
        "planner": ("glm-deep", "kimi"),
        "consensus": ("kimi", "glm"),
        "documents": ("kimi", "glm"),
    }
)
"""What `auto` means to each tool: the first whose vendor has a key; `consensus` asks all of them."""


class Catalog(Struct, frozen=True):
    """Models in the order they are listed; names are unique over ids, aliases and retired ids."""

    models: tuple[Model, ...]
    retired: Mapping[str, str]
    """Ids that are no more, and the id to be used instead."""
    defaults: Mapping[str, tuple[str, ...]]

    def find(self, name: str) -> Model | None:
        """Return the model of this id, alias or retired id; None when there is none."""
        name = self.retired.get(name, name)
        for model in self.models:
            if name == model.id or name in model.aliases:
                return model
        return None

    def choices(self, tool: str) -> tuple[Model, ...]:
        """Return the models that `auto` stands for with a tool, the preferred one first."""
        found = (self.find(name) for name in self.defaults.get(tool, self.defaults["chat"]))
        return tuple(model for model in found if model is not None)

    def substitute(self, model: Model, media: frozenset[str], usable: Callable[[str], bool]) -> Model | None:
        """Return another vendor's model that may stand in: it sees these media, and its vendor has a key.

        None for free models and where there is none.
        """
        if model.substitute is None:
            return None
        first = self.find(model.substitute)
        others = (one for one in self.models if one.vendor.id != model.vendor.id and any(_prices(one)))
        for candidate in (first, *others):
            if candidate is not None and media <= set(candidate.media) and usable(candidate.vendor.id):
                return candidate
        return None

    def names(self, vendor: str | None = None) -> str:
        """List the ids, of one vendor or of all, for a sentence."""
        return ", ".join(model.id for model in self.models if vendor in (None, model.vendor.id))


def _prices(model: Model) -> tuple[int, int]:
    return model.price.input, model.price.output


MODELS: tuple[Model, ...] = kimi_models.MODELS + glm_models.MODELS
REPLACED: dict[str, str] = {**kimi_models.RETIRED}
BUILT_IN = Catalog(MODELS, MappingProxyType(REPLACED), DEFAULTS)


def find(name: str) -> Model | None:
    """Look a model up in the built-in catalogue; see `Catalog.find`."""
    return BUILT_IN.find(name)
