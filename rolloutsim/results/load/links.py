"""How busy the links were: a row each for the shared ones, a row a group and kind for the nodes' own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.results.facts.grouped import Grouped, Rows
from rolloutsim.results.facts.records import PrivateLinks, known, ratio
from rolloutsim.scenario.resources import LinkName
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rolloutsim.results.facts.columns import Times
    from rolloutsim.results.facts.records import CaseRecords
    from rolloutsim.results.facts.records import SharedLinks as Shared
    from rolloutsim.scenario.resolved import ResolvedScenario

# What rounding may add to a link's bytes: relative to these (`rolloutsim.network.guards.WRONG`), and of a flow that has
# no end and so is counted down from its largest size, some 1e14 B [B]; more is a defect.
_ROUNDING, _LAST_BITS = 1e-9, 0.02


@struct
class Busiest:
    """The largest values among a group's links."""

    bytes: float
    utilisation: float | None
    saturated_s: float
    peak_flows: int


@struct(frozen=True)
class LinkSummary:
    """What a link carried until the rollout's end.

    For the private links of a group of nodes (`web.nic.in`) every value is the mean over its nodes, and `max`
    holds the largest ones.
    """

    link: str  # its name, or group and kind
    capacity_bytes_per_s: float  # payload [B/s]
    bytes: float  # payload carried, background traffic included [B]
    # bytes / (capacity × rollout time), where cores decompress those that take as long as others [1]; None if there was
    # no time or no capacity
    utilisation: float | None
    saturated_s: float  # how long all capacity was allocated and the link was the bottleneck of a flow [s]
    peak_flows: float  # the largest number of flows at one time
    kind: str
    nodes: int | None = None  # how many nodes the row stands for; None: it is a link of its own
    max: Busiest | None = None  # the largest values of the group
    # What it is called together with those of other racks and sites: `rack-cache.uplink`; None: it is the only one.
    family: str | None = field(default=None, metadata={"unless_none": True})


def shared_links(case: CaseRecords, families: Mapping[str, str] = MappingProxyType({})) -> Iterator[LinkSummary]:
    """A row for every shared link; `families` are as of `link_families`."""
    links = case.shared_links
    rows = _rows(case, links, links.name, links.kind)
    return (replace(row, family=families[row.link]) if row.link in families else row for row in rows)


def link_families(scenario: ResolvedScenario) -> dict[str, str]:
    """What the links of caches and mirrors of which there is one in each rack or site are called together."""
    found: dict[str, str] = {}
    for name, server in scenario.servers.items():
        if server.called and server.called != name:
            into = () if server.caching is None else server.caching.into
            for link in (*server.replicas, *server.path, *server.inbound, *into):
                if link.startswith((f"{name}.", f"{name}-")) and link in scenario.links:
                    found[link] = f"{server.called}.{LinkName.of(link).part}"
    return found


def group_links(case: CaseRecords, groups: tuple[str, ...]) -> Iterator[LinkSummary]:
    """A row for each group and kind of its nodes' links: mean and max over the nodes that have such a link."""
    kinds = [
        (links, Grouped(case.node_group[links.node], len(groups)), _utilisation(links, case.end))
        for links in case.private_links
    ]
    for number, group in enumerate(groups):
        for links, by_group, busy in kinds:
            rows = by_group.of(number)
            if len(rows):
                yield _group_row(f"{group}.{links.kind}", links, rows, busy[rows])


def private_links(case: CaseRecords) -> Iterator[LinkSummary]:
    """A row for every single private link, node by node for each kind."""
    for links in case.private_links:
        names = [f"{case.node_names[node]}.{links.kind}" for node in links.node.tolist()]
        yield from _rows(case, links, names, [links.kind] * len(names))


def _rows(
    case: CaseRecords, links: Shared | PrivateLinks, names: Sequence[str], kinds: Sequence[str]
) -> Iterator[LinkSummary]:
    columns = (links.capacity, links.bytes, _utilisation(links, case.end), links.saturated, links.peak_flows)
    values = (column.tolist() for column in columns)
    for name, kind, capacity, moved, busy, saturated, peak in zip(names, kinds, *values, strict=True):
        yield LinkSummary(name, capacity, moved, known(busy), saturated, peak, kind)


def _group_row(name: str, links: PrivateLinks, rows: Rows, busy: Times) -> LinkSummary:
    if len(rows) == 1:  # its own mean, without the price of one
        (row,) = rows.tolist()
        size, utilisation, full = float(links.bytes[row]), known(busy[0]), float(links.saturated[row])
        peak, most = float(links.peak_flows[row]), Busiest(size, utilisation, full, int(links.peak_flows[row]))
        return LinkSummary(
            name, float(links.capacity[row]), size, utilisation, full, peak, links.kind, nodes=1, max=most
        )
    moved, saturated, peaks = links.bytes[rows], links.saturated[rows], links.peak_flows[rows]
    return LinkSummary(
        name,
        float(links.capacity[rows].mean()),
        float(moved.mean()),
        known(busy.mean()),
        float(saturated.mean()),
        float(peaks.mean()),
        links.kind,
        nodes=len(rows),
        max=Busiest(float(moved.max()), known(busy.max()), float(saturated.max()), int(peaks.max())),
    )


def _utilisation(links: Shared | PrivateLinks, end: float) -> Times:
    spared = links.spared if isinstance(links, PrivateLinks) else None
    return busy_share(links.bytes if spared is None else links.bytes - spared, links.capacity * end)


def busy_share(moved: Times, most: Times) -> Times:
    """Bytes as a share of the most that a link can carry; NaN where that is nothing [1].

    What was carried is a sum over all events, whose last bits may be too many: no share is above 1 by these.
    """
    share = ratio(moved, most)
    return np.where((share > 1.0) & (moved <= most * (1.0 + _ROUNDING) + _LAST_BITS), 1.0, share)
