"""`python -m scripts.conformance`: print a table of scenarios; exit 1 unless all of them pass.

With a folder as argument, what the suite wrote is kept there for a look at single messages.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from scripts.bootstrap.machine import Machine
from scripts.bootstrap.refusal import Refusal
from scripts.conformance.run import Report, run
from scripts.conformance.suite import REQUIRED, Scenario, Suite

MARKS = {"passed": "✓", "failed": "✗", "nothing checked": "·"}


def _table(title: str, scenarios: list[Scenario]) -> None:
    print(f"\n{title}")
    for scenario in scenarios:
        counts = f"{scenario.count('SUCCESS'):>3} ok {scenario.count('FAILURE'):>3} failed"
        counts += f" {scenario.count('WARNING'):>2} warned"
        print(f"  {MARKS[scenario.outcome]} {scenario.name:<48} {scenario.kind:<20} {counts}")
        for complaint in scenario.complaints():
            print(f"      {complaint}")
    for kind in sorted({scenario.kind for scenario in scenarios}, key=lambda kind: (kind != REQUIRED, kind)):
        of_kind = [scenario for scenario in scenarios if scenario.kind == kind]
        outcomes = [scenario.outcome for scenario in of_kind]
        empty = outcomes.count("nothing checked")
        print(
            f"  {kind}: {outcomes.count('passed')} of {len(of_kind)} passed"
            + (f", {empty} checked nothing" if empty else "")
        )


def _print(report: Report) -> None:
    for revision, scenarios in report.fixtures.items():
        _table(f"{revision}, fixture server", scenarios)
    for revision, scenarios in report.product.items():
        _table(f"{revision}, the product with its guard", scenarios)
    for revision in report.not_claimed:
        print(f"\n{revision}: not claimed yet, so not run")


def main() -> int:
    """Run everything and say how it went."""
    with tempfile.TemporaryDirectory() as temporary:
        results = Path(tempfile.mkdtemp(dir=sys.argv[1])) if len(sys.argv) > 1 else Path(temporary)
        try:
            report = asyncio.run(run(Suite(Machine.this()), results))
        except Refusal as refusal:
            print("\n".join(refusal.sentences), file=sys.stderr)
            return refusal.code
    _print(report)
    failed = report.failed()
    print(f"\n{f'{len(failed)} scenarios failed' if failed else 'Every scenario that was run passed'}.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
