"""What many runs say: how a number depends on the parameters of a sweep."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm, Normalize
from matplotlib.ticker import FixedLocator, FuncFormatter

from rolloutsim.planning.sweep.figures import ROLLOUT_TIME
from rolloutsim.report.plots.canvas import (
    INK,
    MUTED,
    PAPER,
    RED,
    SERIES,
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
from rolloutsim.report.plots.sweep_words import from_to, title_of_cells, title_of_lines
from rolloutsim.results.numerals import UNKNOWN

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rolloutsim.planning.sweep.file import SweepRecords

_MANY_LINES = 8  # above, only the slowest case is shown (assumed: what a legend bears)
_MOST_TICKS = 10
_MARKERS = ("o", "s", "^", "D")  # they change where the colours begin anew, as the styles do
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
        marker = _MARKERS[number // len(SERIES) % len(_MARKERS)]
        joined = found.forms_lines and len(set(at)) == len(at) > 1
        if joined:
            (line,) = ax.plot(at, values, marker=marker, markersize=4, linewidth=1.6, **look)
        else:
            (line,) = ax.plot(at, values, marker=marker, markersize=4, linestyle="none", color=look["color"])
        mark(ax, line, "case", name, f"{name}: {from_to(axis, places, found)}")
        low, high = ([end if end is not None else np.nan for end in ends] for ends in
                     zip(*((place.low, place.high) for place in places), strict=True))  # fmt: skip
        if joined and not np.isnan(low).all():
            ax.fill_between(at, low, high, color=look["color"], alpha=0.25, lw=0)
        if len(lines) > 1:
            entries.append((line, plain(name)))
    others = ", ".join(other.path for other in found.axes if other.path != axis.path)
    _x_axis(ax, axis, f"{axis.path}, and with it {others}" if found.together else axis.path)
    every = [place for places in lines.values() for place in places]
    _y_axis(ax, column, [*(place.value for place in every), *(place.high for place in every if place.high is not None)])
    entries += _thresholds(ax, found, lines.values(), axis)
    grid(ax)
    over = f"{axis.path} and {others}, which change together" if found.together else axis.path
    what = f"{found.what} over {over}, {found.design}"
    what += f"; {len(lines)} of {len(lines) + left_out} combinations" if left_out else ""
    what += f"; {found.left_out}" if found.left_out else ""
    return finish(ax, title_of_lines(axis, lines, found), f"{what} · {found.scene}", legend=entries)


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
    cells = found.cells(across, up)
    if not cells.is_grid and sweep.head.design != "grid":
        raise NoDataError(
            f"the points of this {sweep.head.design} design form no grid over {across.path} and {up.path}; "
            "sweep with --design grid for a heat map, or draw sweep_lines"
        )
    shown = cells.values
    known = shown[~np.isnan(shown)]
    if not len(known):
        said = ", ".join(f"{path} {value}" for path, value in cells.fixed)
        raise NoDataError(
            f"no point with {said} has a value for {column}, and a heat map shows those; draw sweep_lines for others"
        )
    ax = canvas(ax)
    wide = known.min() > 0.0 and known.max() > 20 * known.min()
    low, high = float(known.min()), float(known.max())
    norm = LogNorm(low, high) if wide else Normalize(low, high if high > low else low + 1.0)
    image = ax.imshow(shown, aspect="auto", origin="lower", interpolation="nearest", cmap="cividis_r", norm=norm)
    if shown.size <= _MOST_CELLS:
        for row, column_number in np.argwhere(~np.isnan(shown)).tolist():
            value = float(shown[row, column_number])
            ink = PAPER if norm(value) > 0.5 else INK  # cividis_r is dark at its upper end
            ax.text(column_number, row, found.shown(value), ha="center", va="center", size=8, color=ink)
        for row, column_number in np.argwhere(cells.missing).tolist():
            ax.text(column_number, row, UNKNOWN, ha="center", va="center", size=8, color=INK)
    asked = found.passing.asked
    if asked:
        contour = LineCollection(_contour(cells.passes), colors=RED, linewidths=3.0, capstyle="round")
        ax.add_collection(contour)
        mark(ax, contour, "band", "threshold", f"threshold {asked}")
    for side, axis in (("x", across), ("y", up)):
        labelled = _some(len(axis.values))
        ticks, names = list(map(float, labelled)), [plain(axis.values[i], 18) for i in labelled]
        (ax.set_xticks if side == "x" else ax.set_yticks)(ticks, names)
    label_axes(ax, plain(across.path, 50), plain(up.path, 40))
    what = f"{found.what} of {plain(found.only)}" if found.only else found.what
    what += f", mean of {sweep.head.replications} replications" if sweep.head.replications > 1 else ""
    what += "".join(f"; {path} {value}" for path, value in cells.fixed)
    what += f"; the line parts what passes {asked}" if asked else ""
    what += "" if found.passing.of_the_mean else " over the replications"
    what += f"; {UNKNOWN} where a rollout did not finish" if cells.missing.any() else ""
    drawn = finish(ax, title_of_cells(across, up, cells, found), f"{what} · {found.scene}", right=0.85)
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


def _contour(passes: np.ndarray[Any, Any]) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """The edges between cells that pass and cells that do not."""
    known = ~np.isnan(passes)
    edges = []
    for row, column in np.argwhere(known).tolist():
        if column + 1 < passes.shape[1] and known[row, column + 1] and passes[row, column] != passes[row, column + 1]:
            edges.append(((column + 0.5, row - 0.5), (column + 0.5, row + 0.5)))
        if row + 1 < passes.shape[0] and known[row + 1, column] and passes[row, column] != passes[row + 1, column]:
            edges.append(((column - 0.5, row + 0.5), (column + 0.5, row + 0.5)))
    return edges


def _thresholds(ax: Axes, found: SweepView, lines: Iterable[Sequence[Place]], axis: Axis) -> list[tuple[Any, str]]:
    """A line for each threshold; where means do not say which points miss it, these are crossed out."""
    entries: list[tuple[Any, str]] = []
    top = ax.get_ylim()[1]
    for number, condition in enumerate(sorted(found.passing.conditions, key=lambda one: one.value)):
        if condition.value > top and number:
            break  # a bound is drawn already that comes before it
        line = ax.axhline(condition.value, color=RED, linestyle="--", linewidth=1.4)
        where = "\n(above the figure)" if condition.value > top else ""
        entries.append((line, f"threshold\n{condition.check}{where}"))
    missed = [
        place for places in lines for place in places if found.passing.at(place.point, place.case) is False
    ]  # fmt: skip
    if missed and not found.passing.of_the_mean:
        at, values = [axis.position(place.point) for place in missed], [place.value for place in missed]
        (crosses,) = ax.plot(at, values, "x", color=RED, markersize=8, markeredgewidth=1.8, zorder=4)
        entries.append((crosses, "misses it"))
    return entries


def _x_axis(ax: Axes, axis: Axis, label: str) -> None:
    """Ticks at the values themselves, as they are written."""
    positions = [axis.position_of(i) for i in range(len(axis.values))]
    logarithmic = axis.is_numeric and min(positions) > 0.0 and max(positions) > 8 * min(positions)
    if logarithmic:
        ax.set_xscale("log")
        ax.minorticks_off()
    shown = _apart(positions, logarithmic)
    ax.set_xticks([positions[i] for i in shown], [plain(axis.label_of(i), 14) for i in shown])
    label_axes(ax, plain(label, 70), ax.get_ylabel())


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
