"""What a network leaves in memory while it runs: the collector of circles is off then."""

from __future__ import annotations

import gc

import simpy

from rolloutsim.network import filling, fluid
from rolloutsim.network.fluid import FluidNetwork

HOSTS = 20


def two_tiers() -> FluidNetwork:
    """Hosts with NICs of their own, each with a long flow over one of two full links, and one over both."""
    network = FluidNetwork(simpy.Environment())
    first, second = network.link("first", 100.0), network.link("second", 150.0)
    kinds = [network.kind(links, ((0, 1.0),)) for links in ((first,), (second,), (first, second))]
    for number in range(HOSTS):
        host = network.host(network.profile((20.0 + number,)))
        for kind in (kinds[number % 2], kinds[2]):
            network.start(host, kind, 1e9 * (1 + number), lambda _: None)
    return network


def test_filling_from_nothing_leaves_no_circles() -> None:
    network = two_tiers()
    network.wait(1.0)
    gc.collect()
    gc.disable()
    try:
        assert len(filling.levels(network.sharing.populated)) == 2
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_the_calendar_holds_few_entries_more_than_there_are_clocks() -> None:
    """Capacities that go up and down change the end of all flows each time; what was planned before is stale."""
    network = two_tiers()
    link = network.links[0]
    longest = 0
    for step in range(4000):
        network.wait(1.0 + step)
        network.set_capacity(link, 99.0 - step % 7 * 7.0)
        longest = max(longest, len(network._calendar))
    assert longest <= fluid.FEWEST_ENTRIES + 4 * HOSTS
    assert network._orders > 5 * fluid.FEWEST_ENTRIES
