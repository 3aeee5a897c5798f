"""The same rules in the program: a bare `pulumi up` is stopped before anything is registered."""

import pytest

from tests.policy.conftest import Preview
from tests.policy.test_pack import reported

pytestmark = pytest.mark.pulumi

FIRST = "error: This stack breaks its rules, so nothing was changed:\n"


def test_the_program_says_what_the_pack_says_in_one_message_and_registers_nothing(preview: Preview) -> None:
    done, judged = preview("every", guard=True), preview("every")
    said = done.stdout.partition("Diagnostics:")[2].partition(FIRST)[2].partition("\n\n")[0]

    assert done.returncode != 0, done.stdout
    assert sorted(line.strip() for line in said.splitlines()) == sorted(
        sentence for sentences in reported(judged.stdout).values() for sentence in sentences
    )
    assert "docker:index" not in done.stdout
    assert "Traceback" not in done.stdout
    assert "0123456789" not in done.stdout, "a secret was repeated"


def test_an_image_that_is_known_late_is_looked_at_before_it_runs(preview: Preview) -> None:
    done = preview("late-image", guard=True)

    assert done.returncode != 0, done.stdout
    assert "runs `redis:8`, a name whose content others can change" in done.stdout
    assert "docker:index:Container" not in done.stdout
    assert "docker:index:Service" not in done.stdout
    assert "Traceback" not in done.stdout


def test_a_program_that_breaks_none_is_planned(preview: Preview) -> None:
    done = preview("none", guard=True)

    assert done.returncode == 0, done.stdout
    assert "+ 5 to create" in done.stdout
