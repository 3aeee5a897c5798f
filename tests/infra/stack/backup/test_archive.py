"""A backup says what is in it, and is not believed without looking."""

import json
from pathlib import Path

import pytest

from scripts.stack.backup import archive
from scripts.stack.backup.archive import Manifest, Part
from scripts.stack.errors import StackError


def _backup(folder: Path, name: str = "2026-11-28T08-00-00Z") -> Path:
    made = folder / name
    made.mkdir(parents=True)
    (made / archive.DATABASE).write_bytes(b"the dump")
    parts = {archive.DATABASE: Part.of(made / archive.DATABASE)}
    Manifest("dev", name, "0.1.0", 10, 3, parts).write(made)
    return made


def test_what_was_written_is_read_and_found_whole(tmp_path: Path) -> None:
    made = _backup(tmp_path)

    manifest = Manifest.read(made)
    manifest.check(made)

    assert (manifest.stack, manifest.schema, manifest.threads) == ("dev", 10, 3)
    assert manifest.parts[archive.DATABASE].bytes == 8


def test_a_changed_part_is_named(tmp_path: Path) -> None:
    made = _backup(tmp_path)
    (made / archive.DATABASE).write_bytes(b"the dumb")

    with pytest.raises(StackError, match=r"database\.dump is not what was written"):
        Manifest.read(made).check(made)


def test_a_missing_part_is_named(tmp_path: Path) -> None:
    made = _backup(tmp_path)
    (made / archive.DATABASE).unlink()

    with pytest.raises(StackError, match=r"database\.dump is missing"):
        Manifest.read(made).check(made)


def test_a_folder_without_a_manifest_is_no_backup(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="is no backup"):
        Manifest.read(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"parts": {"x": {"bytes": 1}}}'])
def test_a_damaged_manifest_is_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / archive.MANIFEST).write_text(text)

    with pytest.raises(StackError, match="cannot be read"):
        Manifest.read(tmp_path)


def test_another_form_of_backups_is_left_to_its_release(tmp_path: Path) -> None:
    made = _backup(tmp_path)
    content = json.loads((made / archive.MANIFEST).read_text()) | {"format": 2, "release": "9.0.0"}
    (made / archive.MANIFEST).write_text(json.dumps(content))

    with pytest.raises(StackError, match=r"made by release 9\.0\.0"):
        Manifest.read(made)


def test_the_newest_stay_and_what_was_never_finished_goes(tmp_path: Path) -> None:
    made = [_backup(tmp_path, f"2026-11-2{day}T08-00-00Z") for day in range(5)]
    _backup(tmp_path, f"2026-11-29T08-00-00Z{archive.PARTIAL}")
    (tmp_path / "notes").mkdir()

    gone = archive.rotate(tmp_path, 2)

    assert {path.name for path in gone} == {
        *(path.name for path in made[:3]),
        f"2026-11-29T08-00-00Z{archive.PARTIAL}",
    }
    assert archive.kept(tmp_path) == made[3:]
    assert (tmp_path / "notes").is_dir()
