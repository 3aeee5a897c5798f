"""The official suite, scenario by scenario: our core with its fixtures, and the product as it is."""

import asyncio

import pytest

from scripts.bootstrap.machine import Machine
from scripts.bootstrap.refusal import Refusal
from scripts.conformance import targets
from scripts.conformance.run import Report, run
from scripts.conformance.suite import REQUIRED, Scenario, Suite


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """One run of everything; the suite takes about a second a revision."""
    try:
        suite = Suite(Machine.this())
    except Refusal as refusal:
        pytest.skip(f"the conformance suite is not here: {refusal}")
    return asyncio.run(run(suite, tmp_path_factory.mktemp("conformance")))


def _hold(scenarios: list[Scenario], subtests: pytest.Subtests) -> None:
    for scenario in scenarios:
        with subtests.test(msg=scenario.name):
            assert scenario.outcome != "failed", "\n".join(scenario.complaints())


@pytest.mark.parametrize("revision", targets.REQUIREMENT_SETS)
def test_every_scenario_of_a_claimed_revision_passes(
    revision: str, report: Report, subtests: pytest.Subtests
) -> None:
    if revision in report.not_claimed:
        pytest.skip(f"{revision}: not claimed yet")

    assert sum(scenario.kind == REQUIRED for scenario in report.fixtures[revision]) >= 30
    _hold(report.fixtures[revision], subtests)


@pytest.mark.parametrize("revision", targets.REQUIREMENT_SETS)
def test_the_product_passes_what_needs_no_fixtures(
    revision: str, report: Report, subtests: pytest.Subtests
) -> None:
    if revision in report.not_claimed:
        pytest.skip(f"{revision}: not claimed yet")

    assert len(report.product[revision]) == len(targets.PRODUCT_SCENARIOS[revision])
    _hold(report.product[revision], subtests)
