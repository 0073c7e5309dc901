"""Links on their way through a rollout: the busiest, a lane each, with when they are full in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.report.plots.lines import unit_of
from rolloutsim.results.numerals import show_time
from rolloutsim.results.shown.names import link_words
from rolloutsim.scenario.resources import PLACES, LinkName
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.columns import Times
    from rolloutsim.results.load.throughput import LinkLoad

_MOST_LINKS = 14  # lanes; the busiest if there are more (assumed: what one reads)
_MOST_RACKS = 3  # racks, or sites, with a lane each; more become one lane (assumed)
_MOST_CORNERS = 2000  # of a lane's outline; a link that fills and empties more often is averaged (assumed)
_FULL = 1.0 - 1e-9  # a mean of at least this share of the capacity
PARTS = 240  # of the time in the heat map, at most where requests are counted (assumed: a part per three pixels)
_DIRECTIONS = {"down": "to nodes", "up": "outward"}


@struct(eq=False)
class Lane:
    """A link, or several of a kind, on its way through the rollout; `link` is what results call it, `name` words."""

    link: str
    name: str
    edges: Times
    utilisation: Times
    saturated: np.ndarray[tuple[int], np.dtype[np.bool_]]
    mean: float
    spans: list[tuple[float, float]]


def lanes_of(loads: Sequence[LinkLoad], end: float) -> list[Lane]:
    """The busiest links; many racks, or sites, are one lane for each direction: the busiest at each moment."""
    single = [load for load in loads if load.kind not in PLACES]
    by_direction: dict[tuple[str, str], list[LinkLoad]] = {}
    for load in loads:
        if load.kind in PLACES:
            by_direction.setdefault((load.kind, LinkName.of(load.link).part), []).append(load)
    lanes = []
    for (kind, direction), members in by_direction.items():
        used = [load for load in members if mean_of(load) > 0.0]
        if len(used) <= _MOST_RACKS:
            single += used
            continue
        edges = np.linspace(0.0, end, PARTS + 1)
        busy = np.max([load.at(edges) for load in used], axis=0)
        spans = _joined([span for load in used for span in load.saturated_spans])
        of_all = float(np.mean([mean_of(load) for load in used]))
        name = f"busiest of {len(used)} {kind}s ({_DIRECTIONS[direction]})"
        lanes.append(Lane(name, name, edges, busy, busy >= _FULL, of_all, spans))
    for load in single:
        edges, busy, full = load.edges, load.utilisation, load.saturated
        if len(edges) > _MOST_CORNERS:
            edges = np.linspace(0.0, end, _MOST_CORNERS + 1)
            busy = load.at(edges)
            full = busy >= _FULL
        lanes.append(Lane(load.link, words_of(load), edges, busy, full, mean_of(load), load.saturated_spans))
    lanes.sort(key=lambda lane: (-length_of(lane.spans), -lane.mean, lane.link))
    return lanes[:_MOST_LINKS]


def words_of(load: LinkLoad) -> str:
    """A link in words."""
    return link_words(load.link, load.kind)


def steps(edges: Times, values: Times, most: int, end: float) -> tuple[Times, Times]:
    """Moments and the value from each on; of more than `most`, means over equal parts of the time."""
    if len(values) > most:
        whole = np.append(0.0, np.cumsum(values * np.diff(edges)))
        parts = np.linspace(0.0, end, most + 1)
        values, edges = np.diff(np.interp(parts, edges, whole)) / (parts[1] - parts[0]), parts
    return edges, np.append(values, values[-1:])


def when_full(spans: Sequence[tuple[float, float]]) -> str:
    """`full from 0.0 to 58.8 s`; with several spans their number and how long they are together."""
    if not spans:
        return "never the limit"
    start, stop = spans[0][0], spans[-1][1]
    unit, name = unit_of(stop)
    between = f"from {_moment(start / unit, stop / unit)} to {_moment(stop / unit, stop / unit)} {name}"
    if len(spans) == 1:
        return f"full {between}"
    return f"full {len(spans)} times {between}, {show_time(length_of(spans))} in all"


def _moment(time: float, largest: float) -> str:
    """With as many decimals as the largest of the figure needs for three digits."""
    decimals = 2 if largest < 10.0 else 1 if largest < 1000.0 else 0
    return f"{time:.{decimals}f}"


def length_of(spans: Sequence[tuple[float, float]]) -> float:
    """How long spans are together [s]."""
    return sum(stop - start for start, stop in spans)


def _joined(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Spans without overlaps, in the order of time."""
    joined: list[tuple[float, float]] = []
    for start, stop in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(stop, joined[-1][1]))
        else:
            joined.append((start, stop))
    return joined


def mean_of(load: LinkLoad) -> float:
    """Mean utilisation over the rollout [1]."""
    return float((load.utilisation * np.diff(load.edges)).sum() / load.edges[-1])
