"""The rounds: servers started fresh, scenarios and lanes in a shuffled order, readings kept by round."""

import contextlib
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bench import function_calls
from bench.contestants import Contestant, Server, started
from bench.effort import Effort
from bench.results import Results
from bench.samples import LoadGenerator, NotAnsweredError, Sample
from bench.scenarios import EVERY_START, SCENARIOS, WEBSOCKET, Lane, Scenario, readings
from bench.scraping import scraping
from bench.servers.pauses import forget_pauses, longest_pause

T = TypeVar("T")

FIRST_ANSWER_SECONDS = 30.0
SETTLE_SECONDS = 0.2
"""After the sessions are open, before memory is read: what was freed has been returned by then."""


@dataclass(frozen=True, slots=True)
class Rounds:
    """Runs them; `tell` is called with a line of progress now and then."""

    generator: LoadGenerator
    effort: Effort
    chance: random.Random
    server_core: int | None
    tell: Callable[[str], None]

    def run(self) -> Results:
        """Run every round."""
        results = Results()
        for number in range(1, self.effort.rounds + 1):
            self.tell(f"round {number} of {self.effort.rounds}")
            self._loads(results)
            self._sessions(results)
            self._starts(results)
        self.tell("counting function calls")
        for lane, counted in function_calls.count().items():
            results.add("function calls", lane, {"count": counted})
        return results

    def _shuffled(self, items: Sequence[T]) -> list[T]:
        return self.chance.sample(items, len(items))

    def _loads(self, results: Results) -> None:
        contestants = {lane.contestant for scenario in SCENARIOS for lane in scenario.lanes}
        with contextlib.ExitStack() as stack:
            servers = {
                contestant: stack.enter_context(started(contestant, self.server_core))
                for contestant in self._shuffled(tuple(sorted(contestants, key=lambda found: found.module)))
            }
            for scenario in self._shuffled(SCENARIOS):
                self._load(results, scenario, servers)

    def _load(self, results: Results, scenario: Scenario, servers: dict[Contestant, Server]) -> None:
        order = self._shuffled(scenario.lanes)
        samples: dict[str, list[Sample]] = {lane.name: [] for lane in order}
        refused: dict[str, NotAnsweredError] = {}

        def sampled(lane: Lane, load: Mapping[str, float]) -> Iterator[Sample]:
            if lane.name not in refused:
                try:
                    yield self.generator.sample(servers[lane.contestant], lane.dialect, **load)
                except NotAnsweredError as error:
                    refused[lane.name] = error

        with contextlib.ExitStack() as watching:
            for lane in order:
                if lane.scraped:
                    watching.enter_context(scraping(servers[lane.contestant]))
                # The first answer may take longer than a window: what is loaded late is loaded then.
                list(sampled(lane, {"calls": 1, "seconds": FIRST_ANSWER_SECONDS}))
            for lane in [*order, *reversed(order)] * scenario.turns(self.effort):
                samples[lane.name] += sampled(lane, scenario.load(self.effort))
        for lane in scenario.lanes:
            if lane.name in refused:
                results.refuse(scenario.key, lane.name, refused[lane.name])
                continue
            results.add(scenario.key, lane.name, readings(samples[lane.name]))
            if scenario.open_loop:
                for sample in samples[lane.name]:
                    results.latencies.setdefault(lane.name, []).extend(sample.latencies_us)

    def _sessions(self, results: Results) -> None:
        for lane in self._shuffled(WEBSOCKET):
            with started(lane.contestant, self.server_core, pauses=True) as server:
                try:
                    self.generator.sample(server, lane.dialect, calls=1, seconds=FIRST_ANSWER_SECONDS)
                    before = server.resident_kib
                    forget_pauses(server.pauses)
                    with self.generator.sessions(server, lane.dialect, self.effort.sessions) as took:
                        time.sleep(SETTLE_SECONDS)
                        after, pause = server.resident_kib, longest_pause(server.pauses)
                except NotAnsweredError as error:
                    results.refuse("idle", lane.name, error)
                    continue
            found = {"kib": (after - before) / self.effort.sessions, "pause_ms": pause * 1000}
            results.add("idle", lane.name, found | {"opening_seconds": took})

    def _starts(self, results: Results) -> None:
        order = self._shuffled(EVERY_START)
        times: dict[str, list[float]] = {lane.name: [] for lane in order}
        for turn in range(self.effort.starts):
            for lane in order if turn % 2 == 0 else reversed(order):
                self._start(lane, times, results)
        for name, taken in times.items():
            if len(taken) == self.effort.starts:
                results.add("start", name, {"ms": sum(taken) / len(taken)})

    def _start(self, lane: Lane, times: dict[str, list[float]], results: Results) -> None:
        with started(lane.contestant, self.server_core) as server:
            try:
                sample = self.generator.sample(server, lane.dialect, calls=1, seconds=FIRST_ANSWER_SECONDS)
            except NotAnsweredError as error:
                results.refuse("start", lane.name, error)
                return
        times[lane.name].append((sample.last_answer - server.began) * 1000)
