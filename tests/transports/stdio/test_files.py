"""Files on the client's side: read within allowed folders, and nowhere else by whatever trick."""

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from app.transports.stdio_files import LocalFileError, LocalFiles, inline, keeps_nothing, names_paths

SECRET = b"must not be read"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An allowed folder, beside one that is not."""
    (tmp_path / "allowed" / "sub").mkdir(parents=True)
    (tmp_path / "allowed" / "a.txt").write_bytes(b"a")
    (tmp_path / "allowed" / "sub" / "b.txt").write_bytes(b"b")
    (tmp_path / "allowed2").mkdir()
    for place in (tmp_path / "secret.txt", tmp_path / "allowed2" / "secret.txt"):
        place.write_bytes(SECRET)
    return tmp_path / "allowed"


def test_a_file_within_an_allowed_folder_is_read(root: Path) -> None:
    files = LocalFiles([root])

    assert files.read(str(root / "a.txt")) == b"a"
    assert files.read(str(root / "sub" / ".." / "sub" / "b.txt")) == b"b"
    assert files.read("sub/b.txt") == b"b"


def test_a_path_without_a_folder_is_looked_for_in_each_root(root: Path) -> None:
    other = root.parent / "other"
    other.mkdir()
    (other / "c.txt").write_bytes(b"c")

    assert LocalFiles([root, other]).read("c.txt") == b"c"


def test_a_link_that_stays_inside_is_followed(root: Path) -> None:
    (root / "link.txt").symlink_to(root / "sub" / "b.txt")
    (root / "folder").symlink_to(root / "sub")

    assert LocalFiles([root]).read(str(root / "link.txt")) == b"b"
    assert LocalFiles([root]).read(str(root / "folder" / "b.txt")) == b"b"


def test_a_root_that_is_a_link_itself_is_where_it_leads(root: Path) -> None:
    (root.parent / "alias").symlink_to(root)

    assert LocalFiles([root.parent / "alias"]).read(str(root.parent / "alias" / "a.txt")) == b"a"


def tricks(root: Path) -> list[str]:
    outside = root.parent
    (root / "out.txt").symlink_to(outside / "secret.txt")
    (root / "out").symlink_to(outside)
    (root / "sub" / "chain").symlink_to(root / "out")
    (root / "absolute").symlink_to("/etc/passwd")
    (root / "loop").symlink_to(root / "loop")
    os.link(outside / "secret.txt", outside / "elsewhere.txt")
    return [
        str(outside / "secret.txt"),
        "../secret.txt",
        str(root / ".." / "secret.txt"),
        f"{root}/sub/../../secret.txt",
        f"{root}2/secret.txt",
        str(root / "out.txt"),
        str(root / "out" / "secret.txt"),
        str(root / "sub" / "chain" / "secret.txt"),
        str(root / "absolute"),
        str(root / "loop"),
        "/etc/passwd",
        "/proc/self/environ",
        "~/.bashrc",
        f"file://{outside}/secret.txt",
        str(root),
        str(root / "sub"),
        str(root / "nothing.txt"),
        "nothing.txt",
        "",
        ".",
        "..",
        "a.txt\0.png",
        "x" * 5_000,
    ]


@pytest.mark.parametrize("number", range(23))
def test_a_trick_reads_nothing(root: Path, number: int) -> None:
    path = tricks(root)[number]

    with pytest.raises(LocalFileError) as caught:
        LocalFiles([root]).read(path)

    assert "was not read" in str(caught.value)
    assert SECRET.decode() not in str(caught.value)


def test_without_any_folder_nothing_is_read_and_it_is_said_how_to_allow_one(root: Path) -> None:
    with pytest.raises(LocalFileError, match="no folder is allowed: add --allow-root FOLDER"):
        LocalFiles([]).read(str(root / "a.txt"))


@pytest.mark.parametrize("kind", ["pipe", "socket", "device"])
def test_what_is_no_plain_file_is_refused_without_waiting(root: Path, kind: str) -> None:
    path = root / "odd"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
    else:
        path.symlink_to("/dev/zero")

    with pytest.raises(LocalFileError):
        LocalFiles([root]).read(str(path))


def test_a_folder_that_becomes_a_link_after_it_was_judged_is_not_followed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = LocalFiles([root])
    judged = files._within(str(root / "sub" / "b.txt"))
    (root / "sub" / "b.txt").unlink()
    (root / "sub").rmdir()
    (root.parent / "b.txt").write_bytes(SECRET)
    (root / "sub").symlink_to(root.parent)
    monkeypatch.setattr(files, "_within", lambda _: judged)

    with pytest.raises(LocalFileError):
        files.read(str(root / "sub" / "b.txt"))


def test_a_file_that_is_too_large_is_not_read_whole(root: Path) -> None:
    (root / "large").write_bytes(b"x" * 1_001)

    with pytest.raises(LocalFileError, match="more than 1,000 bytes"):
        LocalFiles([root], 1_000).read(str(root / "large"))


def call(arguments: Any, method: str = "tools/call") -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"name": "chat", "arguments": arguments}}


@pytest.mark.parametrize(
    ("message", "names"),
    [
        (call({"files": [{"path": "a"}]}), True),
        (call({"images": [{"content": "x"}, {"path": "a"}]}), True),
        (call({"action": "start", "arguments": {"files": [{"path": "a"}]}}), True),
        (call({"files": [{"path": 1}, {"content": "x"}, "a", None]}), False),
        (call({"files": {"path": "a"}}), False),
        (call({"path": "a"}), False),
        (call({"files": [{"path": "a"}]}, "prompts/get"), False),
        (call(None), False),
        ({"method": "tools/call", "params": []}, False),
        ([call({"files": [{"path": "a"}]})], False),
        ("x", False),
    ],
)
def test_only_calls_that_name_paths_are_looked_into(message: Any, names: bool) -> None:
    assert names_paths(message) is names


async def test_paths_give_way_to_what_stands_for_their_files(root: Path) -> None:
    message = call(
        {
            "prompt": "x",
            "files": [{"path": str(root / "a.txt")}, {"content": "as it was"}],
            "images": [{"name": "named", "path": "sub/b.txt"}],
        }
    )

    async def place(name: str, content: bytes) -> dict[str, Any]:
        return inline(name, content)

    await LocalFiles([root]).bring(message, place)

    assert message["params"]["arguments"] == {
        "prompt": "x",
        "files": [{"name": "a.txt", "content": "a"}, {"content": "as it was"}],
        "images": [{"name": "named", "content": "b"}],
    }


def test_a_file_stands_in_a_call_as_text_or_in_base64() -> None:
    assert inline("n", "größer".encode()) == {"name": "n", "content": "größer"}
    assert inline("n", b"\xff\xd8") == {"name": "n", "base64": "/9g="}


def test_whether_anything_may_be_kept_is_read_from_the_call() -> None:
    assert keeps_nothing(call({"no_store": True}))
    assert keeps_nothing(call({"arguments": {"no_store": True}}))
    assert not keeps_nothing(call({"no_store": False}))
