"""What a network's links carried, and when they were saturated, as records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.fleet.background import ConstantRate
from rolloutsim.results.facts import records as r
from rolloutsim.results.facts.records import frozen

if TYPE_CHECKING:
    from rolloutsim.fleet.build import Actors
    from rolloutsim.network.fluid import FluidNetwork
    from rolloutsim.network.links import SharedLink
    from rolloutsim.network.states import Flow
    from rolloutsim.scenario.resolved import ResolvedScenario


def shared_links(scenario: ResolvedScenario, network: FluidNetwork, payload: list[float]) -> r.SharedLinks:
    """A row for each shared link; `payload` is what the network's links carried [B]."""
    links = [link for link in network.links if link.name in scenario.links]
    specs = [scenario.links[link.name] for link in links]
    intervals = [
        (place, start, stop) for place, link in enumerate(links) for start, stop in network.saturated_intervals(link)
    ]
    return frozen(
        r.SharedLinks,
        specs,
        name=[link.name for link in links],
        bytes=[payload[link.index] for link in links],
        saturated=[saturated(link, network) for link in links],
        peak_flows=[link.peak_flows for link in links],
        intervals=np.array(intervals, np.float64).reshape(-1, 3),
    )


def carried(actors: Actors, network: FluidNetwork, in_flight: list[Flow]) -> list[float]:
    """All payload that crossed each of the network's links, constant rates included [B]."""
    constant = [0.0] * len(network.links)
    for flow in actors.background:
        if isinstance(flow, ConstantRate):
            for link in flow.links:
                constant[link.index] += flow.moved()
    return [one + other for one, other in zip(network.payloads(in_flight), constant, strict=True)]


def saturated(link: SharedLink, network: FluidNetwork) -> float:
    """How long a link was saturated [s]."""
    return sum(stop - start for start, stop in network.saturated_intervals(link))
