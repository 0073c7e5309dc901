"""From a finished case to its records: the ledger's columns as arrays, and the links' facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from rolloutsim.collecting.background import background_records
from rolloutsim.fleet.background import ConstantRate, Transfer
from rolloutsim.fleet.build import cached_images
from rolloutsim.fleet.ledger import (
    BYTES_DONE,
    CAUSE,
    CONNECTED,
    FETCHED,
    FREED_BY,
    GRANTED,
    LAYER,
    PULL,
    RETRY,
    ROW,
    SOURCE,
    STARTED,
)  # fmt: skip
from rolloutsim.network.regimes import CAP, PRIVATE
from rolloutsim.results.facts import records as r
from rolloutsim.scenario.resources import PULLED, RESOURCES
from rolloutsim.scenario.routes import node_racks

if TYPE_CHECKING:
    from rolloutsim.collecting.incidents import Pushed
    from rolloutsim.fleet.build import Actors
    from rolloutsim.fleet.incidents import Incidents
    from rolloutsim.fleet.ledger import Ledger
    from rolloutsim.network.fluid import FluidNetwork
    from rolloutsim.network.links import SharedLink
    from rolloutsim.network.states import Flow
    from rolloutsim.rollout.orchestrated import Orchestrated
    from rolloutsim.scenario.resolved import NodeGroup, ResolvedScenario

AloneTime = Callable[["NodeGroup", int, "str | None", str, tuple[str, ...]], float]

# Names of the causes that are not shared links, in the order of their numbers after the links'.
_PRIVATE_CAUSES = tuple(resource.cause for resource in PULLED)
_OTHER_CAUSES = ("connection_cap", "retry")


def collect(
    scenario: ResolvedScenario,
    name: str,
    actors: Actors,
    network: FluidNetwork,
    ledger: Ledger,
    *,
    unfinished: int,
    events: int,
    alone: AloneTime | None,
    incidents: Incidents,
    orchestrated: Orchestrated | None,
    pushes: Pushed,
) -> r.CaseRecords:
    """Turn what happened in a case into records.

    Parameters
    ----------
    unfinished : int
        Pods that did not become ready.
    events : int
        Events that the kernel processed.
    alone : callable or None
        Gives a pull's time alone on an idle system; None: not wanted.
    incidents : Incidents
        What went wrong.
    orchestrated : Orchestrated or None
        The pods and those who drive them; None: bare pulls.
    pushes : list
        What was pushed before the rollout.
    """
    end = network.env.now
    in_flight = _note_progress(actors, network, ledger)
    for pusher in () if orchestrated is None else orchestrated.pushers:
        in_flight.extend(pusher.host.flows)
    pulls = _pulls(scenario, actors, ledger, incidents, alone)
    fetches, unpacks, spent = _activities(actors, network, ledger, incidents)
    ready = _floats(ledger.pulls.ready)
    pods, orchestration = _pods_of_pulls(pulls, ready), None
    if orchestrated is not None:
        from rolloutsim.collecting.orchestration import orchestration_of, pods_of_workloads

        pods = pods_of_workloads(orchestrated.ledger)
        orchestration = orchestration_of(scenario, actors, incidents, orchestrated, pushes)
    return r.CaseRecords(
        name=name,
        node_names=actors.names,
        node_group=np.asarray(actors.groups, np.int32),
        images=actors.images,
        layers=actors.layers,
        causes=(*(_cause_name(link, actors) for link in network.links), *_PRIVATE_CAUSES, *_OTHER_CAUSES),
        pulls=pulls,
        fetches=fetches,
        unpacks=unpacks,
        waits=r.Waits(_ints(ledger.waits.pull), _ints(ledger.waits.layer), _ints(ledger.waits.fetch)),
        spent=spent,
        pods=pods,
        shared_links=_shared_links(scenario, actors, network, in_flight),
        private_links=_private_links(actors, network, in_flight, pulls, fetches, unpacks),
        background=background_records(actors),
        finished=not unfinished,
        stuck=_stuck(actors, orchestrated) if unfinished else (),
        end=end,
        events=events,
        reasons=tuple(incidents.reasons),
        orchestration=orchestration,
        sources=tuple(source.name for source in actors.sources),
        routes=actors.routes,
    )


def _note_progress(actors: Actors, network: FluidNetwork, ledger: Ledger) -> list[Flow]:
    """Write down how far unfinished fetches came; all flows in flight."""
    flows: list[Flow] = []
    for node in actors.nodes:
        for flow in node.host.flows:
            flows.append(flow)
            fetch = flow.tag
            if not isinstance(fetch, tuple):
                ledger.fetches.cells[fetch.row + BYTES_DONE] = fetch.got + network.received(flow)
    for background in actors.background:
        if isinstance(background, Transfer):
            flows.extend(background.flows)
    return flows


def _pulls(
    scenario: ResolvedScenario, actors: Actors, ledger: Ledger, incidents: Incidents, alone: AloneTime | None
) -> r.Pulls:
    columns = ledger.pulls
    node, image = _ints(columns.node), _ints(columns.image)
    times = np.full(len(node), np.nan)
    if alone is not None:
        racks = node_racks(scenario)
        held = [cached_images(group, rank) for group in scenario.groups for rank in range(group.count)]
        for row, (n, i) in enumerate(zip(columns.node, columns.image, strict=True)):
            number = actors.groups[n]
            times[row] = alone(scenario.groups[number], number, racks[n], actors.images[i].name, held[n])
    per_group = np.array([group.runtime.resolve_requests for group in scenario.groups], np.int32)
    requests = per_group[np.asarray(actors.groups, np.int32)[node]] if len(node) else node
    for row, number in incidents.requests.items():
        requests[row] = number
    failed, reason = np.full(len(node), np.nan), np.full(len(node), -1, np.int16)
    for row, (when, why) in incidents.failed.items():
        failed[row], reason[row] = when, why
    return r.Pulls(
        node, image, _floats(columns.asked), _floats(columns.resolved), _floats(columns.pulled), times,
        failed=failed, reason=reason, requests=requests,
    )  # fmt: skip


def _pods_of_pulls(pulls: r.Pulls, ready: r.Times) -> r.Pods:
    """A pod a pull, where there are no workloads."""
    none = np.full(len(ready), -1, np.int32)
    return r.Pods(
        np.arange(len(ready), dtype=np.int32), pulls.pulled, ready,
        workload=none,
        node=pulls.node,
        created=pulls.asked,
        asked=pulls.asked,
        available=ready,
        deleted=np.full(len(ready), np.nan),
        reason=none.astype(np.int16),
    )  # fmt: skip


def _activities(
    actors: Actors, network: FluidNetwork, ledger: Ledger, incidents: Incidents
) -> tuple[r.Fetches, r.Unpacks, r.Spent]:
    """The columns of fetches, unpacks and their causes, the causes numbered as in `CaseRecords.causes`."""
    rows, u, s = _floats(ledger.fetches.cells).reshape(-1, ROW), ledger.unpacks, ledger.spent
    links = len(network.links)
    again = np.zeros(len(rows))
    for number, size in incidents.again.items():
        again[number] = size
    fetches = r.Fetches(
        pull=_ints(rows[:, PULL]),
        layer=_ints(rows[:, LAYER]),
        granted=_floats(rows[:, GRANTED]),
        connected=_floats(rows[:, CONNECTED]),
        started=_floats(rows[:, STARTED]),
        fetched=_floats(rows[:, FETCHED]),
        # Rows are known by their first places until here; -1 stays -1.
        freed_by=_ints(rows[:, FREED_BY] // ROW),
        bytes_done=_floats(rows[:, BYTES_DONE]),
        again=again,
        cause=_causes(rows[:, CAUSE], links, cap=links + len(_PRIVATE_CAUSES)),
        source=np.array(rows[:, SOURCE], np.int16),
    )
    # A decompressor at its own speed limit is what an unpack is capped by.
    unpacking = links + _PRIVATE_CAUSES.index("unpack")
    unpacks = r.Unpacks(_ints(u.fetch), _floats(u.started), _floats(u.unpacked), _causes(u.cause, links, cap=unpacking))
    is_unpack = np.asarray(s.is_unpack, np.bool_)
    spent_cause = np.where(
        is_unpack,
        _causes(s.cause, links, cap=unpacking),
        _causes(s.cause, links, cap=links + len(_PRIVATE_CAUSES)),
    )
    return fetches, unpacks, r.Spent(is_unpack, _ints(s.activity), spent_cause, _floats(s.seconds))


def _causes(column: Any, links: int, cap: int) -> Any:
    """The network's numbers for causes as indices into `CaseRecords.causes`; -1 stays."""
    causes = np.array(column, np.int16)
    found = np.where(causes <= PRIVATE, links + (PRIVATE - causes), np.where(causes == CAP, cap, causes))
    retry = links + len(_PRIVATE_CAUSES) + _OTHER_CAUSES.index("retry")
    return np.where(causes == RETRY, retry, found).astype(np.int16)


def _cause_name(link: SharedLink, actors: Actors) -> str:
    for (_, place), pinned in actors.pinned.items():
        if pinned is link:
            return RESOURCES[place].cause
    return link.name


def _shared_links(
    scenario: ResolvedScenario, actors: Actors, network: FluidNetwork, in_flight: list[Flow]
) -> r.SharedLinks:
    links = [link for link in network.links if link.name in scenario.links]
    specs = [scenario.links[link.name] for link in links]
    intervals = [
        (place, start, stop) for place, link in enumerate(links) for start, stop in network.saturated_intervals(link)
    ]
    return r.SharedLinks(
        name=tuple(link.name for link in links),
        kind=tuple(spec.kind for spec in specs),
        line_rate=np.array([spec.line_rate for spec in specs]),
        capacity=np.array([spec.capacity for spec in specs]),
        bytes=np.array([_carried(link, actors, network, in_flight) for link in links], np.float64),
        saturated=np.array([_saturated(link, network) for link in links], np.float64),
        peak_flows=np.array([link.peak_flows for link in links], np.int32),
        intervals=np.array(intervals, np.float64).reshape(-1, 3),
    )


def _carried(link: SharedLink, actors: Actors, network: FluidNetwork, in_flight: list[Flow]) -> float:
    """All payload that crossed a link, constant rates included [B]."""
    constant = sum(flow.moved() for flow in actors.background if isinstance(flow, ConstantRate) and link in flow.links)
    return network.carried_by(link, in_flight) + constant


def _saturated(link: SharedLink, network: FluidNetwork) -> float:
    """How long a link was saturated [s]."""
    return sum(stop - start for start, stop in network.saturated_intervals(link))


def _private_links(
    actors: Actors,
    network: FluidNetwork,
    in_flight: list[Flow],
    pulls: r.Pulls,
    fetches: r.Fetches,
    unpacks: r.Unpacks,
) -> tuple[r.PrivateLinks, ...]:
    """NICs, disks and cores: what each carried follows from the fetches and unpacks of its node.

    Those that background traffic crosses as well are known to the network, which counted for itself.
    """
    nodes = len(actors.nodes)
    fetched_by = pulls.node[fetches.pull] if len(fetches.pull) else np.zeros(0, np.int32)
    arrived = _sums(fetched_by, fetches.bytes_done, nodes)
    done = ~np.isnan(unpacks.unpacked)
    layer = fetches.layer[unpacks.fetch[done]]
    by_node = fetched_by[unpacks.fetch[done]]
    moved = np.zeros((len(RESOURCES), nodes))
    for place, resource in enumerate(RESOURCES):
        through = np.array([resource.unpacked(layer) for layer in actors.layers])
        moved[place] = (arrived if resource.fetched else 0.0) + _sums(by_node, through[layer], nodes)
    hosts = [node.host for node in actors.nodes]
    unused = len(RESOURCES) - len(PULLED)
    shape = (nodes, len(RESOURCES))
    capacities = np.array([(*host.profile.capacities, *[inf] * unused) for host in hosts]).reshape(shape).T.copy()
    full = np.array([(*network.full_seconds(host), *[0.0] * unused) for host in hosts]).reshape(shape).T.copy()
    peaks = np.array([(*host.peaks, *[0] * unused) for host in hosts], np.int32).reshape(shape).T.copy()
    for cell, link in (((place, node), link) for (node, place), link in actors.pinned.items()):
        capacities[cell] = link.nominal
        moved[cell] = _carried(link, actors, network, in_flight)
        full[cell] = _saturated(link, network)
        peaks[cell] = link.peak_flows
    tables = []
    for row, resource in enumerate(RESOURCES):
        limited = np.flatnonzero(capacities[row] < inf)
        if len(limited):
            tables.append(
                r.PrivateLinks(
                    resource.part, limited.astype(np.int32), capacities[row, limited], moved[row, limited],
                    full[row, limited], peaks[row, limited],
                )
            )  # fmt: skip
    return tuple(tables)


def _stuck(actors: Actors, orchestrated: Orchestrated | None) -> tuple[str, ...]:
    """What waits for what, in words, when nothing can happen any more or the time is over."""
    missing = () if orchestrated is None else orchestrated.missing
    found: Counter[str] = Counter()
    for source in actors.sources:
        for connections in source.connections:
            if connections.queue:
                what = f"waiting for a connection of registry '{source.name}' (max_connections: {connections.limit})"
                found[what] += len(connections.queue)
    for node in actors.nodes:
        for flow in node.host.flows:
            blocked = [link.name for link in flow.kind.links if link.capacity <= 0.0]
            for link_name in blocked:
                found[f"waiting for link '{link_name}', which has no capacity left"] += 1
        if node.slots.queue:
            found["waiting for a layer slot behind them"] += len(node.slots.queue)
    fetches = (f"{number} {'fetch' if number == 1 else 'fetches'} {what}" for what, number in found.items())
    return (*missing, *fetches)


def _ints(column: Any) -> r.Ids:
    return np.array(column, np.int32)


def _floats(column: Any) -> r.Times:
    return np.array(column, np.float64)


def _sums(group: r.Ids, values: r.Times, groups: int) -> r.Times:
    """The sum of the values of each group."""
    return np.bincount(group, values, groups).astype(np.float64)
