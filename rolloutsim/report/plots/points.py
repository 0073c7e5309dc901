"""A sweep as what a figure needs of it: parameters as axes, and one number by point and case."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rolloutsim.errors import UsageError
from rolloutsim.planning.sweep.figures import ROLLOUT_TIME, figures, numbers
from rolloutsim.report.plots.canvas import NoDataError, plain
from rolloutsim.report.plots.passing import Passing, passing
from rolloutsim.results.numerals import show_rate, show_size, show_time, three_digits
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.planning.sweep.file import SweepRecords
    from rolloutsim.planning.sweep.head import ParameterColumns

_MOST_LINES = 14  # as many as colours and styles tell apart with ease (assumed)
_MANY_VALUES = 10  # of a parameter, which nobody wrote one by one (assumed)
_SHOWN: dict[str, Callable[[float], str]] = {"_bytes_per_s": show_rate, "_bytes": show_size, "_s": show_time}


@struct
class Place:
    """One number at one point, with its 95 % interval if it is known."""

    point: int
    case: str
    value: float
    low: float | None
    high: float | None


class Axis:
    """A parameter along an axis: its values as written, in the order of their size where they have one."""

    def __init__(self, sweep: SweepRecords, parameter: ParameterColumns) -> None:
        self.path = parameter.path
        written = [str(value) for value in sweep.points[parameter.column]]
        sizes: list[Any] = sweep.points[parameter.number or parameter.column]
        self.is_numeric = all(isinstance(size, (int, float)) and not isinstance(size, bool) for size in sizes)
        self._suffix = parameter.number or ""
        known = dict(zip(written, sizes, strict=True))
        self.values = sorted(known, key=known.__getitem__) if self.is_numeric else list(known)
        self._size = {
            value: float(known[value]) if self.is_numeric else float(i) for i, value in enumerate(self.values)
        }
        self._written: dict[int, str] = dict(zip(sweep.points["point"], written, strict=True))

    def value(self, point: int) -> str:
        """As it is written at a point."""
        return self._written[point]

    def label(self, point: int) -> str:
        """As one says it at a point: as written, but where there are many values rounded to three digits."""
        return self.label_of(self.index(point))

    def label_of(self, index: int) -> str:
        """The same of a value by its number."""
        value = self.values[index]
        show = next((show for suffix, show in _SHOWN.items() if self._suffix.endswith(suffix)), None)
        if len(self.values) <= _MANY_VALUES or not self.is_numeric or show is None:
            return value
        return show(self._size[value])

    def index(self, point: int) -> int:
        """Its number among the values."""
        return self.values.index(self._written[point])

    def position(self, point: int) -> float:
        """Where a point stands: its size, else its number."""
        return self._size[self._written[point]]

    def position_of(self, index: int) -> float:
        """Where the value of a number stands."""
        return self._size[self.values[index]]


def axis_of(sweep: SweepRecords, path: str | None, but: str | None = None, needed: str = "it varies nothing") -> Axis:
    """The parameter of a path; by default the one with the most values, numbers before names.

    Raises
    ------
    UsageError
        If the sweep has no such parameter.
    """
    parameters = [parameter for parameter in sweep.head.parameters if parameter.path != but]
    if path is not None:
        for parameter in sweep.head.parameters:
            if parameter.path == path:
                return Axis(sweep, parameter)
        known = ", ".join(parameter.path for parameter in sweep.head.parameters)
        raise UsageError(f"the sweep has no parameter '{path}'; parameters: {known}")
    axes = [Axis(sweep, parameter) for parameter in parameters]
    if not axes:
        raise NoDataError(f"the sweep of '{plain(sweep.head.name)}' does not suffice: {needed}")
    return max(axes, key=lambda axis: (axis.is_numeric, len(axis.values)))


class SweepView:
    """One number of a sweep.

    Parameters
    ----------
    sweep : SweepRecords
        What was simulated.
    column : str
        The number.
    places : list of Place
        Where it is known.
    missing : set of (int, str)
        Points and cases that were simulated, and where it is not.
    only : str
        The case, if there is one only.
    """

    def __init__(
        self, sweep: SweepRecords, column: str, places: list[Place], missing: set[tuple[int, str]], only: str
    ) -> None:
        self.sweep, self.column, self.places, self.missing, self.only = sweep, column, places, missing, only
        self.what = column.removesuffix("_s").replace("_", " ").capitalize()
        self.labelled = f"{self.what} [s]" if column.endswith("_s") else self.what
        count = sweep.head.replications
        times = f", mean of {count} replications with 95 % intervals" if count > 1 else ""
        self.design = f"{len(sweep.head.points)} point{'s' if len(sweep.head.points) > 1 else ''}{times}"
        unknown = len({point for point, _ in missing})
        self.left_out = f"unknown at {unknown} of them, where a rollout did not finish" if unknown else ""
        self.scene = plain(sweep.head.name, 60)

    def shown(self, value: float) -> str:
        """A value for people."""
        return show_time(value) if self.column.endswith("_s") else three_digits(value)

    @property
    def forms_lines(self) -> bool:
        """Whether points lie on lines, along which one parameter changes."""
        return self.sweep.head.design != "sobol" or len(self.sweep.head.parameters) == 1

    @property
    def axes(self) -> list[Axis]:
        """All parameters."""
        return [Axis(self.sweep, parameter) for parameter in self.sweep.head.parameters]

    @property
    def together(self) -> bool:
        """Whether several parameters change from point to point, side by side."""
        return self.sweep.head.design == "zip" and len(self.sweep.head.parameters) > 1

    def at(self, axis: Axis, point: int) -> str:
        """Where a point of a line stands, in words: its value on the axis, and all that changes with it."""
        if not self.together:
            return axis.label(point)
        return ", ".join(f"{other.path} {other.label(point)}" for other in self.axes)

    @cached_property
    def passing(self) -> Passing:
        """What the scenario's thresholds ask of it, and where that is met."""
        return passing(self.sweep, self.column, self.only)

    def lines(self, axis: Axis) -> tuple[dict[str, list[Place]], int]:
        """The places by case and values of the other parameters; how many such lines are left out."""
        others = [other for other in self.axes if other.path != axis.path and self.sweep.head.design == "grid"]
        if not self.forms_lines:
            others = []
        lines: dict[str, list[Place]] = {}
        for place in self.places:
            parts = [] if self.only else [place.case]
            parts += [f"{other.path} {other.value(place.point)}" for other in others]
            lines.setdefault(", ".join(parts) or self.only or place.case, []).append(place)
        names = list(lines)
        kept = {names[round(i * (len(names) - 1) / (_MOST_LINES - 1))] for i in range(_MOST_LINES)}
        shown = {name: lines[name] for name in names if len(names) <= _MOST_LINES or name in kept}
        return shown, len(lines) - len(shown)

    def cells(self, across: Axis, up: Axis) -> Cells:
        """The values as rows and columns; other parameters have their first values there."""
        others = [other for other in self.axes if other.path not in (across.path, up.path)]
        fixed = [(other, other.values[0]) for other in others]
        shown = [
            point
            for point in self.sweep.points["point"]
            if all(other.value(point) == value for other, value in fixed)
        ]  # fmt: skip
        at = {point: (up.index(point), across.index(point)) for point in shown}
        shape = len(up.values), len(across.values)
        values, passes, missing = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape, np.bool_)
        for place in self.places:
            if place.point in at:
                values[at[place.point]] = place.value
        for point, case in self.missing:
            if point in at and case == self.only:
                missing[at[point]] = True
        for point, place_of in at.items():
            passed = self.passing.at(point, self.only)
            if passed is not None:
                passes[place_of] = passed
        is_grid = len(set(at.values())) == values.size
        return Cells(values, missing, passes, [(other.path, value) for other, value in fixed], is_grid)


@struct(eq=False)
class Cells:
    """A number over two parameters, as rows and columns.

    Parameters
    ----------
    values : numpy.ndarray
        NaN where it is unknown.
    missing : numpy.ndarray
        Where it is unknown although it was simulated.
    passes : numpy.ndarray
        1 where all thresholds hold, 0 where one does not, NaN where nothing was simulated or there are none.
    fixed : list of (str, str)
        The other parameters, and their values here.
    is_grid : bool
        Whether the sweep has a point for each cell.
    """

    values: npt.NDArray[np.float64]
    missing: npt.NDArray[np.bool_]
    passes: npt.NDArray[np.float64]
    fixed: list[tuple[str, str]]
    is_grid: bool


def view(sweep: SweepRecords, column: str, case: str | None, one: bool = False) -> SweepView:
    """One number of a sweep, of one case or of all.

    Parameters
    ----------
    sweep, column
        As for `SweepView`.
    case : str or None
        Only this one.
    one : bool
        Whether one case is wanted: the one with the largest values by default.

    Raises
    ------
    UsageError
        If there is no such number or case.
    """
    known = numbers(sweep)
    if column not in known:
        raise UsageError(f"the sweep has no number '{column}'; numbers: {', '.join(known)}")
    if case is not None and case not in sweep.cases:
        raise UsageError(f"no case {case!r}; cases: {', '.join(sweep.cases)}")
    known_at = figures(sweep, column)
    if case is not None:
        known_at = {at: figure for at, figure in known_at.items() if at[1] == case}
    first = _first_points(sweep)
    places = [
        Place(
            point, name, figure.value,
            None if figure.interval is None else figure.interval.low,
            None if figure.interval is None else figure.interval.high,
        )
        for (point, name), figure in known_at.items()
        if figure.value is not None and point in first
    ]  # fmt: skip
    if not places:
        raise NoDataError(_nothing(sweep, column, case))
    missing = {at for at, figure in known_at.items() if figure.value is None and at[0] in first}
    only = case if case is not None else sweep.cases[0] if len(sweep.cases) == 1 else ""
    if one and not only:
        unfinished = {name for _, name in missing}
        only = max(places, key=lambda place: (place.case in unfinished, place.value)).case
        places = [place for place in places if place.case == only]
        missing = {at for at in missing if at[1] == only}
    return SweepView(sweep, column, places, missing, only)


def _first_points(sweep: SweepRecords) -> set[int]:
    """The points without those that repeat an earlier one's values, and so its results."""
    first: dict[tuple[str, ...], int] = {}
    for point, (_, *values) in zip(sweep.points["point"], sweep.head.points, strict=True):
        first.setdefault(tuple(map(str, values)), point)
    return set(first.values())


def _nothing(sweep: SweepRecords, column: str, case: str | None) -> str:
    """Why a number is known at no point, and what one can do."""
    rows = zip(sweep.results["case"], sweep.results[column], strict=True)
    values = [value for name, value in rows if case in (None, name)]
    known = sum(value is not None for value in values)
    name = plain(sweep.head.name)
    resume = "" if sweep.complete else "; `rolloutsim sweep --resume` goes on"
    if not values:
        return f"nothing of the sweep of '{name}' was simulated yet{resume}"
    if not known:
        which = "rollout time" if column == ROLLOUT_TIME else f"value for {column}"
        return (
            f"none of {len(values)} rollouts in the sweep of '{name}' has a {which}; `rolloutsim run` says what the "
            f"pulls wait for{resume}"
        )
    done = "finished" if column == ROLLOUT_TIME else f"have a value for {column}"
    return (
        f"{known} of {len(values)} rollouts in the sweep of '{name}' {done}, but at no point all of its replications, "
        f"and without all of them the mean is unknown; `rolloutsim sweep --format csv` shows each single one, "
        f"`rolloutsim run` what the pulls wait for{resume}"
    )
