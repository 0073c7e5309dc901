"""What many runs say: how a number depends on the parameters of a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm, Normalize
from matplotlib.ticker import FixedLocator, FuncFormatter

from rolloutsim.report.plots.canvas import (
    INK,
    MUTED,
    PAPER,
    RED,
    NoDataError,
    canvas,
    finish,
    grid,
    label_axes,
    mark,
    plain,
    series,
)
from rolloutsim.report.plots.points import Axis, Place, SweepView, axis_of, view
from rolloutsim.report.plots.scales import is_wide, log_time_axis, time_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rolloutsim.planning.sweep_records import SweepRecords

ROLLOUT_TIME = "rollout_time_s"

_NEARLY = 0.10  # a point that is within this share of the best is as good (assumed: the knee)
_MANY_LINES = 8  # above, only the slowest case is shown (assumed: what a legend bears)
_MOST_TICKS = 10
_MOST_CELLS = 120  # that have their number written in them (assumed: a line of 8 pt each)


def sweep_lines(
    sweep: SweepRecords,
    *,
    column: str = ROLLOUT_TIME,
    case: str | None = None,
    x: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A number over one parameter, a line for each case and each combination of the others, with 95 % intervals.

    Points that do not form lines (a Sobol design) are drawn as points.

    Parameters
    ----------
    sweep : SweepRecords
        What was simulated.
    column : str
        The number: a column of the sweep's `results`.
    case : str, optional
        Only this one; all if there are few lines, else the slowest.
    x : str, optional
        Path of the parameter along the axis; the one with the most values by default.
    ax : Axes, optional
        Where to draw; a new figure by default.
    """
    axis = axis_of(sweep, x)
    found = view(sweep, column, case)
    if case is None and len(found.lines(axis)[0]) > _MANY_LINES:
        found = view(sweep, column, None, one=True)
    lines, left_out = found.lines(axis)
    ax = canvas(ax)
    entries: list[tuple[Any, str]] = []
    for number, (name, places) in enumerate(lines.items()):
        places = sorted(places, key=lambda place: axis.position(place.point))
        at = [axis.position(place.point) for place in places]
        values = [place.value for place in places]
        look = series(number)
        joined = found.forms_lines and len(set(at)) == len(at) > 1
        if joined:
            (line,) = ax.plot(at, values, marker="o", markersize=4, linewidth=1.6, **look)
        else:
            (line,) = ax.plot(at, values, marker="o", markersize=4, linestyle="none", color=look["color"])
        mark(ax, line, "case", name, f"{name}: {_from_to(axis, places, found)}")
        low, high = ([end if end is not None else np.nan for end in ends] for ends in
                     zip(*((place.low, place.high) for place in places), strict=True))  # fmt: skip
        if joined and not np.isnan(low).all():
            ax.fill_between(at, low, high, color=look["color"], alpha=0.25, lw=0)
        if len(lines) > 1:
            entries.append((line, plain(name)))
    _x_axis(ax, axis)
    values = [place.value for places in lines.values() for place in places]
    _y_axis(ax, column, values)
    limit = found.limit
    if limit is not None:
        line = ax.axhline(limit, color=RED, linestyle="--", linewidth=1.4)
        entries.append((line, f"threshold {found.shown(limit)}"))
    grid(ax)
    what = f"{found.what} over {axis.path}, {found.design}"
    what += f"; {len(lines)} of {len(lines) + left_out} combinations" if left_out else ""
    name, places = max(lines.items(), key=lambda one: max(place.value for place in one[1]))
    if len(lines) == 1 or found.only:
        name = ", ".join(dict.fromkeys(part for part in (found.only, name if len(lines) > 1 else "") if part))
    title = _knee(name, axis, places, found) if found.forms_lines else _range(name, places, found)
    return finish(ax, title, f"{what} · {found.scene}", legend=entries)


def sweep_heatmap(
    sweep: SweepRecords,
    *,
    column: str = ROLLOUT_TIME,
    case: str | None = None,
    x: str | None = None,
    y: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A number over two parameters, with the contour of the scenario's threshold on it.

    Parameters
    ----------
    sweep, column, ax
        As for `sweep_lines`.
    case : str, optional
        The case; the slowest by default.
    x, y : str, optional
        Paths of the parameters along the axes; those with the most values by default.
    """
    found = view(sweep, column, case, one=True)
    across = axis_of(sweep, x, but=y)
    up = axis_of(sweep, y, but=across.path, needed="a heat map needs two parameters; sweep_lines shows one")
    cells, fixed = found.cells(across, up)
    known = cells[~np.isnan(cells)]
    if len(across.values) * len(up.values) > 4 * max(len(known), 1):
        raise NoDataError(
            f"the points of this {sweep.head.design} design form no grid over {across.path} and {up.path}; "
            "sweep with --design grid for a heat map, or draw sweep_lines"
        )
    ax = canvas(ax)
    wide = known.min() > 0.0 and known.max() > 20 * known.min()
    low, high = float(known.min()), float(known.max())
    norm = LogNorm(low, high) if wide else Normalize(low, high if high > low else low + 1.0)
    image = ax.imshow(cells, aspect="auto", origin="lower", interpolation="nearest", cmap="cividis_r", norm=norm)
    if cells.size <= _MOST_CELLS:
        for row, column_number in np.argwhere(~np.isnan(cells)).tolist():
            value = float(cells[row, column_number])
            ink = PAPER if norm(value) > 0.5 else INK  # cividis_r is dark at its upper end
            ax.text(column_number, row, found.shown(value), ha="center", va="center", size=8, color=ink)
    limit = found.limit
    if limit is not None:
        contour = LineCollection(_contour(cells, limit), colors=RED, linewidths=3.0, capstyle="round")
        ax.add_collection(contour)
        mark(ax, contour, "band", "threshold", f"threshold {found.shown(limit)}")
    for side, axis in (("x", across), ("y", up)):
        shown = _some(len(axis.values))
        ticks, names = list(map(float, shown)), [plain(axis.values[i], 18) for i in shown]
        (ax.set_xticks if side == "x" else ax.set_yticks)(ticks, names)
    label_axes(ax, plain(across.path, 50), plain(up.path, 40))
    what = f"{found.what} of {plain(found.only)}" if found.only else found.what
    what += f"; {', '.join(f'{path} {value}' for path, value in fixed)}" if fixed else ""
    what += f"; the line parts what passes {found.shown(limit)}" if limit is not None else ""
    drawn = finish(
        ax, _smallest(across, up, cells, found), f"{what} · {found.scene}", right=0.85,
    )  # fmt: skip
    drawing = ax.get_figure(root=True)
    if drawing is not None:
        bar = drawing.colorbar(image, cax=ax.inset_axes((1.02, 0.0, 0.03, 1.0)))
        bar.set_label(found.labelled, size=8, color=INK)
        bar.ax.tick_params(labelsize=8, color=MUTED, labelcolor=INK)
        if wide:
            ticks = [step * 10.0**power for power in range(-6, 9) for step in (1, 2, 5)]
            bar.ax.minorticks_off()
            bar.set_ticks(FixedLocator([tick for tick in ticks if low <= tick <= high]))
            bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        bar.outline.set_visible(False)
    return drawn


def _from_to(axis: Axis, places: Sequence[Place], found: SweepView) -> str:
    first, last = places[0], places[-1]
    return ", ".join(f"{found.shown(place.value)} at {axis.label(place.point)}" for place in (first, last))


def _knee(name: str, axis: Axis, places: Sequence[Place], found: SweepView) -> str:
    """The answer, for the line with the largest value: both ends, and from where on it is as good as the best."""
    ordered = sorted(places, key=lambda place: axis.position(place.point))
    who = f"{plain(name, 40)}: " if name else ""
    said = f"{who}{_from_to(axis, ordered, found)}"
    best = min(place.value for place in ordered)
    if ordered[0].value <= best * (1 + _NEARLY):
        return said
    good = len(ordered)
    while good and ordered[good - 1].value <= best * (1 + _NEARLY):
        good -= 1
    if good in (len(ordered), len(ordered) - 1):
        return said
    return f"{said}; from {axis.label(ordered[good].point)} on within 10 % of the best"


def _range(name: str, places: Sequence[Place], found: SweepView) -> str:
    """The answer for points that form no line: from where to where they reach, and the best of them."""
    best, worst = min(places, key=lambda place: place.value), max(places, key=lambda place: place.value)
    who = f"{plain(name, 40)}: " if name else ""
    at = ", ".join(f"{axis.path} {axis.label(best.point)}" for axis in found.axes)
    return f"{who}{found.shown(best.value)} to {found.shown(worst.value)}; the best of {len(places)} points has {at}"


def _smallest(across: Axis, up: Axis, cells: np.ndarray[Any, Any], found: SweepView) -> str:
    """The answer: the first value of one parameter that passes, for the first and the last of the other.

    Where figures rise with it, as they do with the number of nodes, it is the last one.
    """
    limit = found.limit
    if limit is None:
        row, column = divmod(int(np.nanargmin(cells)), cells.shape[1])
        return (
            f"The smallest is {found.shown(float(cells[row, column]))}, at {across.path} {across.values[column]} "
            f"and {up.path} {up.values[row]}"
        )
    passes = cells < limit
    if not passes.any():
        return f"No point passes {found.shown(limit)}"
    if passes[~np.isnan(cells)].all():
        return f"Every point passes {found.shown(limit)}"
    rises = bool(np.nansum(cells[:, -1] - cells[:, 0]) > 0.0)
    parts = []
    for row in dict.fromkeys((0, len(up.values) - 1)):
        ok = np.flatnonzero(passes[row])
        place = f"{up.path} {plain(up.values[row], 18)}"
        if len(ok):
            best = plain(across.values[ok[-1 if rises else 0]], 18)
            parts.append(f"{'up to ' if rises else ''}{best} for {place}")
        else:
            parts.append(f"none for {place}")
    return f"Under {found.shown(limit)}: {across.path} {' and '.join(parts)}"


def _contour(cells: np.ndarray[Any, Any], limit: float) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """The edges between cells that pass and cells that do not."""
    passes = cells < limit
    known = ~np.isnan(cells)
    edges = []
    for row, column in np.argwhere(known).tolist():
        if column + 1 < cells.shape[1] and known[row, column + 1] and passes[row, column] != passes[row, column + 1]:
            edges.append(((column + 0.5, row - 0.5), (column + 0.5, row + 0.5)))
        if row + 1 < cells.shape[0] and known[row + 1, column] and passes[row, column] != passes[row + 1, column]:
            edges.append(((column - 0.5, row + 0.5), (column + 0.5, row + 0.5)))
    return edges


def _x_axis(ax: Axes, axis: Axis) -> None:
    """Ticks at the values themselves, as they are written."""
    positions = [axis.position_of(i) for i in range(len(axis.values))]
    logarithmic = axis.is_numeric and min(positions) > 0.0 and max(positions) > 8 * min(positions)
    if logarithmic:
        ax.set_xscale("log")
        ax.minorticks_off()
    shown = _apart(positions, logarithmic)
    ax.set_xticks([positions[i] for i in shown], [plain(axis.label_of(i), 14) for i in shown])
    label_axes(ax, plain(axis.path, 60), ax.get_ylabel())


def _y_axis(ax: Axes, column: str, values: Sequence[float]) -> None:
    name = column.removesuffix("_s").replace("_", " ")
    top = max(values)
    if column.endswith("_s") and min(values) > 0.0 and (is_wide(values) or top > 50 * min(values)):
        log_time_axis(ax, min(values), top, name, side="y")
    elif column.endswith("_s"):
        time_axis(ax, top * 1.1, name, side="y")
    else:
        label_axes(ax, ax.get_xlabel(), column.replace("_", " "))
        if min(values) >= 0.0:
            ax.set_ylim(0.0, top * 1.1 or 1.0)


def _some(count: int) -> list[int]:
    """At most ten of so many places, first and last among them."""
    if count <= _MOST_TICKS:
        return list(range(count))
    return sorted({round(i * (count - 1) / (_MOST_TICKS - 1)) for i in range(_MOST_TICKS)})


def _apart(positions: Sequence[float], logarithmic: bool) -> list[int]:
    """Places whose labels do not lie on each other, in the order of their positions."""
    order = sorted(range(len(positions)), key=positions.__getitem__)
    scaled = np.log(positions) if logarithmic else np.asarray(positions, np.float64)
    span = max(float(scaled.max() - scaled.min()), 1e-12)
    kept: list[int] = []
    for i in order:
        if not kept or scaled[i] - scaled[kept[-1]] >= span / (_MOST_TICKS - 3):
            kept.append(i)
    return kept
