"""Calls side by side, shown one below the other."""

from app.jobs.sections import Sections


def sections(*headings: str, ready: bool = True) -> tuple[Sections, list[str], list[bool]]:
    said: list[str] = []
    can = [ready]
    return Sections(headings, said.append, lambda: can[0]), said, can


def test_the_first_is_shown_as_it_comes_and_the_second_waits_for_its_end() -> None:
    both, said, _ = sections("## A", "## B")
    both.add(1, "b1")
    both.add(0, "a1")
    both.add(1, "b2")
    both.add(0, "a2")
    before = "".join(said)
    both.end(0)
    both.add(1, "b3")
    both.end(1)

    assert before == "## A\n\na1a2"
    assert "".join(said) == "## A\n\na1a2\n\n## B\n\nb1b2b3"


def test_who_ends_first_waits_for_those_before() -> None:
    three, said, _ = sections("A", "B", "C")
    for number in (2, 1):
        three.add(number, f"{number}")
        three.end(number)
    assert said == []

    three.add(0, "0")
    three.end(0)

    assert "".join(said) == "A\n\n0\n\nB\n\n1\n\nC\n\n2"


def test_nothing_is_said_before_somebody_listens() -> None:
    both, said, can = sections("A", "B", ready=False)
    both.add(0, "early")
    both.end(0)
    assert said == []

    can[0] = True
    both.add(1, "late")

    assert "".join(said) == "A\n\nearly\n\nB\n\nlate"


def test_a_section_that_said_nothing_has_no_heading() -> None:
    both, said, _ = sections("A", "B")
    both.end(0)
    both.add(1, "b")

    assert "".join(said) == "\n\nB\n\nb"
