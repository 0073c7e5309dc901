"""What nodes pull before a rollout: simulated until it is over, or until the rollout begins.

The nodes, the registries and the network are those of the rollout, and so are the applications that are there before
it; nothing fails. A clock of its own begins with the first pre-pull. What is over has left its images on the nodes;
what is not goes on beside the rollout (`rolloutsim.fleet.prepull`).

What registries count goes on: a limit that was used up before is when the rollout begins. Of a fixed window the bounds
are known where pre-pulls have a time; else the first window begins with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any

from simpy import Environment

from rolloutsim.fleet.background import RequestService
from rolloutsim.fleet.build import build
from rolloutsim.fleet.endless import most_events, within
from rolloutsim.fleet.fairness import random_places
from rolloutsim.fleet.holdings import cached_images
from rolloutsim.fleet.incidents import Incidents
from rolloutsim.fleet.ledger import BYTES_DONE, PULL, ROW, Ledger
from rolloutsim.fleet.prepull import Prepuller, Scene, left_by
from rolloutsim.fleet.pulls import FLOWING, Fetch, Fleet
from rolloutsim.network.fluid import FluidNetwork
from rolloutsim.rollout.before import Beside
from rolloutsim.scenario.distribution import Distribution
from rolloutsim.scenario.resolved import Case, PlannedPull

if TYPE_CHECKING:
    import numpy as np

    from rolloutsim.fleet.build import Actors
    from rolloutsim.fleet.kubelet import Kubelet
    from rolloutsim.fleet.prepull import Task
    from rolloutsim.scenario.resolved import RateLimit, Registry, ResolvedScenario

_PURPOSE = "prepulls"


class PrepulledBefore:
    """All pre-pulls of a scenario, up to the rollout's start.

    Parameters
    ----------
    scenario : ResolvedScenario
        Whose they are.
    generator : callable
        Gives the generator of a purpose.
    """

    def __init__(self, scenario: ResolvedScenario, generator: Callable[[str], np.random.Generator]) -> None:
        self.scenario = scenario
        random = partial(generator, _PURPOSE)
        nodes = [group for group in scenario.groups for _ in range(group.count)]
        times = [spec.at for spec in scenario.prepulls if spec.at is not None]
        # From here on all times are from the rollout's start on, which is where the clock begins if that is not known.
        self.zero = min(times, default=0.0)
        self.timed = bool(times)
        there = tuple(replace(one, until=None) for one in scenario.background if one.size is None and one.start <= 0.0)
        before = replace(
            scenario, background=there, faults=(), pushes=(), cases=(),
            registries=self._fresh(scenario.registries), mirrors=self._fresh(scenario.mirrors),
            caches=self._fresh(scenario.caches),
        )  # fmt: skip
        wanted = dict.fromkeys(image for spec in scenario.prepulls for image in spec.images)
        now = Distribution()
        pulls = {group.name: tuple(PlannedPull(image, now) for image in wanted) for group in scenario.groups}
        self.network = FluidNetwork(Environment())
        self.ledger = Ledger()
        fleet = Fleet(self.network, self.ledger, Incidents(), self._pulled, self._failed)
        if any(group.runtime.ingest_poll for group in scenario.groups):
            fleet.polls = lambda: float(random().random())
        self.actors: Actors = build(
            before, Case("prepulls", pulls), fleet, _nothing_random, random_places(random),
            lambda: float(random().random()),
        )  # fmt: skip
        self.ledger.make_room(len(self.network.links))
        self.jobs: dict[int, tuple[Any, Any]] = {}
        self.present = [set(images) for group in scenario.groups for images in cached_images(group)]
        self.prepullers = list(self._prepullers(nodes, random))
        self.left = sum(bool(one.left) for one in self.prepullers)
        self.endless = ""  # what goes on without an end, in words
        self._run()
        self.seconds = self.network.now
        self.is_over = not self.left
        self._note()

    def _prepullers(self, groups: list[Any], random: Callable[[], np.random.Generator]) -> Iterator[Prepuller]:
        first: dict[str, int] = {}
        for number, group in enumerate(groups):
            first.setdefault(group.name, number)
        for spec in self.scenario.prepulls:
            chosen = [
                (index, self.actors.names[index], group.kubelet)
                for index, group in enumerate(groups)
                if group.name in spec.groups
                and (group.join is None or group.join.time(index - first[group.name]) <= 0.0)
            ]
            begins = self.zero if spec.at is None else spec.at
            spread = spec.spread.sample(random, len(chosen)).tolist()
            yield Prepuller(spec, chosen, [begins + after for after in spread])

    def _fresh(self, servers: Mapping[str, Registry]) -> dict[str, Registry]:
        """Servers of whose limits nothing is used yet."""
        return {
            name: replace(one, rate_limits=tuple(map(self._unused, one.rate_limits))) for name, one in servers.items()
        }

    def _unused(self, limit: RateLimit) -> RateLimit:
        """A rate limit of which nothing is used yet when the clock begins."""
        if limit.window is None or not self.timed:
            return replace(limit, used=0.0, resets_after=None)
        ends = limit.window if limit.resets_after is None else limit.resets_after
        return replace(limit, used=0.0, resets_after=(ends - self.zero) % limit.window or limit.window)

    def _run(self) -> None:
        scene = Scene(self.network, self.actors, self.jobs, self.present, self.zero, self._has_pulled, _is_up)
        for one in self.prepullers:
            if one.left:
                one.begin(scene, self._over)
        until = -self.zero if self.timed else self.scenario.horizon
        if self.left and until > 0.0:
            endless = within(self.network, until, most_events(sum(one.left for one in self.prepullers)))
            self.endless = endless if self.left else ""
            if self.left and not self.endless and until < inf:
                self.network.wait(until)

    def _over(self) -> None:
        self.left -= 1
        if not self.left:
            self.network.halt()

    def _note(self) -> None:
        """Write down what was done, and what is left."""
        if not self.timed:
            # The rollout begins now.
            self.zero = -self.seconds
            for one in self.prepullers:
                one.shift(self.seconds)
        tasks = [task for one in self.prepullers for task in one.tasks]
        resolved = self.ledger.pulls.resolved
        images: list[list[str]] = [[] for _ in self.actors.nodes]
        for task in tasks:
            task.resolved = task.row >= 0 and resolved[task.row] == resolved[task.row]
            if task.pulled == task.pulled and task.image not in images[task.node]:
                images[task.node].append(task.image)
        digests = [layer.digest for layer in self.actors.layers]
        self.holds = [left_by(node, digests, names) for node, names in zip(self.actors.nodes, images, strict=True)]
        # Images that are still to be pulled.
        self.images = tuple(dict.fromkeys(task.image for task in tasks if not task.is_over))
        self.bytes = bytes_of(self.ledger, self.actors, self.network, tasks)
        self.requests = requests_of(self.ledger, tasks)
        self.beside = dict(self._beside())
        for task in tasks:
            task.rows = []  # those that follow are of another network

    def _beside(self) -> Iterator[tuple[str, Beside]]:
        """What applications had meanwhile."""
        if self.actors.observer is None:
            return
        sent = self.actors.observer.sent()
        for one in self.actors.background:
            beside = Beside()
            beside.seconds, beside.bytes = self.seconds, one.moved()
            if isinstance(one, RequestService):
                times, latencies = sent[one]
                beside.times.extend(times)
                beside.latencies.extend(latencies)
                beside.unknown = {link.name: None for link in one.unknown}
            yield one.spec.name, beside

    def carry_on(
        self,
        network: FluidNetwork,
        actors: Actors,
        kubelets: list[Kubelet],
        jobs: dict[int, tuple[Any, Any]],
    ) -> None:
        """Let what is not over go on beside the rollout, and registries go on counting.

        Parameters
        ----------
        network, actors, kubelets, jobs
            Of the rollout.
        """
        digests = {layer.digest: number for number, layer in enumerate(actors.layers)}
        known = [digests.get(layer.digest) for layer in self.actors.layers]
        for source, earlier in zip(actors.sources, self.actors.sources, strict=True):
            source.goes_on(earlier, self.zero, known)
        numbers = {image.name: number for number, image in enumerate(actors.images)}
        images = [numbers.get(image.name) for image in self.actors.images]
        for cache, filled in zip(actors.caches, self.actors.caches, strict=True):
            cache.goes_on(filled, self.zero, known, images)

        def has_pulled(node: int, image: str) -> None:
            kubelets[node].has_come(image)

        present = [kubelet.present for kubelet in kubelets]
        scene = Scene(network, actors, jobs, present, 0.0, has_pulled, lambda node: kubelets[node].down)
        for one in self.prepullers:
            if one.left:
                one.begin(scene, _nobody_waits)

    def _has_pulled(self, node: int, image: str) -> None:
        self.present[node].add(image)

    def _pulled(self, row: int) -> None:
        self.ledger.pulls.pulled[row] = self.network.now
        puller, task = self.jobs.pop(row)
        puller.pulled(task)

    def _failed(self, rows: list[int], reason: str, limited: bool) -> None:
        for row in rows:
            found = self.jobs.pop(row, None)
            if found is not None:
                found[0].back_off(found[1])


def bytes_of(ledger: Ledger, actors: Actors, network: FluidNetwork, tasks: list[Task]) -> dict[int, float]:
    """What each task's pulls fetched on a network, by the task's identity [B]."""
    of_pull = {row: id(task) for task in tasks for row in task.rows}
    found = {id(task): 0.0 for task in tasks}
    if not of_pull:
        return found
    cells = ledger.fetches.cells
    for node in actors.nodes:
        for flow in node.host.flows:
            fetch = flow.tag
            if isinstance(fetch, Fetch) and fetch.state == FLOWING:
                cells[fetch.row + BYTES_DONE] = fetch.got_before() + network.received(flow)
    for start in range(0, ledger.fetches.end, ROW):
        task = of_pull.get(int(cells[start + PULL]))
        if task is not None:
            found[task] += cells[start + BYTES_DONE]
    return found


def requests_of(ledger: Ledger, tasks: list[Task]) -> dict[int, int]:
    """How many requests each task's pulls sent, refused ones for layers aside, by the task's identity."""
    of_pull = {row: id(task) for task in tasks for row in task.rows}
    found = {id(task): sum(ledger.pulls.requests[row] for row in task.rows) for task in tasks}
    for start in range(0, ledger.fetches.end, ROW):
        found[of_pull[int(ledger.fetches.cells[start + PULL])]] += 1
    return found


def _is_up(_: int) -> bool:
    return False


def _nobody_waits() -> None:
    """What goes on beside the rollout is waited for by nobody."""


def _nothing_random() -> Any:
    raise AssertionError("nothing fails at random before the rollout")
