"""What reaches stderr and the log file, and in which shape."""

import io
import json
import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from app.settings import Settings
from app.telemetry import logs


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def restore() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:], root.level = handlers, level
    logging.getLogger("aiohttp.server").filters.clear()
    structlog.reset_defaults()


def settings(tmp_path: Path, **environ: str) -> Settings:
    return Settings.from_env({"AUTH_TOKEN": "canary-of-the-token", **environ}, tmp_path)


def test_lines_are_json_with_time_level_and_event(tmp_path: Path) -> None:
    stream = io.StringIO()
    logs.configure(settings(tmp_path), stream)

    structlog.get_logger("app.x").info("the server listens", port=8079, value=b"bytes")
    logging.getLogger("library").warning("a %s warning", "plain")
    logging.getLogger("library").debug("not at this level")

    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (first["level"], first["event"], first["port"], first["logger"]) == (
        "info", "the server listens", 8079, "app.x",
    )  # fmt: skip
    assert first["ts"].endswith("Z")
    assert (second["level"], second["event"]) == ("warning", "a plain warning")


def test_secrets_are_masked_in_messages_arguments_and_tracebacks(tmp_path: Path) -> None:
    stream = io.StringIO()
    logs.configure(settings(tmp_path), stream)

    def fails() -> None:
        raise ValueError("canary-of-the-token")

    try:
        fails()
    except ValueError:
        structlog.get_logger().exception(
            "failed with canary-of-the-token", headers={"a": "canary-of-the-token"}
        )
    logging.getLogger("library").warning("from %s", "canary-of-the-token")

    assert "canary" not in stream.getvalue()
    assert "ValueError: ***" in stream.getvalue()


def test_on_a_terminal_lines_are_short_and_coloured(tmp_path: Path) -> None:
    stream = Terminal()
    logs.configure(settings(tmp_path), stream)

    structlog.get_logger("app.x").info("the server listens", port=8079)

    (line,) = stream.getvalue().splitlines()
    assert "\x1b[" in line
    assert "the server listens" in line
    assert "app.x" not in line


def test_a_log_file_carries_the_replicas_name_and_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "FILE_BYTES", 2000)
    logs.configure(settings(tmp_path, LOG_DIR=str(tmp_path / "logs")), io.StringIO())

    for number in range(100):
        structlog.get_logger().info("a line that fills the file", number=number)

    names = sorted(path.name for path in (tmp_path / "logs").iterdir())
    assert names == [f"exai-mcp-server-{socket.gethostname()}.log{suffix}" for suffix in ("", ".1", ".2")]
    assert all(path.stat().st_size <= 2000 for path in (tmp_path / "logs").iterdir())


def test_debug_does_not_open_the_libraries_own_debug_lines(tmp_path: Path) -> None:
    stream = io.StringIO()
    logs.configure(settings(tmp_path, LOG_LEVEL="DEBUG"), stream)

    structlog.get_logger().debug("ours")
    logging.getLogger("asyncio").debug("Using selector")

    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["ours"]
