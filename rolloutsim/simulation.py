"""Run a scenario: each of its cases is simulated on its own, from an idle system at time zero.

`simulate` is the whole story; `_Case` runs one case, `rolloutsim.collecting` turns what happened into
records.
"""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager
from dataclasses import fields, replace
from functools import partial
from math import inf, nan
from typing import TYPE_CHECKING

import numpy as np
import simpy
from simpy import Environment

from rolloutsim.collecting import collect
from rolloutsim.fleet.build import build
from rolloutsim.fleet.fairness import random_places
from rolloutsim.fleet.incidents import Incidents
from rolloutsim.fleet.ledger import Ledger
from rolloutsim.fleet.pulls import Fleet
from rolloutsim.network.fluid import FluidNetwork
from rolloutsim.results.facts.records import CaseRecords, Run
from rolloutsim.rollout.asking import is_orchestrated, plan
from rolloutsim.scenario.resolved import (
    Case,
    Distribution,
    Image,
    Kubelet,
    Layer,
    Link,
    NodeGroup,
    PlannedPull,
    Registry,
    ResolvedScenario,
)
from rolloutsim.scenario.routes import near
from rolloutsim.structs import struct
from rolloutsim.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rolloutsim.fleet.build import Actors
    from rolloutsim.fleet.push import ImagePush
    from rolloutsim.rollout.orchestrated import Orchestrated
    from rolloutsim.scenario.resolved import Push

# What random numbers are drawn for; each purpose has a generator of its own, the same in every case, so that
# cases (and scenarios compared with the same seed) differ by what they are and not by luck.
_PURPOSES = ("asking", "startup", "requests", "backoff", "faults", "fairness")

# What a case leaves are circles, its network above all: so many of the collector's generations are looked through for
# them, those that have been there longer are left in peace. A pull alone is simulated while its case is still there.
_PULL_ALONE, _CASE = 0, 1

# Between two reports of progress.
_EVENTS_AT_A_TIME = 5000
# And between two looks of who watches (assumed: a look costs a tenth of an event).
_WATCHED = 20


def simulate(
    scenario: ResolvedScenario,
    seed: int | None = None,
    progress: Callable[[str, float, float], None] | None = None,
    alone: bool | AloneTimes = True,
    watch: Callable[[], None] | None = None,
) -> Run:
    """Simulate all cases of a scenario.

    Parameters
    ----------
    scenario : ResolvedScenario
        What to simulate.
    seed : int, optional
        Of all random numbers; the scenario's own by default.
    progress : callable, optional
        Called now and then with (case, simulated time [s], share of the pulls done).
    alone : bool or AloneTimes
        Whether each pull's time alone is wanted, for which there are simulations of their own; for another run of the
        same scenario, which would do them again, those that are known already.
    watch : callable, optional
        Called every few events; what it raises ends the simulation.

    Returns
    -------
    Run
        The records of each case, and their provenance.
    """
    seed = scenario.seed if seed is None else seed
    times = AloneTimes(scenario) if alone is True else alone or None
    cases = []
    with _no_cyclic_collection():
        for case in scenario.cases:
            cases.append(_Case(scenario, case, seed).run(times, progress, watch))
            gc.collect(_CASE)
    return Run(scenario, seed, tuple(cases), _provenance())


class _Case:
    """One case, from its actors to its records."""

    def __init__(self, scenario: ResolvedScenario, case: Case, seed: int) -> None:
        self.scenario = scenario
        self.case = case
        self.env = Environment()
        self.network = FluidNetwork(self.env)
        self.ledger = Ledger()
        self.seed = seed
        self.generators: dict[str, np.random.Generator] = {}
        self.incidents = Incidents()
        fleet = Fleet(self.network, self.ledger, self.incidents, self._pulled, self._failed)
        self.actors: Actors = build(
            scenario, case, fleet, lambda: self._generator("requests").random(),
            random_places(partial(self._generator, "fairness")),
        )  # fmt: skip
        self.ledger.make_room(len(self.network.links))
        self.orchestrated: Orchestrated | None = None
        if is_orchestrated(scenario, case):
            # Only here: most of what Kubernetes does is not needed for bare pulls, and takes its time to import.
            from rolloutsim.rollout.orchestrated import Orchestrated

            self.orchestrated = Orchestrated(scenario, case, self.network, self.actors, self.incidents, self._generator)
            self.planned = len(self.orchestrated.workloads)
        else:
            self.planned = plan(scenario, case, self.actors, self.network, partial(self._generator, "asking"))
            self.startup = scenario.startup.sample(partial(self._generator, "startup"), self.planned).tolist()
        self.waiting = self.planned
        self.events = 0

    def run(
        self,
        alone: AloneTimes | None,
        progress: Callable[[str, float, float], None] | None = None,
        watch: Callable[[], None] | None = None,
    ) -> CaseRecords:
        """What happens in the case, as records."""
        pushes = self.play(progress, watch)
        return collect(
            self.scenario, self.case.name, self.actors, self.network, self.ledger,
            unfinished=self.waiting, events=self.events, alone=None if alone is None else alone.of,
            incidents=self.incidents, orchestrated=self.orchestrated, pushes=pushes,
        )  # fmt: skip

    def play(
        self,
        progress: Callable[[str, float, float], None] | None = None,
        watch: Callable[[], None] | None = None,
    ) -> list[tuple[Push, list[ImagePush]]]:
        """Step through all events until the last pod is ready or nothing can happen any more; what was pushed."""
        pushes = [] if self.orchestrated is None else self.orchestrated.pushed_before
        if all(image.is_complete for _, images in pushes for image in images):
            self._step(progress, watch)
        self.network.audit()
        if self.orchestrated is not None:
            pushes += self.orchestrated.close(pushes)
        return pushes

    def _step(self, progress: Callable[[str, float, float], None] | None, watch: Callable[[], None] | None) -> None:
        network, orchestrated = self.network, self.orchestrated
        # Bare pulls, for which nobody asks again, are waited for as long as it takes.
        horizon = inf if orchestrated is None else self.scenario.horizon
        most = _EVENTS_AT_A_TIME if watch is None else _WATCHED
        while self.waiting:
            # Nothing can happen any more once it does fewer; the pods still waited for are the result.
            done = network.run(horizon, most)
            self.events += done
            if orchestrated is not None:
                self.waiting = orchestrated.waiting
            if done < most:
                break
            if watch is not None:
                watch()
            if progress is not None and self.events % _EVENTS_AT_A_TIME == 0:
                share = 1 - self.waiting / self.planned if orchestrated is None else orchestrated.share_done
                progress(self.case.name, network.now, share)
        if self.waiting and network.now < horizon < inf and network.peek() < inf:
            network.wait(horizon)

    def _generator(self, purpose: str) -> np.random.Generator:
        """The generator of a purpose, made when something is random: importing numpy's takes its time."""
        if not self.generators:
            streams = np.random.SeedSequence(self.seed).spawn(len(_PURPOSES))
            self.generators = {name: np.random.default_rng(s) for name, s in zip(_PURPOSES, streams, strict=True)}
        return self.generators[purpose]

    def _pulled(self, row: int) -> None:
        """The image is there: the container starts, then the pod is ready."""
        self.ledger.pulls.pulled[row] = self.env.now
        if self.orchestrated is not None:
            self.orchestrated.pulls.pulled(row)
            return
        startup = self.startup[row]
        if startup > 0.0:
            self.network.call_later(startup, self._ready, row)
        else:
            self._ready(row)

    def _failed(self, row: int, reason: str, limited: bool) -> None:
        """A runtime gave a pull up; its pods ask again."""
        assert self.orchestrated is not None  # whatever can fail has somebody who asks again
        self.orchestrated.pulls.failed(row, reason, limited)

    def _ready(self, row: int) -> None:
        self.ledger.pulls.ready[row] = self.env.now
        self.waiting -= 1
        if not self.waiting:
            self.network.halt()


class AloneTimes:
    """Pull times alone on an idle system, simulated once for all pulls that do not differ in them.

    They hang on no random number, and are the same in all runs of a scenario. Names, numbers and places in the
    scenario do not matter, nor does what a pull does not meet.

    Parameters
    ----------
    scenario : ResolvedScenario
        Whose pulls they are.
    """

    def __init__(self, scenario: ResolvedScenario) -> None:
        self.scenario = scenario
        # Alone and on an idle system nothing goes wrong, and nothing is limited but by the machines.
        self.idle = replace(
            scenario, groups=(), links={}, registries={}, images={}, cases=(), startup=Distribution(), background=(),
            thresholds=(), faults=(), pushes=(), fairness=None, document="",
        )  # fmt: skip
        self.asked: dict[tuple[int, str | None, str, tuple[str, ...]], float] = {}
        self.known: dict[object, float] = {}
        self.ways: dict[tuple[int, str | None, str], _AloneWay] = {}
        self.layers: dict[str, tuple[Layer, ...]] = {}

    def of(self, group: NodeGroup, number: int, rack: str | None, image: str, held: tuple[str, ...]) -> float:
        """The time [s] that a node's pull takes alone.

        Parameters
        ----------
        group, number, rack
            The node's group, its number in the scenario, and the node's rack.
        image : str
            What it pulls.
        held : tuple of str
            The cached images that the node holds.
        """
        pull = (number, rack, image, held)
        time = self.asked.get(pull)
        if time is None:
            way = self._way(group, number, rack, self.scenario.images[image].registry)
            layers = self._layers(image)
            useful = self._useful(image, held)
            alike = (way.alike, layers, useful)
            time = self.known.get(alike)
            if time is None:
                time = self.known[alike] = self._simulated(way, layers, useful)
            self.asked[pull] = time
        return time

    def _way(self, group: NodeGroup, number: int, rack: str | None, registry: str) -> _AloneWay:
        """The way from a registry to a node."""
        way = self.ways.get((number, rack, registry))
        if way is None:
            found = self.scenario.registries[registry]
            way = self.ways[number, rack, registry] = _AloneWay.of(group, rack, found, self.scenario.links)
        return way

    def _layers(self, image: str) -> tuple[Layer, ...]:
        """The layers of an image, each called by the place where it stands first."""
        layers = self.layers.get(image)
        if layers is None:
            places: dict[str, str] = {}
            layers = self.layers[image] = tuple(
                replace(layer, digest=places.setdefault(layer.digest, str(place)))
                for place, layer in enumerate(self.scenario.images[image].layers)
            )
        return layers

    def _useful(self, image: str, held: tuple[str, ...]) -> tuple[Layer, ...]:
        """Those of an image's layers that cached images bring."""
        if not held:
            return ()
        digests = {layer.digest for name in held for layer in self.scenario.images[name].layers}
        named = zip(self.scenario.images[image].layers, self._layers(image), strict=True)
        return tuple(dict.fromkeys(layer for known, layer in named if known.digest in digests))

    def _simulated(self, way: _AloneWay, layers: tuple[Layer, ...], useful: tuple[Layer, ...]) -> float:
        images = {name: Image(name, way.registry.name, found) for name, found in (("", layers), ("held", useful))}
        scenario = replace(
            self.idle, groups=(replace(way.group, cached={"held": 1}),), links=way.links,
            registries={way.registry.name: way.registry}, images=images,
        )  # fmt: skip
        case = _Case(scenario, Case("alone", {way.group.name: (PlannedPull("", Distribution()),)}), seed=0)
        case.play()
        time = nan if case.waiting else case.ledger.pulls.pulled[0]
        del case
        gc.collect(_PULL_ALONE)
        return time


@struct
class _AloneWay:
    """The way from a registry to a node, all on it named by their places.

    Parameters
    ----------
    group : NodeGroup
        The node.
    registry : Registry
        Where the way begins.
    links : mapping of str to Link
        The links of the way.
    alike : object
        Ways with equal values take the same time.
    """

    group: NodeGroup
    registry: Registry
    links: Mapping[str, Link]
    alike: object

    @classmethod
    def of(cls, group: NodeGroup, rack: str | None, registry: Registry, links: Mapping[str, Link]) -> _AloneWay:
        """The way from a registry to the nodes of a group in a rack, over some of the links."""
        redirect, near_by = registry.redirect, near(group, rack)
        redirected = () if redirect is None else redirect.path
        crossed = dict.fromkeys((*registry.path, *registry.replicas, *redirected, *near_by))
        names = {name: str(place) for place, name in enumerate(crossed)}

        def renamed(path: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(names[name] for name in path)

        node = replace(
            group, name="", count=1, racks=(), via=renamed(near_by), nic_line_rate=None, cached={}, kubelet=Kubelet(),
            storage=None, shared_address=False,
        )  # fmt: skip
        source = replace(
            registry.without_limits(), name="", path=renamed(registry.path), replicas=renamed(registry.replicas),
            redirect=None if redirect is None else replace(redirect, path=renamed(redirected)), inbound=(),
        )  # fmt: skip
        found = {
            place: replace(links[name], name=place, kind="link", line_rate=0.0)
            for name, place in names.items()
            if name in links
        }
        machine = tuple(getattr(node, one.name) for one in fields(node) if one.name != "cached")
        return cls(node, source, found, (machine, source, tuple(found.values())))


@contextmanager
def _no_cyclic_collection() -> Iterator[None]:
    """Keep Python's cycle collector from walking through millions of live objects, again and again.

    It is told when there is something to collect: after each case.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _provenance() -> Mapping[str, str]:
    """The versions that produced a result."""
    return {
        "rolloutsim": __version__,
        "python": ".".join(map(str, sys.version_info[:3])),
        "numpy": np.__version__,
        "simpy": simpy.__version__,
    }
