"""Runs the official suite against a URL and reads what it wrote down.

The suite is `@modelcontextprotocol/conformance`; it leaves one `checks.json` a scenario. No list of expected
failures is ever passed to it.
"""

import asyncio
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from scripts.bootstrap.machine import Machine
from scripts.bootstrap.refusal import Refusal
from scripts.conformance.node import Node, package

RUN_SECONDS = 300.0
"""For a whole requirement set; one takes 1 to 5 s here."""

REQUIRED = "required"
_RESULT_FOLDER = re.compile(r"^server-(?P<name>.+)-\d{4}-\d\d-\d\dT[\d-]+Z$")

Outcome = Literal["passed", "failed", "nothing checked"]


@dataclass(frozen=True)
class Check:
    """One observation of the suite: its id, `SUCCESS`, `FAILURE`, `WARNING`, `SKIPPED` or `INFO`, and why."""

    id: str
    status: str
    why: str


@dataclass(frozen=True)
class Scenario:
    """What one scenario found, and why it counts: `required`, or the suite's reason for not scoring it."""

    revision: str
    name: str
    kind: str
    checks: tuple[Check, ...]

    def count(self, status: str) -> int:
        """Return how many checks ended like this."""
        return sum(check.status == status for check in self.checks)

    @property
    def outcome(self) -> Outcome:
        """`failed` on any failure or when a required scenario observed nothing."""
        if self.count("FAILURE") or (self.kind == REQUIRED and not self.count("SUCCESS")):
            return "failed"
        return "passed" if self.count("SUCCESS") else "nothing checked"

    def complaints(self) -> list[str]:
        """Return what was not as it should be: failures first, then what the suite only warns of."""
        return [
            f"{check.status.lower()} {check.id}: {check.why}"
            for status in ("FAILURE", "WARNING")
            for check in self.checks
            if check.status == status
        ] or ([] if self.outcome != "failed" else ["nothing was checked"])


class Suite:
    """The suite, installed."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._node, self._folder = self._install()

    def _install(self) -> tuple[Node, Path]:
        return package(self._machine, "conformance")

    def kinds(self, revision: str) -> dict[str, str]:
        """Return the server scenarios of a revision, each `required` or with the reason it is not scored."""
        folder = self._folder / "node_modules" / "@modelcontextprotocol" / "conformance" / "requirements"
        listed: dict[str, Any] = yaml.safe_load((folder / f"{revision}.yaml").read_text())
        kinds = dict.fromkeys(listed["server"], REQUIRED)
        return kinds | {
            entry["scenario"]: entry["reason"] for entry in listed["not_scored"] if entry["leg"] == "server"
        }

    async def requirements(self, url: str, revision: str, results: Path) -> list[Scenario]:
        """Run everything a revision lists for servers, scored or not; `results` must be an empty folder."""
        await self._run(["--url", url, "--requirements", revision, "-o", str(results)], results)
        return self._read(results, revision, self.kinds(revision))

    async def scenarios(self, url: str, revision: str, names: Iterable[str], results: Path) -> list[Scenario]:
        """Run chosen scenarios on the wire of one revision."""
        kinds = dict.fromkeys(names, REQUIRED)
        for name in kinds:
            only = ["--scenario", name, "--spec-version", revision, "--force"]
            await self._run(["--url", url, *only, "-o", str(results)], results)
        return self._read(results, revision, kinds)

    async def _run(self, arguments: list[str], results: Path) -> None:
        command = [*self._node.command(self._folder, "conformance"), "server", *arguments]
        log = results.with_suffix(".log")
        with log.open("ab") as sink:
            child = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                env=self._node.environ(self._machine),
            )
            try:
                async with asyncio.timeout(RUN_SECONDS):
                    # Its exit code says what checks.json says, and less.
                    await child.wait()
            except TimeoutError:
                raise Refusal(f"The suite took longer than {RUN_SECONDS:.0f} s; its log is {log}.") from None
            finally:
                if child.returncode is None:
                    child.kill()
                    await child.wait()

    @staticmethod
    def _read(results: Path, revision: str, kinds: dict[str, str]) -> list[Scenario]:
        """Read every result; a scenario that left none is there with no checks, so it fails."""
        found: dict[str, tuple[Check, ...]] = {}
        for path in results.glob("server-*/checks.json"):
            named = _RESULT_FOLDER.match(path.parent.name)
            if named is not None:
                found[named["name"]] = tuple(
                    Check(check["id"], check["status"], check.get("errorMessage", ""))
                    for check in json.loads(path.read_text())
                )
        return [Scenario(revision, name, kind, found.get(name, ())) for name, kind in kinds.items()]
