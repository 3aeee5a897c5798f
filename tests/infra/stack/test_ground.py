"""What is found wrong before Pulumi starts, and how the advice names the stack that is meant."""

from pathlib import Path

import pytest
import yaml

from infra import engine
from infra.site import Site
from scripts.stack import ground, parts
from scripts.stack.cli import Outcome
from scripts.stack.errors import StackError
from scripts.stack.output import readable
from scripts.stack.session import Session
from scripts.stack.stackfile import StackFile


def _session(root: Path, **settings: object) -> Session:
    config = {f"exai-mcp-server:{key}": value for key, value in settings.items()}
    (root / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"config": config}))
    return Session(StackFile.read(root, "dev"))


def test_texts_that_the_pulumi_command_writes_are_numbers_and_truth_values(tmp_path: Path) -> None:
    settings = ground.judge(_session(tmp_path, publishedPort="8090", protect="true"))

    assert (settings.published_port, settings.protect) == (8090, True)


def test_wrong_settings_are_named_with_their_file(tmp_path: Path) -> None:
    with pytest.raises(
        StackError, match=r"^Pulumi\.dev\.yaml: .*\n`exai-mcp-server:protect` is 'perhaps', and"
    ):
        ground.judge(_session(tmp_path, protect="perhaps"))


def test_settings_that_only_pulumi_can_read_are_left_to_it(tmp_path: Path) -> None:
    session = _session(tmp_path, publishedPort={"secure": "v1:a:b"}, logLevel="DEBUG")

    assert ground.judge(session).log_level == "DEBUG"


def test_production_that_lacks_secrets_is_refused_before_pulumi_starts(tmp_path: Path) -> None:
    sealed = {"secure": "v1:a:b"}
    session = _session(tmp_path, environment="production", authToken=sealed, tlsKey=sealed)

    with pytest.raises(StackError) as caught:
        ground.judge(session, planning=False)

    said = str(caught.value)
    assert "`exai-mcp-server:stateKey` is not set" in said
    assert "`exai-mcp-server:tlsCertificate` is not set" in said
    assert "authToken" not in said


@pytest.mark.parametrize("line", ["KIMI_API_KEY", "KIMI_KEY=x"])
def test_a_dotenv_line_that_says_nothing_to_anybody_stops_the_update(tmp_path: Path, line: str) -> None:
    (tmp_path / ".env").write_text(f"{line}\n")

    with pytest.raises(StackError, match="line 1"):
        ground.look(_session(tmp_path))


def test_advice_names_the_stack_unless_it_is_the_usual_one(tmp_path: Path) -> None:
    assert Site(tmp_path, "dev", "x").make("up") == "make up"
    assert Site(tmp_path, "prod", "x").make("up") == "make up STACK=prod"


@pytest.mark.parametrize(
    ("said", "interrupted", "closing"),
    [
        ("error: incorrect passphrase", False, "The passphrase does not open this stack"),
        ("+ docker:index:Network dev-backend creating (0s)", True, "Interrupted: .*`make up` goes on from"),
        ("+ docker:index:Network dev-backend creating (0s)", False, "why. `make up` goes on from here.$"),
        ("error: nothing was begun", False, "^It failed; what is above says why.$"),
    ],
)
def test_the_closing_line_fits_what_happened(said: str, interrupted: bool, closing: str) -> None:
    with pytest.raises(StackError, match=closing):
        Outcome(1, said, interrupted).require_success("It failed", "make up")


def test_pulumis_noise_and_raw_markup_are_not_shown() -> None:
    noise = "error: an unhandled error occurred: program exited with non-zero exit code: 1\n"

    assert readable(noise) is None
    assert readable("<{%fg 1%}>1 errored<{%reset%}>\n") == "1 errored\n"


def test_ctrl_c_at_the_question_is_a_no(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_question: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.delenv("YES", raising=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", interrupted)

    with pytest.raises(StackError, match=r"^Nothing was changed"):
        _session(tmp_path).confirm("Apply it?")


def test_only_images_of_this_very_prefix_are_the_stacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tags = ("dev-0123456789ab", "dev-2-0123456789ab", "dev-latest", "latest")
    listing = "\n".join(f"exai-mcp-server:{tag}" for tag in tags)
    monkeypatch.setattr(engine, "ask", lambda *_: listing)

    assert parts.images(Site(tmp_path, "dev", "dev")) == ["exai-mcp-server:dev-0123456789ab"]
