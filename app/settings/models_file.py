"""CONFIG_DIR/models.toml: what this installation knows better than the release about models.

    [defaults]                        # what `auto` means to a tool, the preferred first
    chat = "glm"
    consensus = ["kimi", "glm-deep"]

    [models."kimi-k2.6"]              # changes what is said, keeps the rest
    concurrency = 10
    price = { input = 0.95, cached = 0.16, output = 4 }   # USD per million tokens

    [models."kimi-k4"]                # a new one: it takes what is not said from the model it is like
    like = "kimi-k3"
    price = { input = 3, output = 15 }

    [models."glm-4.6"]
    disabled = true

A model without a price is refused: nothing could be reserved for its calls.
"""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from msgspec import structs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.providers.catalog import BUILT_IN, DEFAULTS, Catalog
from app.providers.records import Effort, Model, Price, Replay, Thinking, usd
from app.settings import toml_files
from app.settings.errors import ConfigurationError

FILE_NAME = "models.toml"

Usd = Annotated[Decimal, Field(ge=0, le=1_000_000, strict=False)]
Tokens = Annotated[int, Field(ge=256, le=100_000_000)]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Names = list[Name]


class PriceTable(BaseModel):
    """USD per million tokens; absent, `cached` costs as much as `input`, `written` nothing beyond it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    input: Usd
    output: Usd
    cached: Usd | None = None
    written: Usd | None = None


class ModelTable(BaseModel):
    """What can be said of a model; the meanings are those of `app.providers.records.Model`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    like: Name | None = None
    price: PriceTable | None = None
    disabled: bool = False
    aliases: Names | None = None
    note: Name | None = None
    context: Tokens | None = None
    max_output: Tokens | None = None
    default_output: Tokens | None = None
    thinking: Literal["always", "switch", "none"] | None = None
    efforts: list[Literal["off", "low", "high", "max"]] | None = None
    media: list[Literal["image", "video", "file"]] | None = None
    replay: Literal["calls", "all", "asked"] | None = None
    substitute: Name | None = None
    concurrency: Annotated[int, Field(ge=1, le=10_000)] | None = None


class ModelsFile(BaseModel):
    """The whole file; an absent one is empty."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    defaults: dict[str, Name | Annotated[Names, Field(min_length=1)]] = Field(default_factory=dict)
    models: dict[Name, ModelTable] = Field(default_factory=dict)


def read(config_dir: Path) -> Catalog:
    """Read the file and apply it to what the release knows; an absent one changes nothing.

    Raises:
        ConfigurationError: with every fault of the file at once, each with its key.
    """
    path = config_dir / FILE_NAME
    text = toml_files.text_of(path)
    return BUILT_IN if text is None else parse(text, path)


def parse(text: str, path: Path) -> Catalog:
    """Check the text of the file and make the catalogue; `path` is what faults call it.

    Raises:
        ConfigurationError: with every fault at once.
    """
    tables = toml_files.tables_of(text, path)
    faults: list[str] = []
    try:
        file = ModelsFile.model_validate(tables)
        made = _catalog(file, faults)
    except ValidationError as error:
        faults += toml_files.sentences(error, _keys_beside)
    if faults:
        raise ConfigurationError([f"{path}: {fault}" for fault in faults])
    return made


def _catalog(file: ModelsFile, faults: list[str]) -> Catalog:
    models = {model.id: model for model in BUILT_IN.models}
    named: dict[str, str] = {}
    for id_, table in file.models.items():
        key = toml_files.key_of(("models", id_))
        for alias in table.aliases or ():
            if (owner := named.setdefault(alias, id_)) != id_ or alias in models or alias in file.models:
                taken = f"another model ({owner if owner != id_ else alias})"
                faults.append(f"{key}.aliases holds {alias!r}, the name of {taken}: choose another.")
        changed = _changed(id_, table, models, key, faults)
        if changed is not None:
            models[id_] = changed
    # What the file names an alias is no longer one of a model of the release.
    kept = [
        structs.replace(model, aliases=tuple(a for a in model.aliases if named.get(a, model.id) == model.id))
        for model in models.values()
        if not (model.id in file.models and file.models[model.id].disabled)
    ]
    taken_back = {name for model in kept for name in (model.id, *model.aliases)}
    retired = {old: new for old, new in BUILT_IN.retired.items() if old not in taken_back}
    chosen = {tool: (one,) if isinstance(one, str) else tuple(one) for tool, one in file.defaults.items()}
    made = Catalog(tuple(kept), retired, {**DEFAULTS, **chosen})
    _check(made, chosen, file, faults)
    return made


def _changed(
    id_: str, table: ModelTable, models: Mapping[str, Model], key: str, faults: list[str]
) -> Model | None:
    base = models.get(table.like or id_)
    if base is None:
        wanted = f"{key}.like is {table.like!r}" if table.like else f"{key} is a new model without `like`"
        faults.append(
            f"{wanted}, and what is not said of it has to come from a model that is known: write like = one "
            f"of {BUILT_IN.names()}."
        )
        return None
    given = table.model_dump(exclude_none=True, exclude={"like", "disabled", "price"})
    if table.like and id_ not in models:
        given = {"aliases": (), "note": f"like {base.id}", **given}
        if table.price is None and not table.disabled:
            faults.append(
                f"{key}.price is missing, and nothing could be reserved for the calls of a model without a "
                "price: add price = { input = …, output = … } in USD per million tokens."
            )
    for field, kind in (("thinking", Thinking), ("replay", Replay)):
        if field in given:
            given[field] = kind(given[field])
    given |= {field: tuple(given[field]) for field in ("aliases", "media") if field in given}
    if "efforts" in given:
        given["efforts"] = tuple(Effort(effort) for effort in given["efforts"])
    if table.max_output and not table.default_output:
        given["default_output"] = min(base.default_output, table.max_output)
    if table.price is not None:
        given["price"] = _price(table.price, base.price, key, faults)
    return structs.replace(base, id=id_, **given)


def _price(table: PriceTable, fallback: Price, key: str, faults: list[str]) -> Price:
    found: dict[str, int] = {}
    for name, value in table.model_dump(exclude_none=True).items():
        try:
            found[name] = usd(f"{value:f}")
        except ValueError as error:
            faults.append(f"{key}.price.{name} is wrong: {error}.")
    if not {"input", "output"} <= found.keys():
        return fallback
    return Price(**{"cached": found["input"], **found})


def _check(made: Catalog, chosen: Mapping[str, tuple[str, ...]], file: ModelsFile, faults: list[str]) -> None:
    """Check what is true of several models together, and of several keys of one."""
    for tool, names in chosen.items():
        if tool not in DEFAULTS:
            faults.append(toml_files.unknown(f"defaults.{tool}", tool, list(DEFAULTS)))
        faults += [
            f"defaults.{tool} is {name!r}, which is no model or is disabled: use one of {made.names()}."
            for name in names
            if made.find(name) is None
        ]
    for model in made.models:
        if model.id in file.models:
            faults += _contradictions(model, made, toml_files.key_of(("models", model.id)))
    if not made.models:
        faults.append("every model is disabled, so nothing could be asked: leave one.")


def _contradictions(model: Model, made: Catalog, key: str) -> list[str]:
    faults = []
    if (Effort.OFF in model.efforts) != (model.thinking is Thinking.SWITCH):
        faults.append(
            f"{key} has thinking = {model.thinking.value!r} and efforts = "
            f"{[effort.value for effort in model.efforts]}: 'off' belongs to 'switch' and to nothing else."
        )
    if model.max_output and model.default_output > model.max_output:
        faults.append(f"{key}.default_output is above max_output ({model.max_output}): lower it.")
    other = made.find(model.substitute) if model.substitute else None
    if other is not None and other.vendor.id == model.vendor.id:
        faults.append(
            f"{key}.substitute is {model.substitute!r}, a model of the same vendor: name another's."
        )
    if model.substitute and other is None and BUILT_IN.find(model.substitute) is None:
        faults.append(f"{key}.substitute is {model.substitute!r}, which is no model: correct it.")
    return faults


def _keys_beside(location: tuple[str | int, ...]) -> list[str]:
    if location[0] != "models" or len(location) < 3:
        return list(ModelsFile.model_fields)
    return list(PriceTable.model_fields if "price" in location[2:-1] else ModelTable.model_fields)
