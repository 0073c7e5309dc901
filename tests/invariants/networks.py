"""Random networks for the tests: links, hosts with private links, kinds of flows, arrivals over time.

Capacities, caps and sizes span six orders of magnitude; round numbers are frequent, so that ties are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import simpy
from hypothesis import strategies as st

from rolloutsim.network.fluid import FluidNetwork
from rolloutsim.network.links import SharedLink
from rolloutsim.network.maxmin import Demand, max_min_fair
from rolloutsim.network.states import Flow, Host

CAPACITIES = st.one_of(st.sampled_from([1.0, 2.0, 5.0, 10.0, 100.0]), st.floats(0, 6).map(lambda x: 10.0**x))
SIZES = st.one_of(st.sampled_from([10.0, 20.0]), st.floats(1, 100))
# Relative error of rates: a few hundred roundings of sums over at most some hundred flows.
TEXTBOOK = 1e-9
SHARES = st.sampled_from([1.0, 1.0, 1.0, 0.5, 0.9, 0.03])  # of a flow's bytes that cross a link
TIMES = st.one_of(st.sampled_from([0.0, 1.0, 2.0]), st.floats(0, 5))


@dataclass
class Played:
    """A random network after it was played to its end."""

    network: FluidNetwork
    hosts: list[Host]
    finished: list[tuple[Flow, float]] = field(default_factory=list)
    updates: int = 0


@st.composite
def specs(draw: st.DrawFn) -> dict[str, Any]:
    """What a random network consists of and which flows arrive when."""
    links = draw(st.lists(CAPACITIES, min_size=1, max_size=12))
    kinds = []
    for _ in range(draw(st.integers(1, 5))):
        path = draw(st.lists(st.integers(0, len(links) - 1), max_size=3, unique=True))
        usage = draw(st.lists(st.integers(0, 1), max_size=2, unique=True))
        per_rate = [draw(st.sampled_from([1.0, 1.0, 0.5, 2.67])) for _ in usage]
        cap = draw(st.one_of(st.none(), CAPACITIES)) if path else draw(CAPACITIES)
        weight = draw(st.sampled_from([1.0, 1.0, 1.0, 2.0, 0.3]))
        shares = [draw(SHARES) for _ in path]
        kinds.append((path, list(zip(usage, per_rate, strict=True)), cap, weight, shares))
    profiles = draw(st.lists(st.tuples(*[st.one_of(st.just(math.inf), CAPACITIES)] * 2), min_size=1, max_size=3))
    arrivals = draw(
        st.lists(
            st.tuples(st.integers(0, 7), st.integers(0, len(kinds) - 1), SIZES, TIMES, st.integers(0, 2)),
            min_size=1,
            max_size=25,
        )
    )
    return {"links": links, "kinds": kinds, "profiles": profiles, "arrivals": arrivals}


@st.composite
def racked_specs(draw: st.DrawFn) -> dict[str, Any]:
    """Eight hosts' worth of flows through up to 20 racks behind one uplink: the racks bind, or it, or both."""
    racks = draw(st.integers(9, 20))
    links = [draw(st.floats(10, 300)), *draw(st.lists(st.floats(1, 60), min_size=racks, max_size=racks))]
    kinds = [([0, r], [(0, 1.0)], None, 1.0, [1.0, draw(SHARES)]) for r in range(1, racks + 1)]
    profiles = [(draw(st.sampled_from([3.0, 10.0, 25.0])), math.inf) for _ in range(3)]
    arrivals = draw(
        st.lists(
            st.tuples(st.integers(0, 39), st.integers(0, racks - 1), SIZES, TIMES, st.integers(0, 2)),
            min_size=20,
            max_size=60,
        )
    )
    # A host is in one rack: its number decides, not the draw.
    arrivals = [(host, host % racks, size, at, repeats) for host, _, size, at, repeats in arrivals]
    return {"links": links, "kinds": kinds, "profiles": profiles, "arrivals": arrivals, "hosts": 40}


@st.composite
def shaped_specs(draw: st.DrawFn) -> dict[str, Any]:
    """Networks in which several tiers bind at once: what nodes do not share, and what they fetch at the same time.

    One to three sources (registries, or replicas of one); behind them rooms, racks and a link of each host's own, each
    tier present or not, which bind here and not there; hosts that fetch from several sources at once, and from each
    other over links that are uplinks of single hosts; NICs that are all different; disks, with coefficients.
    """
    sources = draw(st.integers(1, 3))
    hosts = draw(st.integers(3, 14))
    links = [draw(st.floats(5, 120)) for _ in range(sources)]

    def tier(number: int, least: float, most: float) -> list[int]:
        first = len(links)
        links.extend(draw(st.one_of(st.sampled_from([10.0, 20.0]), st.floats(least, most))) for _ in range(number))
        return list(range(first, len(links)))

    rooms = tier(draw(st.integers(0, 2)), 10, 100)
    racks = tier(draw(st.sampled_from([0, 2, 3, hosts])), 4, 60)
    own = tier(draw(st.sampled_from([0, hosts])), 1, 30)
    uplinks = tier(draw(st.sampled_from([0, 0, hosts])), 1, 30)
    weights = draw(st.sampled_from([[1.0], [1.0], [1.0, 0.4, 2.5]]))
    kinds: list[Any] = []
    kinds_of: list[list[int]] = []
    for host in range(hosts):
        near = [tier_links[host % len(tier_links)] for tier_links in (rooms, racks, own) if tier_links]
        starts = list(range(sources)) + [uplinks[(host + step) % hosts] for step in (1, 3) if uplinks]
        mine = []
        for start in draw(st.lists(st.sampled_from(starts), min_size=1, max_size=3, unique=True)):
            mine.append(len(kinds))
            weight = draw(st.sampled_from(weights))
            cap = draw(st.sampled_from([None, None, None, 3.0]))
            kinds.append(([start, *near], [(0, 1.0)], cap, weight, [draw(SHARES) for _ in [start, *near]]))
        if draw(st.booleans()):
            mine.append(len(kinds))  # its own traffic, on the link nearest to it
            kinds.append((near[-1:] or [0], [(0, 1.0)], None, 1.0, [1.0]))
        if draw(st.booleans()):
            mine.append(len(kinds))  # an unpack, which shares a disk with what is written
            kinds.append(([], [(0, 0.5), (1, 1.0)], 50.0, 1.0, []))
        kinds_of.append(mine)
    nic = draw(st.sampled_from([5.0, 20.0, math.inf]))
    is_own = draw(st.booleans())
    profiles = [(nic + (host if is_own else 0.0), draw(st.sampled_from([math.inf, 15.0]))) for host in range(hosts)]
    arrivals = []
    for _ in range(draw(st.integers(10, 45))):
        host = draw(st.integers(0, hosts - 1))
        kind = draw(st.sampled_from(kinds_of[host]))
        arrivals.append((host, kind, draw(SIZES), draw(TIMES), draw(st.integers(0, 2))))
    return {"links": links, "kinds": kinds, "profiles": profiles, "arrivals": arrivals, "hosts": hosts}


def play(spec: dict[str, Any], each_update: Callable[[Played], None], start: float = 0.0) -> Played:
    """Play a network to its end, looking at it after each event that left the sharing up to date."""
    env = simpy.Environment(start)
    network = FluidNetwork(env)
    links = [network.link(f"link {i}", capacity) for i, capacity in enumerate(spec["links"])]
    kinds = [
        network.kind(
            tuple(links[i] for i in path), tuple(usage), math.inf if cap is None else cap, weight, shares=tuple(shares)
        )
        for path, usage, cap, weight, shares in spec["kinds"]
    ]
    profiles = [network.profile(capacities) for capacities in spec["profiles"]]
    hosts = [network.host(profiles[i % len(profiles)]) for i in range(spec.get("hosts", 8))]
    played = Played(network, hosts)

    def done(flow: Flow) -> None:
        played.finished.append((flow, env.now))
        if flow.tag:
            network.start(flow.host, flow.kind, flow.size, done, flow.tag - 1)

    def arrive(arrival: tuple[int, int, float, float, int]) -> None:
        host, kind, size, _, repeats = arrival
        network.start(hosts[host], kinds[kind], size, done, repeats)

    for arrival in spec["arrivals"]:
        network.call_later(arrival[3], arrive, arrival)
    while network.peek() < math.inf:
        network.run(most=1)
        # What `each_update` changes calls for an update of its own.
        look = not network.update_planned
        while look:
            played.updates += 1
            each_update(played)
            look = network.update_planned
            network.run(most=0)
    return played


def textbook(network: FluidNetwork, hosts: list[Host]) -> list[tuple[Flow, float, Any, list[Any]]]:
    """Each flow in flight with its rate and bottleneck by the textbook allocator, and the links it uses."""
    capacities: dict[Any, float] = {link.name: link.capacity for link in network.links}
    demands, flows = [], []
    for number, host in enumerate(hosts):
        limited = {p: c for p, c in enumerate(host.profile.capacities) if c < math.inf}
        capacities.update({(number, p): c for p, c in limited.items()})
        for flow in host.flows:
            usage: dict[Any, float] = {
                link.name: share for link, share in zip(flow.kind.links, flow.kind.shares, strict=True)
            }
            usage.update({(number, p): per_rate for p, per_rate in flow.kind.usage if p in limited})
            cap = None if flow.kind.cap == math.inf else flow.kind.cap
            demands.append(Demand(usage, cap, flow.kind.weight))
            flows.append(flow)
    allocation = max_min_fair(capacities, demands)
    return [
        (flow, rate, link, list(demand.usage.items()))
        for flow, rate, link, demand in zip(flows, allocation.rates, allocation.bottlenecks, demands, strict=True)
    ]


def crossed(link: SharedLink, played: Played) -> float:
    """The bytes of finished flows that crossed a link."""
    return sum(
        flow.size * flow.kind.shares[flow.kind.links.index(link)]
        for flow, _ in played.finished
        if link in flow.kind.links
    )


def worst_rate(network: FluidNetwork, hosts: list[Host]) -> float:
    """How far (relative) a rate is from the textbook allocator's at the most."""
    return worst_of(network, textbook(network, hosts))


def worst_of(network: FluidNetwork, flows: list[tuple[Flow, float, Any, list[Any]]]) -> float:
    """How far (relative) a rate is at the most from that of `textbook`."""
    pairs = [(network.rate(flow), rate) for flow, rate, _, _ in flows]
    return max((abs(got - rate) / max(rate, TEXTBOOK) for got, rate in pairs), default=0.0)
