"""The fast sharing on random networks, against the textbook allocator and against its own invariants."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from rolloutsim.network.states import Flow

from .networks import (
    TEXTBOOK,
    Played,
    crossed,
    play,
    racked_specs,
    shaped_specs,
    specs,
    textbook,
    worst_of,
    worst_rate,
)

each_network = settings(max_examples=500, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def compare(played: Played) -> None:
    """Every rate is the textbook allocator's."""
    assert worst_rate(played.network, played.hosts) <= TEXTBOOK


class Claims:
    """What is claimed of a network, looked at in one play, after each event and at its end."""

    def __init__(self) -> None:
        self.moved: dict[int, float] = defaultdict(float)
        self.rates: dict[int, float] = {}
        self.started: dict[int, float] = {}
        self.now = 0.0

    def at_an_event(self, played: Played) -> None:
        flows = textbook(played.network, played.hosts)
        assert worst_of(played.network, flows) <= TEXTBOOK
        self.no_link_is_over_capacity_and_every_flow_has_a_bottleneck(played, flows)
        self.integrate(played, [flow for flow, *_ in flows])

    def no_link_is_over_capacity_and_every_flow_has_a_bottleneck(self, played: Played, flows: list[Any]) -> None:
        load: dict[Any, float] = defaultdict(float)
        fastest: dict[Any, float] = defaultdict(float)
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

    def integrate(self, played: Played, flows: list[Flow]) -> None:
        now = played.network.env.now
        for key, rate in self.rates.items():
            self.moved[key] += rate * (now - self.now)
        self.now = now
        self.rates = {id(flow): played.network.rate(flow) for flow in flows}
        for flow in flows:
            self.started.setdefault(id(flow), now)

    def bytes_are_conserved(self, played: Played, arrivals: list[Any]) -> None:
        """Rates integrated over time by the test itself give each flow its size when it finishes."""
        assert len(played.finished) == sum(1 + repeats for *_, repeats in arrivals)
        for flow, _ in played.finished:
            assert math.isclose(self.moved[id(flow)], flow.size, rel_tol=1e-9, abs_tol=1e-6)
        for link in played.network.links:
            assert math.isclose(played.network.payloads(())[link.index], crossed(link, played), rel_tol=1e-12)

    def the_seconds_under_each_cause_add_up_to_a_flows_duration(self, played: Played) -> None:
        for flow, finished in played.finished:
            if flow.spent is None:
                # One cause all along.
                assert flow.since == self.started[id(flow)] or finished == flow.since
            else:
                total = sum(flow.spent.values())
                assert math.isclose(total, finished - self.started[id(flow)], rel_tol=1e-9, abs_tol=1e-12)


@settings(each_network, max_examples=300)
@given(specs())
def test_rates_are_the_textbook_allocators_links_are_kept_bytes_conserved_and_seconds_add_up(
    spec: dict[str, Any],
) -> None:
    hold(spec)


@pytest.mark.long
@settings(each_network, max_examples=1500)
@given(specs())
def test_the_same_in_more_networks(spec: dict[str, Any]) -> None:
    hold(spec)


def hold(spec: dict[str, Any]) -> None:
    """Look at all that is claimed."""
    claims = Claims()
    played = play(spec, claims.at_an_event)
    assert played.updates
    claims.bytes_are_conserved(played, spec["arrivals"])
    claims.the_seconds_under_each_cause_add_up_to_a_flows_duration(played)


@settings(each_network, max_examples=40)
@given(racked_specs())
def test_rates_equal_the_textbook_allocator_behind_many_racks(spec: dict[str, Any]) -> None:
    assert play(spec, compare).updates


@settings(each_network, max_examples=80)
@given(shaped_specs())
def test_rates_equal_the_textbook_allocator_where_several_tiers_bind(spec: dict[str, Any]) -> None:
    assert play(spec, compare).updates


@pytest.mark.long
@settings(each_network, max_examples=400)
@given(shaped_specs())
def test_rates_equal_the_textbook_allocator_in_more_networks_where_several_tiers_bind(spec: dict[str, Any]) -> None:
    assert play(spec, compare).updates


@pytest.mark.long
@settings(each_network, max_examples=400)
@given(racked_specs())
def test_rates_equal_the_textbook_allocator_behind_more_racks(spec: dict[str, Any]) -> None:
    assert play(spec, compare).updates
