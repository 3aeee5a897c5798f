"""What is concluded from readings, and how it is told."""

from pathlib import Path

import pytest

from bench import page
from bench.figures import FIGURES, Figure, judge
from bench.report import Report, markdown, terminal
from bench.results import Results
from bench.samples import NotAnsweredError

COST = Figure("cost", "cost", "load", "cpu_us", "µs", must=2.0)
RATE = Figure("rate", "rate", "load", "calls_per_second", "/s", must=0.5, at_least=True)


def read(own: list[float], bare: list[float], client_share: float = 0.1) -> Results:
    results = Results()
    for lane, values in (("ours", own), ("bare", bare)):
        for value in values:
            entry = {"cpu_us": value, "calls_per_second": value, "client_share": client_share, "others": 0.0}
            results.add("load", lane, entry)
    return results


def report(results: Results) -> Report:
    return Report("2026-01-01", "a machine", "versions", 1, 3, 10, True, True, results)


def test_a_ratio_is_taken_within_a_round() -> None:
    verdict = judge(COST, read([10, 40, 30], [10, 20, 10]))

    assert (verdict.median, verdict.least, verdict.most) == (2.0, 1.0, 3.0)
    assert verdict.met


def test_a_figure_may_have_to_be_high() -> None:
    assert judge(RATE, read([4, 4, 4], [10, 10, 10])).met is False
    assert judge(RATE, read([6, 6, 6], [10, 10, 10])).met is True


def test_a_row_the_load_generator_may_have_limited_is_marked() -> None:
    assert judge(COST, read([1], [1], client_share=0.71)).client_bound
    assert not judge(COST, read([1], [1], client_share=0.69)).client_bound


def test_what_did_not_run_is_not_met_and_says_why() -> None:
    results = read([], [1])
    results.refuse("load", "ours", NotAnsweredError("nobody at home"))
    verdict = judge(COST, results)

    assert verdict.met is False
    assert verdict.reason == "nobody at home"


def test_every_missed_figure_is_named() -> None:
    missed = report(Results()).missed

    assert len(missed) == len(FIGURES)
    assert all(figure.title in sentence for figure, sentence in zip(FIGURES, missed, strict=True))


def test_tables_are_aligned_and_cells_cannot_break_out() -> None:
    rows = [["a", "long header"], ["x|y", "1"]]

    assert terminal(rows).splitlines()[0] == "a    long header"
    assert markdown(rows).splitlines()[2] == "| x\\|y | 1 |"


def test_only_what_stands_between_the_marks_is_replaced(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text("# Title\n\n<!-- bench: begin -->\nold\n<!-- bench: end -->\n\nBy hand.\n")
    page.write(document, report(read([1], [1])))
    text = document.read_text()

    assert text.startswith("# Title\n\n<!-- bench: begin -->\n\nMeasured 2026-01-01 on a machine.")
    assert text.endswith("<!-- bench: end -->\n\nBy hand.\n")
    assert "old" not in text


def test_a_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text("By hand.\n")

    with pytest.raises(page.PageError, match="put both marks back"):
        page.write(document, report(Results()))
    assert document.read_text() == "By hand.\n"
