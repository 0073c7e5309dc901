"""Flows whose weights change on their way: the sharing stays that of the textbook allocator, and no byte is lost."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from typing import Any

import simpy
from hypothesis import given, settings

from rolloutsim.network.fluid import FluidNetwork

from .networks import TEXTBOOK, Played, crossed, play, specs, worst_rate
from .test_sharing import each_network

WEIGHTS = (0.25, 1.0, 1.0, 3.0)
CHANGES = 40  # at most so many in one play


class _Shaker:
    """Changes the weights of a few flows after each event; the same ones for the same network."""

    def __init__(self) -> None:
        self.random = random.Random(7)
        self.left = CHANGES

    def shake(self, played: Played) -> None:
        flows = [flow for host in played.hosts for flow in host.flows]
        for flow in self.random.sample(flows, min(len(flows), self.left, 2)):
            played.network.reweigh(flow, played.network.weighted(flow.kind, self.random.choice(WEIGHTS)))
            self.left -= 1


@settings(each_network, max_examples=150)
@given(specs())
def test_rates_equal_the_textbook_allocator_while_weights_change(spec: dict[str, Any]) -> None:
    shaker = _Shaker()

    def compare(played: Played) -> None:
        assert worst_rate(played.network, played.hosts) <= TEXTBOOK
        shaker.shake(played)

    assert play(spec, compare).updates


@settings(each_network, max_examples=150)
@given(specs())
def test_bytes_are_conserved_while_weights_change(spec: dict[str, Any]) -> None:
    """Rates integrated over time by the test itself give each flow its size when it finishes."""
    moved: dict[int, float] = defaultdict(float)
    rates: dict[int, tuple[Any, float]] = {}
    last = [0.0]
    shaker = _Shaker()

    def integrate(played: Played) -> None:
        now = played.network.env.now
        for key, (_, rate) in rates.items():
            moved[key] += rate * (now - last[0])
        last[0] = now
        rates.clear()
        for host in played.hosts:
            for flow in host.flows:
                rates[id(flow)] = (flow, played.network.rate(flow))
        shaker.shake(played)

    played = play(spec, integrate)
    assert len(played.finished) == sum(1 + repeats for *_, repeats in spec["arrivals"])
    for flow, _ in played.finished:
        assert math.isclose(moved[id(flow)], flow.size, rel_tol=1e-9, abs_tol=1e-6)
    for link in played.network.links:
        assert math.isclose(played.network.payloads(())[link.index], crossed(link, played), rel_tol=1e-12)


def test_two_flows_of_a_host_that_exchange_their_weights_exchange_their_rates() -> None:
    """Oracle: 100 B/s in shares of 1 to 3; after 1 s they have 25 and 75 B, and go on with 75 and 25 B/s."""
    env = simpy.Environment()
    network = FluidNetwork(env)
    link = network.link("link", 100.0)
    light, heavy = (network.kind((link,), weight=weight) for weight in (1.0, 3.0))
    host = network.host(network.profile(()))
    ends = {}
    first, second = (
        network.start(host, kind, 100.0, lambda flow: ends.update({flow.tag: env.now}), tag)
        for kind, tag in ((light, "first"), (heavy, "second"))
    )

    def exchange(_: object) -> None:
        network.reweigh(first, heavy)
        network.reweigh(second, light)

    network.call_later(1.0, exchange)
    network.run()
    assert ends == {"first": 2.0, "second": 2.0}


def test_flows_that_are_reweighed_together_go_on_as_if_one_by_one() -> None:
    """Oracle: the same with a call for each; beside them are flows of the host's own that stay, and another host's."""
    ends: list[list[tuple[int, float]]] = []
    for together in (False, True):
        env = simpy.Environment()
        network = FluidNetwork(env)
        link, side = network.link("link", 100.0), network.link("side", 20.0)
        kind, own = network.kind((link,)), network.kind((link, side))
        found: list[tuple[int, float]] = []
        hosts = [network.host(network.profile(())) for _ in range(2)]

        def ended(flow: Any, found: Any = found, env: Any = env) -> None:
            found.append((flow.tag, env.now))

        alike = [network.start(hosts[0], kind, 50.0 + 10.0 * number, ended, number) for number in range(5)]
        for number, host in enumerate(hosts, 5):
            network.start(host, own, 40.0, ended, number)

        def weigh(weight: float, alike: Any = alike, network: Any = network, together: bool = together) -> None:
            here = [flow for flow in alike if flow.bundle is not None]
            weighted = network.weighted(here[0].kind, weight)
            if together:
                network.reweigh_all(here, weighted)
            else:
                for flow in here:
                    network.reweigh(flow, weighted)

        for time, weight in ((1.0, 3.0), (2.0, 3.0), (3.0, 0.25), (4.0, 1.0)):
            network.call_later(time, weigh, weight)
        network.reweigh_all([], own)
        network.run()
        ends.append(found)
    assert len(ends[0]) == 7
    assert ends[0] == ends[1]


def test_a_flow_that_has_ended_keeps_its_weight() -> None:
    env = simpy.Environment()
    network = FluidNetwork(env)
    link = network.link("link", 100.0)
    kind, other = (network.kind((link,), weight=weight) for weight in (1.0, 3.0))
    flow = network.start(network.host(network.profile(())), kind, 100.0, lambda _: None)
    network.run()
    network.reweigh(flow, other)
    assert (flow.kind, network.peek()) == (kind, math.inf)
