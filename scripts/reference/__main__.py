"""Write the tables of docs/ from the code: `python -m scripts.reference [--check]`."""

import argparse
import sys
from pathlib import Path

from scripts.reference import codes, commands, endpoints, metrics, settings, stacks, tools
from scripts.reference.blocks import Sources, names, written

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def sources() -> Sources:
    """Return what stands in every block of every page."""
    return {
        "variables": settings.variables,
        "clients": settings.clients,
        "budgets": settings.budgets,
        "files": settings.files,
        "limits": settings.limits,
        "metrics": metrics.metrics,
        "endpoints": endpoints.endpoints,
        "exit-codes": codes.exit_codes,
        "error-codes": codes.error_codes,
        "verbs": commands.verbs,
        "commands": commands.exai_mcp,
        "stack-keys": stacks.keys,
        "stack-secrets": stacks.secrets,
        "prompts": tools.prompts,
        **tools.tools(),
    }


def pages() -> dict[Path, str]:
    """Return every page that has blocks, as the code has it now."""
    every, found = sources(), {}
    for path in sorted(DOCS.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        if names(text):
            found[path] = written(text, every)
    return found


def main() -> int:
    """Write the pages, or with --check say which are not what they should be and return 1."""
    parser = argparse.ArgumentParser(prog="python -m scripts.reference", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if something would change")
    options = parser.parse_args()
    stale = {path: text for path, text in pages().items() if path.read_text(encoding="utf-8") != text}
    for path, text in stale.items():
        print(f"{path.relative_to(ROOT)} {'is stale' if options.check else 'written'}")
        if not options.check:
            path.write_text(text, encoding="utf-8")
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
