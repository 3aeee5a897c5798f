"""The pack through the real CLI: a program that breaks a rule fails with a sentence, any other passes."""

import json
import re

import pytest

from policy.rules import RULES, Rule
from policy.workloads import CONTAINER, SERVICE
from tests.policy.conftest import PACK, ROOT, Preview

pytestmark = pytest.mark.pulumi

BREAKERS = {
    CONTAINER: "The container plain ",
    SERVICE: "The service swarm ",
    "docker:index/volume:Volume": "The volume kept ",
    "docker:index/remoteImage:RemoteImage": "The image built ",
}
BY_CONTAINERS_ONLY = {"privileged"}
"""A service has no place for what it forbids."""
BROKEN_TOO = {"engine-socket": {"host-path"}}
"""The socket is a path of the host."""


def reported(said: str) -> dict[str, list[str]]:
    """The sentences by rule: each stands two lines below its rule's name."""
    found: dict[str, list[str]] = {}
    lines = said.splitlines()
    for number, line in enumerate(lines):
        if name := re.match(r"\s+- \[mandatory\]\s+(\S+)", line):
            found.setdefault(name[1], []).append(lines[number + 2].strip())
    return found


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.name))
def test_a_program_that_breaks_a_rule_fails_with_what_why_and_what_to_do(
    rule: Rule, preview: Preview
) -> None:
    done = preview(rule.name)
    sentences = reported(done.stdout)
    breakers = {
        start
        for kind, start in BREAKERS.items()
        if kind in rule.applies_to and not (rule.name in BY_CONTAINERS_ONLY and kind == SERVICE)
    }

    assert done.returncode != 0, done.stdout
    assert set(sentences) == {rule.name} | BROKEN_TOO.get(rule.name, set())
    assert {sentence[: len(start)] for sentence in sentences[rule.name] for start in breakers} >= breakers
    assert all(re.search(r", .+: .+\.$", sentence) for sentence in sentences[rule.name])
    assert "0123456789" not in done.stdout, "a secret was repeated"


def test_a_program_that_breaks_none_passes(preview: Preview) -> None:
    done = preview("none")

    assert done.returncode == 0, done.stdout
    assert reported(done.stdout) == {}
    assert "✅ exai@" in done.stdout


@pytest.mark.parametrize("rule", [rule for rule in RULES if not rule.development], ids=lambda rule: rule.name)
def test_development_may_do_what_its_configuration_of_the_pack_says(rule: Rule, preview: Preview) -> None:
    done = preview(rule.name, "--policy-pack-config", str(ROOT / "policy" / "development.json"))

    assert done.returncode == 0, done.stdout


def test_development_is_let_off_the_rules_that_say_so_and_no_other() -> None:
    configured = json.loads((ROOT / "policy" / "development.json").read_text())

    assert configured == {rule.name: "disabled" for rule in RULES if not rule.development}


def test_the_pack_is_an_executable_that_every_language_host_starts() -> None:
    assert PACK.stat().st_mode & 0o111 == 0o111
    assert PACK.with_name("PulumiPolicy.yaml").is_file(), "the CLI reads the version beside it"
