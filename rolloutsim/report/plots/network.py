"""How busy the links are, from when to when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patches import Patch, Rectangle

from rolloutsim.report.plots.canvas import (
    GRID,
    INK,
    MUTED,
    RED,
    SKY,
    NoDataError,
    canvas,
    finish,
    grid,
    label_axes,
    mark,
    plain,
)
from rolloutsim.report.plots.scales import corners, time_axis, unit_of
from rolloutsim.report.plots.subjects import MOST_NODES, one_case, scene
from rolloutsim.results.load.throughput import LinkLoad, link_loads
from rolloutsim.results.numerals import show_time, whole_share
from rolloutsim.scenario.resources import LinkName
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rolloutsim.results.facts.records import Times
    from rolloutsim.results.outcome import Outcome

_MOST_LINKS = 14  # lanes; the busiest if there are more (assumed: what one reads)
_MOST_RACKS = 6  # racks with a lane each; more become one lane (assumed)
_LANE, _FRAME = 0.46, 1.35  # height of a lane, and of all around them [inch]
_PARTS = 240  # of the time in the heat map (assumed: a part per three pixels)
_MOST_CORNERS = 2000  # of a lane's outline; a link that fills and empties more often is averaged (assumed)
_ESTIMATED = "exact where full, estimated elsewhere"


def utilisation(outcome: Outcome, *, case: str | None = None, ax: Axes | None = None) -> Axes:
    """The share of each shared link's capacity in use over time, a lane a link; full times are exact.

    Parameters
    ----------
    outcome, case, ax
        As for `timeline`.
    """
    run, records = outcome.run, one_case(outcome, case)
    loads = link_loads(run.scenario, records)
    if not loads:
        raise NoDataError(
            f"case '{plain(records.name)}' has no shared link, or took no time; a `registry` with an `uplink`, "
            "`network.racks` or `network.links` add links"
        )
    lanes = _lanes(loads, records.end)
    ax = canvas(ax, height=max(2.6, _FRAME + _LANE * len(lanes)))
    for place, lane in enumerate(lanes):
        x, height, full = corners(lane.edges, lane.utilisation, lane.saturated.astype(np.float64))
        base = place + 0.4
        ax.axhspan(base - 0.8, base, color=GRID, alpha=0.35, lw=0)
        area = ax.fill_between(x, base, base - 0.8 * height, color=SKY, lw=0)
        mark(ax, area, "link", lane.name, f"{lane.name}: {whole_share(lane.mean)} busy; {_when(lane.spans)}")
        if full.any():
            ax.fill_between(x, base, base - 0.8 * height, where=full > 0.5, color=RED, lw=0.6)
    names = [f"{plain(lane.name)}  {whole_share(lane.mean)}" for lane in lanes]
    ax.set_yticks(range(len(lanes)), names)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(lanes) - 0.5, -0.5)
    time_axis(ax, records.end * 1.01)
    grid(ax, "x")
    entries = [(Patch(facecolor=RED), "full"), (Patch(facecolor=SKY), "in use"), (Patch(facecolor=GRID), "free")]
    what = f"capacity in use, its mean beside the link; {_ESTIMATED}"
    return finish(ax, _fullest(loads), scene(run, what, [records]), legend=entries)


def racks(outcome: Outcome, *, case: str | None = None, ax: Axes | None = None) -> Axes:
    """The utilisation of each rack's link over time, as a heat map: towards the nodes, or outward where that is more.

    Parameters
    ----------
    outcome, case, ax
        As for `timeline`.
    """
    run, records = outcome.run, one_case(outcome, case)
    loads = [load for load in link_loads(run.scenario, records) if load.kind == "rack"]
    if not loads:
        raise NoDataError(
            f"the scenario '{plain(run.scenario.name, 60)}' has no racks; give a node group some, such as "
            "nodes: {web: {count: 40, racks: [r1, r2]}}, and their links a capacity, such as "
            "network: {racks: {oversubscription: 4}}"
        )
    edges = np.linspace(0.0, records.end, _PARTS + 1)
    names = tuple(dict.fromkeys(LinkName.of(load.link).owner for load in loads))
    row = {name: i for i, name in enumerate(names)}
    heat = np.zeros((len(names), _PARTS))
    for load in loads:
        place = row[LinkName.of(load.link).owner]
        heat[place] = np.maximum(heat[place], load.at(edges))
    said = _fullest(loads, no_link="No rack's link")
    ax = canvas(ax)
    image = ax.imshow(
        heat, aspect="auto", interpolation="nearest", cmap="cividis", vmin=0.0, vmax=1.0,
        extent=(0.0, records.end, len(names) - 0.5, -0.5),
    )  # fmt: skip
    few = len(names) <= MOST_NODES
    if not few:
        mark(ax, image, "rack", "all", f"{len(names)} racks; {said}")
    for place, name in enumerate(names if few else ()):
        of_rack = max((load for load in loads if LinkName.of(load.link).owner == name), key=_mean)
        strip = Rectangle((0.0, place - 0.5), records.end, 1.0, alpha=0.0, linewidth=0)
        ax.add_patch(strip)
        mark(
            ax,
            strip,
            "rack",
            name,
            f"{of_rack.link}: {whole_share(_mean(of_rack))} busy; {_when(of_rack.saturated_spans)}",
        )
    shown = range(len(names)) if len(names) <= 30 else np.linspace(0, len(names) - 1, 11).round().astype(int).tolist()
    ax.set_yticks(list(shown), [plain(names[i], 20) for i in shown])
    ax.set_ylim(len(names) - 0.5, -0.5)
    drawing = ax.get_figure(root=True)
    label_axes(ax, "", "rack")
    time_axis(ax, records.end)
    drawn = finish(
        ax, said,
        scene(run, f"utilisation of {len(names)} racks' links; {_ESTIMATED}", [records]), right=0.75,
    )  # fmt: skip
    if drawing is not None:
        bar_ax = ax.inset_axes((1.02, 0.0, 0.025, 1.0))
        bar = drawing.colorbar(image, cax=bar_ax, ticks=[0.0, 0.25, 0.5, 0.75, 1.0])
        bar.ax.set_yticklabels(["0", "25", "50", "75", "100"], size=8, color=INK)
        bar.set_label("capacity in use [%]", size=8, color=INK)
        bar.outline.set_visible(False)
        bar.ax.tick_params(color=MUTED)
    return drawn


@struct(eq=False)
class _Lane:
    """A link, or several of a kind, on its way through the rollout."""

    name: str
    edges: Times
    utilisation: Times
    saturated: np.ndarray[tuple[int], np.dtype[np.bool_]]
    mean: float
    spans: list[tuple[float, float]]


def _lanes(loads: Sequence[LinkLoad], end: float) -> list[_Lane]:
    """The busiest links; many racks are one lane for each direction: the busiest rack at each moment."""
    single = [load for load in loads if load.kind != "rack"]
    by_direction: dict[str, list[LinkLoad]] = {}
    for load in loads:
        if load.kind == "rack":
            by_direction.setdefault(LinkName.of(load.link).part, []).append(load)
    lanes = []
    for direction, members in by_direction.items():
        used = [load for load in members if _mean(load) > 0.0]
        if len(used) <= _MOST_RACKS:
            single += used
            continue
        edges = np.linspace(0.0, end, _PARTS + 1)
        busy = np.max([load.at(edges) for load in used], axis=0)
        spans = _joined([span for load in used for span in load.saturated_spans])
        mean = float(np.mean([_mean(load) for load in used]))
        lanes.append(_Lane(f"busiest of {len(used)} racks' {direction}", edges, busy, busy >= 1.0 - 1e-9, mean, spans))
    for load in single:
        if len(load.edges) > _MOST_CORNERS:
            edges = np.linspace(0.0, end, _MOST_CORNERS + 1)
            busy, full = load.at(edges), None
        else:
            edges, busy, full = load.edges, load.utilisation, load.saturated
        full = busy >= 1.0 - 1e-9 if full is None else full
        lanes.append(_Lane(load.link, edges, busy, full, _mean(load), load.saturated_spans))
    lanes.sort(key=lambda lane: (-_length(lane.spans), -lane.mean, lane.name))
    return lanes[:_MOST_LINKS]


def _fullest(loads: Sequence[LinkLoad], no_link: str = "No link") -> str:
    """The answer: which link is full, from when to when; `no_link` is what none of these is called."""
    longest = max(loads, key=lambda load: (_length(load.saturated_spans), _mean(load)))
    others = [load for load in loads if load is not longest and load.saturated.any()]
    if not longest.saturated.any():
        busiest = max(loads, key=_mean)
        name, share = plain(busiest.link), whole_share(_mean(busiest))
        return f"{no_link} is ever the limit; the busiest is {name}, {share} on average"
    said = f"{plain(longest.link)} {_when(longest.saturated_spans)}"
    if others:
        next_one = max(others, key=lambda load: _length(load.saturated_spans))
        more = f" and {len(others) - 1} other{'s' if len(others) > 2 else ''}" if len(others) > 1 else ""
        lasted = show_time(_length(next_one.saturated_spans))
        said += f"; {plain(next_one.link)}{more} full for {'up to ' if more else ''}{lasted}"
    return said


def _when(spans: Sequence[tuple[float, float]]) -> str:
    """`full from 0.0 to 58.8 s`; with several spans their number and how long they are together."""
    if not spans:
        return "never the limit"
    start, stop = spans[0][0], spans[-1][1]
    unit, name = unit_of(stop)
    between = f"from {_moment(start / unit, stop / unit)} to {_moment(stop / unit, stop / unit)} {name}"
    if len(spans) == 1:
        return f"full {between}"
    return f"full {len(spans)} times {between}, {show_time(_length(spans))} in all"


def _moment(time: float, largest: float) -> str:
    """With as many decimals as the largest of the figure needs for three digits."""
    decimals = 2 if largest < 10.0 else 1 if largest < 1000.0 else 0
    return f"{time:.{decimals}f}"


def _length(spans: Sequence[tuple[float, float]]) -> float:
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


def _mean(load: LinkLoad) -> float:
    """Mean utilisation over the rollout [1]."""
    return float((load.utilisation * np.diff(load.edges)).sum() / load.edges[-1])
