"""The digest changes with what the image is made from, and with nothing else."""

from collections.abc import Callable
from pathlib import Path

import pulumi
import pytest

from infra.context import digest


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / ".dockerignore").write_text(
        "# what passes\n*\n!app\n!tools/uv.txt\n!pyproject.toml\n**/__pycache__\n"
    )
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "uv.txt").write_text("uv\n")
    (tmp_path / "tools" / "other").write_text("no\n")
    (tmp_path / "app" / "core").mkdir(parents=True)
    (tmp_path / "app" / "core" / "a.py").write_text("a = 1\n")
    return tmp_path


def _write(path: str, text: str = "new\n") -> Callable[[Path], None]:
    def change(root: Path) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)

    return change


def _link(root: Path) -> None:
    (root / "app" / "link").symlink_to("core/a.py")


CHANGES: dict[str, Callable[[Path], None]] = {
    "an edit": _write("app/core/a.py"),
    "a new file": _write("app/new.py"),
    "the Dockerfile": _write("Dockerfile"),
    "a file let through by name": _write("tools/uv.txt"),
    "a mode": lambda root: (root / "app" / "core" / "a.py").chmod(0o755),
    "a rename": lambda root: (root / "app" / "core" / "a.py").rename(root / "app" / "core" / "b.py"),
    "a removal": lambda root: (root / "app" / "core" / "a.py").unlink(),
    "a link": _link,
}
NO_CHANGES: dict[str, Callable[[Path], None]] = {
    "compiled files": _write("app/core/__pycache__/a.pyc"),
    "a neighbour of what passes": _write("tools/other"),
    "a folder that does not pass": _write("tests/test_a.py"),
    "a file at the top": _write("README.md"),
    "generated files": _write(".exai/state/x"),
    "the time": lambda root: (root / "app" / "core" / "a.py").touch(),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_the_image_is_made_from_changes_the_digest(root: Path, what: str) -> None:
    before = digest(root)

    CHANGES[what](root)

    assert digest(root) != before


@pytest.mark.parametrize("what", NO_CHANGES)
def test_nothing_else_changes_the_digest(root: Path, what: str) -> None:
    before = digest(root)

    NO_CHANGES[what](root)

    assert digest(root) == before


def test_equal_folders_have_equal_digests(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    for path in sorted(root.rglob("*"), reverse=True):
        if path.is_file():
            target = other / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())

    assert digest(other) == digest(root)


@pytest.mark.parametrize(
    ("rules", "passes", "stays"),
    [
        ("*\n!app/*.py\n", "app/x.py", "app/x.txt"),
        ("app/?.py\n", "app/xy.py", "app/x.py"),
        ("**/secret\n", "app/public", "app/deep/secret"),
        ("*\n!app\napp/private\n", "app/x", "app/private/y"),
    ],
)
def test_wildcards_stop_at_a_folder_and_the_last_rule_wins(
    root: Path, rules: str, passes: str, stays: str
) -> None:
    (root / ".dockerignore").write_text(rules)
    before = digest(root)

    _write(stays)(root)
    assert digest(root) == before

    _write(passes)(root)
    assert digest(root) != before


def test_a_form_it_does_not_know_is_refused(root: Path) -> None:
    (root / ".dockerignore").write_text("a/**/b\n")

    with pytest.raises(pulumi.RunError, match=r"a/\*\*/b"):
        digest(root)


def test_without_a_dockerignore_everything_counts(root: Path) -> None:
    (root / ".dockerignore").unlink()
    before = digest(root)

    _write("README.md")(root)

    assert digest(root) != before
