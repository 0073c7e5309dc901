"""A sharing that contradicts itself ends the run: each guard against numbers that were made wrong on purpose."""

from __future__ import annotations

from collections.abc import Callable
from math import nan

import pytest
import simpy

from rolloutsim.network.fluid import FluidNetwork
from rolloutsim.network.guards import SharingFault, rounded_up
from rolloutsim.network.links import Kind, SharedLink
from rolloutsim.network.states import Flow


class Shared:
    """Four flows of 1,000 B on a link of 100 B/s, behind a NIC of 1,000 B/s each; something is done at 1 s."""

    def __init__(self, spoil: Callable[[Shared], None]) -> None:
        self.env = simpy.Environment()
        self.network = FluidNetwork(self.env)
        self.link: SharedLink = self.network.link("uplink", 100.0)
        self.wide: SharedLink = self.network.link("core", 1000.0)
        self.kind = self.network.kind((self.link, self.wide), ((0, 1.0),))
        self.elsewhere = self.network.kind((self.network.link("elsewhere", 100.0),))
        for _ in range(4):
            self.start(1000.0)
        self.network.call_later(1.0, lambda _: spoil(self))

    def start(self, size: float, kind: Kind | None = None) -> Flow:
        host = self.network.host(self.network.profile((1000.0,)))
        return self.network.start(host, kind or self.kind, size, lambda _: None)


def with_bound(bound: float) -> Callable[[Shared], None]:
    def spoil(shared: Shared) -> None:
        shared.wide.bound = bound
        shared.wide.constant = bound
        shared.start(10.0)

    return spoil


def with_rates(change: Callable[[float], float]) -> Callable[[Shared], None]:
    def spoil(shared: Shared) -> None:
        for state in shared.link.states:
            for bundle in state.bundles:
                assert bundle.clock is not None
                bundle.clock.rate = change(bundle.clock.rate)
                shared.network.sharing.look_again(bundle.clock)
        shared.start(10.0, shared.elsewhere)

    return spoil


def test_a_load_that_is_not_a_number_is_a_defect() -> None:
    with pytest.raises(SharingFault, match=r"^core: its load is not a number at 1 s$"):
        Shared(with_bound(nan)).network.run()


def test_a_capacity_that_is_not_a_number_is_refused() -> None:
    shared = Shared(lambda shared: shared.network.set_capacity(shared.link, nan))
    with pytest.raises(ValueError, match=r"^uplink: a capacity is between 0 and the nominal 100 B/s$"):
        shared.network.run()


@pytest.mark.parametrize("rate", [nan, -5.0])
def test_a_rate_that_is_none_is_a_defect(rate: float) -> None:
    shared = Shared(with_rates(lambda _: rate))
    with pytest.raises(SharingFault, match=rf"^a flow has a rate of {rate:g} B/s at 1 s$"):
        shared.network.run()


def test_a_load_above_a_capacity_is_a_defect_at_the_end_at_the_latest() -> None:
    shared = Shared(with_rates(lambda rate: 2.0 * rate))
    shared.network.wait(2.0)
    with pytest.raises(SharingFault, match=r"^uplink: 200 B/s over a capacity of 100 B/s at 2 s$"):
        shared.network.audit()


def test_a_load_above_a_capacity_is_a_defect_while_the_run_goes_on() -> None:
    # Small flows come and go elsewhere, each an update of the sharing; all loads are summed up now and then.
    shared = Shared(with_rates(lambda rate: 2.0 * rate))
    for i in range(1000):
        shared.network.call_later(1.0 + i * 1e-3, lambda _: shared.start(0.05, shared.elsewhere))
    with pytest.raises(SharingFault, match=r"^uplink: 200 B/s over a capacity of 100 B/s at 1\.[0-9]+ s$"):
        shared.network.run()


def test_more_bytes_than_a_link_could_carry_are_a_defect() -> None:
    shared = Shared(lambda shared: None)
    shared.network.run()
    shared.network.audit()
    shared.network.carried[shared.kind.index] += 1e3
    with pytest.raises(SharingFault, match=r"^uplink: carried 5000 B where 4000 B are possible until 40 s$"):
        shared.network.audit()


def test_what_a_capacity_was_counts_for_the_bytes() -> None:
    # 100 B/s until 1 s, half of it from then on: 4,000 B take 1 + 3,900 / 50 = 79 s, and no more than that.
    shared = Shared(lambda shared: shared.network.degrade(shared.link, 0.5))
    shared.network.run()
    assert shared.env.now == pytest.approx(79.0)
    shared.network.audit()
    shared.network.carried[shared.kind.index] += 10.0
    with pytest.raises(SharingFault, match=r"^uplink: carried 4010 B where 4000 B are possible until 79 s$"):
        shared.network.audit()


def test_what_is_cut_of_a_large_transfer_is_known_to_the_last_digits_of_its_size() -> None:
    # 1e15 B at 100 B/s, cut after 1 s: that 100 B are missing of 1e15 is known to an eighth of a byte.
    shared = Shared(lambda shared: None)
    flow = shared.start(1e15, shared.kind)
    shared.network.call_later(1.0, lambda _: shared.network.stop(flow))
    shared.network.wait(1.0)
    shared.network.carried[shared.kind.index] += 0.125
    shared.network.audit()
    # Beyond the digits that roundings are allowed (1e-12 of the size) it is a defect still.
    shared.network.carried[shared.kind.index] += 2e3
    with pytest.raises(SharingFault, match=r"^uplink: carried [0-9.]+ B where 100 B are possible until 1 s$"):
        shared.network.audit()


def test_states_that_are_counted_twice_are_a_defect() -> None:
    def spoil(shared: Shared) -> None:
        shared.link.followers += 1

    shared = Shared(spoil)
    with pytest.raises(SharingFault, match=r"^uplink: no flow crosses it, and yet some are counted$"):
        shared.network.run()


def test_only_rounding_is_rounded_up() -> None:
    assert rounded_up(-1e-8, 100.0) == 0.0
    assert rounded_up(-1e-3, 100.0) == -1e-3
    assert rounded_up(nan, 100.0) != rounded_up(nan, 100.0)
