"""models.toml: what it changes, what it adds, and all of its faults at once."""

from pathlib import Path

import pytest

from app.providers.catalog import BUILT_IN, Catalog
from app.providers.records import Effort, Price, Replay, Thinking
from app.settings import ConfigurationError, Settings
from app.settings.models_file import FILE_NAME, parse, read

ROOT = Path(__file__).resolve().parents[3]
PATH = Path("config/models.toml")


def catalog(text: str) -> Catalog:
    return parse(text, PATH)


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        catalog(text)
    assert all(fault.startswith(f"{PATH}: ") and fault.endswith(".") for fault in caught.value.faults)
    return [fault.removeprefix(f"{PATH}: ") for fault in caught.value.faults]


def test_an_absent_or_empty_file_changes_nothing(tmp_path: Path) -> None:
    assert read(tmp_path) is BUILT_IN
    assert catalog("").models == BUILT_IN.models


def test_the_example_is_a_valid_file() -> None:
    made = parse((ROOT / "config" / "models.toml.example").read_text(), PATH)

    new = made.find("kimi-next")
    assert new is not None
    assert (new.id, new.vendor.id, new.thinking, new.replay) == (
        "kimi-k4",
        "kimi",
        Thinking.ALWAYS,
        Replay.ALL,
    )
    assert new.price == Price(3000, 300, 15000, 3000)
    assert made.find("glm-4.6") is None
    assert [model.id for model in made.choices("chat")] == ["glm-5.3", "kimi-k2.6"]
    assert [model.id for model in made.choices("debug")] == [model.id for model in BUILT_IN.choices("debug")]


def test_a_table_changes_what_it_says_and_keeps_the_rest() -> None:
    made = catalog(
        '[models."glm-5.3"]\nconcurrency = 7\nreplay = "asked"\nmax_output = 1000\n'
        "price = { input = 1.5, output = 5 }\n"
    ).find("glm")

    before = BUILT_IN.find("glm")
    assert made is not None
    assert before is not None
    assert (made.concurrency, made.replay, made.max_output, made.default_output) == (
        7,
        Replay.ASKED,
        1000,
        1000,
    )
    assert made.price == Price(1500, 1500, 5000)
    assert (made.context, made.efforts, made.aliases) == (before.context, before.efforts, before.aliases)


def test_an_alias_moves_to_the_model_that_the_file_names() -> None:
    made = catalog('[models."kimi-k3"]\naliases = ["kimi"]\n')

    assert made.find("kimi") is made.find("kimi-k3")
    assert made.find("kimi-k2.6") is not None
    assert made.find("kimi-deep") is None


def test_a_retired_id_can_be_taken_back() -> None:
    made = catalog('[models."kimi-k2.5"]\nlike = "kimi-k2.6"\nprice = { input = 1, output = 2 }\n')

    found = made.find("kimi-k2.5")
    assert found is not None
    assert found.id == "kimi-k2.5"


def test_a_model_that_is_like_one_of_the_same_file_takes_its_word() -> None:
    made = catalog(
        '[models.a]\nlike = "glm-4.7"\nprice = {input = 1, output = 1}\nthinking = "none"\nefforts = []\n'
        '[models.b]\nlike = "a"\nprice = {input = 0, output = 0}\n'
    ).find("b")

    assert made is not None
    assert (made.thinking, made.efforts) == (Thinking.NONE, ())


def test_a_disabled_default_gives_way_to_the_next() -> None:
    made = catalog('[models."kimi-k2.6"]\ndisabled = true\n')

    assert [model.id for model in made.choices("chat")] == ["glm-5.3"]
    assert made.find("kimi-latest") is None


K26, K3, GLM5 = '[models."kimi-k2.6"]\n', "[models.kimi-k3]\n", "[models.glm-5]\n"
NEW = "[models.k9]\n"
NONE_LEFT = "".join(f'[models."{model.id}"]\ndisabled = true\n' for model in BUILT_IN.models)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[model.a]\nb = 1", "model is not a key of this file: if models is meant, write that."),
        (f"{K26}pirce = 1", 'models."kimi-k2.6".pirce is not a key of this file: if price is meant'),
        (f"{K26}price = {{cahced = 1}}", "cahced is not a key of this file: if cached is meant"),
        (f"{K26}price = {{input = 1}}", 'models."kimi-k2.6".price.output is missing: add it.'),
        (
            f"{K26}price = {{input = 0.0005, output = 1}}",
            'models."kimi-k2.6".price.input is wrong: 0.0005 USD per million tokens is finer',
        ),
        (f"{K26}price = {{input = 1, output = 0.00000000001}}", "is finer than one nano-USD per token"),
        (f"{K26}price = {{input = -1, output = 1}}", ".price.input is -1, which is wrong"),
        (f'{NEW}like = "kimi-k3"', "models.k9.price is missing, and nothing could be reserved"),
        (f"{NEW}context = 1000", "models.k9 is a new model without `like`"),
        (f'{NEW}like = "kimi-k8"', "models.k9.like is 'kimi-k8', and what is not said of it"),
        (f"{K3}concurrency = 0", "models.kimi-k3.concurrency is 0, which is wrong"),
        (f'{K3}thinking = "sometimes"', "is 'sometimes', which is wrong"),
        (f'{K3}thinking = "switch"', "'off' belongs to 'switch' and to nothing else"),
        (f'{K3}efforts = ["off"]', "'off' belongs to 'switch' and to nothing else"),
        (f"{K3}max_output = 500\ndefault_output = 600", "default_output is above max_output (500)"),
        (f'{K3}substitute = "kimi-k2.6"', "a model of the same vendor: name another's"),
        (f'{K3}substitute = "gpt-5"', "substitute is 'gpt-5', which is no model"),
        (f'{K3}aliases = ["glm-5.3"]', "aliases holds 'glm-5.3', the name of another model"),
        (f'{K3}aliases = ["x"]\n{GLM5}aliases = ["x"]', "the name of another model (kimi-k3)"),
        ('[defaults]\nchta = "kimi"', "defaults.chta is not a key of this file: if chat is meant"),
        ('[defaults]\nchat = "gpt-5"', "defaults.chat is 'gpt-5', which is no model or is disabled: use"),
        ("[defaults]\nchat = []", "defaults.chat"),
        (f'[defaults]\nchat = "kimi"\n{K26}disabled = true', "which is no model or is disabled"),
        (NONE_LEFT, "every model is disabled"),
    ],
)
def test_a_fault_is_named_with_its_key(text: str, sentence: str) -> None:
    assert any(sentence in fault for fault in faults(text)), faults(text)


def test_what_is_not_toml_says_so() -> None:
    with pytest.raises(ConfigurationError, match="is not TOML"):
        catalog("[models")


def test_all_faults_come_at_once() -> None:
    found = faults(
        '[defaults]\nx = "y"\n[models.k9]\nlike = "kimi-k3"\n[models."glm-5"]\nthinking = "always"\n'
    )

    assert len(found) == 4


def test_settings_refuse_to_start_with_a_wrong_file_and_say_the_rest_too(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / FILE_NAME).write_text("[models.k9]\ncontext = 5\n")
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_env({"WS_PORT": "http"}, tmp_path)

    assert any(fault.startswith("WS_PORT") for fault in caught.value.faults)
    assert any("models.k9.context is 5" in fault for fault in caught.value.faults)


def test_settings_hold_the_catalogue(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / FILE_NAME).write_text('[models."kimi-k3"]\nconcurrency = 9\n')

    found = Settings.from_env({}, tmp_path).models.find("kimi-k3")
    assert found is not None
    assert found.concurrency == 9
    assert Effort.MAX in found.efforts
