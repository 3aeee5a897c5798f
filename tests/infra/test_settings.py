"""What a stack file may say, and the sentence each fault gets."""

from collections.abc import Mapping

import pulumi
import pytest
from pulumi.runtime import set_all_config

from app import contract
from infra.development import PASSPHRASE
from infra.settings import Settings, SettingsError


def _load(values: Mapping[str, str], secret: list[str] | None = None) -> Settings:
    set_all_config({f"exai-mcp-server:{key}": text for key, text in values.items()}, secret or [])
    return Settings.load(pulumi.Config("exai-mcp-server"))


def test_an_empty_stack_file_gets_the_house_policy() -> None:
    settings = _load({})

    assert settings.published_port == contract.PORT
    assert settings.server.memory == contract.SERVER_MEMORY_MIB
    assert settings.server.memory_reservation == contract.SERVER_MEMORY_RESERVATION_MIB
    assert settings.logging.effective_options == {"max-size": "10m", "max-file": "3"}
    assert settings.engine == "containers"
    assert settings.target == "production"


def test_a_stack_says_only_how_it_differs() -> None:
    settings = _load({"server": '{"memory": 2048}', "hotReload": "true", "prefix": "12"})

    assert settings.server.memory == 2048
    assert settings.server.cpus == contract.SERVER_CPUS
    assert settings.target == "development"
    assert settings.prefix == "12"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"publishedPort": "eighty"},
            "`exai-mcp-server:publishedPort` is 'eighty', and must be a port number from 1 to 65535 on the "
            "host.",
        ),
        (
            {"publishedPort": "70000"},
            "`exai-mcp-server:publishedPort` is 70000, and must be a port number from 1 to 65535 on the "
            "host.",
        ),
        (
            {"server": '{"memory": -5}'},
            "`exai-mcp-server:server.memory` is -5, and must be a whole number of MiB, 6 or more.",
        ),
        (
            {"server": '{"memory": "1g"}'},
            "`exai-mcp-server:server.memory` is '1g', and must be a whole number of MiB, 6 or more.",
        ),
        (
            {"postgres": '{"memory": 64}'},
            "`exai-mcp-server:postgres.memory` is 64 MiB, below `exai-mcp-server:postgres.memoryReservation` "
            "of 128 MiB: raise the first or lower the second.",
        ),
        (
            {"redis": '{"cpus": 0.02}'},
            "`exai-mcp-server:redis.cpus` is 0.02 cores, below `exai-mcp-server:redis.cpuReservation` of "
            "0.05 cores: raise the first or lower the second.",
        ),
        (
            {"redis": '{"cpus": 0}'},
            "`exai-mcp-server:redis.cpus` is 0, and must be a number of CPU cores above 0, such as 0.5.",
        ),
        (
            {"publishPort": "9000"},
            "`exai-mcp-server:publishPort` is not a setting; did you mean `publishedPort`?",
        ),
        (
            {"server": '{"memroy": 900}'},
            "`exai-mcp-server:server.memroy` is not a setting; did you mean `memory`?",
        ),
        (
            {"logging": '{"zzz": "x"}'},
            "`exai-mcp-server:logging.zzz` is not a setting; known here: driver, options.",
        ),
        (
            {"logging": '{"options": {"max-file": 3}}'},
            "`exai-mcp-server:logging.options.max-file` is 3, and must be a string in quotes.",
        ),
        ({"server": "lots"}, "`exai-mcp-server:server` is 'lots', and must be a mapping of limits."),
        ({"engine": "podman"}, "`exai-mcp-server:engine` is 'podman', and must be containers or swarm."),
        (
            {"logLevel": "LOUD"},
            "`exai-mcp-server:logLevel` is 'LOUD', and must be DEBUG, INFO, WARNING or ERROR.",
        ),
        ({"hotReload": "maybe"}, "`exai-mcp-server:hotReload` is 'maybe', and must be true or false."),
        (
            {"prefix": "No Spaces"},
            "`exai-mcp-server:prefix` is 'No Spaces', and must be at most 31 lower-case letters, digits and "
            "hyphens, starting with a letter or digit.",
        ),
    ],
)
def test_a_fault_is_one_sentence_with_the_full_key(values: Mapping[str, str], sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        _load(values)

    assert str(caught.value).splitlines()[1:] == [sentence]


def test_all_faults_are_in_one_message() -> None:
    values = {"server": '{"memory": -1, "cpus": "x"}', "publishedPort": "0", "nonsense": "1"}

    with pytest.raises(SettingsError) as caught:
        _load(values)

    keys = [line.split("`")[1] for line in str(caught.value).splitlines()[1:]]
    assert keys == [
        "exai-mcp-server:publishedPort",
        "exai-mcp-server:server.memory",
        "exai-mcp-server:server.cpus",
        "exai-mcp-server:nonsense",
    ]


def test_a_secret_is_refused_under_the_published_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)

    with pytest.raises(SettingsError, match="`exai-mcp-server:prefix` is a secret, but the passphrase"):
        _load({"prefix": "x"}, ["exai-mcp-server:prefix"])


def test_a_secret_is_the_settings_own_affair_under_another_passphrase(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "another")

    assert _load({"prefix": "x"}, ["exai-mcp-server:prefix"]).prefix == "x"


def test_a_driver_that_writes_no_files_gets_no_file_options() -> None:
    settings = _load({"logging": '{"driver": "journald"}'})

    assert settings.logging.effective_options == {}
