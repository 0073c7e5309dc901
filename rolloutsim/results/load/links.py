"""How busy the links were: a row each for the shared ones, a row a group and kind for the nodes' own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rolloutsim.structs import struct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolloutsim.results.facts.records import CaseRecords, PrivateLinks, Times
    from rolloutsim.results.facts.records import SharedLinks as Shared


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
    utilisation: float | None  # bytes / (capacity × rollout time) [1]; None if there was no time or no capacity
    saturated_s: float  # how long all capacity was allocated and the link was the bottleneck of a flow [s]
    peak_flows: float  # the largest number of flows at one time
    kind: str
    nodes: int | None = None  # how many nodes the row stands for; None: it is a link of its own
    max: Busiest | None = None  # the largest values of the group


def shared_links(case: CaseRecords) -> Iterator[LinkSummary]:
    """A row for every shared link."""
    links = case.shared_links
    busy = _utilisation(links, case.end)
    for i, (name, kind) in enumerate(zip(links.name, links.kind, strict=True)):
        yield LinkSummary(
            name, float(links.capacity[i]), float(links.bytes[i]), _known(busy[i]),
            float(links.saturated[i]), int(links.peak_flows[i]), kind,
        )  # fmt: skip


def group_links(case: CaseRecords, groups: tuple[str, ...]) -> Iterator[LinkSummary]:
    """A row for each group and kind of its nodes' links: mean and max over the nodes that have such a link."""
    for number, group in enumerate(groups):
        for links in case.private_links:
            rows = np.flatnonzero(case.node_group[links.node] == number)
            if len(rows):
                yield _group_row(f"{group}.{links.kind}", links, rows, _utilisation(links, case.end)[rows])


def private_links(case: CaseRecords) -> Iterator[LinkSummary]:
    """A row for every single private link, node by node for each kind."""
    for links in case.private_links:
        busy = _utilisation(links, case.end)
        for i, node in enumerate(links.node.tolist()):
            yield LinkSummary(
                f"{case.node_names[node]}.{links.kind}", float(links.capacity[i]), float(links.bytes[i]),
                _known(busy[i]), float(links.saturated[i]), int(links.peak_flows[i]), links.kind,
            )  # fmt: skip


def _group_row(name: str, links: PrivateLinks, rows: npt.NDArray[np.intp], busy: Times) -> LinkSummary:
    moved, saturated, peaks = links.bytes[rows], links.saturated[rows], links.peak_flows[rows]
    return LinkSummary(
        name,
        float(links.capacity[rows].mean()),
        float(moved.mean()),
        _known(busy.mean()),
        float(saturated.mean()),
        float(peaks.mean()),
        links.kind,
        nodes=len(rows),
        max=Busiest(float(moved.max()), _known(busy.max()), float(saturated.max()), int(peaks.max())),
    )


def _utilisation(links: Shared | PrivateLinks, end: float) -> Times:
    room = links.capacity * end
    busy = np.full(len(room), np.nan)
    np.divide(links.bytes, room, out=busy, where=room > 0.0)
    return busy


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
