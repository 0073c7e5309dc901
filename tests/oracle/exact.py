"""An ideal rollout in exact rational arithmetic: the oracle for scenarios of `model: ideal`.

Flows move on `tests.oracle.exact_sharing`, without tolerances. This knows bandwidth sharing, caps, download slots,
layers held already or shared between images, background transfers (of several connections, until a time) and constant
rates; a scenario with anything more (latency, connection limits, disks, unpacking, start-up, random times, requests,
faults) is refused.

Sources: Bertsekas & Gallager, *Data Networks*, 6.5.2 (max-min fairness); the semantics of slots and queues are
those of `tests/data/reference/README.md`. Constant rates take theirs off a link; of those that want more than it has,
each gets the same share of its rate (README, background).
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from rolloutsim.scenario.distribution import Distribution
from tests.oracle.exact_sharing import Bounds, ExactFlow, ExactNetwork, exact

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from rolloutsim.scenario.resolved import Background, NodeGroup, Registry, ResolvedScenario

Span = tuple[Fraction, Fraction]
Exact = Callable[[float], Fraction]


@dataclass
class ExactTimes:
    """When everything happened [s], and what that was for the links."""

    layers: dict[tuple[str, str], Span] = field(default_factory=dict)  # (node, digest)
    pulls: dict[tuple[str, int], tuple[Fraction, Fraction | None]] = field(default_factory=dict)
    # ... (node, which of its pulls): asked, and pulled if it ever was
    nodes: dict[str, Fraction] = field(default_factory=dict)  # the last of the node's pulls
    background: dict[str, Fraction] = field(default_factory=dict)  # those that ended
    end: Fraction = Fraction(0)  # of the last pull, or when nothing could happen any more
    saturated: dict[Hashable, Bounds] = field(default_factory=dict)  # by link [s]
    peaks: dict[Hashable, Bounds] = field(default_factory=dict)  # flows, by link
    carried: dict[Hashable, Fraction] = field(default_factory=dict)  # bytes, by link
    least_left: Fraction = Fraction(1)  # share of a link that constant rates left others, if they left any


class _Node:
    def __init__(self, name: str, group: NodeGroup, held: Iterable[str]) -> None:
        self.name = name
        self.slots_per_image = group.runtime.slots_per == "image"
        self.parallel = group.runtime.parallel_layers
        self.held = set(held)
        self.coming: set[str] = set()
        # Per pull, or one for the node: digests waiting for a slot, and how many are in flight.
        self.queues: dict[int, deque[tuple[str, ExactFlow]]] = {}
        self.in_flight: dict[int, int] = {}
        self.queue_of: dict[str, int] = {}
        self.open: dict[int, set[str]] = {}  # layers that each unfinished pull lacks

    def ask(self, pull: int, flows: dict[str, ExactFlow]) -> None:
        """Queue what the node neither holds nor has queued."""
        key = pull if self.slots_per_image else 0
        queue = self.queues.setdefault(key, deque())
        for digest, flow in flows.items():
            if digest not in self.held and digest not in self.coming:
                self.coming.add(digest)
                self.queue_of[digest] = key
                queue.append((digest, flow))
        self.open[pull] = set(flows) - self.held

    def start(self, now: Fraction) -> list[ExactFlow]:
        """Fill the free slots from the heads of the queues."""
        started = []
        for key, queue in self.queues.items():
            while queue and self.in_flight.get(key, 0) < self.parallel:
                flow = queue.popleft()[1]
                flow.started = now
                self.in_flight[key] = self.in_flight.get(key, 0) + 1
                started.append(flow)
        return started

    def fetched(self, digest: str) -> None:
        """A layer is complete."""
        self.coming.remove(digest)
        self.held.add(digest)
        self.in_flight[self.queue_of[digest]] -= 1
        for lacking in self.open.values():
            lacking.discard(digest)

    def ready(self) -> list[int]:
        """The pulls that lack nothing any more."""
        done = [pull for pull, lacking in self.open.items() if not lacking]
        for pull in done:
            del self.open[pull]
        return done


def _path(group: NodeGroup, index: int, registry: Registry) -> tuple[str, ...]:
    rack = (f"{group.racks[index % len(group.racks)]}.down",) if group.racks else ()
    nic = (f"{group.node_name(index)}.nic.in",) if group.nic is not None else ()
    cap = (f"{group.node_name(index)}.pull_cap",) if group.pull_cap is not None else ()
    return registry.path + group.via + rack + nic + cap


def _refuse_what_is_not_ideal(scenario: ResolvedScenario) -> None:
    """Everything listed here is zero, absent or unlimited in an ideal scenario."""
    unknown: list[object] = [scenario.path_latency, scenario.startup != Distribution()]
    unknown += [link.latency for link in scenario.links.values()]
    for group in scenario.groups:
        unknown += [group.disk, group.unpack_rate]
        runtime = group.runtime
        unknown += [runtime.resolve_round_trips, runtime.resolve_time, runtime.layer_round_trips]
        unknown += [runtime.layer_time, runtime.finish_time]
    for registry in scenario.registries.values():
        unknown += [registry.ttfb, registry.max_connections]
    unknown += [traffic.request for traffic in scenario.background]
    unknown += [scenario.faults, scenario.pushes, scenario.fairness]
    if any(unknown):
        raise ValueError(f"{scenario.name}: the exact oracle knows bandwidth sharing only; use model: ideal")


def _lesser(exact: Exact, *caps: float | None) -> Fraction | None:
    return min((exact(cap) for cap in caps if cap is not None), default=None)


class _Rates:
    """Constant rates: what they take off the links."""

    def __init__(self, network: ExactNetwork, exact: Exact) -> None:
        self.network = network
        self.exact = exact
        self.whole = dict(network.capacity)
        self.active: dict[str, Background] = {}
        self.carrying: dict[Hashable, Fraction] = defaultdict(Fraction)
        self.carried: dict[Hashable, Fraction] = defaultdict(Fraction)
        self.since = Fraction(0)
        self.least_left = Fraction(1)

    def change(self, traffic: Background, is_active: bool) -> None:
        """A rate begins or ends."""
        self.settle()
        if is_active:
            self.active[traffic.name] = traffic
        else:
            self.active.pop(traffic.name, None)
        wanted: dict[str, Fraction] = defaultdict(Fraction)
        for rate in self.active.values():
            for link in rate.links:
                wanted[link] += self.exact(rate.rate or 0.0)
        self.carrying.clear()
        for rate in self.active.values():
            share = min([Fraction(1), *(self.whole[link] / wanted[link] for link in rate.links if wanted[link])])
            for link in rate.links:
                self.carrying[link] += share * self.exact(rate.rate or 0.0)
        for link, whole in self.whole.items():
            left = self.network.capacity[link] = whole - self.carrying[link]
            if left:
                self.least_left = min(self.least_left, left / whole)

    def settle(self) -> None:
        """Count what was carried by now."""
        for link, rate in self.carrying.items():
            self.carried[link] += rate * (self.network.now - self.since)
        self.since = self.network.now


class _Case:
    """One case of an ideal scenario on an exact network."""

    def __init__(self, scenario: ResolvedScenario, case_name: str, exact: Exact) -> None:
        self.scenario = scenario
        self.exact = exact
        self.case = next(case for case in scenario.cases if case.name == case_name)
        self.times = ExactTimes()
        self.nodes: dict[str, _Node] = {}
        capacity: dict[Hashable, Fraction] = {name: exact(link.capacity) for name, link in scenario.links.items()}
        for group in scenario.groups:
            for name in () if group.nic is None else group.node_names():
                capacity[f"{name}.nic.in"] = capacity[f"{name}.nic.out"] = exact(group.nic or 0.0)
            for name in () if group.pull_cap is None else group.node_names():
                capacity[f"{name}.pull_cap"] = exact(group.pull_cap or 0.0)
        self.network = ExactNetwork(capacity, self._done)
        self.rates = _Rates(self.network, exact)
        self.connections: dict[str, int] = {}  # of transfers, those that go on
        self.waiting = 0
        for group in scenario.groups:
            for index in range(group.count):
                self._node(group, index)
        for traffic in scenario.background:
            self._background(traffic)

    def _node(self, group: NodeGroup, index: int) -> None:
        scenario, name, exact = self.scenario, group.node_name(index), self.exact
        held = {
            layer.digest
            for image, holders in group.cached.items()
            if (index + 1) * holders // group.count > index * holders // group.count  # spread evenly
            for layer in scenario.images[image].layers
        }
        self.nodes[name] = _Node(name, group, held)
        for number, planned in enumerate(self.case.pulls.get(group.name, ())):
            if not planned.at.is_constant:
                raise ValueError(f"{name}: the exact oracle knows constant times only")
            image = scenario.images[planned.image]
            registry = scenario.registries[image.registry]
            path = {link: exact(1) for link in _path(group, index, registry)}
            cap = _lesser(exact, group.connection_cap, registry.connection_cap)
            at = exact(planned.at.low)
            flows = {
                layer.digest: ExactFlow(path, exact(layer.compressed), at, cap, owner=(name, layer.digest))
                for layer in image.layers
            }
            self.times.pulls[name, number] = (at, None)
            self.waiting += 1
            self.network.at(at, partial(self._ask, self.nodes[name], number, flows))

    def _background(self, traffic: Background) -> None:
        network, exact = self.network, self.exact
        if traffic.rate is not None:
            begin, end = partial(self.rates.change, traffic, True), partial(self.rates.change, traffic, False)
            at = exact(traffic.start)
        else:
            size = exact(traffic.size or 1e30) / traffic.connections
            at = exact(max(traffic.at, traffic.start))
            path = {link: exact(1) for link in traffic.links}
            flows = [
                ExactFlow(path, size, at, _lesser(exact, traffic.cap), owner=traffic.name)
                for _ in range(traffic.connections)
            ]
            begin, end = partial(self._transfer, traffic.name, flows), partial(self._cut, traffic.name)
        network.at(at, begin)
        if traffic.until is not None:
            network.at(exact(traffic.until), end)

    def _transfer(self, name: str, flows: list[ExactFlow]) -> None:
        self.connections[name] = len(flows)
        for flow in flows:
            self.network.start(flow)

    def _cut(self, name: str) -> None:
        for flow in [flow for flow in self.network.flows if flow.owner == name]:
            self.network.stop(flow)
        if self.connections.get(name):
            self.times.background[name] = self.network.now
            self.connections[name] = 0

    def _ask(self, node: _Node, number: int, flows: dict[str, ExactFlow]) -> None:
        node.ask(number, flows)
        self._go_on(node)

    def _done(self, flow: ExactFlow) -> None:
        if isinstance(flow.owner, tuple):
            node, digest = self.nodes[flow.owner[0]], flow.owner[1]
            self.times.layers[node.name, digest] = (flow.started, self.network.now)
            node.fetched(digest)
            self._go_on(node)
        else:
            name = str(flow.owner)
            self.connections[name] -= 1
            if not self.connections[name]:
                self.times.background[name] = self.network.now

    def _go_on(self, node: _Node) -> None:
        """Fill a node's slots, and note which of its pulls are complete."""
        for flow in node.start(self.network.now):
            self.network.start(flow)
        for pull in node.ready():
            self.times.pulls[node.name, pull] = (self.times.pulls[node.name, pull][0], self.network.now)
            self.times.nodes[node.name] = self.network.now
            self.waiting -= 1

    def run(self) -> ExactTimes:
        network, times = self.network, self.times
        network.run(lambda: self.waiting > 0)
        self.rates.settle()
        times.end = network.now
        times.least_left = self.rates.least_left
        times.saturated, times.peaks, times.carried = map(deepcopy, (network.saturated, network.peaks, network.carried))
        for link, size in self.rates.carried.items():
            times.carried[link] += size
        network.run()
        return times


def simulate_exactly(scenario: ResolvedScenario, case_name: str, number: Exact = exact) -> ExactTimes:
    """Run one case of an ideal scenario; what is said of the links ends with the last pull, background may go on.

    `number` makes the scenario's doubles exact.
    """
    _refuse_what_is_not_ideal(scenario)
    return _Case(scenario, case_name, number).run()
