"""The fast sharing on random networks, against the textbook allocator and against its own invariants."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from .networks import TEXTBOOK, Played, crossed, play, racked_specs, shaped_specs, specs, textbook, worst_rate

each_network = settings(max_examples=500, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def compare(played: Played) -> None:
    """Every rate is the textbook allocator's."""
    assert worst_rate(played.network, played.hosts) <= TEXTBOOK


@each_network
@given(specs())
def test_rates_equal_the_textbook_allocator_at_every_event(spec: dict[str, Any]) -> None:
    assert play(spec, compare).updates


@settings(each_network, max_examples=60)
@given(racked_specs())
def test_rates_equal_the_textbook_allocator_behind_many_racks(spec: dict[str, Any]) -> None:
    assert play(spec, compare).updates


@settings(each_network, max_examples=150)
@given(shaped_specs())
def test_rates_equal_the_textbook_allocator_where_several_tiers_bind(spec: dict[str, Any]) -> None:
    assert play(spec, compare).updates


@pytest.mark.long
@settings(each_network, max_examples=400)
@given(shaped_specs())
def test_rates_equal_the_textbook_allocator_in_more_networks_where_several_tiers_bind(spec: dict[str, Any]) -> None:
    assert play(spec, compare).updates


@each_network
@given(specs())
def test_no_link_is_over_capacity_and_every_flow_has_a_bottleneck(spec: dict[str, Any]) -> None:
    def check(played: Played) -> None:
        load: dict[Any, float] = defaultdict(float)
        fastest: dict[Any, float] = defaultdict(float)
        flows = textbook(played.network, played.hosts)
        for flow, _, _, usage in flows:
            rate = played.network.rate(flow)
            for link, per_rate in usage:
                load[link] += rate * per_rate
                fastest[link] = max(fastest[link], rate / flow.kind.weight)
        capacity: dict[Any, float] = {link.name: link.capacity for link in played.network.links}
        for number, host in enumerate(played.hosts):
            capacity.update({(number, p): c for p, c in enumerate(host.profile.capacities)})
        for link, total in load.items():
            assert total <= capacity[link] * (1 + TEXTBOOK)
        for flow, _, _, usage in flows:
            rate = played.network.rate(flow)
            limited_by_cap = rate >= flow.kind.cap * (1 - TEXTBOOK)
            limited_by_link = any(
                load[link] >= capacity[link] * (1 - TEXTBOOK)
                and rate / flow.kind.weight >= fastest[link] * (1 - TEXTBOOK)
                for link, _ in usage
            )
            assert limited_by_cap or limited_by_link

    assert play(spec, check).updates


@each_network
@given(specs())
def test_bytes_are_conserved(spec: dict[str, Any]) -> None:
    """Rates integrated over time by the test itself give each flow its size when it finishes."""
    moved: dict[int, float] = defaultdict(float)
    rates: dict[int, tuple[Any, float]] = {}
    last = [0.0]

    def integrate(played: Played) -> None:
        now = played.network.env.now
        for key, (_, rate) in rates.items():
            moved[key] += rate * (now - last[0])
        last[0] = now
        rates.clear()
        for host in played.hosts:
            for flow in host.flows:
                rates[id(flow)] = (flow, played.network.rate(flow))

    played = play(spec, integrate)
    assert len(played.finished) == sum(1 + repeats for *_, repeats in spec["arrivals"])
    for flow, _ in played.finished:
        assert math.isclose(moved[id(flow)], flow.size, rel_tol=1e-9, abs_tol=1e-6)
    for link in played.network.links:
        assert math.isclose(played.network.payloads(())[link.index], crossed(link, played), rel_tol=1e-12)


@each_network
@given(specs())
def test_the_seconds_under_each_cause_add_up_to_a_flows_duration(spec: dict[str, Any]) -> None:
    started: dict[int, float] = {}

    def note(played: Played) -> None:
        for host in played.hosts:
            for flow in host.flows:
                started.setdefault(id(flow), played.network.env.now)

    played = play(spec, note)
    for flow, finished in played.finished:
        if flow.spent is None:
            # One cause all along.
            assert flow.since == started[id(flow)] or finished == flow.since
        else:
            total = sum(flow.spent.values())
            assert math.isclose(total, finished - started[id(flow)], rel_tol=1e-9, abs_tol=1e-12)
