"""The state file of an update that was killed while it wrote."""

from pathlib import Path

import pytest

from scripts.stack.checkpoint import mend_torn
from scripts.stack.errors import StackError


def checkpoint(folder: Path) -> Path:
    file = folder / ".pulumi" / "stacks" / "exai-mcp-server" / "dev.json"
    file.parent.mkdir(parents=True)
    return file


@pytest.mark.parametrize("torn", ["", '{"version": 3, "checkpo'])
def test_a_torn_state_gives_way_to_the_one_before_it(tmp_path: Path, torn: str) -> None:
    file = checkpoint(tmp_path)
    file.write_text(torn)
    file.with_name("dev.json.bak").write_text('{"version": 3}')

    assert mend_torn(tmp_path.as_uri(), "dev")
    assert file.read_text() == '{"version": 3}'
    assert not mend_torn(tmp_path.as_uri(), "dev")


def test_a_whole_state_is_left_alone(tmp_path: Path) -> None:
    file = checkpoint(tmp_path)
    file.write_text('{"version": 4}')
    file.with_name("dev.json.bak").write_text('{"version": 3}')

    assert not mend_torn(tmp_path.as_uri(), "dev")
    assert file.read_text() == '{"version": 4}'


def test_two_torn_states_are_a_sentence(tmp_path: Path) -> None:
    file = checkpoint(tmp_path)
    file.write_text("")
    file.with_name("dev.json.bak").write_text("")

    with pytest.raises(StackError, match=r"restore .* from a backup"):
        mend_torn(tmp_path.as_uri(), "dev")


def test_a_stack_without_state_and_a_remote_backend_need_nothing(tmp_path: Path) -> None:
    assert not mend_torn(tmp_path.as_uri(), "dev")
    assert not mend_torn("s3://team/state", "dev")


def test_torn_attributes_are_dropped_and_the_state_kept(tmp_path: Path) -> None:
    file = checkpoint(tmp_path)
    file.write_text('{"version": 4}')
    for name in ("dev.json.attrs", "dev.json.bak.attrs"):
        file.with_name(name).write_text("")

    assert mend_torn(tmp_path.as_uri(), "dev")
    assert file.read_text() == '{"version": 4}'
    assert [path.name for path in file.parent.iterdir()] == ["dev.json"]
