"""server.toml: every fault is said at once with its key, and nothing secret is repeated."""

import hashlib
from decimal import Decimal
from pathlib import Path

import pytest

from app.settings import ConfigurationError, Limits, ServerFile, Settings
from app.settings.server_file import parse, read

PATH = Path("server.toml")
A, B = "a" * 64, "b" * 64


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        parse(text, PATH)
    return list(caught.value.faults)


def test_an_absent_file_means_no_further_clients_and_the_default_limits(tmp_path: Path) -> None:
    assert read(tmp_path) == read(tmp_path / "missing") == ServerFile(clients={}, limits=Limits())


def test_clients_and_limits_are_read_with_their_types() -> None:
    file = parse(
        f'[clients.ci]\ntoken_sha256 = "{A}"\ntools = ["chat"]\nrate = 30\nbudget_usd_per_day = 2.5\n'
        f'[clients.laptop]\ntoken_sha256 = "{B}"\n[clients.default]\nrate = 9\n'
        "[limits]\nconnections = 7\nbody_seconds = 2.5\nkeepalive_seconds = 3\n",
        PATH,
    )

    assert file.clients["ci"].budget_usd_per_day == Decimal("2.5")
    assert (file.clients["ci"].tools, file.clients["ci"].rate) == (["chat"], 30)
    assert (file.clients["laptop"].tools, file.clients["laptop"].rate) == (None, None)
    assert file.clients["default"].rate == 9
    assert file.limits == Limits(connections=7, body_seconds=2.5, keepalive_seconds=3)


def test_every_fault_is_said_at_once_with_its_key() -> None:
    found = faults(
        f'[clients.CI]\ntoken_sha256 = "{A}"\n[clients.b]\nrate = 0\ntools = []\nbudget_usd_per_day = -1\n'
        "[limits]\nconections = 7\nconnections = 1.5\nbody_seconds = 0\n[limit]\nx = 1\n"
    )

    keys = [
        "clients.CI",
        "clients.b.rate",
        "clients.b.tools",
        "clients.b.budget_usd_per_day",
        "clients.b.token_sha256",
        "limits.conections",
        "limits.connections",
        "limits.body_seconds",
        "limit",
    ]
    assert sorted(fault.split(": ")[1].split(" is ")[0] for fault in found) == sorted(keys)
    assert any("if connections is meant" in fault for fault in found)


def test_a_token_put_in_the_place_of_its_digest_is_not_repeated() -> None:
    (found,) = faults('[clients.ci]\ntoken_sha256 = "the-token-itself"\n')

    assert "clients.ci.token_sha256" in found
    assert "the-token-itself" not in found


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("clients = 3", "clients is 3"),
        ("= 1", "not TOML"),
        (f'[clients.local]\ntoken_sha256 = "{A}"', "clients.local is not a name"),
        (f'[clients.start-check]\ntoken_sha256 = "{A}"', "clients.start-check is not a name"),
        (f'[clients.default]\ntoken_sha256 = "{A}"', "clients.default.token_sha256 cannot be set"),
        (
            f'[clients.a]\ntoken_sha256 = "{A}"\n[clients.b]\ntoken_sha256 = "{A}"',
            "the same as clients.a.token_sha256",
        ),
    ],
)
def test_what_cannot_be_meant_is_a_fault(text: str, key: str) -> None:
    (found,) = faults(text)

    assert key in found


def test_a_client_with_the_token_of_auth_token_is_a_fault_beside_those_of_the_environment(
    tmp_path: Path,
) -> None:
    digest = hashlib.sha256(b"a-token-made-up-for-tests").hexdigest()
    (tmp_path / "server.toml").write_text(f'[clients.ci]\ntoken_sha256 = "{digest}"\n')
    environ = {"AUTH_TOKEN": "a-token-made-up-for-tests", "CONFIG_DIR": str(tmp_path), "WS_PORT": "http"}

    with pytest.raises(ConfigurationError) as caught:
        Settings.from_env(environ, tmp_path)

    assert [fault.partition(" is ")[0] for fault in caught.value.faults] == [
        "WS_PORT",
        "clients.ci.token_sha256",
    ]


def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "server.toml").mkdir()

    with pytest.raises(ConfigurationError, match="cannot be read"):
        read(tmp_path)


def test_every_limit_says_what_somebody_meets_who_goes_past_it() -> None:
    undescribed = [
        name for name, field in Limits.model_fields.items() if ": " not in (field.description or "")
    ]

    assert undescribed == []
