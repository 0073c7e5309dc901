"""Random networks in which events tie, played by the engine and in exact rational arithmetic.

Few sizes, few times, few speeds: groups of equal hosts behind one or several shared links fetch from one to three
others ("registries"), enter and leave the same states at one instant, while flows are cut, weights and capacities
change at the same instants, and groups that cross none of these links come late.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import simpy

from rolloutsim.network.fluid import FluidNetwork
from rolloutsim.network.regimes import CAP as ENGINE_CAP
from rolloutsim.network.regimes import PRIVATE
from tests.oracle.exact_sharing import CAP, Bounds, ExactFlow, ExactNetwork, exact

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from random import Random

    from rolloutsim.network.links import SharedLink
    from rolloutsim.network.states import Flow, Host

# Differences beyond this are faults: relative for bytes, and for times beyond one second; else absolute [s].
TOLERANCE = 1e-9

SPEEDS = (50.0, 100.0, 100.0, 200.0, 300.0)
PRIVATE_SPEEDS = (math.inf, 50.0, 100.0, 100.0, 400.0)
SIZES = (50.0, 100.0, 100.0, 200.0)
TIMES = (0.0, 0.0, 0.0, 1.0, 2.0, 5.0)
CAPS = (None, None, None, 25.0, 50.0)
WEIGHTS = (1.0, 1.0, 1.0, 1.0, 2.0, 0.5, 3.0)
SHARES = (0.0, 0.25, 0.5, 1.0)

# Flows that wait for capacity that never comes are looked at then [s]; all others are over.
LONG = 100_000.0

# A step of a host's way: its kind of flow by links (with the share of its bytes that crosses each), cap and weight; and
# its size.
Step = tuple[dict[int, float], float | None, float, float]


@dataclass
class Chain:
    """Flows of one host, each of which begins when the one before it is complete."""

    host: int
    at: float
    steps: list[Step]


@dataclass
class TyingNetwork:
    """What there is and what happens; all numbers are exact in binary."""

    links: list[float]
    hosts: list[tuple[float, float]]  # private capacities of each
    writes: list[float]  # bytes through the second private link per byte, of each host
    chains: list[Chain] = field(default_factory=list)
    cuts: list[tuple[float, int]] = field(default_factory=list)  # when, and the chain whose flow is cut
    weights: list[tuple[float, int, float]] = field(default_factory=list)  # of a chain's first flow
    capacities: list[tuple[float, int, float]] = field(default_factory=list)  # when, link, share of its capacity


def tying_network(random: Random) -> TyingNetwork:
    """Draw a network."""
    registries = random.choice((1, 1, 2, 3))
    # Now and then many racks, of which the engine only bounds the loads; or many hosts, whose flows stand in lanes.
    shape = random.random()
    is_wide, is_long = shape < 0.03, 0.03 <= shape < 0.035
    middles = random.randint(9, 14) if is_wide else random.choice((0, 1, 1, 2, 3))
    links = [random.choice(SPEEDS) * (4.0 if is_wide and i < registries else 1.0) for i in range(registries + middles)]
    network = TyingNetwork(links, [], [])
    is_weighted, is_capped = random.random() < 0.3, random.random() < 0.3
    for number in range(middles if is_wide else random.choice((1, 2, 2, 3, 3, 4))):
        is_crowd = is_long and number == 0
        profile = (random.choice(PRIVATE_SPEEDS), random.choice((math.inf, math.inf, 100.0, 200.0)))
        if is_crowd:
            profile = (math.inf, math.inf)
        writes = random.choice((1.0, 2.0))
        middle = sorted(random.sample(range(registries, len(links)), random.randint(0, min(middles, 2))))
        if is_wide:
            middle = [registries + number]
        waits, late = random.choice(TIMES), random.random() < 0.3
        chains = []
        for _ in range(random.choice((1, 1, 2, 3))):
            steps: list[Step] = []
            for _ in range(random.choice((1, 1, 2, 3))):
                path = (random.randrange(registries), *middle)
                cap = random.choice(CAPS) if is_capped else None
                weight = random.choice(WEIGHTS) if is_weighted else 1.0
                steps.append((dict.fromkeys(path, 1.0), cap, weight, random.choice(SIZES)))
            chains.append((waits + (10.0 if late else 0.0) + random.choice((0.0, 0.0, 1.0)), steps))
        for i in range(random.randint(65, 80) if is_crowd else random.choice((1, 1, 2, 4, 6))):
            lag = i * random.choice((0.0, 0.0, 1.0))
            network.chains += [Chain(len(network.hosts), at + lag, steps) for at, steps in chains]
            network.hosts.append(profile)
            network.writes.append(writes)
    if random.random() < 0.3:
        for _ in range(random.choice((1, 2, 4))):
            chain = random.randrange(len(network.chains))
            # Of a flow that is cut as it ends nothing may follow: roundings decide which of the two comes first.
            network.chains[chain] = replace(network.chains[chain], steps=network.chains[chain].steps[:1])
            network.cuts.append((random.choice(TIMES) + random.choice((0.0, 1.0)), chain))
    if random.random() < 0.2:
        for _ in range(random.choice((1, 2, 4))):
            chain = random.randrange(len(network.chains))
            network.weights.append((random.choice(TIMES), chain, random.choice(WEIGHTS)))
    if random.random() < 0.3:
        for _ in range(random.choice((1, 2, 3))):
            change = (random.choice(TIMES), random.randrange(len(links)), random.choice(SHARES))
            network.capacities.append(change)
    return network


@dataclass
class Outcome:
    """What happened, by exact numbers with bounds or by the engine's."""

    ends: dict[tuple[int, int], Any] = field(default_factory=dict)  # (chain, step) → when it was over [s]
    bytes: dict[tuple[int, int], Any] = field(default_factory=dict)  # what of it had arrived
    spent: dict[tuple[int, int], dict[Hashable, Any]] = field(default_factory=dict)  # seconds by cause
    saturated: dict[Hashable, Any] = field(default_factory=dict)  # seconds
    peaks: dict[Hashable, Any] = field(default_factory=dict)  # flows
    carried: dict[Hashable, Any] = field(default_factory=dict)  # bytes


def play_exactly(spec: TyingNetwork) -> Outcome:
    """Play a network in exact arithmetic; facts with bounds are `Bounds`."""
    capacity: dict[Hashable, Fraction] = {i: Fraction(c) for i, c in enumerate(spec.links)}
    for host, profile in enumerate(spec.hosts):
        capacity.update({(host, place): Fraction(c) for place, c in enumerate(profile) if c < math.inf})
    outcome = Outcome()
    current: dict[int, ExactFlow] = {}

    def begin(number: int, step: int) -> None:
        chain = spec.chains[number]
        path, cap, weight, size = chain.steps[step]
        used: dict[Hashable, Fraction] = {link: exact(share) for link, share in path.items()}
        for place, per_byte in ((0, exact(1)), (1, exact(spec.writes[chain.host]))):
            if (chain.host, place) in capacity:
                used[chain.host, place] = per_byte
        flow = current[number] = ExactFlow(
            used, Fraction(size), network.now, None if cap is None else exact(cap), exact(weight), (number, step)
        )
        network.start(flow)

    def over(flow: ExactFlow) -> None:
        number, step = flow.owner  # type: ignore[misc]
        outcome.ends[number, step] = network.now
        outcome.bytes[number, step] = Fraction(spec.chains[number].steps[step][3]) - flow.left
        outcome.spent[number, step] = flow.spent
        del current[number]

    def done(flow: ExactFlow) -> None:
        over(flow)
        number, step = flow.owner  # type: ignore[misc]
        if step + 1 < len(spec.chains[number].steps):
            begin(number, step + 1)

    def cut(number: int) -> None:
        flow = current.get(number)
        if flow is not None:
            network.stop(flow)
            over(flow)

    def reweigh(number: int, weight: float) -> None:
        flow = current.get(number)
        if flow is not None and flow.owner == (number, 0):
            flow.weight = exact(weight)

    network = ExactNetwork(capacity, done)
    _plan(
        spec,
        lambda at, act: network.at(Fraction(at), act),
        begin,
        cut,
        reweigh,
        lambda link, share: network.capacity.update({link: Fraction(spec.links[link] * share)}),
    )
    network.run()
    outcome.saturated, outcome.peaks, outcome.carried = network.saturated, network.peaks, network.carried
    return outcome


def _plan(
    spec: TyingNetwork,
    at: Callable[[float, Callable[[], None]], None],
    begin: Callable[[int, int], None],
    cut: Callable[[int], None],
    reweigh: Callable[[int, float], None],
    scale: Callable[[int, float], None],
) -> None:
    """Plan all that happens from outside, in the same order with the engine and exactly."""
    for number, chain in enumerate(spec.chains):
        at(chain.at, lambda number=number: begin(number, 0))  # type: ignore[misc]
    for time, number, weight in spec.weights:
        at(time, lambda number=number, weight=weight: reweigh(number, weight))  # type: ignore[misc]
    for time, link, part in spec.capacities:
        at(time, lambda link=link, part=part: scale(link, part))  # type: ignore[misc]
    for time, number in spec.cuts:
        at(time, lambda number=number: cut(number))  # type: ignore[misc]
    at(LONG, lambda: None)


class EnginePlay:
    """The same network, played by the engine."""

    def __init__(self, spec: TyingNetwork) -> None:
        self.spec = spec
        self.env = simpy.Environment()
        self.network = FluidNetwork(self.env)
        self.links: list[SharedLink] = [self.network.link(str(i), c) for i, c in enumerate(spec.links)]
        self.hosts: list[Host] = [self.network.host(self.network.profile(profile)) for profile in spec.hosts]
        self.current: dict[int, Flow] = {}
        self.outcome = Outcome()
        _plan(
            spec,
            lambda at, act: self.network.call_later(at, lambda _: act()),
            self._begin,
            self._cut,
            self._reweigh,
            lambda link, part: self.network.degrade(self.links[link], part),
        )

    def _begin(self, number: int, step: int) -> None:
        chain = self.spec.chains[number]
        path, cap, weight, size = chain.steps[step]
        profile = self.spec.hosts[chain.host]
        usage = tuple(
            (place, per_byte)
            for place, per_byte in ((0, 1.0), (1, self.spec.writes[chain.host]))
            if profile[place] < math.inf
        )
        kind = self.network.kind(
            tuple(self.links[link] for link in path), usage, math.inf if cap is None else cap, weight,
            shares=tuple(path.values()),
        )  # fmt: skip
        self.current[number] = self.network.start(self.hosts[chain.host], kind, size, self._done, (number, step))

    def _over(self, flow: Flow, received: float) -> None:
        number, step = flow.tag
        self.outcome.ends[number, step] = self.env.now
        self.outcome.bytes[number, step] = received
        if flow.spent is not None:
            spent = flow.spent
        else:
            spent = {flow.cause: self.env.now - flow.since} if hasattr(flow, "since") else {}
        host = self.spec.chains[number].host
        self.outcome.spent[number, step] = {
            CAP if c == ENGINE_CAP else c if c >= 0 else (host, PRIVATE - c): seconds for c, seconds in spent.items()
        }
        del self.current[number]

    def _done(self, flow: Flow) -> None:
        self._over(flow, flow.size)
        number, step = flow.tag
        if step + 1 < len(self.spec.chains[number].steps):
            self._begin(number, step + 1)

    def _cut(self, number: int) -> None:
        flow = self.current.get(number)
        if flow is not None:
            if flow.bundle is not None:
                flow.settle(self.env.now)
            self._over(flow, self.network.stop(flow))

    def _reweigh(self, number: int, weight: float) -> None:
        flow = self.current.get(number)
        if flow is not None and flow.tag == (number, 0):
            kind = flow.kind
            self.network.reweigh(flow, self.network.weighted(kind, weight))

    def run(self, each_update: Callable[[], None] = lambda: None) -> Outcome:
        """Play to the end, looking at the network after each event that left the sharing up to date."""
        while self.network.peek() < math.inf:
            self.network.run(most=1)
            if not self.network.update_planned:
                each_update()
        outcome = self.outcome
        payloads = self.network.payloads(self.current.values())
        for link in self.links:
            outcome.saturated[link.index] = sum(
                (end - begin for begin, end in self.network.saturated_intervals(link)), 0.0
            )
            outcome.peaks[link.index] = link.peak_flows
            outcome.carried[link.index] = payloads[link.index]
        for number, host in enumerate(self.hosts):
            (full,) = self.network.full_seconds([host])
            for place, capacity in enumerate(self.spec.hosts[number]):
                if capacity < math.inf:
                    outcome.saturated[number, place] = full[place]
                    outcome.peaks[number, place] = host.peaks[place]
        return outcome


def differences(spec: TyingNetwork) -> list[str]:
    """What the engine says otherwise than exact arithmetic, beyond `TOLERANCE`."""
    exact, got = play_exactly(spec), EnginePlay(spec).run()
    found: list[str] = []

    def compare(what: str, key: Hashable, right: Any, ours: Any) -> None:
        bounds = right if isinstance(right, Bounds) else Bounds(right, right)
        slack = TOLERANCE * max(1.0, abs(float(bounds.most)))
        if not float(bounds.least) - slack <= ours <= float(bounds.most) + slack:
            limits = " to ".join(f"{float(x)!r}" for x in dict.fromkeys((bounds.least, bounds.most)))
            found.append(f"{what} of {key}: {ours!r}, exactly {limits}")

    for what in ("ends", "bytes", "saturated", "peaks", "carried"):
        right: dict[Any, Any] = defaultdict(Fraction, getattr(exact, what))
        ours: dict[Any, Any] = getattr(got, what)
        if what in ("ends", "bytes"):
            found += [f"{what} of {key}: only one has it" for key in right.keys() ^ ours.keys()]
        for key in ours:
            if key in right or what not in ("ends", "bytes"):
                compare(what, key, right[key], ours[key])
    for flow, causes in got.spent.items():
        right = defaultdict(Bounds, exact.spent.get(flow, {}))
        for cause in causes.keys() | right.keys():
            compare("seconds", (flow, cause), right[cause], causes.get(cause, 0.0))
    return found
