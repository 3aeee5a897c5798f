"""`.env`: what is read, what is a fault, what is only said."""

import subprocess
import sys
from pathlib import Path

import pytest

from app import dotenv


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def test_a_file_that_is_not_there_is_empty(path: Path) -> None:
    assert dotenv.read(path) == dotenv.Dotenv()


def test_export_quotes_and_comments_are_taken_as_compose_takes_them(path: Path) -> None:
    path.write_text(
        "\ufeff# keys\n\nexport KIMI_API_KEY='sk # one'\nGLM_API_KEY=sk#two # note\n"
        'LOG_LEVEL = "DEBUG" # note\n'
        "STORE= # none\nPUBLIC_URL=\n",
        encoding="utf-8",
    )
    read = dotenv.read(path)

    assert read.values == {
        "KIMI_API_KEY": "sk # one",
        "GLM_API_KEY": "sk#two",
        "LOG_LEVEL": "DEBUG",
        "STORE": "",
        "PUBLIC_URL": "",
    }
    assert (read.faults, read.warnings) == ((), ())


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("made-up-secret", "line 2 is not NAME=value"),
        ("export LOG_LEVEL", "line 2 is not NAME=value"),
        ("=made-up-secret", "line 2 is not NAME=value"),
        ("KIMI API KEY=made-up-secret", "line 2 is not NAME=value"),
        ("kimi-api-key=made-up-secret", "line 2 is not NAME=value"),
        ("KIMI_API_KEY: made-up-secret", "line 2 is not NAME=value"),
        ("KIMI_API_KEY='made-up-secret", "line 2 sets KIMI_API_KEY to a value whose quotes"),
        ("KIMI_API_KEY='made-up-secret' more", "line 2 sets KIMI_API_KEY to a value whose quotes"),
        ("KIMI_KEY=made-up-secret", "did you mean KIMI_API_KEY?"),
        ("LOG_LEVL=made-up-secret", "did you mean LOG_LEVEL?"),
    ],
)
def test_what_cannot_be_meant_is_a_fault_that_names_the_line_and_no_value(
    path: Path, line: str, words: str
) -> None:
    path.write_text(f"LOG_LEVEL=DEBUG\n{line}\n")
    (fault,) = dotenv.read(path).faults

    assert words in fault
    assert "made-up-secret" not in fault


def test_all_faults_are_said_at_once(path: Path) -> None:
    path.write_text("one\nKIMI_KEY=x\ntwo\n")

    assert [fault.split(" line ")[1][0] for fault in dotenv.read(path).faults] == ["1", "2", "3"]


def test_foreign_names_are_tolerated_with_one_warning(path: Path) -> None:
    path.write_text("OPENAI_API_KEY=made-up-secret\nLOG_LEVEL=DEBUG\nCOMPOSE_FILE=x\nPYTHON_IMAGE=y\n")
    read = dotenv.read(path)

    assert read.faults == ()
    assert read.values["OPENAI_API_KEY"] == "made-up-secret"
    assert read.warnings == (f"{path} also sets OPENAI_API_KEY, COMPOSE_FILE, which nothing here reads.",)


def test_a_file_that_cannot_be_read_is_a_fault(path: Path) -> None:
    path.write_bytes(b"LOG_LEVEL=\xff\n")

    assert "cannot be read" in dotenv.read(path).faults[0]


def test_importing_it_loads_no_settings() -> None:
    code = "import sys, app.dotenv; print(sorted({'pydantic', 'app.settings'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
