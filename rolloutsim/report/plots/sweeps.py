"""How a number depends on the parameters of a sweep: where the knee is, and what passes the thresholds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm, Normalize
from matplotlib.ticker import FixedLocator, FuncFormatter

from rolloutsim.planning.sweep.figures import ROLLOUT_TIME
from rolloutsim.report.plots.canvas import NoDataError, canvas, colour_bar, finish, grid, label_axis, mark, plain
from rolloutsim.report.plots.colours import INK, ON_DARK, ON_LIGHT, RED, SERIES, series
from rolloutsim.report.plots.lines import thinned
from rolloutsim.report.plots.points import Axis, Cells, Place, SweepView, axis_of
from rolloutsim.report.plots.scales import is_wide, log_time_axis, time_axis
from rolloutsim.results.numerals import UNKNOWN

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rolloutsim.planning.sweep.file import SweepRecords

_MANY_LINES = 8  # above, only the slowest case is shown (assumed: what a legend bears)
_MOST_TICKS = 10
_MARKERS = ("o", "s", "^", "D")  # they change where the colours begin anew, as the styles do
_MOST_CELLS = 120  # that have their number written in them (assumed: a line of 8 pt each)
_NEARLY = 0.10  # a point that is within this share of the best is as good (assumed: the knee)
_MOST_NAMES = 3  # of values that pass, where they have no order (assumed: what a title bears)


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
    found = SweepView(sweep, column, case)
    if case is None and len(found.lines(axis)[0]) > _MANY_LINES:
        found = SweepView(sweep, column, None, one=True)
    lines, left_out = found.lines(axis)
    ax = canvas(ax)
    entries: list[tuple[Any, str]] = []
    for number, (name, places) in enumerate(lines.items()):
        places = sorted(places, key=lambda place: axis.position(place.point))
        at = [axis.position(place.point) for place in places]
        values = [place.value for place in places]
        look = {**series(number), "marker": _MARKERS[number // len(SERIES) % len(_MARKERS)], "markersize": 4}
        joined = found.forms_lines and len(set(at)) == len(at) > 1
        (line,) = ax.plot(at, values, **look | ({"linewidth": 1.6} if joined else {"linestyle": "none"}))
        mark(line, "case", name, f"{name}: {_from_to(axis, places, found)}")
        low, high = np.transpose([(np.nan, np.nan) if (of := place.interval) is None else (of.low, of.high)
                                  for place in places])  # fmt: skip
        if joined and not np.isnan(low).all():
            ax.fill_between(at, low, high, color=look["color"], alpha=0.25, lw=0)
        if len(lines) > 1:
            entries.append((line, plain(name)))
    others = ", ".join(other.path for other in found.axes if other.path != axis.path)
    _x_axis(ax, axis, f"{axis.path}, and with it {others}" if found.together else axis.path)
    every = [place for places in lines.values() for place in places]
    ends = [place.value if place.interval is None else place.interval.high for place in every]
    _y_axis(ax, found, [*(place.value for place in every), *ends])
    entries += _thresholds(ax, found, lines.values(), axis)
    grid(ax)
    over = f"{axis.path} and {others}, which change together" if found.together else axis.path
    what = f"{found.what} over {over}, {found.design}"
    what += f"; {len(lines)} of {len(lines) + left_out} combinations" if left_out else ""
    what += f"; {found.left_out}" if found.left_out else ""
    return finish(ax, _title_of_lines(axis, lines, found), f"{what} · {found.scene}", legend=entries)


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
    found = SweepView(sweep, column, case, one=True)
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
            ink = ON_DARK if norm(value) > 0.5 else ON_LIGHT  # cividis_r is dark at its upper end
            ax.text(column_number, row, found.shown(value), ha="center", va="center", size=8, color=ink)
        for row, column_number in np.argwhere(cells.missing).tolist():
            ax.text(column_number, row, UNKNOWN, ha="center", va="center", size=8, color=INK)
    asked = found.passing.asked
    if asked:
        contour = LineCollection(_contour(cells.passes), colors=RED, linewidths=3.0, capstyle="round")
        ax.add_collection(contour)
        mark(contour, "band", "threshold", f"threshold {asked}")
    for set_ticks, axis in ((ax.set_xticks, across), (ax.set_yticks, up)):
        labelled = thinned(len(axis.values), _MOST_TICKS).tolist()
        set_ticks(labelled, [plain(axis.values[i], 18) for i in labelled])
    label_axis(ax, "x", plain(across.path, 50))
    label_axis(ax, "y", plain(up.path, 40))
    what = f"{found.what} of {plain(found.only)}" if found.only else found.what
    what += found.over
    what += "".join(f"; {path} {value}" for path, value in cells.fixed)
    what += f"; the line parts what passes {asked}" if asked else ""
    what += "" if found.passing.of_the_mean else " over the replications"
    what += f"; {UNKNOWN} where a rollout did not finish" if cells.missing.any() else ""
    drawn = finish(ax, _title_of_cells(across, up, cells, found), f"{what} · {found.scene}", right=0.85)
    bar = colour_bar(ax, image, found.labelled, 0.03)
    if wide:
        ticks = [step * 10.0**power for power in range(-6, 9) for step in (1, 2, 5)]
        bar.ax.minorticks_off()
        bar.set_ticks(FixedLocator([tick for tick in ticks if low <= tick <= high]))
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
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
    missed = [place for places in lines for place in places if found.passing.at(place.point, place.case) is False]
    if missed and not found.passing.of_the_mean:
        at, values = [axis.position(place.point) for place in missed], [place.value for place in missed]
        (crosses,) = ax.plot(at, values, "x", color=RED, markersize=8, markeredgewidth=1.8, zorder=4)
        entries.append((crosses, "misses it"))
    return entries


def _x_axis(ax: Axes, axis: Axis, label: str) -> None:
    """Ticks at the values themselves, as they are written."""
    positions = axis.positions
    logarithmic = axis.is_numeric and min(positions) > 0.0 and max(positions) > 8 * min(positions)
    if logarithmic:
        ax.set_xscale("log")
        ax.minorticks_off()
    shown = _apart(positions, logarithmic)
    ax.set_xticks([positions[i] for i in shown], [plain(axis.labels[i], 14) for i in shown])
    label_axis(ax, "x", plain(label, 70))


def _y_axis(ax: Axes, found: SweepView, values: Sequence[float]) -> None:
    name = found.what if found.about is not None else found.what.lower()
    top = max(values)
    if found.is_time and min(values) > 0.0 and (is_wide(values) or top > 50 * min(values)):
        log_time_axis(ax, min(values), top, name, side="y")
    elif found.is_time:
        time_axis(ax, top * 1.1, name, side="y")
    else:
        label_axis(ax, "y", name)
        if min(values) >= 0.0:
            ax.set_ylim(0.0, top * 1.1 or 1.0)


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


def _from_to(axis: Axis, places: Sequence[Place], found: SweepView) -> str:
    """The values at both ends of a line; of a single point its own."""
    ends = places[:1] if len(places) == 1 else (places[0], places[-1])
    parts = [f"{found.shown(place.value)} at {found.at(axis, place.point)}" for place in ends]
    return ("; " if found.together else ", ").join(parts)


def _title_of_lines(axis: Axis, lines: Mapping[str, Sequence[Place]], found: SweepView) -> str:
    """The answer: the line with the largest value, both its ends, its knee, and which points pass."""
    name, places = max(lines.items(), key=lambda one: max(place.value for place in one[1]))
    if len(lines) == 1 or found.only:
        name = ", ".join(dict.fromkeys(part for part in (found.only, name if len(lines) > 1 else "") if part))
    who = f"{plain(name, 40)}: " if name else ""
    title = f"{who}{_knee(axis, places, found) if found.forms_lines else _range(places, found)}"
    verdict = _verdict(axis, len(lines) == 1, found)
    return f"{title}; {verdict}" if verdict else title


def _title_of_cells(across: Axis, up: Axis, cells: Cells, found: SweepView) -> str:
    """The answer: the first value of one parameter that passes, for the first and the last of the other.

    Where figures rise with it, as they do with the number of nodes, it is the last one.
    """
    said = _smallest(across, up, cells, found)
    return f"{plain(found.only)}: {said}" if len(found.sweep.cases) > 1 else f"{said[:1].upper()}{said[1:]}"


def _smallest(across: Axis, up: Axis, cells: Cells, found: SweepView) -> str:
    asked, known = found.passing.asked, ~np.isnan(cells.passes)
    if not asked:
        row, column = divmod(int(np.nanargmin(cells.values)), cells.values.shape[1])
        smallest = found.shown(float(cells.values[row, column]))
        return f"the smallest is {smallest}, at {across.path} {across.values[column]} and {up.path} {up.values[row]}"
    point = "point shown" if cells.fixed else "point"
    so_far = "" if known.all() else " so far"
    count, of = int(np.count_nonzero(cells.passes == 1)), int(np.count_nonzero(known))
    if not count:
        return f"no {point} passes {asked}{so_far}"
    if count == of:
        return f"every {point} passes {asked}{so_far}"
    rises = bool(np.nansum(cells.values[:, -1] - cells.values[:, 0]) > 0.0)
    passed, never = [], []
    for row in dict.fromkeys((0, len(up.values) - 1)):
        values, place = _passing(across, cells.passes[row], rises), f"{up.path} {plain(up.values[row], 18)}"
        passed += [f"{values} for {place}"] if values else []
        never += [] if values else [place]
    if not passed:
        return f"{count} of {of} points pass {asked}{so_far}, none of them for {' or '.join(never)}"
    said = f"passes {asked}{so_far} with {across.path} {' and '.join(passed)}"
    return f"{said}, never for {never[0]}" if never else said


def _passing(across: Axis, passes: np.ndarray[Any, Any], rises: bool) -> str:
    """Which values of a parameter pass in a row: up to which one, from which one on, or how many; empty: none."""
    ok = np.flatnonzero(passes == 1)
    names = [plain(across.values[i], 18) for i in ok.tolist()]
    if not names:
        return ""
    if across.is_numeric and rises and ok[-1] + 1 == len(ok):
        return f"up to {names[-1]}"
    if across.is_numeric and not rises and len(passes) - ok[0] == len(ok):
        return f"from {names[0]} on"
    if len(names) <= _MOST_NAMES:
        return " or ".join(names)
    return f"at {len(names)} of {np.count_nonzero(~np.isnan(passes))} values"


def _verdict(axis: Axis, one_line: bool, found: SweepView) -> str:
    """Which points pass the thresholds; of a single line from where on, or up to where."""
    points, asked = found.passing.points(found.only), found.passing.asked
    if not points:
        return ""
    ok = sum(points.values())
    if len(points) == 1:
        return f"{'passes' if ok else 'misses'} {asked}"
    if ok in (0, len(points)):
        return f"{'every' if ok else 'no'} point passes {asked}"
    if one_line and axis.is_numeric and found.forms_lines:
        ordered = sorted(points, key=axis.position)
        in_order = [points[point] for point in ordered]
        if all(in_order[:ok]):
            return f"passes {asked} up to {found.at(axis, ordered[ok - 1])}"
        if all(in_order[-ok:]):
            return f"passes {asked} from {found.at(axis, ordered[-ok])} on"
    return f"{ok} of {len(points)} points pass {asked}"


def _knee(axis: Axis, places: Sequence[Place], found: SweepView) -> str:
    """The ends of a line, and from where on it is as good as the best."""
    ordered = sorted(places, key=lambda place: axis.position(place.point))
    said = _from_to(axis, ordered, found)
    best = min(place.value for place in ordered)
    if ordered[0].value <= best * (1 + _NEARLY):
        return said
    good = len(ordered)
    while good and ordered[good - 1].value <= best * (1 + _NEARLY):
        good -= 1
    if good in (len(ordered), len(ordered) - 1):
        return said
    return f"{said}; from {found.at(axis, ordered[good].point)} on within 10 % of the best"


def _range(places: Sequence[Place], found: SweepView) -> str:
    """From where to where points reach that form no line, and the best of them."""
    best, worst = min(places, key=lambda place: place.value), max(places, key=lambda place: place.value)
    at = ", ".join(f"{axis.path} {axis.label(best.point)}" for axis in found.axes)
    return f"{found.shown(best.value)} to {found.shown(worst.value)}; the best of {len(places)} points has {at}"
