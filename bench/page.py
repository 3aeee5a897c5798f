"""Keeps the measured part of docs/performance.md; the prose around it is written by hand."""

from pathlib import Path

from bench.report import Report, markdown

BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"


class PageError(Exception):
    """The page has lost the marks between which the figures stand; one sentence."""


def write(page: Path, report: Report) -> None:
    """Replace what stands between the marks by this run.

    Raises:
        PageError: a mark is missing.
    """
    text = page.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise PageError(f"{page} has no {BEGIN} … {END}: put both marks back, on lines of their own.")
    page.write_text(f"{before}{BEGIN}\n\n{section(report)}\n\n{END}{after}")


def section(report: Report) -> str:
    """Write one run as Markdown."""
    about = f"Measured {report.date} on {report.machine}. {report.versions}."
    missed = "Every must is met." if not report.missed else "Not met: " + "; ".join(report.missed) + "."
    tables = "\n\n".join(markdown(rows) for rows in report.tables())
    remarks = "\n".join(f"- {remark}" for remark in report.remarks())
    return f"{about}\n\n{tables}\n\n{missed}\n\n{remarks}"
