"""The pages about rules, plans and scans say what the code says."""

import re
from pathlib import Path

from policy.content import REFILLED_LABEL
from policy.rules import RULES
from policy.walls import EDGE
from scripts.scan import __main__ as command
from scripts.stack.plan import Plan
from scripts.stack.preview import GIVEN_UP, WORDS

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_every_rule_is_listed_with_what_it_says_and_whom_it_binds() -> None:
    rows = re.findall(
        r"^\| `([a-z-]+)` \| (.+) \| (yes|no) \|$", (DOCS / "policy.md").read_text(), re.MULTILINE
    )

    assert rows == [(rule.name, rule.description, "yes" if rule.development else "no") for rule in RULES]


def test_the_names_that_the_rules_know_of_this_project_are_told() -> None:
    page = (DOCS / "policy.md").read_text()

    assert f"`{EDGE}`" in page
    assert f"`{REFILLED_LABEL}`" in page


def test_every_key_of_the_digest_is_described_in_its_order() -> None:
    page = (DOCS / "plan.md").read_text()
    described = re.findall(r"^\| `([A-Za-z]+)` \|", page, re.MULTILINE)

    assert described == list(Plan().digest("prod", "state"))
    assert all(f"`{against}`" in page for against in WORDS)
    assert GIVEN_UP in page


def test_every_check_of_a_scan_is_listed() -> None:
    page = (DOCS / "scan.md").read_text()
    listed = set(re.findall(r"^\| ([^|]+?) \| [^|]+ \| [^|]+ \|$", page, re.MULTILINE)) - {"check", "---"}
    source = Path(command.__file__).read_text()

    assert listed == set(re.findall(r'\("([^"]+)", (?:linters|floors|leaks|advisories|lambda)', source))
