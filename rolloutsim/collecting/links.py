"""What a network's links carried, and when they were saturated, as records: shared links, and those of nodes."""

from __future__ import annotations

from functools import reduce
from math import inf
from operator import add
from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.fleet.background import ConstantRate, Transfer
from rolloutsim.results.facts import records as r
from rolloutsim.results.facts.columns import Ids, Times, frozen
from rolloutsim.scenario.partial import fetched_size, is_lazy
from rolloutsim.scenario.resources import DISK, PULLED, RESOURCES, UNPACK

if TYPE_CHECKING:
    from typing import Any

    from rolloutsim.fleet.build import Actors
    from rolloutsim.network.fluid import FluidNetwork
    from rolloutsim.network.links import SharedLink
    from rolloutsim.network.states import Flow, Profile
    from rolloutsim.scenario.resolved import ResolvedScenario

_ROUNDING = 1e-9  # of sums of many floats (assumed)


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
    lengths = (stop - start for start, stop in network.saturated_intervals(link))
    # Not `sum`, which is more exact from Python 3.12 on.
    return float(_until(network.now, reduce(add, lengths, 0.0)))


def _until(now: float, seconds: Any) -> Any:
    """Seconds that were summed over all events until now, whose last bits may be too many [s]."""
    return np.where((seconds > now) & (seconds <= now * (1.0 + _ROUNDING)), now, seconds)


def private_links(
    scenario: ResolvedScenario,
    actors: Actors,
    network: FluidNetwork,
    carried: list[float],
    pulls: r.Pulls,
    fetches: r.Fetches,
    unpacks: r.Unpacks,
    reads: r.Reads,
) -> tuple[r.PrivateLinks, ...]:
    """NICs, disks and cores: what each carried follows from the fetches, unpacks and reads of its node.

    What transfers of the background moved comes to that. Those that are known to the network were counted there.
    """
    nodes = len(actors.nodes)
    fetched_by = pulls.node[fetches.pull] if len(fetches.pull) else np.zeros(0, np.int32)
    arrived = _sums(fetched_by, fetches.bytes_done, nodes)
    read_by = pulls.node[reads.pull]
    arrived += _sums(read_by, reads.moved, nodes)
    spared = np.zeros((len(RESOURCES), nodes))
    done = ~np.isnan(unpacks.unpacked)
    layer = fetches.layer[unpacks.fetch[done]]
    by_node = fetched_by[unpacks.fetch[done]]
    # Of a layer that pre-pulls had begun to unpack, the rest.
    left = np.ones(len(fetches.pull))
    for node in actors.nodes:
        if node.losses is not None:
            for number, share in node.losses.begun.items():
                left[number] = share
    moved = np.zeros((len(RESOURCES), nodes))
    for place, resource in enumerate(RESOURCES):
        through = np.array([resource.unpacked(layer) for layer in actors.layers])
        unpacked = through[layer] * left[unpacks.fetch[done]]
        if len(unpacked) and any(group.snapshotter or group.runtime.partial_images for group in scenario.groups):
            unpacked = unpacked * _unpacked_share(scenario, actors, pulls, fetches.pull[unpacks.fetch[done]], layer)
        moved[place] = (arrived if resource.fetched else 0.0) + _sums(by_node, unpacked, nodes)
        if place == UNPACK:
            spared[place] = _spared(scenario, actors, by_node, layer, unpacked)
    on_arrival = np.array([group.runtime.decompresses_on_arrival for group in scenario.groups], np.bool_)
    if on_arrival.any() and len(fetched_by):
        # What is decompressed as it arrives is decompressed once more when it is unpacked.
        read = np.where(on_arrival[np.array(actors.groups)[fetched_by]], fetches.bytes_done, 0.0)
        moved[UNPACK] += _sums(fetched_by, read, nodes)
        spared[UNPACK] += _spared(scenario, actors, fetched_by, fetches.layer, read)
    if reads:
        # Containers wait for decompression, which the background leaves for later.
        for node in actors.nodes:
            if node.reader is not None:
                moved[UNPACK, node.index] += node.reader.decompressed()
    # Of what went to the disks some waits in memory still, and some was never written.
    writers = [(node.index, node.writer) for node in actors.nodes if node.writer is not None]
    for number, writer in writers:
        moved[DISK, number] = writer.written(network.now)
    for flow in actors.background:
        if isinstance(flow, Transfer):
            for link in flow.private:
                moved[link.place, link.node] += flow.moved()
    hosts = [node.host for node in actors.nodes]
    # Hosts of one profile have the same capacities.
    profiles: dict[Profile, int] = {}
    profile = [profiles.setdefault(host.profile, len(profiles)) for host in hosts]
    used = len(PULLED)
    capacities = np.full((len(RESOURCES), nodes), inf)
    full = np.zeros((len(RESOURCES), nodes))
    peaks = np.zeros((len(RESOURCES), nodes), np.int32)
    if nodes:
        capacities[:used] = np.array([one.capacities for one in profiles])[profile].T
        full[:used] = _until(network.now, np.array(network.full_seconds(hosts)).T)
        peaks[:used] = np.array([host.peaks for host in hosts], np.int32).T
    for number, writer in writers:
        if writer.terms.kind is None:
            waited = writer.waited(network.now)
            full[DISK, number], peaks[DISK, number] = waited, waited > 0.0
    for (number, place), pinned in actors.pinned.items():
        capacities[place, number] = pinned.nominal
        moved[place, number] = carried[pinned.index]
        full[place, number] = saturated(pinned, network)
        peaks[place, number] = pinned.peak_flows
    tables = []
    for row, resource in enumerate(RESOURCES):
        limited = np.flatnonzero(capacities[row] < inf)
        if len(limited):
            tables.append(
                r.PrivateLinks(
                    resource.part, limited.astype(np.int32), capacities[row, limited], moved[row, limited],
                    full[row, limited], peaks[row, limited], spared[row, limited] if spared[row].any() else None,
                )
            )  # fmt: skip
    return tuple(tables)


def _spared(scenario: ResolvedScenario, actors: Actors, node: Ids, layer: Ids, read: Times) -> Times:
    """Of the bytes that cores read, node by node, those that cost no time beside what the others took [B]."""
    nodes = len(actors.nodes)
    stored = np.array([one.is_stored for one in actors.layers], np.bool_)
    if not stored.any() or not len(read):
        return np.zeros(nodes)
    rates = [(group.unpack_rate, group.stored_rate) for group in scenario.groups]
    share = np.array([1.0 - rate / faster if rate and faster else 0.0 for rate, faster in rates])
    return share[actors.groups] * _sums(node, np.where(stored[layer], read, 0.0), nodes)


def _unpacked_share(scenario: ResolvedScenario, actors: Actors, pulls: r.Pulls, pull: Ids, layer: Ids) -> Times:
    """Of each layer that a pull unpacked, the share of its bytes that were: nothing of a lazy one, a part of others."""
    known: dict[tuple[int, int, int], float] = {}
    found = np.empty(len(pull))
    for row, (of, number) in enumerate(zip(pull.tolist(), layer.tolist(), strict=True)):
        key = actors.groups[pulls.node[of]], int(pulls.image[of]), number
        if key not in known:
            group, image, one = scenario.groups[key[0]], actors.images[key[1]], actors.layers[number]
            is_none = is_lazy(group, one) or one.compressed <= 0.0
            known[key] = 0.0 if is_none else fetched_size(group, image, one) / one.compressed
        found[row] = known[key]
    return found


def _sums(group: Ids, values: Times, groups: int) -> Times:
    """The sum of the values of each group."""
    return np.bincount(group, values, groups).astype(np.float64)
