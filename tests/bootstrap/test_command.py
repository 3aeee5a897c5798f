"""The command line: steps, exit codes, old Pythons."""

import ast
import subprocess
import sys
from pathlib import Path

from scripts.bootstrap.refusal import EXIT_USAGE

ROOT = Path(__file__).resolve().parents[2]
ENTRY = ROOT / "scripts" / "bootstrap" / "__main__.py"


def test_an_old_python_can_parse_the_entry() -> None:
    tree = ast.parse(ENTRY.read_text(), feature_version=(3, 6))
    first = next(index for index, node in enumerate(tree.body) if isinstance(node, ast.If))
    before = [node for node in tree.body[:first] if isinstance(node, ast.ImportFrom)]
    assert before == [], "nothing of ours is imported before the version is checked"


def test_an_unknown_step_is_a_usage_error() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/bootstrap", "nonsense"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == EXIT_USAGE
    assert done.stdout == ""
    assert "the steps are engine, plugins, images, toolchain, python, stop-engine" in done.stderr


def test_only_the_standard_library_is_needed() -> None:
    script = "import sys; sys.path[:0] = [sys.argv[1]]; import scripts.bootstrap.command"
    done = subprocess.run(
        [sys.executable, "-S", "-I", "-c", script, str(ROOT)], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.returncode == 0
