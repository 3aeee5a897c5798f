"""One run of everything: each claimed requirement set on the fixtures, then the product."""

from dataclasses import dataclass
from pathlib import Path

from scripts.conformance import targets
from scripts.conformance.suite import Scenario, Suite


@dataclass(frozen=True)
class Report:
    """What was run, by target and revision, and the revisions that the server does not claim yet."""

    fixtures: dict[str, list[Scenario]]
    product: dict[str, list[Scenario]]
    not_claimed: list[str]

    def failed(self) -> list[tuple[str, Scenario]]:
        """Return what failed, with its target."""
        return [
            (target, scenario)
            for target, sets in (("fixtures", self.fixtures), ("product", self.product))
            for scenarios in sets.values()
            for scenario in scenarios
            if scenario.outcome == "failed"
        ]


async def run(suite: Suite, results: Path) -> Report:
    """Run the suite; its own files go into `results`, one folder a target and revision."""
    claimed = targets.claimed()
    fixtures, product = {}, {}
    async with targets.fixture_server() as url:
        for revision in claimed:
            fixtures[revision] = await suite.requirements(url, revision, results / f"fixtures-{revision}")
    async with targets.product() as url:
        for revision in claimed:
            names = targets.PRODUCT_SCENARIOS[revision]
            product[revision] = await suite.scenarios(url, revision, names, results / f"product-{revision}")
    return Report(fixtures, product, [name for name in targets.REQUIREMENT_SETS if name not in claimed])
