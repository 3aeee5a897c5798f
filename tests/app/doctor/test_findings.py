"""How findings are told, to people and to programs."""

import json

from app.doctor.findings import as_json, as_lines, fail, failing, ok, warn

FOUND = [ok("store", "answers."), warn("disk", "is\n   tight."), fail("clock", "is wrong.")]


def test_each_finding_is_one_line_and_the_last_line_counts() -> None:
    assert as_lines(FOUND, coloured=False) == (
        "ok    store  answers.\nwarn  disk   is tight.\nfail  clock  is wrong.\n\n1 ok, 1 warn, 1 fail\n"
    )


def test_colours_are_for_terminals() -> None:
    assert "\x1b[31mfail\x1b[0m  clock" in as_lines(FOUND, coloured=True)


def test_programs_are_told_the_same() -> None:
    told = json.loads(as_json(FOUND))

    assert told["ok"] is False
    assert told["findings"][1] == {"area": "disk", "level": "warn", "text": "is\n   tight."}


def test_only_a_failure_fails() -> None:
    assert failing(FOUND)
    assert not failing(FOUND[:2])
