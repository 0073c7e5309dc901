"""Links that are made while flows move: they carry bytes from then on, and change nothing before."""

from __future__ import annotations

import pytest
import simpy

from rolloutsim.network.fluid import FluidNetwork
from rolloutsim.network.guards import SharingFault
from rolloutsim.network.links import SharedLink
from rolloutsim.network.states import Flow
from tests.benchmarks.peers import NIC, RollingUpdate

HOSTS = 60


@pytest.mark.parametrize("racks", [False, True])
def test_links_made_on_demand_give_the_times_and_bytes_of_links_made_before(racks: bool) -> None:
    late, early = RollingUpdate(HOSTS, layers=True, racks=racks), RollingUpdate(HOSTS, layers=True, racks=racks)
    events = late.run()
    early.out = {holder: early.network.link(link.name, NIC) for holder, link in late.out.items()}
    assert early.run() == events
    assert early.finished == late.finished
    assert early.network.payloads([]) == late.network.payloads([])
    assert [link.peak_flows for link in early.network.links] == [link.peak_flows for link in late.network.links]
    assert [link.intervals for link in early.network.links] == [link.intervals for link in late.network.links]


class Lately:
    """A flow of 300 B over a link of 30 B/s that is made at 10 s, while another moves that nothing but a NIC limits."""

    def __init__(self) -> None:
        self.env = simpy.Environment()
        self.network = FluidNetwork(self.env)
        self.host = self.network.host(self.network.profile((100.0,)))
        self.ends: list[float] = []
        self.network.start(self.host, self.network.kind((), ((0, 1.0),)), 1250.0, self._done)
        self.network.call_later(10.0, self._begin)

    def _begin(self, _: object) -> None:
        self.link: SharedLink = self.network.link("node.nic.out", 30.0)
        self.kind = self.network.kind((self.link,), ((0, 1.0),))
        self.network.start(self.host, self.kind, 300.0, self._done)

    def _done(self, flow: Flow) -> None:
        self.ends.append(self.env.now)


def test_a_link_binds_from_the_moment_on_at_which_it_is_made() -> None:
    lately = Lately()
    lately.network.run()
    lately.network.audit()
    # 1,000 B until 10 s; then 70 B/s beside the 30 B/s of the link.
    assert lately.ends == pytest.approx([10.0 + 250.0 / 70.0, 20.0])
    assert lately.network.saturated_intervals(lately.link) == [(10.0, 20.0)]
    assert lately.network.payloads([]) == [300.0]


def test_what_a_link_could_have_carried_counts_from_then_on() -> None:
    lately = Lately()
    lately.network.run()
    lately.network.carried[lately.kind.index] += 10.0
    with pytest.raises(SharingFault, match=r"^node.nic.out: carried 310 B where 300 B are possible until 20 s$"):
        lately.network.audit()
