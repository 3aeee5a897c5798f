"""Which foreign names are taken for misspelt ones of ours."""

import pytest

from app.settings import VARIABLES, names


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("KIMI_KEY", "KIMI_API_KEY"),
        ("GLM_KEY_FILE", "GLM_API_KEY_FILE"),
        ("KIMI_URL", "KIMI_BASE_URL"),
        ("LOG_LEVL", "LOG_LEVEL"),
        ("log_level", "LOG_LEVEL"),
        ("AUTH_TOKN", "AUTH_TOKEN"),
        ("PORT", "WS_PORT"),
        ("HOST", "WS_HOST"),
    ],
)
def test_a_near_miss_names_the_variable_that_was_meant(name: str, meant: str) -> None:
    assert names.meant(name) == meant


@pytest.mark.parametrize(
    "name",
    ["GEMINI_API_KEY", "GROQ_API_KEY", "OPENAI_API_KEY", "LOG_FILE", "LOGNAME", "HOSTNAME", "HTTPS_PROXY",
     "POSTGRES_PASSWORD", "REDIS_PASSWORD", "XDG_DATA_DIRS", "COMPOSE_PROJECT_NAME", "URL"],
)  # fmt: skip
def test_names_of_other_programs_are_left_alone(name: str) -> None:
    assert names.meant(name) is None
    assert not names.known(name)


@pytest.mark.parametrize(
    "name", [*(variable.name for variable in VARIABLES), "AUTH_TOKEN_FILE", "PYTHON_IMAGE", "SUPABASE_DB_URL"]
)
def test_a_name_of_ours_is_no_near_miss_of_another(name: str) -> None:
    assert names.known(name)
    assert names.meant(name) is None


def test_a_variable_tells_what_is_wrong_with_a_text_before_any_server_starts() -> None:
    by_name = {variable.name: variable for variable in VARIABLES}

    assert by_name["WS_PORT"].fault("8092") is None
    assert str(by_name["WS_PORT"].fault("http")).startswith("WS_PORT is 'http', which is not a port: ")
    assert "made up" not in str(by_name["KIMI_API_KEY"].fault("made up"))
