"""What a stack file may not say together, and the secrets that production needs."""

import json
from collections.abc import Mapping

import pulumi
import pytest
from pulumi.runtime import set_all_config

from infra.settings import Settings, SettingsError
from infra.sources import PLACEHOLDER, SECRETS
from tests.certificates import self_signed

NAMESPACE = "exai-mcp-server"
WHOLE = {
    "environment": "production",
    "authToken": "t" * 16,
    "stateKey": "k" * 16,
    "postgresPassword": "p" * 16,
    "redisPassword": "r" * 16,
    "tlsCertificate": PLACEHOLDER,
    "tlsKey": PLACEHOLDER,
}


@pytest.fixture(autouse=True)
def other_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "the team's own")


def _load(values: Mapping[str, object], *, planning: bool = False, plain: tuple[str, ...] = ()) -> Settings:
    texts = {
        f"{NAMESPACE}:{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in values.items()
    }
    sealed = [f"{NAMESPACE}:{key}" for key in values if key in SECRETS and key not in plain]
    set_all_config(texts, sealed)
    return Settings.load(pulumi.Config(NAMESPACE), planning=planning)


def _refused(values: Mapping[str, object], **how: tuple[str, ...]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        _load(values, **how)
    return str(caught.value).splitlines()[1:]


def _without(*keys: str) -> dict[str, object]:
    return {key: value for key, value in WHOLE.items() if key not in keys}


def test_production_runs_two_replicas_on_a_swarm_unless_it_says_otherwise() -> None:
    settings = _load(WHOLE)

    assert (settings.engine, settings.replicas) == ("swarm", 2)
    assert _load({**WHOLE, "engine": "containers", "replicas": 1}).replicas == 1
    assert _load({}).engine == "containers"


@pytest.mark.parametrize(
    ("key", "how"),
    [
        ("authToken", "openssl rand -hex 32 | pulumi config set --secret exai-mcp-server:authToken"),
        ("stateKey", "openssl rand -hex 32 | pulumi config set --secret exai-mcp-server:stateKey"),
        ("postgresPassword", "openssl rand -hex 32 | pulumi config set --secret"),
        ("tlsCertificate", "pulumi config set --secret exai-mcp-server:tlsCertificate < fullchain.pem"),
        ("tlsKey", "pulumi config set --secret exai-mcp-server:tlsKey < privkey.pem"),
    ],
)
def test_a_secret_that_production_lacks_is_named_with_the_command_that_sets_it(key: str, how: str) -> None:
    (sentence,) = _refused(_without(key))

    assert sentence.startswith(
        f"`exai-mcp-server:{key}` is not set, and production does not start without it: "
    )
    assert how in sentence


def test_what_is_looked_at_before_a_plan_may_lack_secrets_without_a_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    warned: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", warned.append)

    _load({"environment": "production"}, planning=True)

    assert warned == []


@pytest.mark.usefixtures("preview")
def test_a_plan_may_lack_secrets_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", warned.append)

    _load({"environment": "production"})

    assert len(warned) == 6
    assert all(sentence.startswith("`up` will be refused: `exai-mcp-server:") for sentence in warned)


def test_a_secret_in_plain_text_is_refused() -> None:
    (sentence,) = _refused(WHOLE, plain=("authToken",))

    assert sentence == (
        "`exai-mcp-server:authToken` is in plain text in the stack file: set it again with "
        "`pulumi config set --secret`."
    )


def test_a_run_of_external_stores_needs_their_urls_and_no_passwords() -> None:
    external = {**_without("postgresPassword", "redisPassword"), "external": ["postgres", "redis"]}

    assert {sentence.split("`")[1] for sentence in _refused(external)} == {
        "exai-mcp-server:databaseUrl",
        "exai-mcp-server:redisUrl",
    }
    assert _load({**external, "databaseUrl": "postgresql://x", "redisUrl": "redis://x"}).external == [
        "postgres",
        "redis",
    ]


def test_supabase_is_a_database_by_its_own_key() -> None:
    values = {**_without("postgresPassword"), "external": ["postgres"], "supabaseServiceRoleKey": "a.b"}
    values["variables"] = {"SUPABASE_URL": "https://project.supabase.co"}

    assert _load(values).external == ["postgres"]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"engine": "swarm"},
            "`exai-mcp-server:engine` is swarm in development, which has no edge to reach a service by: set "
            "it to containers, or `exai-mcp-server:environment` to production.",
        ),
        (
            {"replicas": 2},
            "`exai-mcp-server:replicas` is 2 in development, whose one server holds the published port "
            "itself: remove it, or set `exai-mcp-server:environment` to production.",
        ),
        (
            {**WHOLE, "replicas": 1},
            "`exai-mcp-server:replicas` is 1, with which Swarm could not update without a gap: set it to 2 "
            "or more.",
        ),
        (
            {**WHOLE, "engine": "containers", "monitor": 5},
            "`exai-mcp-server:monitor` belongs to engine swarm, and this stack's is containers: remove one "
            "of the two.",
        ),
        (
            {**WHOLE, "engine": "containers", "hotReload": True},
            "`exai-mcp-server:hotReload` is true in production, where only what was built and tested may "
            "run: set it to false.",
        ),
        (
            {**WHOLE, "hotReload": False},
            "`exai-mcp-server:hotReload` belongs to engine containers, and this stack's is swarm: remove one "
            "of the two.",
        ),
        (
            {"authToken": "t" * 16},
            "`exai-mcp-server:authToken` is for production; development makes its own secrets: remove it.",
        ),
        (
            {**WHOLE, "stateKey": "short"},
            "`exai-mcp-server:stateKey` is shorter than 16 characters and can be guessed: replace it.",
        ),
        (
            {**WHOLE, "stateKeyPrevious": "a key with blanks in it"},
            "`exai-mcp-server:stateKeyPrevious`: STATE_KEY_PREVIOUS is set to a value which holds blanks or "
            "other than printable ASCII: generate it with `openssl rand -hex 32`.",
        ),
        (
            {**WHOLE, "databaseUrl": "postgresql://x"},
            "`exai-mcp-server:databaseUrl` is set, and postgres is run by this stack: remove it, or change "
            "`exai-mcp-server:external`.",
        ),
        (
            {"registry": "registry.example.com"},
            "`exai-mcp-server:registry` is for production; development builds its image here: remove it.",
        ),
        (
            {**WHOLE, "registry": "r.example.com", "image": f"r.example.com/x@sha256:{'a' * 64}"},
            "`exai-mcp-server:image` names an image that is there already, and `exai-mcp-server:registry` "
            "means one that is built and pushed: remove one of the two.",
        ),
        (
            {**WHOLE, "image": "exai-mcp-server:latest"},
            "`exai-mcp-server:image` is 'exai-mcp-server:latest', and must be an image by its digest, such "
            "as registry.example.com/exai-mcp-server@sha256:….",
        ),
        (
            {"variables": {"RETENTION_DAY": "3"}},
            "`exai-mcp-server:variables.RETENTION_DAY` is no variable of the server: docs/variables.md lists "
            "them.",
        ),
        (
            {"variables": {"HTTPS_PROXY": "http://me:secret@proxy.example.com:3128"}},
            "`exai-mcp-server:variables.HTTPS_PROXY` holds a password, which everybody could read who may "
            "look at the container: use a proxy that asks for none.",
        ),
        (
            {"variables": {"AUTH_TOKEN": "x"}},
            "`exai-mcp-server:variables.AUTH_TOKEN` is a secret, which has no place there: remove it.",
        ),
        (
            {"variables": {"LOG_LEVEL": "INFO"}},
            "`exai-mcp-server:variables.LOG_LEVEL` is set by `logLevel`: remove it.",
        ),
        (
            {"variables": {"RETENTION_DAYS": "soon"}},
            "`exai-mcp-server:variables.RETENTION_DAYS`: RETENTION_DAYS is 'soon', which is not a number of "
            "days: use a whole number, at least 1.",
        ),
        (
            {"grafanaPort": 3001},
            "`exai-mcp-server:grafanaPort` belongs to `exai-mcp-server:observability`, which is false: "
            "remove it, or set that to true.",
        ),
        (
            {**WHOLE, "metricsToken": "m" * 16},
            "`exai-mcp-server:metricsToken` belongs to `exai-mcp-server:observability`, which is false: "
            "remove it, or set that to true.",
        ),
        (
            {**WHOLE, "observability": True, "metricsToken": "short"},
            "`exai-mcp-server:metricsToken` is shorter than 16 characters and can be guessed: replace it.",
        ),
        (
            {"observability": True, "metricsToken": "m" * 16},
            "`exai-mcp-server:metricsToken` is for production; development makes its own secrets: remove it.",
        ),
        (
            {"observability": True, "publishedPort": 3000},
            "`exai-mcp-server:grafanaPort` is 3000, which is `exai-mcp-server:publishedPort` too: set one of "
            "them to another port.",
        ),
        (
            {**WHOLE, "variables": {"LAME_DUCK": "3s"}},
            "`exai-mcp-server:variables.LAME_DUCK` is 3s, and the edge takes 3 s to notice that a server is "
            "leaving: set it above that.",
        ),
    ],
)
def test_what_contradicts_itself_is_one_sentence(values: Mapping[str, object], sentence: str) -> None:
    assert _refused(values) == [sentence]


def test_the_grace_to_stop_follows_the_servers_own_times() -> None:
    assert _load({}).stop_seconds == 150
    assert _load({"variables": {"DRAIN_TIMEOUT": "30s", "LAME_DUCK": "4s"}}).stop_seconds == 59


def test_the_url_is_the_public_one_in_production() -> None:
    assert _load({}).url == "http://127.0.0.1:8079/mcp"
    assert _load({**WHOLE, "publishedPort": 9443}).url == "https://localhost:9443/mcp"
    assert _load({**WHOLE, "publicUrl": "https://mcp.example.com"}).url == "https://mcp.example.com/mcp"


@pytest.mark.parametrize(
    ("certificate", "sentence"),
    [
        (("nonsense", self_signed("localhost")[1]), "tlsCertificate` is no certificate in PEM: set it to"),
        ((self_signed("localhost")[0], "nonsense"), "tlsKey` is no private key in PEM without a passphrase"),
        ((self_signed("localhost")[0], self_signed("localhost")[1]), "tlsKey` is not the key of"),
        (self_signed("localhost", days=-1), "tlsCertificate` is valid from "),
        (self_signed("other.example.com"), "tlsCertificate` is not for localhost, by which clients reach"),
    ],
)
def test_a_certificate_that_could_not_be_served_is_one_sentence(
    certificate: tuple[str, str], sentence: str
) -> None:
    (said,) = _refused({**WHOLE, "tlsCertificate": certificate[0], "tlsKey": certificate[1]})

    assert said.startswith("`exai-mcp-server:")
    assert sentence in said


@pytest.mark.parametrize("name", ["mcp.example.com", "*.example.com", "MCP.example.COM"])
def test_a_certificate_for_the_public_name_passes(name: str) -> None:
    chain, key = self_signed("first.example.org", name)

    assert _load(
        {**WHOLE, "publicUrl": "https://mcp.example.com:8079", "tlsCertificate": chain, "tlsKey": key}
    )


def test_a_star_stands_for_one_label_only() -> None:
    chain, key = self_signed("*.com")
    values = {**WHOLE, "publicUrl": "https://mcp.example.com", "tlsCertificate": chain, "tlsKey": key}

    assert "is not for mcp.example.com" in _refused(values)[0]
