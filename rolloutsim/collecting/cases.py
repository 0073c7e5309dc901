"""From a finished case to its records: the ledgers' columns as arrays, and what has to be worked out.

Which columns there are, and of which types, their records say; those that grew under the same names become theirs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from copy import copy, deepcopy
from dataclasses import replace
from math import inf, nan
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from rolloutsim.collecting.background import background_records
from rolloutsim.collecting.links import carried, private_links, shared_links
from rolloutsim.fleet.background import Transfer
from rolloutsim.fleet.holdings import cached_images
from rolloutsim.fleet.ledger import (
    BYTES_DONE,
    CACHE_FILL,
    FELL_BACK,
    FETCH,
    LOOKED_UP,
    ON_DEMAND,
    OTHER_FILL,
    RETRY,
    ROW,
    SEEDS,
    TCP_WINDOW,
)  # fmt: skip
from rolloutsim.fleet.pulls import ASKED, COMPLETE, FLOWING, UNPACKING, Fetch
from rolloutsim.network.regimes import CAP, PRIVATE
from rolloutsim.results.facts import records as r
from rolloutsim.results.facts import supplied
from rolloutsim.results.facts.calls import brings
from rolloutsim.results.facts.columns import Ids, frozen
from rolloutsim.scenario import causes
from rolloutsim.scenario.partial import fetched_size
from rolloutsim.scenario.resources import NIC_OUT, PULLED, RESOURCES, UNPACK
from rolloutsim.scenario.routes import node_racks, outlets

if TYPE_CHECKING:
    from rolloutsim.fleet.build import Actors
    from rolloutsim.fleet.incidents import Incidents
    from rolloutsim.fleet.ledger import Ledger
    from rolloutsim.fleet.node import Node
    from rolloutsim.fleet.pod_ledger import PodLedger
    from rolloutsim.fleet.push import ImagePush
    from rolloutsim.network.fluid import FluidNetwork
    from rolloutsim.network.states import Flow
    from rolloutsim.rollout.orchestrated import Orchestrated
    from rolloutsim.scenario.resolved import NodeGroup, Push, ResolvedScenario

Pushed = list[tuple["Push", list["ImagePush"]]]
_ROUNDING = 1e-9  # of a layer's bytes: a smaller share is not missing (assumed: far more than sums are off by)

# Names of the causes that are not shared links, in the order of their numbers after the links'.
_PRIVATE_CAUSES = tuple(resource.cause.name for resource in PULLED)
# By the numbers that the network and the ledger have for them.
_OTHER_CAUSES = {
    CAP: causes.CONNECTION_CAP.name, RETRY: causes.RETRY.name, TCP_WINDOW: causes.TCP_WINDOW.name,
}  # fmt: skip
# The same of those who ask others than registries.
_SUPPLY_CAUSES = {
    CACHE_FILL: causes.CACHE_FILL.name, OTHER_FILL: causes.OTHER_FILL.name, LOOKED_UP: causes.LOOK_UP.name,
    SEEDS: causes.SEEDS.name,
    FELL_BACK: causes.FALLBACK.name,
}  # fmt: skip


def collect(
    scenario: ResolvedScenario,
    name: str,
    actors: Actors,
    network: FluidNetwork,
    ledger: Ledger,
    *,
    unfinished: int,
    events: int,
    incidents: Incidents,
    orchestrated: Orchestrated | None,
    pushes: Pushed,
    drawn: Iterable[str] = (),
    goes_on: bool = False,
    endless: str = "",
) -> r.CaseRecords:
    """Turn what happened in a case into records, in which no pull's time alone is known.

    Parameters
    ----------
    unfinished : int
        Pods that did not become ready.
    events : int
        Events that the kernel processed.
    incidents : Incidents
        What went wrong.
    orchestrated : Orchestrated or None
        The pods and those who drive them; None: bare pulls.
    pushes : list
        What was pushed before the rollout.
    drawn : iterable of str
        For what random numbers were drawn.
    goes_on : bool
        Whether more will happen, of which these records shall know nothing.
    endless : str
        What goes on without an end, in words, where the case was given up for that.
    """
    end = network.now
    in_flight = _note_progress(actors, network, ledger)
    incidents.settle()
    if goes_on:
        # Records look at the columns themselves, which cannot grow then.
        ledger, incidents = deepcopy(ledger), copy(incidents)
        incidents.refusals, incidents.lost = deepcopy(incidents.refusals), deepcopy(incidents.lost)
    for pusher in () if orchestrated is None else orchestrated.pushers:
        in_flight.extend(pusher.host.flows)
    for source in (*actors.caches, *actors.copiers, *actors.peers):
        in_flight.extend(source.settle())
    if goes_on:
        # The same of what sources have noted, now that it is settled.
        for columns in _OF_SOURCES:
            setattr(incidents, columns, deepcopy(getattr(incidents, columns)))
    pulls = frozen(r.Pulls, ledger.pulls, alone=np.full(len(ledger.pulls.node), np.nan))
    others = _other_causes(scenario, actors, ledger)
    fetches, unpacks, spent = _activities(network, ledger, incidents, others)
    reads = _reads(actors, network, ledger, others)
    payload = carried(actors, network, in_flight)
    if orchestrated is None:
        pods, orchestration = _pods_of_pulls(pulls, ledger.pulls.ready), _bare(incidents)
    else:
        pod_ledger = deepcopy(orchestrated.ledger) if goes_on else orchestrated.ledger
        pods = frozen(r.Pods, pod_ledger.pods)
        orchestration = _orchestration(scenario, actors, incidents, orchestrated, pod_ledger, pushes)
    return r.CaseRecords(
        name=name,
        node_names=actors.names,
        node_group=np.asarray(actors.groups, np.int32),
        images=actors.images,
        layers=actors.layers,
        causes=(*_link_causes(actors, network), *_PRIVATE_CAUSES, *others.values()),
        pulls=pulls,
        fetches=fetches,
        unpacks=unpacks,
        waits=frozen(r.Waits, ledger.waits),
        spent=spent,
        pods=pods,
        shared_links=shared_links(scenario, network, payload),
        private_links=private_links(scenario, actors, network, payload, pulls, fetches, unpacks, reads),
        background=background_records(actors, {} if orchestrated is None else orchestrated.beside_pushes),
        finished=not unfinished,
        stuck=(*filter(None, [endless]), *_stuck(actors, orchestrated, network, ledger)) if unfinished else (),
        end=end,
        events=events,
        reasons=tuple(incidents.reasons),
        orchestration=orchestration,
        sources=actors.outlets,
        routes=actors.routes,
        drawn=tuple(sorted(drawn)),
        prepulls=_prepulls(scenario, actors, network, ledger, orchestrated),
        reads=reads,
        volumes=_volumes(actors, ledger),
        supply=_supply(scenario, actors, network, incidents) if _has_others(scenario, actors) else supplied.NO_SUPPLY,
    )


def _prepulls(
    scenario: ResolvedScenario,
    actors: Actors,
    network: FluidNetwork,
    ledger: Ledger,
    orchestrated: Orchestrated | None,
) -> r.PrepullRecords:
    """What nodes pulled before the rollout."""
    if orchestrated is None or orchestrated.prepulled is None:
        return r.NO_PREPULLS
    from rolloutsim.collecting.prepulls import prepull_records  # most scenarios have none, and do without

    return prepull_records(scenario, actors, network, ledger, orchestrated.prepulled)


def _has_others(scenario: ResolvedScenario, actors: Actors) -> bool:
    """Whether layers come from others than registries, too."""
    return len(actors.outlets) > len(scenario.registries)


_OF_SOURCES = ("asked", "cache_requests", "fills", "parts", "uploads", "waited")  # columns of the incidents


def _other_causes(scenario: ResolvedScenario, actors: Actors, ledger: Ledger) -> dict[int, str]:
    """Causes that are neither links nor private, in the order of their numbers."""
    of_supply = _SUPPLY_CAUSES if _has_others(scenario, actors) else {}
    of_reads = {ON_DEMAND: causes.ON_DEMAND.name} if ledger.reads.pull else {}
    return {**_OTHER_CAUSES, **of_supply, **of_reads}


def _supply(scenario: ResolvedScenario, actors: Actors, network: FluidNetwork, incidents: Incidents) -> supplied.Supply:
    """What those had to do and to wait for who hand over layers that they do not simply have."""
    first = len(network.links) + len(_PRIVATE_CAUSES) + len(_OTHER_CAUSES)
    place = {code: number for number, code in enumerate(_SUPPLY_CAUSES, first)}
    waited = incidents.waited
    counts = [cache.counts for cache in actors.caches]
    return supplied.Supply(
        fills=frozen(supplied.Fills, incidents.fills),
        waited=frozen(supplied.Waited, waited, cause=[place[code] for code in waited.cause]),
        caches=frozen(
            supplied.CacheRecords,
            counts,
            source=[cache.server.index for cache in actors.caches],
        ),
        uploads=frozen(supplied.Uploads, incidents.uploads),
        nobody={peers.name: peers.nobody for peers in actors.peers},
        cache_requests=frozen(supplied.CacheRequests, incidents.cache_requests),
        asked=frozen(supplied.HostRequests, incidents.asked),
        parts=frozen(supplied.Parts, incidents.parts),
        outlets=frozen(supplied.Outlets, _outlets(scenario, len(actors.outlets))),
        copied=_copied(actors),
    )


def _copied(actors: Actors) -> supplied.CopyRecords:
    """What was copied to mirrors, one mirror after another."""
    mirrors = [mirror for one in actors.copiers for mirror in one.mirrors]
    rows = [(mirror.server.index, copy) for mirror in mirrors for copy in mirror.copies]
    return supplied.CopyRecords(
        mirror=np.array([index for index, _ in rows], np.int32),
        image=np.array([copy.number for _, copy in rows], np.int32),
        began=np.array([copy.began for _, copy in rows], np.float64),
        complete=np.array([copy.complete for _, copy in rows], np.float64),
        bytes=np.array([copy.bytes for _, copy in rows], np.float64),
        failures=np.array([copy.failures for _, copy in rows], np.int32),
        given_up=np.array([copy.given_up for _, copy in rows], np.bool_),
    )


def _outlets(scenario: ResolvedScenario, count: int) -> dict[str, list[int]]:
    """Of each outlet the number of its server's own one, and of the one before it; what is beyond is its own."""
    every = outlets(scenario)
    number = {outlet: place for place, outlet in enumerate(every)}
    own = {outlet.server: place for place, outlet in enumerate(every) if outlet.origin is None}
    beyond = range(len(every), count)
    return {
        "server": [*(own[outlet.server] for outlet in every), *beyond],
        "origin": [*(-1 if one.origin is None else number[one.origin] for one in every), *(-1 for _ in beyond)],
    }


def with_last_bytes(case: r.CaseRecords, ledger: Ledger) -> r.CaseRecords:
    """The records of a case whose background has gone on since they were made: when it was complete."""
    reads, later = case.reads, ledger.reads
    known = np.array(later.complete, np.float64)[: len(reads.pull)]
    begun = np.array(later.begun, np.float64)[: len(reads.pull)]
    return replace(case, reads=replace(reads, complete=known, begun=begun))


def _note_progress(actors: Actors, network: FluidNetwork, ledger: Ledger) -> list[Flow]:
    """Write down how far unfinished fetches came; all flows in flight."""
    flows = _pulled_by(actors.nodes)
    for flow in flows:
        fetch = flow.tag
        # Others are unpacked or written.
        if isinstance(fetch, Fetch) and fetch.state == FLOWING:
            ledger.fetches.cells[fetch.row + BYTES_DONE] = fetch.got_before() + network.received(flow)
    for background in actors.background:
        if isinstance(background, Transfer):
            flows.extend(background.flows)
    return flows


def _pulled_by(nodes: Iterable[Node]) -> list[Flow]:
    """The flows of nodes' pulls; transfers of the background have no tag."""
    return [flow for node in nodes for flow in node.host.flows if flow.tag is not None]


class TimesAlone(Protocol):
    """Knows how long a node's pull takes alone [s]: as the node is at the beginning, or holding some layers.

    NaN: unknown.
    """

    def of(self, group: NodeGroup, number: int, rack: str | None, image: str, held: tuple[str, ...], /) -> float:
        """By the cached images that it holds."""

    def with_layers(
        self,
        group: NodeGroup,
        number: int,
        rack: str | None,
        image: str,
        places: frozenset[int],
        known: bool,
        more: bool,
        /,
    ) -> float:
        """By the places of layers in the image, and whether it knows the image's manifests."""


def with_times_alone(scenario: ResolvedScenario, case: r.CaseRecords, alone: TimesAlone) -> r.CaseRecords:
    """The records of a case with the time that each of its pulls takes alone on an idle system.

    The node holds then what the pull did not fetch itself: what was there, and what other pulls of the node brought in
    the meantime. That of a pull that did not end is the time of one by the node as it was at the beginning. One that
    went on with what a failed one had left of a layer has none: unknown.

    Parameters
    ----------
    scenario : ResolvedScenario
        The case's.
    case : CaseRecords
        Its records without.
    alone : TimesAlone
        Gives the times.
    """
    racks = node_racks(scenario)
    held = _held(scenario, case)
    groups, pulls = case.node_group.tolist(), case.pulls
    fetched, first, goes_on = _fetched(scenario, case)
    known = _knows_manifests(scenario, case)
    places = [_places(case, image) for image in range(len(case.images))]
    # Most pulls are like a few, and most of a storm are attempts of these.
    kinds: dict[tuple[int, str | None, tuple[str, ...]], int] = {}
    kind = [kinds.setdefault((group, racks[node], held[node]), len(kinds)) for node, group in enumerate(groups)]
    of_kind = [*kinds]
    times: dict[tuple[int, int, tuple[int, ...] | None, bool], float] = {}
    found = np.empty(len(pulls.node))
    ended, several = (~np.isnan(pulls.pulled)).tolist(), len(case.images) > 1
    for row, (node, image) in enumerate(zip(pulls.node.tolist(), pulls.image.tolist(), strict=True)):
        own = tuple(fetched[first[row] : first[row + 1]]) if ended[row] else None
        like = (kind[node], image, own, known[row])
        time = times.get(like)
        if time is None:
            number, rack, cached = of_kind[kind[node]]
            group, name = scenario.groups[number], case.images[image].name
            if own is None:
                time = alone.of(group, number, rack, name, cached)
            else:
                there = places[image]
                missing = {there[layer] for layer in own if layer in there}
                others = frozenset(there.values()) - missing
                more = several or bool(cached) or bool(group.cached)
                time = alone.with_layers(group, number, rack, name, others, known[row], more)
            times[like] = time
        found[row] = time
    found[goes_on[~np.isnan(pulls.pulled[goes_on])]] = np.nan
    return replace(case, pulls=replace(pulls, alone=found))


def _held(scenario: ResolvedScenario, case: r.CaseRecords) -> list[tuple[str, ...]]:
    """The images that each node holds when the rollout begins: cached ones, and those that it has pulled before."""
    held = [images for group in scenario.groups for images in cached_images(group)]
    before = case.prepulls
    for row in np.flatnonzero(before.pulled <= 0.0).tolist():
        node, image = int(before.node[row]), before.images[before.image[row]]
        if image not in held[node]:
            held[node] = (*held[node], image)
    return held


def _fetched(scenario: ResolvedScenario, case: r.CaseRecords) -> tuple[list[int], list[int], Ids]:
    """The layers that each pull fetched, one pull after another; where those of a pull begin; pulls that lack a part.

    Ranges of a layer are one layer.
    """
    f, count = case.fetches, len(case.layers)
    code, place = np.unique(f.pull.astype(np.int64) * count + f.layer, return_inverse=True)
    first = np.searchsorted(code, np.arange(len(case.pulls.node) + 1) * count)
    fresh = np.bincount(place, f.bytes_done - f.again, len(code))
    whole = np.array([layer.compressed for layer in case.layers])[code % count] if count else fresh
    if any(group.snapshotter or group.runtime.partial_images for group in scenario.groups):
        of = zip((code // max(count, 1)).tolist(), (code % max(count, 1)).tolist(), strict=True)
        groups, images = case.node_group[case.pulls.node].tolist(), case.pulls.image.tolist()
        whole = np.array(
            [fetched_size(scenario.groups[groups[p]], case.images[images[p]], case.layers[n]) for p, n in of]
        )
    parts = code[fresh < whole * (1 - _ROUNDING)] // max(count, 1)
    return (code % max(count, 1)).tolist(), first.tolist(), np.unique(parts)


def _knows_manifests(scenario: ResolvedScenario, case: r.CaseRecords) -> list[bool]:
    """Of each pull whether its node had manifests and config: with the image, or from a pull that failed before it.

    One that failed before it had all of them left some, if it sent more requests than a re-check does.
    """
    pulls = case.pulls
    known = ~brings(case)
    failed = ~np.isnan(pulls.failed)
    if failed.any():
        keeps = np.array([group.runtime.retry.keeps_partial for group in scenario.groups], np.bool_)
        fewest = np.array([group.runtime.recheck_requests for group in scenario.groups])
        group = case.node_group[pulls.node]
        has_more = ~np.isnan(pulls.resolved) | (pulls.requests > fewest[group])
        tried = np.flatnonzero(failed & keeps[group] & has_more)
        since: dict[tuple[int, int], float] = {}
        rows = zip(pulls.node[tried].tolist(), pulls.image[tried].tolist(), pulls.failed[tried].tolist(), strict=True)
        for node, image, at in rows:
            since[node, image] = min(at, since.get((node, image), inf))
        asked = zip(pulls.node.tolist(), pulls.image.tolist(), pulls.asked.tolist(), strict=True)
        known |= np.array([at >= since.get((node, image), inf) for node, image, at in asked], np.bool_)
    every: list[bool] = known.tolist()
    return every


def _places(case: r.CaseRecords, image: int) -> dict[int, int]:
    """Where the layers of an image stand in it, by their numbers."""
    numbers = {layer.digest: number for number, layer in enumerate(case.layers)}
    places: dict[int, int] = {}
    for place, layer in enumerate(case.images[image].layers):
        places.setdefault(numbers[layer.digest], place)
    return places


def _pods_of_pulls(pulls: r.Pulls, ready: Sequence[float]) -> r.Pods:
    """A pod a pull, where there are no workloads."""
    count = len(ready)
    none = np.full(count, -1)
    return frozen(
        r.Pods, pulls, pull=np.arange(count), started=pulls.pulled, ready=ready, workload=none, created=pulls.asked,
        available=ready, deleted=np.full(count, np.nan), reason=none,
    )  # fmt: skip


def _bare(incidents: Incidents) -> r.Orchestration:
    """What bare pulls were refused by hosts that they left for the next one: a swarm in which nobody has an image."""
    if not incidents.lost.activity:
        return r.BARE
    return replace(r.BARE, refusals=_refusals(incidents), lost=frozen(r.Lost, incidents.lost))


def _refusals(incidents: Incidents) -> r.Refusals:
    return frozen(r.Refusals, incidents.refusals, unanswered=[*incidents.refusals.unanswered])


def _orchestration(
    scenario: ResolvedScenario,
    actors: Actors,
    incidents: Incidents,
    orchestrated: Orchestrated,
    ledger: PodLedger,
    pushes: Pushed,
) -> r.Orchestration:
    """All that a case with controllers adds but the pods of the new version themselves.

    Steps stand in the order in which the waits ended; `Cluster.close` added those that did not.
    """
    disks = [(node.index, node.disk) for node in actors.nodes if node.disk is not None]
    faults = orchestrated.faults
    return r.Orchestration(
        workloads=orchestrated.workloads,
        steps=frozen(r.Steps, ledger.steps),
        old_pods=frozen(r.OldPods, ledger.old_pods),
        replicas=frozen(r.ReplicaChanges, ledger.replicas),
        refusals=_refusals(incidents),
        lost=frozen(r.Lost, incidents.lost),
        pushes=frozen(
            r.PushRecords,
            [image for _, images in pushes for image in images],
            push=[scenario.pushes.index(push) for push, images in pushes for _ in images],
        ),
        disks=frozen(
            r.DiskRecords, [disk for _, disk in disks],
            node=[node for node, _ in disks], after=[disk.used for _, disk in disks],
        ),
        pressures=frozen(
            r.PressureRecords, [disk for _, disk in disks if disk.pressed == disk.pressed],
            node=[node for node, disk in disks if disk.pressed == disk.pressed],
        ),
        faults=frozen(r.FaultRecords, () if faults is None else faults.columns),
        conditions=tuple(ledger.conditions),
        stand_in=orchestrated.bare,
    )  # fmt: skip


def _activities(
    network: FluidNetwork, ledger: Ledger, incidents: Incidents, others: Iterable[int]
) -> tuple[r.Fetches, r.Unpacks, r.Spent]:
    """The columns of fetches, unpacks and their causes, the causes numbered as in `CaseRecords.causes`."""
    rows = np.array(ledger.fetches.cells, np.float64).reshape(-1, ROW)
    columns = dict(zip(FETCH, rows.T, strict=True))
    links = len(network.links)
    cap = links + len(_PRIVATE_CAUSES)
    again = np.zeros(len(rows))
    for number, size in incidents.again.items():
        again[number] = size
    # Rows are known by their first places until here; -1 stays -1.
    freed_by = columns["freed_by"] // ROW
    cause = _causes(columns["cause"], links, cap, others)
    fetches = frozen(r.Fetches, columns, freed_by=freed_by, again=again, cause=cause)
    # A decompressor at its own speed limit is what an unpack is capped by.
    unpacking = links + UNPACK
    unpacks = frozen(r.Unpacks, ledger.unpacks, cause=_causes(ledger.unpacks.cause, links, unpacking, others))
    spent = ledger.spent
    of_unpacks, of_fetches = (_causes(spent.cause, links, capped, others) for capped in (unpacking, cap))
    several = np.where(spent.is_unpack, of_unpacks, of_fetches)
    return fetches, unpacks, frozen(r.Spent, spent, cause=several)


def _reads(actors: Actors, network: FluidNetwork, ledger: Ledger, others: Iterable[int]) -> r.Reads:
    """What came of lazy layers until now."""
    links, reads = len(network.links), ledger.reads
    cap = links + len(_PRIVATE_CAUSES)
    moved = np.array(reads.needed, np.float64) + np.array(reads.rest, np.float64)
    for node in actors.nodes:
        if node.reader is not None:
            for row, size in node.reader.moved().items():
                moved[row] = size
    spent = frozen(r.Spent, reads.spent, cause=_causes(reads.spent.cause, links, cap, others))
    return r.Reads(
        pull=np.array(reads.pull, np.int32),
        needed=np.array(reads.needed, np.float64),
        rest=np.array(reads.rest, np.float64),
        started=np.array(reads.started, np.float64),
        read=np.array(reads.read, np.float64),
        begun=np.array(reads.begun, np.float64),
        complete=np.array(reads.complete, np.float64),
        moved=moved,
        spent=spent,
    )


def _volumes(actors: Actors, ledger: Ledger) -> r.VolumeReads:
    """What containers read first of volumes that are made of snapshots."""
    volumes = [node.volume for node in actors.nodes if node.volume is not None]
    if not volumes:
        return r.NO_VOLUMES
    columns = ledger.volumes
    return r.VolumeReads(
        node=np.array(columns.node, np.int32),
        bytes=np.array(columns.bytes, np.float64),
        started=np.array(columns.started, np.float64),
        read=np.array(columns.read, np.float64),
        nodes=len(volumes),
        initialised=max(one.initialised for one in volumes) if all(one.spec.background for one in volumes) else nan,
    )


def _causes(column: Any, links: int, cap: int, others: Iterable[int]) -> Any:
    """The network's numbers for causes as indices into `CaseRecords.causes`; -1 stays."""
    codes = np.array(column, np.int32)
    found = np.where(codes <= PRIVATE, links + (PRIVATE - codes), codes)
    for number, code in enumerate(others, links + len(_PRIVATE_CAUSES)):
        found[codes == code] = number
    found[codes == CAP] = cap
    return found


def _link_causes(actors: Actors, network: FluidNetwork) -> list[str]:
    """What each of the network's links is called as a cause: those of nodes by their resource."""
    names = [link.name for link in network.links]
    for (_, place), link in actors.pinned.items():
        serves = place == NIC_OUT and actors.peers
        names[link.index] = causes.PEER_UPLINK.name if serves else RESOURCES[place].cause.name
    for link in actors.peer_links:
        names[link.index] = causes.PEER_UPLINK.name
    return names


def _stuck(actors: Actors, orchestrated: Orchestrated | None, network: FluidNetwork, ledger: Ledger) -> tuple[str, ...]:
    """What waits for what, in words, when nothing can happen any more or the time is over."""
    missing = () if orchestrated is None else orchestrated.missing
    found: Counter[str] = Counter()
    for source in actors.sources:
        for connections in source.connections:
            if connections.waiting:
                what = f"waiting for a connection of registry '{source.name}' (max_connections: {connections.limit})"
                found[what] += connections.waiting
    for node in actors.nodes:
        for flow in _pulled_by([node]):
            blocked = [link.name for link in flow.kind.links if link.capacity <= 0.0]
            for link_name in blocked:
                found[f"waiting for link '{link_name}', which has no capacity left"] += 1
        if node.slots.queue:
            found["waiting for a layer slot behind them"] += len(node.slots.queue)
    fetches = (f"{number} {'fetch' if number == 1 else 'fetches'} {what}" for what, number in found.items())
    return (*missing, *(fetches if found else _under_way(actors, network, ledger)))


def _under_way(actors: Actors, network: FluidNetwork, ledger: Ledger) -> Iterator[str]:
    """What pulls are at, and with whom, that nothing holds up for ever: they had not the time."""
    asking: Counter[str] = Counter()
    found: Counter[str] = Counter()
    resolved = ledger.pulls.resolved
    for node in actors.nodes:
        asking.update(
            pull.way.source.name for pull in node.pulls if not pull.over and resolved[pull.row] != resolved[pull.row]
        )
        for lead in node.coming.values():
            found.update(_at(fetch, network) for fetch in lead.parts() if ASKED <= fetch.state <= UNPACKING)
    for source, number in asking.items():
        yield f"{number} {'pull' if number == 1 else 'pulls'} asking '{source}' for manifests, or waiting to ask again"
    for what, number in found.items():
        yield f"{number} {'layer' if number == 1 else 'layers'} {what}"


def _at(fetch: Fetch, network: FluidNetwork) -> str:
    """What a fetch does now, or waits for."""
    source = fetch.way.source.name
    if fetch.state >= COMPLETE:
        return "fetched, and being written or unpacked"
    flow = fetch.flow if fetch.state == FLOWING else None
    if flow is None or flow.bundle is None:
        return f"waiting for the first byte from '{source}'"
    limit = flow.bundle.cause.value
    by = f", as fast as link '{network.links[limit].name}' allows" if 0 <= limit < len(network.links) else ""
    return f"coming from '{source}'{by}"
