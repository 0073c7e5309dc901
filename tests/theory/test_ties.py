"""Events that tie, against exact rational arithmetic: times, bytes, peaks, saturated times and causes within 1e-9.

A slice of what `make ties` plays; a case is drawn from its number alone.
"""

from __future__ import annotations

from typing import Any

import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from rolloutsim.network.fluid import FluidNetwork
from rolloutsim.scenario import loads
from rolloutsim.simulation import simulate
from tests.invariants.networks import TEXTBOOK, worst_rate
from tests.invariants.test_sharing import each_network
from tests.long import one_in
from tests.theory.ties import differences
from tests.theory.tying_networks import EnginePlay, tying_network

BATCH = 50
# Where a state that is left and entered at one instant is counted twice, 70 of the first 1,000 networks differ, and 8
# of the first 1,000 scenarios. So a third of these networks shows it all but surely; the scenarios are all needed.
NETWORKS = range(0, 600, BATCH)
SCENARIOS = range(0, 400, BATCH)


@pytest.mark.parametrize("first", one_in(3, NETWORKS))
def test_networks_that_tie_are_those_of_exact_arithmetic(first: int) -> None:
    found = {number: differences("networks", number) for number in range(first, first + BATCH)}
    assert {number: words for number, words in found.items() if words} == {}


@pytest.mark.parametrize("first", SCENARIOS)
def test_scenarios_that_tie_are_those_of_exact_arithmetic(first: int) -> None:
    found = {number: differences("scenarios", number) for number in range(first, first + BATCH)}
    assert {number: words for number, words in found.items() if words} == {}


@settings(each_network, max_examples=150)
@given(st.randoms(use_true_random=False))
def test_rates_equal_the_textbook_allocator_where_events_tie(random: Any) -> None:
    play = EnginePlay(tying_network(random))

    def compare() -> None:
        assert worst_rate(play.network, play.hosts) <= TEXTBOOK

    play.run(compare)


LEFT_AND_ENTERED = """\
rolloutsim: 1
model: ideal
nodes:
  branch-a: {count: 1, nic: 1 Gbit/s, via: [slow], pulls: [{image: tool}]}
  branch-b: {count: 1, nic: 1 Gbit/s, via: [slow], pulls: [{image: app}, {image: tool}]}
  centre: {count: 20, nic: 10 Gbit/s, pulls: [{image: app, at: 10 s}]}
network: {links: {slow: 500 Mbit/s}}
registry: 1 Gbit/s
images: {app: 100 MB, tool: 1 MB}
rollout: schedule
"""


def test_a_state_that_is_left_and_entered_at_one_instant_is_counted_once() -> None:
    # branch-b's tool and branch-a's end together, so that one host leaves a state as another enters it. From 10 s
    # on, 20 × 100 MB cross 125 MB/s: 16 s. By hand.
    (case,) = simulate(loads(LEFT_AND_ENTERED).resolve()).cases
    assert case.end == pytest.approx(26.0, rel=1e-9)
    links = case.shared_links
    carried = dict(zip(links.name, (links.bytes / (links.capacity * case.end)).tolist(), strict=True))
    assert carried["registry.uplink"] == pytest.approx(2102e6 / (125e6 * 26.0), rel=1e-9)


def test_a_weight_that_changes_as_its_flow_begins_counts() -> None:
    # 100 B/s in shares of 3 to 1, by hand: 75 B after 1 s.
    env = simpy.Environment()
    network = FluidNetwork(env)
    link = network.link("link", 100.0)
    even, heavy = (network.kind((link,), weight=weight) for weight in (1.0, 3.0))
    ends: dict[str, float] = {}

    def begin(name: str) -> Any:
        host = network.host(network.profile(()))
        return network.start(host, even, 75.0, lambda _: ends.update({name: env.now}), name)

    def both(_: object) -> None:
        begin("even")
        network.reweigh(begin("heavy"), heavy)

    network.call_later(0.0, both)
    network.run()
    assert ends == {"heavy": pytest.approx(1.0), "even": pytest.approx(1.5)}


def test_a_flow_that_was_cut_does_not_keep_the_clock_running() -> None:
    # 1 PB at 100 B/s would end after 10^13 s; it is cut at 1 s, and nothing else is going to happen.
    env = simpy.Environment()
    network = FluidNetwork(env)
    link = network.link("link", 100.0)
    flow = network.start(network.host(network.profile(())), network.kind((link,)), 1e15, lambda _: None)
    network.call_later(1.0, lambda _: network.stop(flow))
    network.run()
    assert env.now == 1.0
