"""Which model answers: the one that was named, else the thread's, else the tool's default."""

from collections.abc import Callable, Collection, Mapping, Sequence

from app.jobs.errors import RefusedError
from app.providers.records import Model, Vendor


class Choice:
    """Chooses among the models of the vendors that have a key."""

    def __init__(
        self,
        models: Sequence[Model],
        vendors: Sequence[Vendor],
        with_key: Collection[str],
        *,
        find: Callable[[str], Model | None],
        defaults: Mapping[str, str],
    ) -> None:
        self._models = tuple(models)
        self._vendors = tuple(vendors)
        self._with_key = frozenset(with_key)
        self._find = find
        self._defaults = dict(defaults)

    def choose(self, wanted: str, tool: str, last: str | None = None) -> Model:
        """Return the model of this id or alias; of `auto` the one that answered last, else the default.

        Raises:
            RefusedError: there is no such model, or none that has a key.
        """
        if not self._with_key:
            names = " or ".join(f"{vendor.key_variable} ({vendor.keys_at})" for vendor in self._vendors)
            raise RefusedError(
                f"No vendor key is set, so no model can be asked: set {names}, and start the server again."
            )
        if wanted != "auto":
            return self._named(wanted)
        for name in (last, self._defaults.get(tool), self._defaults.get("chat")):
            model = self._find(name) if name else None
            if model is not None and model.vendor.id in self._with_key:
                return model
            stand_in = None if model is None else self.stand_in(model)
            if stand_in is not None:
                return stand_in
        return next(model for model in self._models if model.vendor.id in self._with_key)

    def stand_in(self, model: Model) -> Model | None:
        """Return the other vendor's model that may answer in place of one, if that vendor has a key."""
        other = self._find(model.substitute) if model.substitute else None
        return other if other is not None and other.vendor.id in self._with_key else None

    def pair(self, tool: str) -> tuple[Model, ...]:
        """Return the tool's default model and its stand-in: one of each vendor where both have a key."""
        first = self.choose("auto", tool)
        second = self.stand_in(first)
        return (first,) if second is None else (first, second)

    def _named(self, name: str) -> Model:
        model = self._find(name)
        if model is None:
            known = ", ".join(one.aliases[0] if one.aliases else one.id for one in self._models)
            raise RefusedError(f"There is no model {name!r:.60}: use auto, or one of {known}.")
        if model.vendor.id not in self._with_key:
            vendor = model.vendor
            raise RefusedError(
                f"{model.id} needs a key of {vendor.title}, and none is set: set {vendor.key_variable} "
                f"(make one at {vendor.keys_at}), or use model auto."
            )
        return model
