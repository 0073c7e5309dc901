"""Run a scenario: each of its cases is simulated on its own, from an idle system at time zero.

`simulate` is the whole story; `_Case` runs one case, `rolloutsim.collecting` turns what happened into
records.
"""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from math import inf, nan
from typing import TYPE_CHECKING, Any

import numpy as np
import simpy
from simpy import Environment

from rolloutsim.collecting import collect, with_last_bytes, with_times_alone
from rolloutsim.fleet.build import MACHINE, build
from rolloutsim.fleet.endless import LONGEST, MOST, Patience
from rolloutsim.fleet.fairness import random_places
from rolloutsim.fleet.incidents import Incidents
from rolloutsim.fleet.ledger import Ledger
from rolloutsim.fleet.node import Node
from rolloutsim.fleet.pulls import Fleet
from rolloutsim.fleet.recipes import words
from rolloutsim.network.fluid import FluidNetwork
from rolloutsim.results.facts.records import CaseRecords, Run
from rolloutsim.rollout.asking import asks_again, is_orchestrated, plan
from rolloutsim.scenario.chance import PURPOSES
from rolloutsim.scenario.distribution import Distribution
from rolloutsim.scenario.orchestration import Kubelet
from rolloutsim.scenario.resolved import Case, Image, Link, NodeGroup, PlannedPull, Registry, ResolvedScenario
from rolloutsim.scenario.routes import between, host_alone
from rolloutsim.scenario.runtimes import Timeouts
from rolloutsim.structs import struct
from rolloutsim.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rolloutsim.fleet.build import Actors
    from rolloutsim.fleet.push import ImagePush
    from rolloutsim.rollout.orchestrated import Orchestrated
    from rolloutsim.rollout.prepulled import PrepulledBefore
    from rolloutsim.scenario.resolved import Push

# What a case leaves are circles, its network above all: so many of the collector's generations are looked through for
# them, those that have been there longer are left in peace.
_NEWEST, _CASE = 0, 1
# Within a case they are looked for when so many more objects are there than after the last look (assumed: some 200 MB).
_MOST_NEW = 1_000_000


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
            records = _Case(scenario, case, seed).run(progress, watch)
            gc.collect(_CASE)
            if times is not None:
                records = with_times_alone(scenario, records, times)
                times.forget()
            cases.append(records)
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
        self.drawn: set[str] = set()  # for what random numbers were drawn
        self.incidents = Incidents()
        fleet = Fleet(self.network, self.ledger, self.incidents, self._pulled, self._failed)
        if any(group.runtime.ingest_poll for group in scenario.groups):
            fleet.polls = lambda: self._generator("polls").random()
        prepulled = _prepulled(scenario, self._generator)
        self.actors: Actors = build(
            scenario, case, fleet, lambda: self._generator("requests").random(),
            random_places(partial(self._generator, "fairness")), lambda: self._generator("peers").random(),
            *(() if prepulled is None else (prepulled.holds, prepulled.images)),
        )  # fmt: skip
        self.ledger.make_room(len(self.network.links))
        self.orchestrated: Orchestrated | None = None
        if is_orchestrated(scenario, case):
            # Only here: most of what Kubernetes does is not needed for bare pulls, and takes its time to import.
            from rolloutsim.rollout.orchestrated import Orchestrated

            self.orchestrated = Orchestrated(
                scenario, case, self.network, self.actors, self.incidents, self._generator, prepulled
            )
            self.planned = len(self.orchestrated.workloads)
        else:
            self.present: set[tuple[int, int]] | None = set() if asks_again(case) else None
            self.planned = plan(
                scenario,
                case,
                self.actors,
                self.network,
                partial(self._generator, "asking"),
                () if self.present is None else self.present,
            )
            self.startup = scenario.startup.sample(partial(self._generator, "startup"), self.planned).tolist()
        self.waiting = self.planned
        self.events = 0
        self.endless = ""  # what goes on without an end, in words, if that is why the case is over

    def run(
        self,
        progress: Callable[[str, float, float], None] | None = None,
        watch: Callable[[], None] | None = None,
    ) -> CaseRecords:
        """What happens in the case, as records; nothing more can be done with it then."""
        pushes = self.play(progress, watch)
        goes_on = self.ledger.reads.left > 0 and not self.waiting
        records = collect(
            self.scenario, self.case.name, self.actors, self.network, self.ledger, unfinished=self.waiting,
            events=self.events, incidents=self.incidents, orchestrated=self.orchestrated, pushes=pushes,
            drawn=self.drawn, goes_on=goes_on, endless=self.endless,
        )  # fmt: skip
        if goes_on:
            self._go_on(watch)
            records = with_last_bytes(records, self.ledger)
        # Taken out of their circles, nodes and flows go at once: quicker than to have the collector find them.
        self.network.forget()
        self.actors.nodes.clear()
        return records

    def play(
        self,
        progress: Callable[[str, float, float], None] | None = None,
        watch: Callable[[], None] | None = None,
    ) -> list[tuple[Push, list[ImagePush]]]:
        """Step through all events until the last pod is ready or nothing can happen any more; what was pushed."""
        pushes = [] if self.orchestrated is None else self.orchestrated.pushed_before
        if self.orchestrated is None or self.orchestrated.can_begin:
            self._step(progress, watch)
        self.network.audit()
        if self.orchestrated is not None:
            pushes += self.orchestrated.close(pushes)
        return pushes

    def _step(self, progress: Callable[[str, float, float], None] | None, watch: Callable[[], None] | None) -> None:
        network, orchestrated = self.network, self.orchestrated
        # Bare pulls, for which nobody asks again, are waited for as long as it takes.
        horizon = LONGEST if orchestrated is None else self.scenario.horizon
        most = _EVENTS_AT_A_TIME if watch is None else _WATCHED
        patience = self._patience()
        is_over = False
        while self.waiting:
            # Nothing can happen any more once it does fewer; the pods still waited for are the result.
            done = network.run(horizon, most)
            self.events += done
            if orchestrated is not None:
                self.waiting = orchestrated.waiting
                is_over = orchestrated.is_over
            if not is_over and self._is_given_up(patience, done):
                return
            if done < most or is_over:
                break
            if watch is not None:
                watch()
            if progress is not None and self.events % _EVENTS_AT_A_TIME == 0:
                share = 1 - self.waiting / self.planned if orchestrated is None else orchestrated.share_done
                progress(self.case.name, network.now, share)
        if self.waiting and not is_over and network.now < horizon and network.peek() < inf:
            while network.peek() <= horizon:
                if self._is_given_up(patience, network.run(horizon, most)):
                    return
            network.wait(horizon)
            if orchestrated is None:
                self.endless = f"it is not over after {LONGEST:g} s, the longest time that there is"

    def _is_given_up(self, patience: Patience, events: int) -> bool:
        """Whether nothing comes of so many more events, and of those before them."""
        self.endless = patience.spend(events)
        if gc.get_count()[0] > _MOST_NEW:
            gc.collect(_NEWEST)
        if self.endless and self.orchestrated is not None:
            # To say what goes on some of it has happened.
            self.waiting = self.orchestrated.waiting
        return bool(self.endless)

    def _patience(self) -> Patience:
        """Counts events from now on."""
        orchestrated = self.orchestrated
        wanted = self.planned if orchestrated is None else orchestrated.wanted

        def done() -> int:
            return self.planned - self.waiting if orchestrated is None else orchestrated.available

        faults = () if orchestrated is None or orchestrated.faults is None else orchestrated.faults.columns.name
        return Patience(self.network, self.ledger, self.incidents, self.actors, wanted, done, faults)

    def _go_on(self, watch: Callable[[], None] | None) -> None:
        """After the rollout, step through what follows until the last byte of all lazy layers is on its node."""
        reads, horizon = self.ledger.reads, self.scenario.horizon
        reads.is_last = True
        most = _EVENTS_AT_A_TIME if watch is None else _WATCHED
        patience = self._patience()
        # Others may halt the network as well, such as controllers whose rollouts are over.
        while reads.left and (due := self.network.peek()) <= horizon and due < inf:
            if patience.spend(self.network.run(horizon, most)):
                break
            if watch is not None:
                watch()

    def _generator(self, purpose: str) -> np.random.Generator:
        """The generator of a purpose, made when something is random: importing numpy's takes its time.

        Each purpose has one of its own, the same in every case, so that cases (and scenarios compared with the same
        seed) differ by what they are and not by luck.
        """
        if not self.generators:
            streams = np.random.SeedSequence(self.seed).spawn(len(PURPOSES))
            self.generators = {
                one.name: np.random.default_rng(stream) for one, stream in zip(PURPOSES, streams, strict=True)
            }
        self.drawn.add(purpose)
        return self.generators[purpose]

    def _pulled(self, row: int) -> None:
        """The image is there: the container starts, then the pod is ready."""
        self.ledger.pulls.pulled[row] = self.env.now
        if self.orchestrated is not None:
            self.orchestrated.pulls.pulled(row)
            return
        if self.present is not None:
            self.present.add((self.ledger.pulls.node[row], self.ledger.pulls.image[row]))
        startup = self.startup[row]
        if startup > 0.0:
            self.network.call_later(startup, self._ready, row)
        else:
            self._ready(row)

    def _failed(self, rows: list[int], reason: str, limited: bool) -> None:
        """Runtimes gave pulls up; their pods ask again."""
        assert self.orchestrated is not None  # whatever can fail has somebody who asks again
        self.orchestrated.pulls.failed(rows, reason, limited)

    def _ready(self, row: int) -> None:
        self.ledger.pulls.ready[row] = self.env.now
        self.waiting -= 1
        if not self.waiting:
            self.network.halt()


def _prepulled(scenario: ResolvedScenario, generator: Callable[[str], np.random.Generator]) -> PrepulledBefore | None:
    """What nodes pull before the rollout; few scenarios have any, and the others need not know how it is done."""
    if not scenario.prepulls:
        return None
    from rolloutsim.rollout.prepulled import PrepulledBefore

    return PrepulledBefore(scenario, generator)


class AloneTimes:
    """Pull times alone on an idle system, simulated once for all pulls that do not differ in them.

    They hang on no random number, and are the same in all runs of a scenario. Names, numbers and places in the
    scenario do not matter, nor does what a pull does not meet. NaN: unknown, since what its hosts have, or whom it
    gets layers from, hangs on what others do (`rolloutsim.scenario.routes.host_alone`).

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
            thresholds=(), faults=(), pushes=(), prepulls=(), fairness=None, document="", mirrors={}, caches={},
            peers={},
        )  # fmt: skip
        self.asked: dict[tuple[int, str | None, str, tuple[str, ...]], float] = {}
        # By number of the way, number of the layers, places of those that the node holds, and whether it has the image.
        self.known: dict[tuple[int, int, frozenset[int], bool], float] = {}
        self.latest: tuple[tuple[int, int], _Alone] | None = None  # by number of the way and of the layers
        self.hosts: dict[tuple[int, str | None, str], Registry | None] = {}
        self.ways: dict[tuple[int, str | None, str], tuple[int, _AloneWay]] = {}
        self.layers: dict[str, tuple[int, Image]] = {}
        self.numbers: dict[object, int] = {}  # of what is alike: looked up once for each way and image
        self.brought: dict[tuple[str, str], tuple[int, ...]] = {}  # places of an image's layers that another one brings

    def of(self, group: NodeGroup, number: int, rack: str | None, image: str, held: tuple[str, ...]) -> float:
        """The time [s] that a node's pull takes alone, as the node is at the beginning.

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
            places = frozenset(place for name in held for place in self._brought(image, name))
            # Of an image that is there, nothing but that is asked for.
            time = self.asked[pull] = self.with_layers(
                group, number, rack, image, places, known=image in held, more=bool(group.cached)
            )
        return time

    def with_layers(
        self,
        group: NodeGroup,
        number: int,
        rack: str | None,
        image: str,
        places: frozenset[int],
        known: bool = False,
        more: bool = False,
    ) -> float:
        """The same of a node that holds the layers at some places of the image.

        Parameters
        ----------
        group, number, rack, image
            As for `of`.
        places : frozenset of int
            The places of the layers.
        known : bool
            Whether it has the image's manifests and config, and asks whether they are the newest.
        more : bool
            Whether others may hold other layers, and differ in nothing else.
        """
        host = self._host(group, number, rack, self.scenario.images[image])
        if host is None:
            return nan
        a_way, way = self._way(group, number, rack, host)
        an_image, nameless = self._nameless(image)
        alike = (a_way, an_image, places, known)
        time = self.known.get(alike)
        if time is None:
            time = self.known[alike] = self._simulated((a_way, an_image), way, nameless, places, known, more)
        return time

    def forget(self) -> None:
        """Keep nothing but times."""
        if self.latest is not None:
            self.latest = None
            gc.collect(_NEWEST)

    def _host(self, group: NodeGroup, number: int, rack: str | None, image: Image) -> Registry | None:
        """Whom a node asks for an image; None: that hangs on others."""
        if not group.hosts:
            return self.scenario.registries[image.registry]
        asks = (number, rack, image.name)
        if asks not in self.hosts:
            self.hosts[asks] = host_alone(self.scenario, group, rack, image)
        return self.hosts[asks]

    def _way(self, group: NodeGroup, number: int, rack: str | None, host: Registry) -> tuple[int, _AloneWay]:
        """The way from a registry to a node, and the number of those alike."""
        way = self.ways.get((number, rack, host.name))
        if way is None:
            found = _AloneWay.of(group, rack, host, self.scenario.links)
            way = self.ways[number, rack, host.name] = self._number(found.alike), found
        return way

    def _nameless(self, image: str) -> tuple[int, Image]:
        """An image whose layers are called by the place where they stand first, and the number of those alike."""
        known = self.layers.get(image)
        if known is None:
            places: dict[str, str] = {}
            one = self.scenario.images[image]
            layers = tuple(
                replace(layer, digest=places.setdefault(layer.digest, str(place)))
                for place, layer in enumerate(one.layers)
            )
            # What containers read of it, no pull waits for.
            found = Image("", "", layers, reuse=one.reuse)
            known = self.layers[image] = self._number(found), found
        return known

    def _number(self, what: object) -> int:
        """A number for things that are equal: quicker to compare than all their facts."""
        return self.numbers.setdefault(what, len(self.numbers))

    def _brought(self, image: str, cached: str) -> tuple[int, ...]:
        """The places of those of an image's layers that a cached image brings."""
        places = self.brought.get((image, cached))
        if places is None:
            digests = {layer.digest for layer in self.scenario.images[cached].layers}
            layers = self.scenario.images[image].layers
            places = self.brought[image, cached] = tuple(
                place for place, layer in enumerate(layers) if layer.digest in digests
            )
        return places

    def _simulated(
        self,
        alike: tuple[int, int],
        way: _AloneWay,
        image: Image,
        held: frozenset[int],
        is_present: bool,
        more: bool,
    ) -> float:
        """A time that is not known; `more` says whether others may hold other layers, and differ in nothing else."""
        if self.latest is not None and self.latest[0] == alike:
            return self.latest[1].time(held, is_present)
        self.forget()
        scenario = replace(
            self.idle, groups=(way.group,), links=way.links, registries={way.registry.name: way.registry},
            images={"": replace(image, registry=way.registry.name)},
        )  # fmt: skip
        alone = _Alone(scenario, way.is_steady)
        time = alone.time(held, is_present)
        if more and alone.can_go_on:
            self.latest = alike, alone
        else:
            del alone
            gc.collect(_NEWEST)
        return time


class _Alone:
    """Pulls of one image by one node, each alone on an idle system.

    Parameters
    ----------
    scenario : ResolvedScenario
        The node, the registry, the image, and the links between them.
    steady : bool
        Whether none of these links ever binds.
    """

    def __init__(self, scenario: ResolvedScenario, steady: bool) -> None:
        (self.image,) = scenario.images
        self.steady = steady
        self.network = FluidNetwork(Environment())
        fleet = self._fleet()
        case = Case("alone", {group.name: (PlannedPull(self.image, Distribution()),) for group in scenario.groups})
        self.actors: Actors = build(scenario, case, fleet, _nothing_random, _nothing_random)
        self.queues, self.windows = fleet.queues, fleet.windows
        self.pulled_at = nan

    def time(self, held: frozenset[int], is_present: bool) -> float:
        """How long a pull takes [s] by a node that holds the layers at some places of the image; nan: for ever.

        `is_present` says whether it has the image itself, for which it asks again.
        """
        (made,) = self.actors.nodes
        recipe = self.actors.recipes[0][self.image]
        fleet = self._fleet()
        fleet.queues, fleet.windows = self.queues, self.windows
        fleet.follow()
        layers = words({recipe.steps[place].layer for place in held})
        host = self.network.host(made.host.profile)
        node = Node(fleet, made.index, host, made.runtime, layers, made.address, None, made.fresh_writer(), None)
        self.pulled_at = nan
        self.network.call_later(0.0, partial(node.ask, present=is_present), recipe)
        # What has not come by then is not known.
        self.network.run(LONGEST, MOST)
        if self.can_go_on:
            self.network.rewind()
        return self.pulled_at

    @property
    def can_go_on(self) -> bool:
        """Whether another pull finds the system as idle as the last one did."""
        way = self.actors.recipes[0][self.image].ways[0]
        return self.steady and way.unlimited and self.pulled_at == self.pulled_at

    def _fleet(self) -> Fleet:
        return Fleet(self.network, Ledger(), Incidents(), self._pulled, _nothing_fails)

    def _pulled(self, _: int) -> None:
        self.pulled_at = self.network.now
        self.network.halt()


def _nothing_random() -> Any:
    raise AssertionError("alone on an idle system nothing is random")


def _nothing_fails(rows: list[int], reason: str, limited: bool) -> None:
    raise AssertionError(f"alone on an idle system nothing fails: {reason}")


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
    is_steady : bool
        Whether none of the links ever binds.
    """

    group: NodeGroup
    registry: Registry
    links: Mapping[str, Link]
    alike: object
    is_steady: bool

    @classmethod
    def of(cls, group: NodeGroup, rack: str | None, registry: Registry, links: Mapping[str, Link]) -> _AloneWay:
        """The way from a registry to the nodes of a group in a rack, over some of the links."""
        redirect, near_by = registry.redirect, between(registry.rack, group, rack)
        redirected = () if redirect is None else redirect.path
        crossed = dict.fromkeys((*registry.path, *registry.replicas, *redirected, *near_by))
        names = {name: str(place) for place, name in enumerate(crossed)}

        def renamed(path: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(names[name] for name in path)

        node = replace(
            group, name="", count=1, racks=(), via=renamed(near_by), nic_line_rate=None, cached={}, kubelet=Kubelet(),
            storage=None, shared_address=False, join=None, runtime=replace(group.runtime, timeouts=Timeouts()),
            hosts=(), host_per_image=False, volume_snapshot=None,
        )  # fmt: skip
        source = replace(
            registry.without_limits(), name="", path=renamed(registry.path), replicas=renamed(registry.replicas),
            redirect=None if redirect is None else replace(redirect, path=renamed(redirected)), inbound=(),
            first_fetch=None, efficiency=(), called="", rack=None, mirrors=(), holds=None, copied=None,
        )  # fmt: skip
        # All bytes pass through the NIC, so a link that is at least as wide never binds, however wide it is.
        widest = inf if node.nic is None else 2.0 * node.nic
        found = {
            place: replace(
                link, name=place, kind="link", line_rate=0.0,
                capacity=widest if 2.0 * link.capacity >= widest else link.capacity,
            )
            for link, place in ((links[name], place) for name, place in names.items() if name in links)
        }  # fmt: skip
        steady = all(link.capacity == widest for link in found.values())
        return cls(node, source, found, (MACHINE(node), source, tuple(found.values())), steady)


@contextmanager
def _no_cyclic_collection() -> Iterator[None]:
    """Keep Python's cycle collector from walking through millions of live objects, again and again.

    It is told when there is something to collect: after each case, and within one that goes on and on.
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
