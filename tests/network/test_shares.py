"""Flows of which only a share of the bytes crosses a link."""

from __future__ import annotations

import pytest
import simpy

from rolloutsim.network.fluid import FluidNetwork
from rolloutsim.network.states import Flow


def test_a_link_is_full_of_shares_of_equal_rates() -> None:
    """Oracle: x/4 + x/2 + x = 70 B/s on the uplink, so 40 B/s each; of 400 B it carries 100, 200 and 400."""
    network = FluidNetwork(simpy.Environment())
    uplink, core = network.link("uplink", 70.0), network.link("core", 1000.0)
    ends: list[float] = []
    for share in (0.25, 0.5, 1.0):
        kind = network.kind((uplink, core), ((0, 1.0),), shares=(share, 1.0))
        network.start(network.host(network.profile((200.0,))), kind, 400.0, lambda _: ends.append(network.env.now))
    network.run()
    network.audit()
    assert ends == [10.0] * 3
    assert network.payloads([]) == [700.0, 1200.0]
    assert network.saturated_intervals(uplink) == [(0.0, 10.0)]
    assert not network.saturated_intervals(core)


def test_what_is_in_flight_counts_with_its_share() -> None:
    network = FluidNetwork(simpy.Environment())
    kind = network.kind((network.link("uplink", 50.0),), shares=(0.5,))
    flow = network.start(network.host(network.profile(())), kind, 1000.0, lambda _: None)
    network.wait(3.0)
    assert network.rate(flow) == 100.0
    assert network.received(flow) == 300.0
    assert network.payloads([flow]) == [150.0]
    network.audit()


def test_another_weight_leaves_the_shares() -> None:
    network = FluidNetwork(simpy.Environment())
    kind = network.kind((network.link("uplink", 50.0),), shares=(0.5,))
    assert network.weighted(kind, 2.0).shares == (0.5,)
    assert network.weighted(network.weighted(kind, 2.0), 1.0) is kind


def test_the_kind_of_flows_that_cross_with_all_of_their_bytes_is_one() -> None:
    network = FluidNetwork(simpy.Environment())
    links = (network.link("a", 1.0), network.link("b", 1.0))
    assert network.kind(links) is network.kind(links, shares=(1.0, 1.0))
    assert network.kind(links) is not network.kind(links, shares=(1.0, 0.5))


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ((0.0,), "a: a share 0 of a flow's bytes: it is 1e-06 to 1; leave out a link that none of them crosses"),
        ((1.5,), "a: a share 1.5 of a flow's bytes: it is 1e-06 to 1; leave out a link that none of them crosses"),
        ((float("nan"),), "a: a share nan of a flow's bytes: .*"),
        ((0.5, 0.5), "2 shares of a flow over 1 links: there is one for each"),
    ],
)
def test_shares_that_are_none_are_refused(shares: tuple[float, ...], words: str) -> None:
    network = FluidNetwork(simpy.Environment())
    with pytest.raises(ValueError, match=f"^{words}$"):
        network.kind((network.link("a", 1.0),), shares=shares)


def test_the_least_share_of_the_least_weight_binds() -> None:
    """A million times the rate, of which a millionth crosses the link."""
    network = FluidNetwork(simpy.Environment())
    kind = network.kind((network.link("a", 1.0),), weight=0.01, shares=(1e-6,))
    ends: list[Flow] = []
    network.start(network.host(network.profile(())), kind, 5e6, ends.append)
    network.run()
    assert network.env.now == pytest.approx(5.0)
