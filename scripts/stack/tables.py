"""A plan for people: a table for the terminal, and one for the comment on a pull request."""

import re
from collections.abc import Iterator, Sequence

from scripts.stack.differences import SECRET, Difference, said
from scripts.stack.plan import Change, Plan

LONGEST = 60
"""Characters of a value in a table; the digest has all of it."""
VERBS = {
    "delete": "to delete",
    "replace": "to replace",
    "update": "to update",
    "create": "to create",
    "unchanged": "unchanged",
}
MARKER = "<!-- plan of {stack} -->"
"""By which the next run finds its comment."""
LEAST_WIDTH = 8


def text(plan: Plan, stack: str, against: str) -> str:
    """Return the plan for a terminal: one line where nothing would change."""
    lines = [headline(plan, stack, against)]
    if plan.drift:
        lines += ["", "Found changed behind Pulumi's back:", *_columns(_drift_rows(plan))]
    if plan.changes:
        lines += ["", "The update would:", *_columns(_change_rows(plan.changes))]
    if plan.refusals:
        lines += ["", "This must not be applied:", *(f"  {sentence}" for sentence in plan.refusals)]
    return "\n".join(lines)


def markdown(plan: Plan, stack: str, against: str) -> str:
    """Return the plan as a comment for a pull request."""
    lines = [MARKER.format(stack=stack), f"### Plan: {headline(plan, stack, against)}"]
    if plan.refusals:
        lines += ["", "**This must not be applied:**", "", *(f"- {_cell(one)}" for one in plan.refusals)]
    for title, head, rows in (
        ("Found changed behind Pulumi's back", ("part", "name", "what"), _drift_rows(plan)),
        ("The update would", ("do", "part", "name", "because"), _change_rows(plan.changes)),
    ):
        if rows:
            lines += ["", f"{title}:", "", _row(head), _row(["---"] * len(head))]
            lines += [_row([_cell(cell) for cell in row]) for row in _merged(rows)]
    return "\n".join(lines)


def headline(plan: Plan, stack: str, against: str) -> str:
    """Return one line: how many of what, and what the plan was made against."""
    counts = [f"{count} {VERBS[one]}" for one, count in plan.summary.items() if count]
    what = ", ".join(counts) if plan.changes else f"nothing to change, {plan.unchanged} parts compared"
    if plan.errors and not plan.changes:
        what = "there is no plan"
    return f"{stack}: {what} ({against})"


def _drift_rows(plan: Plan) -> list[Sequence[str]]:
    return [(one.part.kind, one.part.name, f"{one.what}: {one.mend}") for one in plan.drift]


def _change_rows(changes: Sequence[Change]) -> list[Sequence[str]]:
    """Give every difference a row of its own; only the first names the part."""
    rows: list[Sequence[str]] = []
    for one in changes:
        reasons = [_because(difference) for difference in one.differences] or [""]
        rows += [
            (one.operation, one.part.kind, one.part.name, reason) if number == 0 else ("", "", "", reason)
            for number, reason in enumerate(reasons)
        ]
    return rows


def _merged(rows: Sequence[Sequence[str]]) -> Iterator[Sequence[str]]:
    """Join the rows of one part: a table in Markdown has room for several lines in a cell."""
    whole: list[str] = []
    for row in rows:
        if row[0] and whole:
            yield whole
            whole = []
        whole = [*row] if row[0] else [*whole[:-1], f"{whole[-1]}\n{row[-1]}"]
    if whole:
        yield whole


def _because(one: Difference) -> str:
    forces = " (replaces)" if one.forces else ""
    if one.before == one.after == SECRET:
        return f"{one.field}: a secret, changed{forces}"
    return f"{one.field}: {_short(one.before)} -> {_short(one.after)}{forces}"


def _short(value: object) -> str:
    written = said(value)
    return written if len(written) <= LONGEST else f"{written[:LONGEST]}…"


def _columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(LEAST_WIDTH, *(len(row[index]) for row in rows)) for index in range(len(rows[0]) - 1)]
    for row in rows:
        cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)]
        yield f"  {'  '.join([*cells, row[-1]])}".rstrip()


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(content: str) -> str:
    """Return text that Markdown shows as it is: values come from whoever wrote the program."""
    escaped = re.sub(r"([\\`*_{}\[\]<>|#!@])", r"\\\1", content)
    return escaped.replace("\n", "<br>")
