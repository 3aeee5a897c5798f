"""Settings.from_env: every rule of the contract's table, and every fault in one message."""

import base64
import json
import stat
from pathlib import Path

import pytest

from app.settings import VARIABLES, ConfigurationError, Secret, Settings, rules

STRONG = "0123456789abcdef0123456789abcdef"
PRODUCTION = {"ENVIRONMENT": "production", "AUTH_TOKEN": STRONG, "STATE_KEY": STRONG[::-1]}


def faults(environ: dict[str, str], folder: Path) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_env(environ, folder)
    return caught.value.faults


def jwt(role: str) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"role": role}).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJIUzI1NiJ9.{claims}.c2lnbmF0dXJl"


def test_an_empty_environment_is_a_working_development_server(tmp_path: Path) -> None:
    settings = Settings.from_env({}, tmp_path)

    assert (settings.environment, settings.ws_host, settings.ws_port) == ("development", "127.0.0.1", 8079)
    assert (settings.store, settings.data_dir, settings.log_dir) == ("sqlite", tmp_path / "data", None)
    assert (settings.max_message_bytes, settings.detach_after, settings.lame_duck) == (4 * 1024**2, 50.0, 0.0)
    assert settings.token_file == tmp_path / "data" / "token"


def test_the_record_has_one_field_per_variable_and_four_of_its_own() -> None:
    assert set(Settings.model_fields) == {variable.field for variable in VARIABLES} | {
        "models",
        "server_file",
        "token_file",
        "warnings",
    }


def test_development_generates_its_secrets_once_and_for_the_owner_only(tmp_path: Path) -> None:
    first = Settings.from_env({}, tmp_path)
    second = Settings.from_env({}, tmp_path)

    assert first.auth_token == second.auth_token
    assert first.state_key == second.state_key
    assert first.auth_token != first.state_key
    for name in ("token", "state_key"):
        assert stat.S_IMODE((tmp_path / "data" / name).stat().st_mode) == 0o600
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["state_key", "token"]


def test_a_faulty_configuration_generates_nothing(tmp_path: Path) -> None:
    faults({"WS_PORT": "http"}, tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_every_fault_is_said_at_once_and_secrets_are_not_repeated(tmp_path: Path) -> None:
    found = faults(
        {
            "WS_PORT": "http",
            "LOG_LEVEL": '"INFO"',
            "MAX_MESSAGE_BYTES": "many",
            "DATABASE_URL": "mysql://root:hunter2hunter2@db/x",
            "AUTH_TOKEN": "hunter2 hunter2",
            "STATE_KEY": "x",
            "STATE_KEY_FILE": "/y",
            "REDIS_URL_FILE": "/no/such/file",
            "ENVIRONMENT": "production",
        },
        tmp_path,
    )

    assert len(found) == 7
    for name, sentence in zip(
        (
            "LOG_LEVEL",
            "STATE_KEY and STATE_KEY_FILE",
            "REDIS_URL_FILE names /no/such/file",
            "WS_PORT is 'http'",
        ),
        found,
        strict=False,
    ):
        assert sentence.startswith(name)
        assert sentence.endswith(".")
    assert "hunter2" not in "\n".join(found)


def test_quotes_that_an_env_file_keeps_are_named(tmp_path: Path) -> None:
    (sentence,) = faults({"LOG_LEVEL": '"INFO"'}, tmp_path)

    assert "docker run --env-file" in sentence
    assert sentence.endswith("remove them.")


@pytest.mark.parametrize(
    ("text", "seconds"), [("50", 50), ("50s", 50), ("2m", 120), ("1h", 3600), ("1500ms", 1.5), ("1.5 s", 1.5)]
)
def test_durations_take_units(tmp_path: Path, text: str, seconds: float) -> None:
    assert Settings.from_env({"DRAIN_TIMEOUT": text}, tmp_path).drain_timeout == seconds


@pytest.mark.parametrize(
    ("text", "size"),
    [("4096", 4096), ("4MiB", 4194304), ("500 kB", 500000), ("1k", 1024), ("2GiB", 2147483648)],
)
def test_sizes_take_units(tmp_path: Path, text: str, size: int) -> None:
    assert Settings.from_env({"MAX_MESSAGE_BYTES": text}, tmp_path).max_message_bytes == size


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DRAIN_TIMEOUT", "soon"),
        ("DRAIN_TIMEOUT", "-1"),
        ("CALL_TIMEOUT", "0"),
        ("DETACH_AFTER", "700s"),
        ("MAX_MESSAGE_BYTES", "12"),
        ("WS_PORT", "65536"),
        ("RETENTION_DAYS", "0"),
        ("ENVIRONMENT", "prod"),
        ("PUBLIC_URL", "exai.example.com"),
        ("ALLOWED_HOSTS", "https://exai.example.com"),
        ("ALLOWED_ORIGINS", "exai.example.com"),
        ("TRUSTED_PROXIES", "10.0.0.0/99"),
        ("REDIS_URL", "localhost:6379"),
    ],
)
def test_a_wrong_value_is_one_sentence_that_names_its_variable(tmp_path: Path, name: str, text: str) -> None:
    (sentence,) = faults({name: text}, tmp_path)

    assert sentence.startswith(name)
    assert ": " in sentence  # what to do follows the colon


def test_a_shorter_call_timeout_takes_the_default_detachment_with_it(tmp_path: Path) -> None:
    assert Settings.from_env({"CALL_TIMEOUT": "20s"}, tmp_path).detach_after == 20


def test_hosts_and_origins_are_lists_in_lower_case(tmp_path: Path) -> None:
    settings = Settings.from_env(
        {
            "ALLOWED_HOSTS": "Exai.example.com, proxy:*,",
            "ALLOWED_ORIGINS": "https://App.example.com",
            "TRUSTED_PROXIES": "10.0.0.0/8,::1",
        },
        tmp_path,
    )

    assert settings.allowed_hosts == ("exai.example.com", "proxy:*")
    assert settings.allowed_origins == ("https://app.example.com",)
    assert [str(network) for network in settings.trusted_proxies] == ["10.0.0.0/8", "::1/128"]


def test_production_defaults_its_lame_duck_and_generates_nothing(tmp_path: Path) -> None:
    settings = Settings.from_env(PRODUCTION, tmp_path)

    assert settings.lame_duck == 5.0
    assert settings.token_file is None
    assert list((tmp_path / "data").iterdir()) == []


def test_production_refuses_to_start_without_its_secrets(tmp_path: Path) -> None:
    found = faults({"ENVIRONMENT": "production"}, tmp_path)

    assert [sentence.split()[0] for sentence in found] == ["AUTH_TOKEN", "STATE_KEY"]


def test_production_refuses_a_token_that_can_be_guessed(tmp_path: Path) -> None:
    (sentence,) = faults({**PRODUCTION, "AUTH_TOKEN": "short"}, tmp_path)

    assert sentence.startswith("AUTH_TOKEN is shorter")


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("KIMI_API_KEY", "copy the key again, whole and alone, from https://platform.kimi.ai/"),
        ("GLM_API_KEY", "copy the key again, whole and alone, from https://z.ai/"),
        ("SUPABASE_KEY", "copy the key again, whole and alone, from the API settings"),
        ("AUTH_TOKEN", "generate it with `openssl rand -hex 32`"),
        ("STATE_KEY", "generate it with `openssl rand -hex 32`"),
    ],
)
@pytest.mark.parametrize("value", ["sk-made up", "sk-mädeup"])
def test_only_a_secret_of_our_own_is_to_be_generated(
    tmp_path: Path, name: str, advice: str, value: str
) -> None:
    (sentence,) = faults({name: value}, tmp_path)

    assert advice in sentence
    assert value not in sentence


def test_production_refuses_a_secret_file_that_others_may_read(tmp_path: Path) -> None:
    file = tmp_path / "auth_token"
    file.write_text(STRONG)
    file.chmod(0o640)
    environ = {"ENVIRONMENT": "production", "STATE_KEY": STRONG, "AUTH_TOKEN_FILE": str(file)}

    (sentence,) = faults(environ, tmp_path)
    assert "0640" in sentence

    file.chmod(0o400)
    assert Settings.from_env(environ, tmp_path).auth_token.reveal() == STRONG


@pytest.mark.parametrize(
    ("written", "read"), [("value\n", "value"), ("value", "value"), ("value\r\n", "value")]
)
def test_one_trailing_newline_of_a_secret_file_is_dropped(tmp_path: Path, written: str, read: str) -> None:
    file = tmp_path / "key"
    file.write_bytes(written.encode())

    assert Settings.from_env({"KIMI_API_KEY_FILE": str(file)}, tmp_path).kimi_api_key == Secret(read)


def test_an_empty_secret_file_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("\n")

    (sentence,) = faults({"KIMI_API_KEY_FILE": str(tmp_path / "key")}, tmp_path)
    assert "which is empty" in sentence


def test_an_empty_variable_counts_as_unset(tmp_path: Path) -> None:
    settings = Settings.from_env({"KIMI_API_KEY": "", "LOG_LEVEL": "", "GLM_API_KEY_FILE": ""}, tmp_path)

    assert (settings.kimi_api_key, settings.log_level, settings.glm_api_key) == (None, "INFO", None)


def test_dotenv_is_read_in_development_and_a_real_variable_beats_it(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "# keys\nexport KIMI_API_KEY='from dotenv'\nGLM_API_KEY=dotenv # note\nLOG_LEVEL=DEBUG\nOTHER=x\n"
    )
    (tmp_path / ".env").write_text((tmp_path / ".env").read_text().replace("from dotenv", "from-dotenv"))
    (tmp_path / "glm").write_text("from-file")
    settings = Settings.from_env({"LOG_LEVEL": "error", "GLM_API_KEY_FILE": str(tmp_path / "glm")}, tmp_path)

    assert settings.kimi_api_key == Secret("from-dotenv")
    assert settings.glm_api_key == Secret("from-file")
    assert settings.log_level == "ERROR"
    assert "also sets OTHER, which nothing here reads" in settings.warnings[0]


def test_dotenv_is_not_read_in_production(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("LOG_LEVEL=DEBUG\nnot a line\n")

    assert Settings.from_env(PRODUCTION, tmp_path).log_level == "INFO"


def test_dotenv_faults_name_the_line_and_production_cannot_come_from_it(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ENVIRONMENT=production\nnot a line\n")

    found = faults({}, tmp_path)
    assert "line 2" in found[0]
    assert "set it as a real variable" in found[1]


def test_near_misses_are_warned_of_and_foreign_variables_are_not(tmp_path: Path) -> None:
    settings = Settings.from_env(
        {"AUTH_TOKN": "x", "KIMI_APIKEY": "x", "PATH": "/bin", "OPENAI_API_KEY": "x",
         "XDG_DATA_DIRS": "/usr/share",
         "SUPABASE_DB_URL": "x", "MCP_PUBLISHED_PORT": "1", "HTTPS_PROXY": "http://proxy"},
        tmp_path,
    )  # fmt: skip

    assert [sentence.split()[0] for sentence in settings.warnings] == ["AUTH_TOKN", "KIMI_APIKEY"]


def test_the_short_names_of_other_servers_are_warned_of_unless_ours_are_set_too(tmp_path: Path) -> None:
    found = Settings.from_env({"PORT": "8092", "HOST": "box", "WS_HOST": "127.0.0.1"}, tmp_path).warnings

    assert found == ("PORT is set, which this server does not read: if WS_PORT is meant, rename it.",)


def test_a_misspelt_name_in_dotenv_keeps_the_server_from_starting(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("KIMI_KEY=sk-made-up\n")

    (sentence,) = faults({}, tmp_path)
    assert "did you mean KIMI_API_KEY?" in sentence
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("environ", "store"),
    [
        ({}, "sqlite"),
        ({"DATABASE_URL": "postgresql://u:p@h/d"}, "postgres"),
        ({"STORE": "sqlite", "DATABASE_URL": "postgresql://u:p@h/d"}, "sqlite"),
        (
            {"STORE": "postgres", "DATABASE_URL": "postgres://h/d", "SUPABASE_URL": "https://x.supabase.co"},
            "postgres",
        ),
        ({"SUPABASE_URL": "https://x.co", "SUPABASE_SERVICE_ROLE_KEY": jwt("service_role")}, "supabase"),
        ({"SUPABASE_URL": "https://x.co", "SUPABASE_SERVICE_ROLE_KEY": "sb_secret_x"}, "supabase"),
    ],
)
def test_the_store_follows_what_is_configured(tmp_path: Path, environ: dict[str, str], store: str) -> None:
    assert Settings.from_env(environ, tmp_path).store == store


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"STORE": "postgres"}, "needs DATABASE_URL"),
        ({"DATABASE_URL": "postgresql://h/d", "SUPABASE_URL": "https://x.co"}, "cannot tell which is meant"),
        ({"STORE": "supabase", "SUPABASE_SERVICE_ROLE_KEY": "sb_secret_x"}, "needs SUPABASE_URL"),
        ({"SUPABASE_URL": "https://x.co", "SUPABASE_KEY": "x"}, "needs SUPABASE_SERVICE_ROLE_KEY"),
        (
            {"SUPABASE_URL": "https://x.co", "SUPABASE_SERVICE_ROLE_KEY": jwt("anon")},
            "an anon or publishable key",
        ),
        (
            {"SUPABASE_URL": "https://x.co", "SUPABASE_SERVICE_ROLE_KEY": "sb_publishable_x"},
            "an anon or publishable",
        ),
    ],
)
def test_what_a_store_lacks_is_said(tmp_path: Path, environ: dict[str, str], words: str) -> None:
    assert words in faults(environ, tmp_path)[0]


def test_a_data_folder_that_cannot_be_written_names_the_command_that_mends_it(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file, which not even root can write a file into")

    (sentence,) = faults({}, tmp_path)
    assert "chown -R" in sentence


def test_secrets_are_collected_for_redaction(tmp_path: Path) -> None:
    settings = Settings.from_env({"KIMI_API_KEY": "sk-kimi", "REDIS_URL": "redis://:pw@h"}, tmp_path)

    assert {"sk-kimi", "redis://:pw@h"} <= {secret.reveal() for secret in settings.secrets()}


def test_traces_are_off_until_somebody_says_where_to(tmp_path: Path) -> None:
    settings = Settings.from_env({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318/"}, tmp_path)

    assert Settings.from_env({}, tmp_path).otel_exporter_otlp_endpoint is None
    assert settings.otel_exporter_otlp_endpoint == "http://collector:4318"
    assert settings.warnings == ()


def test_without_opentelemetry_the_server_runs_and_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "TRACING_PACKAGE", "not_installed_anywhere")

    settings = Settings.from_env({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, tmp_path)

    assert settings.otel_exporter_otlp_endpoint is None
    assert "install exai-mcp-server[otel]" in settings.warnings[0]


@pytest.mark.parametrize("headers", ["no-equals", "=value", "a=b,c", "a=\x07"])
def test_headers_for_a_collector_must_be_pairs_and_are_not_repeated(headers: str, tmp_path: Path) -> None:
    (fault,) = faults({"OTEL_EXPORTER_OTLP_HEADERS": headers}, tmp_path)

    assert fault == (
        "OTEL_EXPORTER_OTLP_HEADERS is set to a value which is not a list of headers: "
        "write name=value,name=value."
    )


def test_opentelemetrys_other_variables_are_not_complained_about(tmp_path: Path) -> None:
    names = (
        "TRACES_ENDPOINT",
        "TRACES_HEADERS",
        "PROTOCOL",
        "TIMEOUT",
        "COMPRESSION",
        "CERTIFICATE",
        "INSECURE",
    )
    environ = {f"OTEL_EXPORTER_OTLP_{name}": "x" for name in names} | {"OTEL_TRACES_SAMPLER": "always_on"}

    assert Settings.from_env(environ, tmp_path).warnings == ()
