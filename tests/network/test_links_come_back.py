"""Links that carried nothing and carry something again, one after the other."""

from __future__ import annotations

import pytest
import simpy

from rolloutsim.network.fluid import FluidNetwork
from rolloutsim.network.states import Flow

from ..invariants.networks import TEXTBOOK, worst_rate


@pytest.mark.parametrize("before", [1, 2, 3, 7])
@pytest.mark.parametrize("nic", [28244473.3420026, 100.0, 0.1])
@pytest.mark.parametrize("several", [1, 2])
def test_a_level_of_none_is_left_where_the_others_fill_a_nic(before: int, nic: float, several: int) -> None:
    """The flows over some links fill the NIC of their host to its edge when a link that carried nothing comes back."""
    network = FluidNetwork(simpy.Environment())
    links = [network.link(f"l{number}", 10 * nic) for number in range(before + 1)]
    hosts = [network.host(network.profile((nic,))) for _ in range(several)]
    ends: list[Flow] = []
    for link in links:
        for host in hosts:
            network.start(host, network.kind((link,), ((0, 1.0),)), 100 * nic, ends.append)
        network.set_capacity(link, 0.0)
    network.wait(1.0)
    for link in links[:-1]:
        network.set_capacity(link, several * nic / before)
    network.wait(2.0)
    network.set_capacity(links[-1], several * nic / (before + 1))
    network.wait(3.0)
    network.audit()
    assert worst_rate(network, hosts) <= TEXTBOOK
    network.run()
    assert len(ends) == len(links) * several
