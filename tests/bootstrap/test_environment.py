"""`.exai/`: who may read it, and what a shell gets from its `env`."""

import stat
import subprocess
from pathlib import Path

import pytest

from scripts.bootstrap import cache, environment, toolchain

from .conftest import FakeMachine, MakeMachine


def sourced(path: Path, *names: str) -> list[str]:
    """Source `path` in a POSIX shell and return the variables, `-` for those it does not set."""
    wanted = "; ".join(f'printf "%s\\n" "${{{name}--}}"' for name in names)
    done = subprocess.run(
        ["sh", "-euc", f'. "$0"; {wanted}', str(path)],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/bin:/bin"},
    )
    return done.stdout.splitlines()


def built(here: FakeMachine, clone: Path) -> Path:
    """Pretend that the toolchain was built on this machine and its provider installed in this clone."""
    made = cache.entry(here.cache, "toolchain", toolchain.key(here, clone))
    (made / "bin").mkdir(parents=True)
    toolchain.home(clone).mkdir()
    (toolchain.home(clone) / "provider.key").write_text(made.name)
    return made


def test_an_ordinary_machine_keeps_its_own_pulumi_home(machine: MakeMachine, clone: Path) -> None:
    environment.write(machine(), clone)
    path, skip, home, acquisition = sourced(
        clone / ".exai/env",
        "PATH",
        "PULUMI_SKIP_UPDATE_CHECK",
        "PULUMI_HOME",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION",
    )
    assert path == f"{clone}/.venv/bin:/usr/bin:/bin"
    assert (skip, home, acquisition) == ("true", "-", "-")


def test_a_built_toolchain_comes_first_with_a_home_of_its_own(machine: MakeMachine, clone: Path) -> None:
    here = machine(programs={})
    made = built(here, clone)
    environment.write(here, clone)
    path, home, acquisition = sourced(
        clone / ".exai/env", "PATH", "PULUMI_HOME", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"
    )
    assert path == f"{made}/bin:{clone}/.venv/bin:/usr/bin:/bin"
    assert (home, acquisition) == (f"{clone}/.exai/pulumi", "true")


def test_a_pulumi_that_the_user_installs_later_is_preferred(machine: MakeMachine, clone: Path) -> None:
    here = machine()
    built(here, clone)
    environment.write(here, clone)
    assert sourced(clone / ".exai/env", "PULUMI_HOME") == ["-"]


def test_a_path_with_quotes_blanks_and_dollars_survives_the_shell(tmp_path: Path) -> None:
    clone = tmp_path / 'it\'s $HOME `x` "q"'
    clone.mkdir()
    lines = environment.lines(clone, clone / "tool chain")
    (tmp_path / "env").write_text("\n".join(lines) + "\n")
    path, home = sourced(tmp_path / "env", "PATH", "PULUMI_HOME")
    assert path == f"{clone}/tool chain/bin:{clone}/.venv/bin:/usr/bin:/bin"
    assert home == f"{clone}/.exai/pulumi"


def test_every_line_is_an_export_of_a_quoted_value(clone: Path) -> None:
    for line in environment.lines(clone, clone / "made"):
        assert line.startswith("export ")
        assert "='" in line


def test_only_this_user_may_look_into_the_folder(clone: Path) -> None:
    (clone / ".exai").chmod(0o755)
    environment.folder(clone)
    assert stat.S_IMODE((clone / ".exai").stat().st_mode) == 0o700


def test_the_hosts_certificates_are_copied_and_follow_it(
    machine: MakeMachine, clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "company.pem"
    bundle.write_text("one")
    here = machine(environ={"SSL_CERT_FILE": str(bundle), "XDG_CACHE_HOME": str(tmp_path)})
    environment.write(here, clone)
    bundle.write_text("two")
    environment.write(here, clone)
    assert (clone / ".exai/ca.crt").read_text() == "two"
    monkeypatch.setattr("scripts.bootstrap.machine.CA_BUNDLES", ())
    bundle.unlink()
    environment.write(here, clone)
    assert not (clone / ".exai/ca.crt").exists()


def test_nothing_is_written_when_nothing_changed(machine: MakeMachine, clone: Path) -> None:
    environment.write(machine(), clone)
    before = (clone / ".exai/env").stat().st_ino
    environment.write(machine(), clone)
    assert (clone / ".exai/env").stat().st_ino == before
