"""An ideal rollout in exact rational arithmetic: the oracle for scenarios of `model: ideal`.

Every number is a `fractions.Fraction`, so there are no tolerances: two events are at one instant exactly if
they are. At each event all rates are computed anew by progressive filling over all flows. It knows bandwidth
sharing, caps, download slots, layers held already or shared between images, and background transfers; a
scenario with anything more (latency, connection limits, disks, unpacking, start-up, random times, background
of constant rate) is refused.

Sources: Bertsekas & Gallager, *Data Networks*, 6.5.2 (max-min fairness); the semantics of slots and queues are
those of `tests/data/reference/README.md`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from rolloutsim.scenario.resolved import Distribution

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from rolloutsim.scenario.resolved import Background, NodeGroup, Registry, ResolvedScenario

Span = tuple[Fraction, Fraction]


@dataclass
class ExactTimes:
    """When everything happened [s]."""

    layers: dict[tuple[str, str], Span] = field(default_factory=dict)  # (node, digest)
    pulls: dict[tuple[str, int], Span] = field(default_factory=dict)  # (node, which of its pulls): asked, pulled
    nodes: dict[str, Fraction] = field(default_factory=dict)  # the last of the node's pulls
    background: dict[str, Fraction] = field(default_factory=dict)


@dataclass(eq=False)
class _Flow:
    path: tuple[str, ...]
    cap: Fraction | None
    left: Fraction
    started: Fraction
    owner: Hashable  # (node, digest), or the name of a background transfer
    rate: Fraction = Fraction(0)


class _Node:
    def __init__(self, name: str, group: NodeGroup, held: Iterable[str]) -> None:
        self.name = name
        self.slots_per_image = group.runtime.slots_per == "image"
        self.parallel = group.runtime.parallel_layers
        self.held = set(held)
        self.coming: set[str] = set()
        # Per pull, or one for the node: digests waiting for a slot, and how many are in flight.
        self.queues: dict[int, deque[tuple[str, _Flow]]] = {}
        self.in_flight: dict[int, int] = {}
        self.queue_of: dict[str, int] = {}
        self.open: dict[int, set[str]] = {}  # layers that each unfinished pull lacks

    def ask(self, pull: int, flows: dict[str, _Flow]) -> None:
        """Queue what the node neither holds nor has queued."""
        key = pull if self.slots_per_image else 0
        queue = self.queues.setdefault(key, deque())
        for digest, flow in flows.items():
            if digest not in self.held and digest not in self.coming:
                self.coming.add(digest)
                self.queue_of[digest] = key
                queue.append((digest, flow))
        self.open[pull] = set(flows) - self.held

    def start(self, now: Fraction) -> list[_Flow]:
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


def share(flows: list[_Flow], capacity: dict[str, Fraction]) -> None:
    """Set every flow's max-min fair rate by progressive filling: raise all rates together, freeze who must stop."""
    kinds: dict[tuple[tuple[str, ...], Fraction | None], list[_Flow]] = {}
    for flow in flows:
        kinds.setdefault((flow.path, flow.cap), []).append(flow)
    room = {link: capacity[link] for flow in flows for link in flow.path}
    count = dict.fromkeys(room, 0)
    for (path, _), members in kinds.items():
        for link in path:
            count[link] += len(members)
    rising = dict(kinds)
    while rising:
        levels = {link: room[link] / n for link, n in count.items() if n}
        level = min([*levels.values(), *(cap for _, cap in rising if cap is not None)])
        full = {link for link, at in levels.items() if at == level}
        for kind in [k for k in rising if k[1] == level or not full.isdisjoint(k[0])]:
            members = rising.pop(kind)
            for flow in members:
                flow.rate = level
            for link in kind[0]:
                room[link] -= level * len(members)
                count[link] -= len(members)


def _path(group: NodeGroup, index: int, registry: Registry) -> tuple[str, ...]:
    rack = (f"{group.racks[index % len(group.racks)]}.down",) if group.racks else ()
    nic = (f"{group.node_name(index)}.nic.in",) if group.nic is not None else ()
    return registry.path + group.via + rack + nic


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
    unknown += [traffic.rate for traffic in scenario.background]
    if any(unknown):
        raise ValueError(f"{scenario.name}: the exact oracle knows bandwidth sharing only; use model: ideal")


def _lesser(*caps: float | None) -> Fraction | None:
    return min((Fraction(cap) for cap in caps if cap is not None), default=None)


def simulate_exactly(scenario: ResolvedScenario, case_name: str) -> ExactTimes:
    """Run one case of an ideal scenario."""
    _refuse_what_is_not_ideal(scenario)
    case = next(case for case in scenario.cases if case.name == case_name)
    capacity = {name: Fraction(link.capacity) for name, link in scenario.links.items()}
    times = ExactTimes()
    nodes: dict[str, _Node] = {}
    agenda: list[tuple[Fraction, _Node | Background, int, dict[str, _Flow]]] = []
    for group in scenario.groups:
        for index in range(group.count):
            name = group.node_name(index)
            if group.nic is not None:
                capacity[f"{name}.nic.in"] = capacity[f"{name}.nic.out"] = Fraction(group.nic)
            held = {
                layer.digest
                for image, holders in group.cached.items()
                if (index + 1) * holders // group.count > index * holders // group.count  # spread evenly
                for layer in scenario.images[image].layers
            }
            nodes[name] = _Node(name, group, held)
            for number, planned in enumerate(case.pulls.get(group.name, ())):
                if not planned.at.is_constant:
                    raise ValueError(f"{name}: the exact oracle knows constant times only")
                image = scenario.images[planned.image]
                registry = scenario.registries[image.registry]
                path = _path(group, index, registry)
                cap = _lesser(group.connection_cap, registry.connection_cap)
                at = Fraction(planned.at.low)
                flows = {
                    layer.digest: _Flow(path, cap, Fraction(layer.compressed), at, (name, layer.digest))
                    for layer in image.layers
                }
                agenda.append((at, nodes[name], number, flows))
                times.pulls[name, number] = (at, at)
    agenda += [(Fraction(traffic.at), traffic, 0, {}) for traffic in scenario.background]
    agenda.sort(key=lambda entry: entry[0])
    agenda.reverse()  # taken from the end; pulls of one instant stay in the order of the file

    now, flows_now = Fraction(0), list[_Flow]()
    while agenda or flows_now:
        share(flows_now, capacity)
        due = [now + flow.left / flow.rate for flow in flows_now]
        following = min([*due, *(entry[0] for entry in agenda[-1:])])
        for flow in flows_now:
            flow.left -= flow.rate * (following - now)
        now = following
        touched: dict[str, _Node] = {}
        for flow in [flow for flow in flows_now if flow.left == 0]:
            flows_now.remove(flow)
            if isinstance(flow.owner, tuple):
                node, digest = nodes[flow.owner[0]], flow.owner[1]
                times.layers[node.name, digest] = (flow.started, now)
                node.fetched(digest)
                touched[node.name] = node
            else:
                times.background[str(flow.owner)] = now
        while agenda and agenda[-1][0] == now:
            _, actor, number, asked = agenda.pop()
            if isinstance(actor, _Node):
                actor.ask(number, asked)
                touched[actor.name] = actor
            else:
                size = Fraction(actor.size or 0)
                flows_now.append(_Flow(actor.links, _lesser(actor.cap), size, now, actor.name))
        for node in touched.values():
            flows_now += node.start(now)
            for pull in node.ready():
                times.pulls[node.name, pull] = (times.pulls[node.name, pull][0], now)
                times.nodes[node.name] = now
    return times
