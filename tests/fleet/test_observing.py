"""What running applications have: constant rates, readings of them, and what is theirs on an idle system."""

from __future__ import annotations

from array import array
from fractions import Fraction
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simpy import Environment

from rolloutsim.fleet import observing
from rolloutsim.fleet.background import ConstantRate, ConstantRates, ExactSum, admitted
from rolloutsim.fleet.observing import Changes, Latencies
from rolloutsim.fleet.undisturbed import Elastic, fill
from rolloutsim.network.fluid import FluidNetwork
from rolloutsim.network.links import SharedLink
from rolloutsim.network.maxmin import Demand, max_min_fair
from rolloutsim.scenario.resolved import Background
from tests.fleet.test_background import with_background

MOMENTS = st.sampled_from([0.0, 0.5, 1.0, 1.0, 2.0, 3.0])


@given(st.lists(st.floats(-1e12, 1e12), max_size=20), st.data())
def test_a_sum_is_that_of_what_is_left_in_it_rounded_once(numbers: list[float], data: st.DataObject) -> None:
    total = ExactSum()
    for number in numbers:
        total.add(number)
    gone = data.draw(st.sets(st.sampled_from(range(len(numbers))))) if numbers else set()
    for place in gone:
        total.add(-numbers[place])
    left = [Fraction(number) for place, number in enumerate(numbers) if place not in gone]
    assert total.total() == float(sum(left, Fraction(0)))


def constant(name: str, start: float, until: float) -> Background:
    return Background(name, (), rate=1.0, start=start, until=until)


@given(st.data())
def test_constant_rates_that_come_and_go_have_what_those_that_are_there_have_from_scratch(data: st.DataObject) -> None:
    network = FluidNetwork(Environment())
    links = [network.link(f"l{i}", data.draw(st.sampled_from([1.0, 2.0, 3.0]))) for i in range(3)]
    rates = ConstantRates(network)
    flows = []
    for number in range(data.draw(st.integers(1, 6))):
        start = data.draw(MOMENTS)
        spec = constant(f"b{number}", start, start + data.draw(st.sampled_from([0.5, 1.0, 2.0])))
        over = tuple(data.draw(st.lists(st.sampled_from(links), min_size=1, unique=True)))
        flows.append(ConstantRate(rates, spec, over, data.draw(st.sampled_from([0.5, 1.0, 1.7]))))
    for moment in data.draw(st.lists(MOMENTS, max_size=2)):
        link, share = data.draw(st.sampled_from(links)), data.draw(st.sampled_from([0.0, 0.3, 1.0]))

        def narrow(_: Any, link: SharedLink = link, share: float = share) -> None:
            network.degrade(link, share)
            rates.narrow([link])

        network.call_later(moment, narrow)
    while network.run(most=1):
        if network.peek() > network.now:
            through, _ = admitted(flow for flow in flows if flow.active)
            assert {flow: flow.rate() for flow in flows if flow.active} == through
            for link in links:
                assert link.taken == pytest.approx(sum(rate for flow, rate in through.items() if link in flow.links))


def test_a_constant_rate_that_begins_touches_its_own_links_only(monkeypatch: pytest.MonkeyPatch) -> None:
    occupied: list[str] = []
    occupy = FluidNetwork.occupy

    def noted(network: FluidNetwork, link: SharedLink, rate: float) -> None:
        occupied.append(link.name)
        occupy(network, link, rate)

    monkeypatch.setattr(FluidNetwork, "occupy", noted)
    network = FluidNetwork(Environment())
    rates = ConstantRates(network)
    for number in range(50):
        spec = constant(f"b{number}", number, 100.0 + number)
        ConstantRate(rates, spec, (network.link(f"l{number}", 2.0),), 1.0)
    network.run()
    assert sorted(occupied) == sorted(2 * [f"l{number}" for number in range(50)])


WEIGHTS = st.sampled_from([1.0, 2.0, 16.0])
CAPS = st.sampled_from([inf, inf, 0.5, 1.0, 2.0, 7.3])


@given(st.data())
def test_applications_on_their_own_have_what_the_textbook_gives_them(data: st.DataObject) -> None:
    network = FluidNetwork(Environment())
    capacities = data.draw(st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, 10.0, 11.7]), min_size=1, max_size=6))
    links = {network.link(f"l{i}", 20.0): capacity for i, capacity in enumerate(capacities)}
    flows = [
        Elastic(
            data.draw(st.lists(st.sampled_from([*links]), min_size=1, unique=True)), data.draw(CAPS), data.draw(WEIGHTS)
        )
        for _ in range(data.draw(st.integers(0, 8)))
    ]
    fill(links, flows)
    demands = [
        Demand(dict.fromkeys(flow.links, 1.0), None if flow.cap == inf else flow.cap, flow.weight) for flow in flows
    ]
    textbook = max_min_fair(links, demands)
    assert [flow.rate for flow in flows] == pytest.approx(textbook.rates, rel=1e-12, abs=1e-12)


def test_applications_on_their_own_links_are_each_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from rolloutsim.fleet import undisturbed

    looked: list[int] = []
    level = undisturbed._level

    def counted(capacity: float, users: list[Elastic]) -> float:
        looked.append(len(users))
        return level(capacity, users)

    monkeypatch.setattr(undisturbed, "_level", counted)
    network = FluidNetwork(Environment())
    # 100 transfers with an own link each, over a common one that half of them meet as the bottleneck.
    common = network.link("common", 100.0)
    own = [network.link(f"l{i}", 0.5 + i / 100) for i in range(100)]
    fill({link: link.capacity for link in (common, *own)}, [Elastic((common, link), inf, 1.0) for link in own])
    assert sum(looked) < 12 * 100


def test_a_bandwidth_is_written_down_when_it_changes() -> None:
    case = with_background("stream: {links: [registry.uplink], rate: 40 MB/s, until: 1 s}")
    assert case.end == pytest.approx(1.4)
    assert case.background.bandwidth.tolist() == [[0.0, 0.1, 40e6]]


def test_a_bandwidth_that_every_flow_changes_is_read_while_it_is_there() -> None:
    # 50 MB/s beside the pull until 1 s, when the transfer's 50 MB are there.
    case = with_background("copy: {links: [registry.uplink], size: 50 MB}")
    assert case.end == pytest.approx(1.5)
    assert case.background.bandwidth[:, 2].tolist() == pytest.approx([50e6])


def test_changes_at_readings_that_count_no_more_stand_at_the_next_that_does() -> None:
    times = array("d", [0.1 * (i + 1) for i in range(8)])
    changes = Changes()
    for place, value in ((0, 1.0), (1, 2.0), (2, 3.0), (3, 2.0), (5, 4.0), (6, 2.0)):
        changes.add(place, times[place], value)
    every = [1.0, 2.0, 3.0, 2.0, 2.0, 4.0, 2.0, 2.0]
    assert not changes.thin_out(times[::2])
    # 1, 3, 2, 2 at every second reading.
    assert [*zip(changes.places, changes.times, changes.values, strict=True)] == [
        (0, times[0], every[0]), (1, times[2], every[2]), (2, times[4], every[4]),
    ]  # fmt: skip
    late = Changes()
    late.add(0, times[0], 1.0)
    late.add(7, times[7], 5.0)
    assert late.thin_out(times[::2])  # what was seen last is gone, and to be seen again
    assert [*late.values] == [1.0]


def test_more_readings_than_most_are_every_second_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    call = "call: {links: [registry.uplink], request: {size: 1 kB, every: 50 ms}}"
    background = f"{call}, copy: {{links: [registry.uplink], connections: 1}}"
    before = with_background(background, network=", buffer: 10 ms")
    monkeypatch.setattr(observing, "MOST", 12)
    after = with_background(background, network=", buffer: 10 ms")
    kept = after.background.latency
    assert 6 <= len(kept) < 12
    every = {round(time, 6): value for _, time, value in before.background.latency.tolist()}
    assert len(every) > 2 * len(kept)
    for _, time, value in kept.tolist():
        assert every[round(time, 6)] == pytest.approx(value)
    assert after.end == before.end


def test_services_that_send_at_the_same_times_are_one_round_and_those_that_end_keep_their_readings() -> None:
    case = with_background(
        "long: {links: [registry.uplink], request: {size: 1 kB, every: 100 ms}}, "
        "short: {links: [registry.uplink], request: {size: 1 kB, every: 100 ms}, until: 500 ms}"
    )
    rows = case.background.latency
    times = [rows[rows[:, 0] == number, 1] for number in (0, 1)]
    assert len(times[1]) == 5
    assert times[1].tolist() == times[0][:5].tolist()
    assert len(times[0]) > 8


def test_a_round_without_services_is_due_no_more() -> None:
    ended = Latencies(0.0, 1.0)
    ended.look(0.0)
    assert ended.next == inf
