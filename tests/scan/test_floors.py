"""Every locked package is at or above the version that has no known hole."""

import re
import shutil
from pathlib import Path

import pytest
from packaging.version import Version

from scripts.scan import floors, locked
from scripts.scan.floors import Floor
from scripts.scan.programs import ROOT
from scripts.scan.verdict import State

PINNED = {**locked.everything(ROOT), **floors.pinned_tools(ROOT)}
ID = re.compile(r"CVE-\d{4}-\d{4,}|PYSEC-\d{4}-\d+|GHSA(-[23456789cfghjmpqrvwx]{4}){3}")


@pytest.mark.parametrize(("name", "floor"), floors.table().items())
def test_a_locked_package_is_not_below_its_floor(name: str, floor: Floor) -> None:
    assert Version(PINNED[name]) >= floor.version, f"{floor.about} ({', '.join(floor.ids)})"


@pytest.mark.parametrize(("name", "floor"), floors.table().items())
def test_a_row_says_which_advisories_and_what_they_are_about(name: str, floor: Floor) -> None:
    assert name == name.lower()
    assert floor.ids
    assert all(ID.fullmatch(one) for one in floor.ids)
    assert len(floor.about) > 20


def test_the_server_side_holes_of_aiohttp_are_behind_its_floor() -> None:
    assert floors.table()["aiohttp"].version >= Version("3.14.4")


def test_what_the_server_runs_is_among_what_is_locked() -> None:
    production = locked.production(ROOT)

    assert {"aiohttp", "pydantic", "asyncpg", "cryptography", "hiredis"} <= set(production)
    assert not {"pulumi", "pytest", "watchfiles", "syft", "pip"} & set(production)
    assert set(locked.production(ROOT, on_every_system=True)) <= set(production)


def test_the_lock_passes() -> None:
    verdict = floors.held()

    assert verdict.state is State.PASSED, verdict.findings


def test_a_lock_that_slid_back_is_found_with_what_it_lets_in(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "uv.txt", tmp_path / "tools" / "uv.txt")
    lock = (ROOT / "uv.lock").read_text()
    old = re.sub(r'(name = "aiohttp"\nversion = )"[^"]+"', r'\1"3.14.3"', lock)
    assert old != lock
    (tmp_path / "uv.lock").write_text(old)

    verdict = floors.held(tmp_path)

    assert verdict.state is State.FOUND
    (finding,) = verdict.findings
    assert finding.startswith("aiohttp 3.14.3 is below 3.14.4: WebSocket messages past the size limit")
    assert "PYSEC-2026-4395" in finding
