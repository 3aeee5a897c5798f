"""Which model answers: the one that was named, else the thread's, else the tool's default."""

from collections.abc import Collection, Iterator, Sequence

from app.jobs.errors import RefusedError
from app.providers.catalog import VENDORS, Catalog
from app.providers.records import Model

NOTHING = frozenset[str]()

VOICES = 2
"""How many models are asked where nobody says how many."""


class Choice:
    """Chooses among the models of the vendors that have a key.

    `media` are the kinds (image, video) that a model must see to understand the prompt.
    """

    def __init__(self, catalog: Catalog, with_key: Collection[str]) -> None:
        self.catalog = catalog
        self._with_key = frozenset(with_key)

    def usable(self, vendor: str) -> bool:
        """Whether a vendor has a key."""
        return vendor in self._with_key

    def choose(
        self, wanted: str, tool: str, last: str | None = None, media: frozenset[str] = NOTHING
    ) -> Model:
        """Return the model of this id or alias; of `auto` the one that answered last, else the default.

        Raises:
            RefusedError: there is no such model, none that has a key, or none that sees what it must.
        """
        self.need_key()
        if wanted not in ("auto", ""):
            model = self.named(wanted)
            if not media <= set(model.media):
                raise RefusedError(
                    f"{model.id} sees no {' or '.join(sorted(media - set(model.media)))}, and some were "
                    f"given: {self._seeing(media)}, or leave them out."
                )
            return model
        for model in self._candidates(tool, last):
            if self.usable(model.vendor.id) and media <= set(model.media):
                return model
        raise RefusedError(
            f"No model that has a key sees {' and '.join(sorted(media))}: {self._seeing(media)}."
        )

    def stand_in(self, model: Model, media: frozenset[str] = NOTHING) -> Model | None:
        """Return the other vendor's model that may answer in place of one, if that vendor has a key."""
        return self.catalog.substitute(model, media, self.usable)

    def voices(self, wanted: Sequence[str], tool: str, media: frozenset[str] = NOTHING) -> tuple[Model, ...]:
        """Return the models that are named, or one of each vendor, or two of the only vendor with a key.

        Raises:
            RefusedError: one cannot answer, two are the same, or there is only one.
        """
        if wanted:
            models = tuple(self.choose(name, tool, None, media) for name in wanted)
            if len({model.id for model in models}) < len(models):
                raise RefusedError("Two of these models are the same one: name different ones.")
            return models
        found: dict[str, Model] = {}
        for model in self._candidates(tool, None):
            if self.usable(model.vendor.id) and media <= set(model.media):
                found.setdefault(model.vendor.id, model)
        models = tuple(found.values())[:VOICES]
        if len(models) == 1:
            models += self._relatives(models[0], media)
        if len(models) < VOICES:
            self.choose("auto", tool, None, media)
            raise RefusedError("Only one model can answer this: use `chat`, or set the other vendor's key.")
        return models

    def named(self, name: str) -> Model:
        """Return the model of this id or alias, if it can be called.

        Raises:
            RefusedError: it cannot.
        """
        model = self.catalog.find(name)
        if model is None:
            known = ", ".join(one.aliases[0] if one.aliases else one.id for one in self.catalog.models)
            raise RefusedError(f"There is no model {name!r:.60}: use auto, or one of {known}.")
        if not self.usable(model.vendor.id):
            vendor = model.vendor
            raise RefusedError(
                f"{model.id} needs a key of {vendor.title}, and none is set: set {vendor.key_variable} "
                f"(make one at {vendor.keys_at}), or use model auto."
            )
        return model

    def need_key(self) -> None:
        """Refuse when no model can be called at all.

        Raises:
            RefusedError: no vendor has a key.
        """
        if not self._with_key:
            names = " or ".join(f"{vendor.key_variable} ({vendor.keys_at})" for vendor in VENDORS)
            raise RefusedError(
                f"No vendor key is set, so no model can be asked: set {names}, and start the server again."
            )

    def _candidates(self, tool: str, last: str | None) -> Iterator[Model]:
        model = self.catalog.find(last) if last else None
        if model is not None:
            yield model
            if not self.usable(model.vendor.id) and (other := self.stand_in(model)) is not None:
                yield other
        yield from self.catalog.choices(tool)
        yield from self.catalog.choices("chat")
        yield from self.catalog.models

    def _relatives(self, model: Model, media: frozenset[str]) -> tuple[Model, ...]:
        """Return another model of the same vendor, one with a name of its own if there is one."""
        others = [
            one
            for one in self.catalog.models
            if one.vendor.id == model.vendor.id and one.id != model.id and media <= set(one.media)
        ]
        return tuple(sorted(others, key=lambda one: not one.aliases)[:1])

    def _seeing(self, media: frozenset[str]) -> str:
        names = [model.id for model in self.catalog.models if media <= set(model.media)]
        return f"use {' or '.join(names)}" if names else "no model does"
