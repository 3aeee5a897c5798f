"""The development image: it reloads on an edit and stops when told, with a stand-in server for speed."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.image.conftest import lines_until

pytestmark = pytest.mark.engine

SERVER = """
import signal, sys
stopped = lambda *_: (print("stopped {word}", flush=True), sys.exit(0))
signal.signal(signal.SIGINT, stopped)
signal.signal(signal.SIGTERM, stopped)
print("serving {word}", flush=True)
signal.pause()
"""
STOP_SECONDS = 10


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "__main__.py").write_text(SERVER.format(word="first"))
    folder.chmod(0o755)
    return folder


@pytest.fixture
def running(development_image: str, container: str, source: Path) -> Iterator["subprocess.Popen[str]"]:
    hardened = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--init", "--network", "none"]  # noqa: S108
    mount = f"type=bind,source={source},target=/app/app,readonly"
    command = ["docker", "run", "--name", container, *hardened, "--mount", mount, development_image]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        yield process
        subprocess.run(["docker", "kill", container], capture_output=True, check=False)


def test_an_edit_is_served_and_the_old_process_was_asked_to_stop(
    running: "subprocess.Popen[str]", source: Path
) -> None:
    assert running.stdout is not None
    lines_until(running.stdout, "serving first")
    (source / "__main__.py").write_text(SERVER.format(word="second"))
    seen = lines_until(running.stdout, "serving second")

    assert any("stopped first" in line for line in seen)


def test_a_broken_edit_is_waited_out(running: "subprocess.Popen[str]", source: Path) -> None:
    assert running.stdout is not None
    lines_until(running.stdout, "serving first")
    (source / "__main__.py").write_text("this is no Python\n")
    lines_until(running.stdout, "SyntaxError")
    (source / "__main__.py").write_text(SERVER.format(word="mended"))

    assert lines_until(running.stdout, "serving mended")


def test_sigterm_reaches_the_server_and_ends_the_container(
    running: "subprocess.Popen[str]", container: str
) -> None:
    assert running.stdout is not None
    lines_until(running.stdout, "serving first")
    subprocess.run(
        ["docker", "stop", "--time", str(STOP_SECONDS), container], capture_output=True, check=True
    )

    assert lines_until(running.stdout, "stopped first")
    assert running.wait(STOP_SECONDS) == 0


def test_the_development_image_differs_by_the_reloader_only(development_image: str, image: str) -> None:
    listing = [
        "python",
        "-c",
        "import importlib.metadata as m; print(*sorted(d.name for d in m.distributions()))",
    ]
    names = [
        set(
            subprocess.run(
                ["docker", "run", "--rm", name, *listing], capture_output=True, check=True
            ).stdout.split()
        )
        for name in (development_image, image)
    ]

    assert names[1] < names[0]
    assert b"watchfiles" in names[0] - names[1]
    assert not {b"pytest", b"pulumi", b"mypy"} & names[0]
