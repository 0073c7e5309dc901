"""How fast bytes moved, over time: per link and per node. Exact where the records say so, estimated elsewhere.

The records hold when a fetch moved its first and its last byte, not its rate in between. Here a fetch is given a rate
that is constant but for the node's other fetches: while n of them run at the same time, each has 1/n of what one has.
That is exact for equal nodes that start together, and an estimate elsewhere. For a link two things are exact: when it
was saturated (it then carries its capacity), and all bytes that it carried. So the estimate only says how the bytes of
unsaturated times are distributed over these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rolloutsim.results.facts.grouped import Grouped, Rows
from rolloutsim.results.facts.records import ratio
from rolloutsim.scenario.routes import (
    among_members,
    between_nodes,
    exits,
    into_members,
    inwards,
    node_racks,
    outlets,
    pushed_over,
    seeds_inbound,
    seeds_uplink,
)  # fmt: skip
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.columns import Times
    from rolloutsim.results.facts.records import CaseRecords, PushRecords
    from rolloutsim.scenario.resolved import LinkKind, ResolvedScenario

_INSTANT = 1e-12  # what takes no longer is over at once [s] (assumed: no time in a scenario is shorter)
_HALVINGS = 60  # of the bracket around the factor that fits estimated bytes to the known ones: float precision


@struct(eq=False)
class LinkLoad:
    """The load of a shared link between moments."""

    link: str
    kind: LinkKind
    capacity: float  # payload [B/s]
    edges: Times  # n + 1 moments, ascending [s]
    utilisation: Times  # n shares of the capacity in use between them [1]; 1 where saturated, else estimated
    saturated: npt.NDArray[np.bool_]  # n booleans, exact

    @property
    def saturated_spans(self) -> list[tuple[float, float]]:
        """From when to when it was saturated, spans that touch joined [s]."""
        starts = np.flatnonzero(self.saturated & ~np.append(False, self.saturated[:-1]))
        ends = np.flatnonzero(self.saturated & ~np.append(self.saturated[1:], False))
        return [(float(self.edges[i]), float(self.edges[k + 1])) for i, k in zip(starts, ends, strict=True)]

    def at(self, edges: Times) -> Times:
        """Mean utilisation between other, coarser moments [1]."""
        done = np.append(0.0, np.cumsum(self.utilisation * np.diff(self.edges)))
        mean: Times = np.diff(np.interp(edges, self.edges, done)) / np.diff(edges)
        return mean


def link_loads(
    scenario: ResolvedScenario, case: CaseRecords, links: Sequence[str] | None = None, steps: int = 240
) -> tuple[LinkLoad, ...]:
    """The load of shared links over a case's rollout; none if the rollout took no time.

    Parameters
    ----------
    scenario, case
        What was simulated, which says what links a fetch crosses, and what happened.
    links : sequence of str, optional
        Which links; all shared ones by default. The loads are in the order of `case.shared_links` anyway.
    steps : int
        Equal parts of the rollout; moments when a link became saturated, or no longer was, are added.
    """
    if case.end <= 0.0:
        return ()
    shared = case.shared_links
    grid = np.linspace(0.0, case.end, steps + 1)
    done = _Spread(scenario, case).done(grid)
    loads, chosen = [], set(shared.name if links is None else links)
    intervals = Grouped(shared.intervals[:, 0].astype(np.int64), len(shared.name))
    for i, (name, kind) in enumerate(zip(shared.name, shared.kind, strict=True)):
        if name not in chosen:
            continue
        spans = shared.intervals[intervals.of(i), 1:]
        edges = np.unique(np.clip(np.concatenate([grid, spans.ravel()]), 0.0, case.end))
        saturated = _within(edges, spans)
        capacity = float(shared.capacity[i])
        busy = np.zeros(len(edges) - 1)
        if capacity > 0.0:
            wanted = np.diff(np.interp(edges, grid, done[i])) / np.diff(edges) / capacity
            busy = _fitted(wanted, saturated, np.diff(edges), float(shared.bytes[i]) / capacity)
        loads.append(LinkLoad(name, kind, capacity, edges, busy, saturated))
    return tuple(loads)


def fetched_by(case: CaseRecords, edges: Times, group: npt.NDArray[np.signedinteger], groups: int) -> Times:
    """The bytes of fetches that had arrived by each moment, `groups` × m sums [B]; estimated as the module says.

    Parameters
    ----------
    case : CaseRecords
        What happened.
    edges : numpy.ndarray
        m moments, ascending [s].
    group, groups
        For each fetch a number from 0: which sum it belongs to; and how many sums there are.
    """
    fetches = case.fetches
    begun = np.flatnonzero(~np.isnan(fetches.started))
    started, ended = fetches.started[begun], _ended(case)[begun]
    node = case.pulls.node[fetches.pull[begun]].astype(np.intp)  # what the loop indexes with, as the processor does
    moved, of = fetches.bytes_done[begun], group[begun].astype(np.intp)
    clocks = _Clocks(case)
    first, last = clocks.at(node, started), clocks.at(node, ended)
    scale = ratio(1.0, last - first, missing=0.0)
    done = np.zeros((groups, len(edges)))
    for k, (moment, shown) in enumerate(zip(edges.tolist(), clocks.over(edges), strict=True)):
        share = shown[node]
        share -= first
        share *= scale
        np.clip(share, 0.0, 1.0, out=share)
        np.maximum(share, ended <= moment, out=share)  # all of those that have ended
        share *= moved
        done[:, k] = np.bincount(of, share, groups)
    return done


def received_by(case: CaseRecords, edges: Times) -> Times:
    """The bytes that nodes had received from each source by each moment, sources × m sums [B]; as `fetched_by`.

    Of a fetch whose connection broke each source has its share at any moment.
    """
    count = len(case.sources)
    if not len(case.supply.parts.fetch):
        return fetched_by(case, edges, case.fetches.source.astype(np.int64) + 1, count + 1)[1:]
    fetch, source, size, _ = _came(case)
    return _parted(case, edges, fetch, source + 1, size, count + 1)[1:]


def _came(case: CaseRecords) -> tuple[Rows, Rows, Times, Rows]:
    """What fetches brought, in parts: fetch, source, bytes [B], and the node that served it; -1: none, or none did."""
    fetches, parts, uploads = case.fetches, case.supply.parts, case.supply.uploads
    every = np.arange(len(fetches.pull))
    of_peers = np.unique(uploads.source)
    rest = fetches.bytes_done - np.bincount(parts.fetch, parts.bytes, len(every))
    # What a node served stands with the uploads.
    others, theirs = ~np.isin(fetches.source, of_peers), ~np.isin(parts.source, of_peers)
    found = [
        (every[others], fetches.source[others], rest[others], np.full(np.count_nonzero(others), -1)),
        (parts.fetch[theirs], parts.source[theirs], parts.bytes[theirs], np.full(np.count_nonzero(theirs), -1)),
        (uploads.fetch, uploads.source, uploads.bytes, uploads.node),
    ]
    fetch, source, size, node = (np.concatenate(column) for column in zip(*found, strict=True))
    return fetch.astype(np.int64), source.astype(np.int64), size, node.astype(np.int64)


def _parted(case: CaseRecords, edges: Times, fetch: Rows, group: Rows, size: Times, groups: int) -> Times:
    """As `fetched_by`, of parts of fetches that have groups of their own: each has its share at any moment."""
    number = np.bincount(fetch, minlength=len(case.fetches.pull))
    whole = number[fetch] == 1
    of = np.full(len(number), groups)
    of[fetch[whole]] = group[whole]
    broken = np.flatnonzero(number > 1)
    of[broken] = groups + 1 + np.arange(len(broken))
    done = fetched_by(case, edges, of, groups + 1 + len(broken))
    found, rows = done[:groups], np.flatnonzero(~whole)
    shares = ratio(size[rows], case.fetches.bytes_done[fetch[rows]], missing=0.0)
    place = groups + 1 + np.searchsorted(broken, fetch[rows])
    np.add.at(found, group[rows], shares[:, None] * done[place])
    return found


def sent_by(case: CaseRecords, edges: Times, servers: int) -> Times:
    """The bytes of layers that had left each of the first servers by each moment, servers × m sums [B].

    What left them for caches' stores is spread evenly over the time that it took; else as `fetched_by`.
    """
    count = len(case.sources)
    by_source = received_by(case, edges)
    outlets, fills = case.supply.outlets, case.supply.fills
    chains: list[list[int]] = []
    for source in range(count if case.supply else 0):
        before = int(outlets.origin[source])
        chains.append([int(outlets.server[source]), *(chains[before] if before >= 0 else ())])
    done = np.zeros((servers, len(edges)))
    for source, chain in enumerate(chains or [[source] for source in range(count)]):
        for server in chain:
            if server < servers:
                done[server] += by_source[source]
    for source in np.unique(fills.upstream).tolist():
        moved = _evenly(*_filled(case, np.flatnonzero(fills.upstream == source)), edges)
        for server in chains[source]:
            if server < servers:
                done[server] += moved
    return done


def _filled(case: CaseRecords, rows: npt.NDArray[np.intp]) -> tuple[Times, Times, Times]:
    """Of caches' fills: from when to when, and how many bytes, of those that have any."""
    fills = case.supply.fills
    begun = rows[~np.isnan(fills.started[rows]) & (fills.bytes[rows] > 0.0)]
    ended = np.where(np.isnan(fills.ended[begun]), case.end, fills.ended[begun])
    return fills.started[begun], np.minimum(ended, case.end), fills.bytes[begun]


def _evenly(started: Times, ended: Times, amount: Times, edges: Times) -> Times:
    """The bytes that had moved by each moment, all together, if each moved at one rate [B]."""
    length = np.maximum(ended - started, _INSTANT)[:, None]
    moved: Times = (np.clip((edges - started[:, None]) / length, 0.0, 1.0) * amount[:, None]).sum(axis=0)
    return moved


def node_rates(case: CaseRecords, edges: Times) -> Times:
    """The rate at which each node received layers between n + 1 moments [s], while it fetched.

    Nodes × n rates [B/s]; NaN where a node does not fetch.
    """
    nodes = len(case.node_names)
    done = fetched_by(case, edges, case.pulls.node[case.fetches.pull], nodes)
    seconds = np.diff(list(_Clocks(case, alike=True).over(edges)), axis=0).T
    return ratio(np.diff(done), seconds, least=1e-9 * np.diff(edges))


def node_throughputs(case: CaseRecords) -> Times:
    """The mean rate of each node while it fetches [B/s]; NaN for one that fetched nothing."""
    nodes = len(case.node_names)
    moved = np.bincount(case.pulls.node[case.fetches.pull], case.fetches.bytes_done, nodes).astype(np.float64)
    clocks, every = _Clocks(case, alike=True), np.arange(nodes)
    seconds = clocks.at(every, clocks.span) - clocks.at(every, 0.0)
    return ratio(moved, seconds)


def least_time(scenario: ResolvedScenario, case: CaseRecords) -> tuple[float, str] | None:
    """The time that no rollout can beat [s], and the link that sets it: max over links of bytes / capacity.

    Only fetched layers count, not other traffic. Private links are named by kind (`nic.in`). None if nothing was
    fetched over a link of finite capacity.
    """
    found: list[tuple[float, str]] = []
    shared = case.shared_links
    moved_over = _Spread(scenario, case).totals()
    for name, capacity, moved_there in zip(shared.name, shared.capacity.tolist(), moved_over.tolist(), strict=True):
        if capacity > 0.0:
            found.append((moved_there / capacity, name))
    moved = np.bincount(case.pulls.node[case.fetches.pull], case.fetches.bytes_done, len(case.node_names))
    for links in case.private_links:
        if links.kind == "nic.in" and len(links.node):
            times = ratio(moved[links.node], links.capacity, missing=0.0)
            found.append((float(times.max()), links.kind))
    time, name = max(found, key=lambda one: one[0], default=(0.0, ""))
    return (time, name) if time > 0.0 else None


class _Clocks:
    """For each node a clock that runs at 1/n while n of its fetches run, and stands while none does.

    With `alike` it runs at full speed however many there are.
    """

    def __init__(self, case: CaseRecords, alike: bool = False) -> None:
        begun = np.flatnonzero(~np.isnan(case.fetches.started))
        started, ended = case.fetches.started[begun], _ended(case)[begun]
        node, nodes = case.pulls.node[case.fetches.pull[begun]], len(case.node_names)
        self.span = 1.0 + max(float(ended.max(initial=0.0)), case.end)
        at = np.concatenate([np.zeros(nodes), started, ended])
        of = np.concatenate([np.arange(nodes), node, node])
        change = np.repeat([0, 1, -1], [nodes, len(node), len(node)])
        order = np.lexsort((at, of))
        self.node = of[order]
        self.moment = at[order]
        self.key = self.node * self.span + self.moment
        running = np.cumsum(change[order])  # all of a node's have ended where the next node begins
        running = np.minimum(running, 1) if alike else running
        self.speed = ratio(1.0, running, missing=0.0)
        steps = np.where(self.node[1:] == self.node[:-1], np.diff(self.moment) * self.speed[:-1], 0.0)
        self.shown = np.append(0.0, np.cumsum(steps))

    def at(self, node: npt.NDArray[np.signedinteger], moment: Times | float) -> Times:
        """What nodes' clocks show at a moment or at one each, each from a start of its own."""
        moment = np.minimum(moment, self.span - 0.5)
        row = np.searchsorted(self.key, node * self.span + moment, side="right") - 1
        shown: Times = self.shown[row] + (moment - self.moment[row]) * self.speed[row]
        return shown

    def over(self, moments: Times) -> Iterator[Times]:
        """What all nodes' clocks show at each of some moments, ascending; as `at`, in one pass over the rows."""
        moments = np.minimum(moments, self.span - 0.5)
        # The moment from which on each row counts, by the same comparison of keys that `at` makes.
        due = np.searchsorted(moments, self.moment)
        while len(early := np.flatnonzero((due > 0) & (self.key <= self.node * self.span + moments[due - 1]))):
            due[early] -= 1
        # Of rows that count from the same moment on, a node's last one.
        last = np.append((self.node[1:] != self.node[:-1]) | (due[1:] != due[:-1]), True)
        rows = np.flatnonzero(last)[np.argsort(due[last], kind="stable")]
        ends = np.searchsorted(due[rows], np.arange(len(moments)), side="right")
        nodes = int(self.node.max(initial=-1)) + 1
        shown, since, speed = np.zeros((3, nodes))
        begin = 0
        for moment, end in zip(moments.tolist(), ends.tolist(), strict=True):
            row = rows[begin:end]
            node = self.node[row]
            shown[node], since[node], speed[node] = self.shown[row], self.moment[row], self.speed[row]
            begin = end
            yield shown + (moment - since) * speed


class _Spread:
    """The bytes of all traffic, link by link; a route is what parts of fetches have in common there."""

    def __init__(self, scenario: ResolvedScenario, case: CaseRecords) -> None:
        self.scenario, self.case = scenario, case
        self.fetch, source, self.size, holder = _came(case)
        node = case.pulls.node[case.fetches.pull[self.fetch]]
        racks = node_racks(scenario)
        number = {rack: i for i, rack in enumerate(dict.fromkeys(racks))}
        rack = np.array([number[one] for one in racks], np.int32)
        # Where the node stands that served it, as a group and rack; 0: none did.
        stands = np.append(case.node_group * np.int64(len(number)) + rack + 1, 0)
        parts = source + 1, stands[holder], case.node_group[node], rack[node]  # -1: none served it
        sizes = [1 + int(part.max(initial=0)) for part in parts]
        keys, self.route = np.unique(np.ravel_multi_index(parts, sizes), return_inverse=True)
        known = {(one.source, one.group, number[one.rack]): one.shares for one in case.routes}
        place = {name: i for i, name in enumerate(case.shared_links.name)}
        called, peers = tuple(number), set(scenario.peers)

        def shares(source: int, stands: int, group: int, rack: int) -> Mapping[str, float]:
            """Of bytes from a source to a group in a rack, what each link carries."""
            if source < 0 or case.sources[source] not in peers:
                return known.get((source, group, rack), {})
            to = scenario.groups[group], called[rack]
            if stands == 0:
                return among_members(scenario, case.sources[source], *to)
            of_group, of_rack = divmod(stands - 1, len(called))
            return dict.fromkeys(between_nodes(scenario.groups[of_group], called[of_rack], *to), 1.0)

        self.shares = [
            [(place[link], share) for link, share in shares(source - 1, *where).items() if link in place]
            for source, *where in zip(*(part.tolist() for part in np.unravel_index(keys, sizes)), strict=True)
        ]
        self.fills = list(self._fills(place)) if len(case.supply.fills.cache) else []

    def _fills(self, place: Mapping[str, int]) -> Iterator[tuple[npt.NDArray[np.intp], list[tuple[int, float]]]]:
        """What caches fetched for their stores, and seeds sent to swarms, way by way.

        Its rows, and links with the share that each carries.
        """
        scenario, fills, count = self.scenario, self.case.supply.fills, len(self.case.sources)
        every, servers = outlets(scenario), scenario.servers
        ways, way = np.unique(fills.cache.astype(np.int64) * count + fills.upstream, return_inverse=True)
        rows = Grouped(way, len(ways))
        for number, (cache, upstream) in enumerate(divmod(one, count) for one in ways.tolist()):
            outlet = every[upstream]
            if outlet.server not in servers:
                # What a swarm's own seeds sent.
                sent = {seeds_uplink(outlet.server): 1.0, **into_members(scenario, outlet.server, None)}
                yield rows.of(number), [(place[link], share) for link, share in sent.items() if link in place]
                continue
            into = servers.get(self.case.sources[cache])
            # A swarm has no place; its own seeds, if it has some, have a link in.
            own = (seeds_inbound(self.case.sources[cache]),)
            inward = own if into is None else inwards(servers[outlet.server], into)
            paths = exits(scenario, outlet)
            links = [link for path in paths for link in dict.fromkeys((*path, *inward)) if link in place]
            shares = {link: links.count(link) / len(paths) for link in links}
            name = self.case.sources[cache]
            if into is None and not scenario.peers[name].seeds:
                stands = servers[outlet.server].rack
                shares = {**into_members(scenario, name, stands), **shares}
            yield rows.of(number), [(place[link], share) for link, share in shares.items() if link in place]

    def done(self, edges: Times) -> Times:
        """Bytes that had crossed each shared link (rows) by each moment (columns)."""
        parts = self.fetch, self.route, self.size
        done = self._on_links(_parted(self.case, edges, *parts, len(self.shares)))
        for row, started, ended, amount in self._others():
            done[row] += _evenly(started, ended, amount, edges)
        for rows, shares in self.fills:
            moved = _evenly(*_filled(self.case, rows), edges)
            for link, share in shares:
                done[link] += share * moved
        return done

    def totals(self) -> Times:
        """Bytes of fetched layers over each shared link, those for caches' stores among them."""
        moved = np.bincount(self.route, self.size, len(self.shares))
        sums: Times = self._on_links(moved.astype(np.float64)[:, None])[:, 0]
        for rows, shares in self.fills:
            filled = float(self.case.supply.fills.bytes[rows].sum())
            for link, share in shares:
                sums[link] += share * filled
        return sums

    def _on_links(self, by_route: Times) -> Times:
        sums = np.zeros((len(self.case.shared_links.name), by_route.shape[1]))
        for route, shares in enumerate(self.shares):
            for link, share in shares:
                sums[link] += share * by_route[route]
        return sums

    def _others(self) -> Iterator[tuple[int, Times, Times, Times]]:
        """Background traffic and pushes, link by link, as (row of the link, from, to, bytes)."""
        flows, end = self.case.background, self.case.end
        pushes = self.case.orchestration.pushes
        paths = {spec.name: spec.links for spec in self.scenario.background}
        crossing: dict[str, list[int]] = {}
        for i, name in enumerate(flows.name):
            for link in paths[name] if name in paths and not np.isnan(flows.started[i]) else ():
                crossing.setdefault(link, []).append(i)
        pushing: dict[str, list[int]] = {}
        for i in range(len(pushes.image)):
            for link in self._push_path(pushes, i):
                pushing.setdefault(link, []).append(i)
        for row, link in enumerate(self.case.shared_links.name):
            here = crossing.get(link)
            if here:
                ended = np.where(np.isnan(flows.finished[here]), end, flows.finished[here])
                yield row, np.maximum(flows.started[here], 0.0), np.minimum(ended, end), flows.bytes[here]
            pushed = pushing.get(link)
            if pushed:
                ended = np.where(np.isnan(pushes.finished[pushed]), end, pushes.finished[pushed])
                yield row, pushes.started[pushed], np.minimum(ended, end), pushes.bytes[pushed]

    def _push_path(self, pushes: PushRecords, row: int) -> tuple[str, ...]:
        """The shared links that a push crosses during the rollout; one before it has crossed them before."""
        push = self.scenario.pushes[int(pushes.push[row])]
        if push.at is None or np.isnan(pushes.started[row]):
            return ()
        return pushed_over(self.scenario, push, self.scenario.images[pushes.image[row]])


def _ended(case: CaseRecords) -> Times:
    """When each fetch ended, its attempt failed, or the rollout ended for those that did neither."""
    fetches, failed = case.fetches, case.pulls.failed[case.fetches.pull]
    cut = np.maximum(np.where(np.isnan(failed), case.end, failed), fetches.started)
    return np.where(np.isnan(fetches.fetched), cut, fetches.fetched)


def _within(edges: Times, spans: Times) -> npt.NDArray[np.bool_]:
    """Whether each stretch between moments lies in one of the spans."""
    change = np.zeros(len(edges), np.int64)
    last = edges[-1]
    np.add.at(change, np.searchsorted(edges, np.clip(spans[:, 0], 0.0, last)), 1)
    np.add.at(change, np.searchsorted(edges, np.clip(spans[:, 1], 0.0, last)), -1)
    return np.cumsum(change)[:-1] > 0


def _fitted(wanted: Times, saturated: npt.NDArray[np.bool_], seconds: Times, full_seconds: float) -> Times:
    """Utilisation that is 1 where saturated, elsewhere in proportion to `wanted` (at most 1), and right in sum.

    `full_seconds` is what the link carried, in seconds of its capacity.
    """
    rest = max(0.0, full_seconds - float(seconds[saturated].sum()))
    wanted = np.where(saturated, 0.0, np.maximum(wanted, 0.0))

    def carried(factor: float) -> float:
        return float((np.minimum(wanted * factor, 1.0) * seconds).sum())

    known = carried(1.0)
    if rest <= 0.0 or known <= 0.0:
        return np.where(saturated, 1.0, 0.0)
    low, high = 0.0, 1.0
    while carried(high) < rest and high < 2.0**40:
        low, high = high, 2.0 * high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if carried(middle) < rest else (low, middle)
    return np.where(saturated, 1.0, np.minimum(wanted * high, 1.0))
