"""Files on their way into a volume."""

import io
import tarfile

import pytest

from infra import engine, loader
from infra.engine import EngineError


def test_the_archive_gives_each_file_to_its_one_reader() -> None:
    made = loader.archive({"b": "two", "a": "grüß"}, "1000:1001")

    with tarfile.open(fileobj=io.BytesIO(made)) as tar:
        entries = {entry.name: entry for entry in tar}
        first = tar.extractfile("a")
        assert first is not None
        assert first.read() == "grüß".encode()
    assert {(entry.uid, entry.gid, entry.mode) for entry in entries.values()} == {(1000, 1001, 0o400)}
    assert list(entries) == ["a", "b"]


def test_equal_files_are_equal_archives_and_others_are_not() -> None:
    assert loader.archive({"a": "x"}, "1:1") == loader.archive({"a": "x"}, "1:1")
    assert loader.archive({"a": "x"}, "1:1") != loader.archive({"a": "x"}, "2:2")


@pytest.mark.parametrize("works", [True, False])
def test_what_fills_the_volume_is_hardened_never_started_and_always_removed(
    monkeypatch: pytest.MonkeyPatch, works: bool
) -> None:
    asked: list[tuple[str, ...]] = []
    removed: list[str] = []

    def ask(*arguments: str, text: bytes | None = None) -> str:
        asked.append(arguments)
        if arguments[0] == "cp":
            assert text == b"the files"
            if not works:
                raise EngineError("no space left")
        return "the-container\n"

    monkeypatch.setattr(engine, "ask", ask)
    monkeypatch.setattr(engine, "remove", removed.append)

    if works:
        loader.load("the-volume", "sha256:1", b"the files")
    else:
        with pytest.raises(EngineError):
            loader.load("the-volume", "sha256:1", b"the files")

    create, copy = asked
    assert create[0] == "create"
    assert {"--read-only", "--cap-drop", "ALL", "--pids-limit", "--memory", "--network", "none"} <= set(
        create
    )
    assert "type=volume,source=the-volume,target=/files" in create
    assert copy == ("cp", "-", "the-container:/files")
    assert removed == ["the-container"]
