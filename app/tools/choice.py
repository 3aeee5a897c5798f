"""Which model answers: the one that was named, else the thread's, else the tool's default."""

from collections.abc import Collection

from app.jobs.errors import RefusedError
from app.providers.catalog import VENDORS, Catalog
from app.providers.records import Model


class Choice:
    """Chooses among the models of the vendors that have a key."""

    def __init__(self, catalog: Catalog, with_key: Collection[str]) -> None:
        self.catalog = catalog
        self._with_key = frozenset(with_key)

    def choose(self, wanted: str, tool: str, last: str | None = None) -> Model:
        """Return the model of this id or alias; of `auto` the one that answered last, else the default.

        Raises:
            RefusedError: there is no such model, or none that has a key.
        """
        if wanted != "auto":
            return self._named(wanted)
        before = self.catalog.find(last) if last else None
        if before is not None and self.usable(before.vendor.id):
            return before
        return self.several(tool)[0]

    def several(self, tool: str) -> tuple[Model, ...]:
        """Return every model that `auto` stands for with a tool and whose vendor has a key, at least one.

        Raises:
            RefusedError: no vendor has a key.
        """
        found = tuple(model for model in self.catalog.choices(tool) if self.usable(model.vendor.id))
        found = found or tuple(model for model in self.catalog.models if self.usable(model.vendor.id))[:1]
        if not found:
            names = " or ".join(f"{vendor.key_variable} ({vendor.keys_at})" for vendor in VENDORS)
            raise RefusedError(
                f"No vendor key is set, so no model can be asked: set {names}, and start the server again."
            )
        return found

    def usable(self, vendor: str) -> bool:
        """Whether a vendor has a key."""
        return vendor in self._with_key

    def stand_in(self, model: Model, media: frozenset[str]) -> Model | None:
        """Return the other vendor's model that may answer in place of one, if it sees these media."""
        return self.catalog.substitute(model, media, self.usable)

    def _named(self, name: str) -> Model:
        model = self.catalog.find(name)
        if model is None:
            models = self.catalog.models
            known = ", ".join(one.aliases[0] if one.aliases else one.id for one in models)
            raise RefusedError(f"There is no model {name!r:.60}: use auto, or one of {known}.")
        if not self.usable(model.vendor.id):
            vendor = model.vendor
            raise RefusedError(
                f"{model.id} needs a key of {vendor.title}, and none is set: set {vendor.key_variable} "
                f"(make one at {vendor.keys_at}), or use model auto."
            )
        return model
