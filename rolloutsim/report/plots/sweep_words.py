"""The titles of a sweep's figures: where the knee is, and what passes the thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rolloutsim.report.plots.canvas import plain

if TYPE_CHECKING:
    from rolloutsim.report.plots.points import Axis, Cells, Place, SweepView

_NEARLY = 0.10  # a point that is within this share of the best is as good (assumed: the knee)
_MOST_NAMES = 3  # of values that pass, where they have no order (assumed: what a title bears)


def from_to(axis: Axis, places: Sequence[Place], found: SweepView) -> str:
    """The values at both ends of a line; of a single point its own."""
    ends = places[:1] if len(places) == 1 else (places[0], places[-1])
    parts = [f"{found.shown(place.value)} at {found.at(axis, place.point)}" for place in ends]
    return ("; " if found.together else ", ").join(parts)


def title_of_lines(axis: Axis, lines: Mapping[str, Sequence[Place]], found: SweepView) -> str:
    """The answer: the line with the largest value, both its ends, its knee, and which points pass.

    Parameters
    ----------
    axis : Axis
        The parameter along the figure.
    lines : mapping of str to sequence of Place
        What is drawn.
    found : SweepView
        The number.
    """
    name, places = max(lines.items(), key=lambda one: max(place.value for place in one[1]))
    if len(lines) == 1 or found.only:
        name = ", ".join(dict.fromkeys(part for part in (found.only, name if len(lines) > 1 else "") if part))
    title = _knee(name, axis, places, found) if found.forms_lines else _range(name, places, found)
    verdict = _verdict(axis, len(lines) == 1, found)
    return f"{title}; {verdict}" if verdict else title


def title_of_cells(across: Axis, up: Axis, cells: Cells, found: SweepView) -> str:
    """The answer: the first value of one parameter that passes, for the first and the last of the other.

    Where figures rise with it, as they do with the number of nodes, it is the last one.

    Parameters
    ----------
    across, up : Axis
        The parameters.
    cells : Cells
        The values, and what passes.
    found : SweepView
        The number.
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


def _knee(name: str, axis: Axis, places: Sequence[Place], found: SweepView) -> str:
    """The ends of a line, and from where on it is as good as the best."""
    ordered = sorted(places, key=lambda place: axis.position(place.point))
    who = f"{plain(name, 40)}: " if name else ""
    said = f"{who}{from_to(axis, ordered, found)}"
    best = min(place.value for place in ordered)
    if ordered[0].value <= best * (1 + _NEARLY):
        return said
    good = len(ordered)
    while good and ordered[good - 1].value <= best * (1 + _NEARLY):
        good -= 1
    if good in (len(ordered), len(ordered) - 1):
        return said
    return f"{said}; from {found.at(axis, ordered[good].point)} on within 10 % of the best"


def _range(name: str, places: Sequence[Place], found: SweepView) -> str:
    """From where to where points reach that form no line, and the best of them."""
    best, worst = min(places, key=lambda place: place.value), max(places, key=lambda place: place.value)
    who = f"{plain(name, 40)}: " if name else ""
    at = ", ".join(f"{axis.path} {axis.label(best.point)}" for axis in found.axes)
    return f"{who}{found.shown(best.value)} to {found.shown(worst.value)}; the best of {len(places)} points has {at}"
