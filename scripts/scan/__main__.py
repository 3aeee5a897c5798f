"""`python -m scripts.scan`: one line a check; non-zero if anything was found.

What could not be asked is no finding and no pass: it is said again at the end, and with --strict it fails.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext

from scripts.scan import advisories, debian, floors, image, leaks, linters, parts_list
from scripts.scan.verdict import CannotAsk, State, Verdict

FOUND = 1
Check = Callable[[], Verdict]


def main() -> int:
    """Make every check, print what each says, and return the exit code."""
    given = _arguments()
    verdicts: list[Verdict] = []
    for verdict in _quick() if given.quick else _all(given.image):
        verdicts.append(verdict)
        print(f"{verdict.state:<8} {verdict.check:<22} {verdict.said}", flush=True)
        for finding in verdict.findings:
            print(f"         - {finding}", flush=True)
    not_run = [one.check for one in verdicts if one.state is State.NOT_RUN]
    if not_run:
        print(
            f"NOT ASKED HERE: {', '.join(not_run)}. Nothing is known about these; "
            ".github/workflows/scan.yml asks them where they answer.",
            file=sys.stderr,
        )
    found = any(one.state is State.FOUND for one in verdicts)
    return FOUND if found or (given.strict and not_run) else 0


def _quick() -> Iterator[Verdict]:
    """Make the checks that need no engine and no network, and take seconds."""
    return _each(
        ("hadolint", linters.dockerfiles),
        ("compose-lint", linters.compose),
        ("workflows", linters.workflows),
        ("floors", floors.held),
        ("secrets in files", leaks.files),
    )


def _all(name: str | None) -> Iterator[Verdict]:
    """Make every check."""
    yield from _quick()
    yield from _each(("secrets in history", leaks.history), ("PyPI's advisories", advisories.python))
    try:
        with nullcontext(name) if name else image.built() as scanned:
            yield from _of(scanned)
    except CannotAsk as reason:
        for check in ("secrets in the image", "bill of materials", "Debian packages"):
            yield Verdict(check, State.NOT_RUN, f"{reason}.")
    yield from _each(("grype's database", advisories.image))


def _of(name: str) -> Iterator[Verdict]:
    """Make the checks of one image."""
    with image.archive(name) as archive:
        yield from _each(
            ("secrets in the image", lambda: leaks.image(archive)),
            ("bill of materials", lambda: parts_list.listed(archive)),
        )
    yield from _each(("Debian packages", lambda: debian.behind([name, *debian.present()])))


def _each(*checks: tuple[str, Check]) -> Iterator[Verdict]:
    for name, check in checks:
        try:
            yield check()
        except CannotAsk as reason:
            yield Verdict(name, State.NOT_RUN, f"{reason}.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.scan", description=__doc__)
    parser.add_argument("--image", help="an image the engine has (default: build the production image)")
    parser.add_argument("--quick", action="store_true", help="only what needs no engine and no network")
    parser.add_argument("--strict", action="store_true", help="a check that could not be made fails too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
