"""Flows in time on closed forms. Error bound 1e-9 relative unless said: a few roundings of doubles."""

from __future__ import annotations

from math import inf

import pytest
import simpy

from rolloutsim.network.fluid import FluidNetwork
from rolloutsim.network.states import Flow

MB = 1e6


class Bench:
    """A network with helpers to start flows and note when they end."""

    def __init__(self, start: float = 0.0) -> None:
        self.env = simpy.Environment(start)
        self.network = FluidNetwork(self.env)
        self.ends: dict[str, float] = {}

    def flow(self, name: str, size: float, *links: object, nic: float = inf, at: float = 0.0, **kind: float) -> None:
        usage = ((0, 1.0),) if nic < inf else ()
        host = self.network.host(self.network.profile((nic,)))
        of_kind = self.network.kind(tuple(links), usage, **kind)  # type: ignore[arg-type]

        def start(_: object) -> None:
            self.network.start(host, of_kind, size, done)

        def done(_: Flow) -> None:
            self.ends[name] = self.env.now

        self.network.call_later(at, start)


@pytest.mark.parametrize("start", [0.0, 86_400.0, 1.7e9])
def test_n_equal_flows_share_an_uplink_whatever_the_clock_shows(start: float) -> None:
    # 20 × 346 MB over 125 MB/s: 55.36 s. The clock's own resolution at 1.7e9 s is 2.4e-7 s.
    bench = Bench(start)
    uplink = bench.network.link("uplink", 125 * MB)
    for i in range(20):
        bench.flow(str(i), 346 * MB, uplink)
    bench.network.run()
    assert [end - start for end in bench.ends.values()] == pytest.approx([55.36] * 20, abs=1e-6)


@pytest.mark.parametrize("start", [86_400.0, 1.7e9])
def test_tiny_flows_late_on_the_clock_do_not_livelock(start: float) -> None:
    # 1 B at 12.5 GB/s lasts 8e-11 s, less than a step of the clock.
    bench = Bench(start)
    uplink = bench.network.link("uplink", 12_500 * MB)
    for i in range(50):
        bench.flow(str(i), 1.0 + i / 7, uplink, at=i * 1e-9)
    events = 0
    while bench.network.peek() < inf:
        bench.network.run(most=1)
        events += 1
    assert len(bench.ends) == 50
    assert events <= 4 * 50


def test_ties_are_one_event() -> None:
    # 40 starts, and one completion of all: not one per flow.
    bench = Bench()
    uplink = bench.network.link("uplink", 125 * MB)
    for i in range(40):
        bench.flow(str(i), 10 * MB, uplink, nic=50 * MB)
    steps = 0
    while bench.network.peek() < inf:
        bench.network.run(most=1)
        steps += 1
    assert list(bench.ends.values()) == pytest.approx([3.2] * 40)
    assert steps == 40 + 1


def test_capacity_is_redistributed_and_not_divided_link_by_link() -> None:
    # NICs of 10 and 1000 MB/s, registry 100 MB/s, 100 MB each: the fast node ends after 100/90 s.
    bench = Bench()
    registry = bench.network.link("registry", 100 * MB)
    bench.flow("slow", 100 * MB, registry, nic=10 * MB)
    bench.flow("fast", 100 * MB, registry, nic=1000 * MB)
    bench.network.run()
    assert bench.ends == {"fast": pytest.approx(100 / 90), "slow": pytest.approx(10.0)}


def test_a_flow_that_arrives_takes_its_share_and_leaves_it() -> None:
    # A alone for 1 s (100 of 300 MB), shared until B's 100 MB are through (2 s), alone again for 1 s.
    bench = Bench()
    uplink = bench.network.link("uplink", 100 * MB)
    bench.flow("A", 300 * MB, uplink)
    bench.flow("B", 100 * MB, uplink, at=1.0)
    bench.network.run()
    assert bench.ends == {"B": pytest.approx(3.0), "A": pytest.approx(4.0)}
    assert uplink.peak_flows == 2
    assert bench.network.saturated_intervals(uplink) == [(0.0, pytest.approx(4.0))]


def test_two_hundred_racks_behind_one_uplink() -> None:
    # More links than any one of them is followed by: 200 racks of 3 nodes, 60 MB each.
    # Racks of 1 MB/s hold three nodes at 1/3 MB/s (180 s); the first rack of 0.1 MB/s binds below that.
    bench = Bench()
    uplink = bench.network.link("uplink", 1000 * MB)
    for r in range(200):
        rack = bench.network.link(f"rack {r}", (0.1 if r == 0 else 1.0) * MB)
        for i in range(3):
            bench.flow(f"{r}-{i}", 60 * MB, uplink, rack, nic=10 * MB)
    bench.network.run()
    assert [bench.ends[f"0-{i}"] for i in range(3)] == pytest.approx([1800.0] * 3)
    others = [bench.ends[f"{r}-{i}"] for r in range(1, 200) for i in range(3)]
    assert others == pytest.approx([180.0] * 597)
    assert bench.network.saturated_intervals(uplink) == []


def test_an_uplink_that_binds_over_many_racks_until_one_of_them_does() -> None:
    # 100 MB/s over 20 racks of 2 nodes: 2.5 MB/s each, racks (30 MB/s) idle along. At 10 s 12 more nodes ask
    # in rack 0, 10 MB each: 52 flows share 100 MB/s, 1.923 each, 14 in rack 0 take 26.9 of its 30 MB/s.
    bench = Bench()
    uplink = bench.network.link("uplink", 100 * MB)
    racks = [bench.network.link(f"rack {r}", 30 * MB) for r in range(20)]
    for r, rack in enumerate(racks):
        for i in range(2):
            bench.flow(f"{r}-{i}", 100 * MB if r == 0 else 45 * MB, uplink, rack)
    for i in range(12):
        bench.flow(f"late {i}", 10 * MB, uplink, racks[0], at=10.0)
    bench.network.run()
    # From 10 s: late flows need 10 MB at 100/52: 5.2 s. The others then have 45 - 25 - 10 = 10 MB left, at
    # 100/40 MB/s: until 19.2 s. Two remain in rack 0, with 100 - 25 - 10 - 10 MB left, at 30/2 MB/s each.
    assert bench.ends["late 0"] == pytest.approx(15.2)
    assert bench.ends["5-0"] == pytest.approx(19.2)
    assert bench.ends["0-0"] == pytest.approx(19.2 + (100 - 25 - 10 - 10) / 15)
    assert bench.network.saturated_intervals(racks[0]) == [(pytest.approx(19.2), pytest.approx(19.2 + 55 / 15))]


def test_changing_a_capacity_changes_the_rates_from_then_on() -> None:
    bench = Bench()
    uplink = bench.network.link("uplink", 100 * MB)
    bench.flow("A", 300 * MB, uplink)
    bench.network.call_later(1.0, lambda _: bench.network.set_capacity(uplink, 0.0))
    bench.network.call_later(5.0, lambda _: bench.network.set_capacity(uplink, 50 * MB))
    bench.network.run()
    assert bench.ends == {"A": pytest.approx(9.0)}


def test_a_capacity_above_the_nominal_one_is_refused() -> None:
    bench = Bench()
    uplink = bench.network.link("uplink", 100.0)
    message = "^uplink: a capacity is between 0 and the nominal 100 B/s$"
    with pytest.raises(ValueError, match=message):
        bench.network.set_capacity(uplink, 101.0)


def test_stopping_a_flow_returns_what_it_had_received() -> None:
    bench = Bench()
    uplink = bench.network.link("uplink", 100.0)
    host = bench.network.host(bench.network.profile(()))
    flow = bench.network.start(host, bench.network.kind((uplink,)), 1000.0, lambda _: None)
    received = []
    bench.network.call_later(3.0, lambda _: received.append(bench.network.stop(flow)))
    bench.network.run()
    assert received == [pytest.approx(300.0)]
    assert bench.network.payloads(())[uplink.index] == pytest.approx(300.0)


def test_a_mean_sojourn_time_of_a_processor_sharing_queue() -> None:
    """M/M/1-PS: mean sojourn 1/(mu - lambda); Kleinrock, *Queueing Systems* II, 4.4.

    20,000 arrivals at load 0.5. The mean of so many has a standard error of about 1.5 % here; the seed is
    fixed and the bound is 5 %.
    """
    import numpy as np

    rng = np.random.default_rng(7)
    bench = Bench()
    uplink = bench.network.link("uplink", 1.0)
    starts = np.cumsum(rng.exponential(2.0, 20_000))
    for i, (at, size) in enumerate(zip(starts, rng.exponential(1.0, 20_000), strict=True)):
        bench.flow(str(i), float(size), uplink, at=float(at))
    bench.network.run()
    sojourn = np.array([bench.ends[str(i)] for i in range(20_000)]) - starts
    assert sojourn.mean() == pytest.approx(1 / (1 - 0.5), rel=0.05)


def test_a_flow_without_an_end_receives_its_share_until_it_is_cut() -> None:
    # Alone on 100 B/s for 1 s, beside another of 50 B for 1 s, alone for 0.5 s: 100 + 50 + 50 B. By hand.
    bench = Bench()
    uplink = bench.network.link("uplink", 100.0)
    kind = bench.network.kind((uplink,))
    flow = bench.network.start(bench.network.host(bench.network.profile(())), kind, inf, lambda _: None)
    bench.flow("other", 50.0, uplink, at=1.0)
    received: list[float] = []
    bench.network.call_later(2.5, lambda _: received.append(bench.network.stop(flow)))
    bench.network.run()
    assert bench.ends == {"other": pytest.approx(2.0)}
    assert received == [pytest.approx(200.0)]
    assert bench.network.payloads(()) == [pytest.approx(250.0)]
    assert bench.env.now == 2.5
