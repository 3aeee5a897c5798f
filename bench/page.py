"""Keeps the measured parts of docs/performance.md; the prose around them is written by hand."""

from pathlib import Path

from bench.report import Report, markdown

MARK = "bench"


class PageError(Exception):
    """The page has lost the marks between which the figures stand; one sentence."""


def write(page: Path, report: Report) -> None:
    """Put the figures of this run onto the page.

    Raises:
        PageError: a mark is missing.
    """
    put(page, MARK, section(report))


def put(page: Path, mark: str, text: str) -> None:
    """Replace what stands between the two marks of a name.

    Raises:
        PageError: a mark is missing.
    """
    begin, end = f"<!-- {mark}: begin -->", f"<!-- {mark}: end -->"
    before, first, rest = page.read_text().partition(begin)
    _, second, after = rest.partition(end)
    if not first or not second:
        raise PageError(f"{page} has no {begin} … {end}: put both marks back, on lines of their own.")
    page.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}")


def section(report: Report) -> str:
    """Write one run as Markdown."""
    about = f"Measured {report.date} on {report.machine}. {report.versions}."
    missed = "Every must is met." if not report.missed else "Not met: " + "; ".join(report.missed) + "."
    tables = "\n\n".join(markdown(rows) for rows in report.tables())
    remarks = "\n".join(f"- {remark}" for remark in report.remarks())
    return f"{about}\n\n{tables}\n\n{missed}\n\n{remarks}"
