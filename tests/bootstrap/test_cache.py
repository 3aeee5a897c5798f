"""The cache: complete or absent, made once, named after its inputs."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from scripts.bootstrap import cache
from scripts.bootstrap.refusal import Refusal

ROOT = Path(__file__).resolve().parents[2]


def test_an_entry_is_built_once(tmp_path: Path) -> None:
    built: list[Path] = []

    def build(out: Path) -> None:
        built.append(out)
        (out / "file").write_text("made")

    first = cache.make(tmp_path, "thing", "key", build)
    assert cache.make(tmp_path, "thing", "key", build) == first
    assert (first / "file").read_text() == "made"
    assert len(built) == 1


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, OSError])
def test_an_interrupted_build_leaves_nothing(tmp_path: Path, interruption: type[BaseException]) -> None:
    def build(out: Path) -> None:
        (out / "half").write_text("half")
        raise interruption

    with pytest.raises(interruption):
        cache.make(tmp_path, "thing", "key", build)
    assert [path.name for path in tmp_path.iterdir()] == ["thing.lock"]


def test_what_a_killed_run_left_is_never_taken_for_complete(tmp_path: Path) -> None:
    script = (
        "import os, signal; from pathlib import Path; from scripts.bootstrap import cache\n"
        "def build(out):\n"
        "    (out / 'half').write_text('half'); os.kill(os.getpid(), signal.SIGKILL)\n"
        f"cache.make(Path({str(tmp_path)!r}), 'thing', 'key', build)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False)
    assert killed.returncode < 0
    assert not cache.entry(tmp_path, "thing", "key").exists()
    assert any(path.suffix == ".partial" for path in tmp_path.iterdir())
    made = cache.make(tmp_path, "thing", "key", lambda out: (out / "whole").touch())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["thing-key", "thing.lock"]
    assert [path.name for path in made.iterdir()] == ["whole"]


def test_two_runs_do_not_build_the_same_thing_twice(tmp_path: Path) -> None:
    inside, release = threading.Event(), threading.Event()
    built: list[str] = []

    def build(out: Path) -> None:
        built.append(out.name)
        inside.set()
        release.wait(10)

    threads = [threading.Thread(target=cache.make, args=(tmp_path, "thing", "key", build)) for _ in range(2)]
    threads[0].start()
    assert inside.wait(10)
    threads[1].start()
    release.set()
    for thread in threads:
        thread.join(10)
    assert len(built) == 1


def test_a_lock_that_is_held_too_long_is_named(tmp_path: Path) -> None:
    path = tmp_path / "thing.lock"
    with cache.lock(path), pytest.raises(Refusal, match=r"thing\.lock"), cache.lock(path, wait=0):
        pytest.fail("the lock was given twice")


def test_the_key_changes_with_name_content_mode_and_facts(tmp_path: Path) -> None:
    file = tmp_path / "build.sh"
    file.write_text("one")
    keys = [cache.digest([file], "amd64"), cache.digest([file], "arm64")]
    file.chmod(0o755)
    keys.append(cache.digest([file], "amd64"))
    file.write_text("two")
    keys.append(cache.digest([file], "amd64"))
    keys.append(cache.digest([file.rename(tmp_path / "trim.sh")], "amd64"))
    assert len(set(keys)) == len(keys)


def test_the_key_does_not_depend_on_where_the_clone_is(tmp_path: Path) -> None:
    for clone in ("one", "two"):
        (tmp_path / clone / "cli").mkdir(parents=True)
        (tmp_path / clone / "cli/go.mod").write_text("module cli\n")
    one, two = (cache.digest([tmp_path / clone / "cli/go.mod"]) for clone in ("one", "two"))
    assert one == two
