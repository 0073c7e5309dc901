"""A sweep as what a figure needs of it: parameters as axes, one number by point and case, and what passes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rolloutsim import scenario
from rolloutsim.errors import UsageError
from rolloutsim.planning.sweep.figures import ROLLOUT_TIME, figures, groups, metric_of, numbers
from rolloutsim.report.plots.canvas import NoDataError, plain
from rolloutsim.report.plots.lines import thinned
from rolloutsim.results.numerals import show_rate, show_size, show_time, three_digits
from rolloutsim.results.thresholds import Measurement, format_value, is_within, judge
from rolloutsim.scenario.conditions import figure
from rolloutsim.scenario.metrics import METRICS
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.planning.sweep.file import SweepRecords
    from rolloutsim.planning.sweep.head import ParameterColumns
    from rolloutsim.results.facts.intervals import Interval
    from rolloutsim.scenario.resolved import Threshold

_MOST_LINES = 14  # as many as colours and styles tell apart with ease (assumed)
_MANY_VALUES = 10  # of a parameter, which nobody wrote one by one (assumed)
_SHOWN: dict[str, Callable[[float], str]] = {"_bytes_per_s": show_rate, "_bytes": show_size, "_s": show_time}
_ROLLOUT_TIME = figure("rollout_time", {}, None)
_OF_THE_MEAN = (None, "mean")  # statistics that are those of a mean over replications


@struct
class Place:
    """One number at one point, with its 95 % interval if it is known."""

    point: int
    case: str
    value: float
    interval: Interval | None


class Axis:
    """A parameter along an axis: its values as written, in the order of their size where they have one.

    With the number of a value, `positions` says where it stands: at its size, else at its number; `labels` what one
    says: as written, but where there are many values rounded to three digits.
    """

    def __init__(self, sweep: SweepRecords, parameter: ParameterColumns) -> None:
        self.path = parameter.path
        written = [str(value) for value in sweep.points[parameter.column]]
        sizes: list[Any] = sweep.points[parameter.number or parameter.column]
        known = dict(zip(written, sizes, strict=True))
        self.is_numeric = all(isinstance(size, (int, float)) and not isinstance(size, bool) for size in sizes)
        self.values = sorted(known, key=known.__getitem__) if self.is_numeric else list(known)
        self.positions = [float(known[value] if self.is_numeric else i) for i, value in enumerate(self.values)]
        show = next((show for end, show in _SHOWN.items() if (parameter.number or "").endswith(end)), None)
        rounded = self.is_numeric and len(self.values) > _MANY_VALUES
        self.labels = list(map(show, self.positions)) if rounded and show is not None else self.values
        numbers = {value: i for i, value in enumerate(self.values)}
        self._index = {point: numbers[value] for point, value in zip(sweep.points["point"], written, strict=True)}

    def index(self, point: int) -> int:
        """The number of a point's value."""
        return self._index[point]

    def value(self, point: int) -> str:
        """As it is written at a point."""
        return self.values[self._index[point]]

    def label(self, point: int) -> str:
        """As one says it at a point."""
        return self.labels[self._index[point]]

    def position(self, point: int) -> float:
        """Where a point stands."""
        return self.positions[self._index[point]]


def axis_of(sweep: SweepRecords, path: str | None, but: str | None = None, needed: str = "it varies nothing") -> Axis:
    """The parameter of a path; by default the one with the most values, numbers before names.

    Raises
    ------
    UsageError
        If the sweep has no such parameter.
    """
    parameters = {parameter.path: parameter for parameter in sweep.head.parameters}
    if path is not None:
        if path not in parameters:
            raise UsageError(f"the sweep has no parameter '{path}'; parameters: {', '.join(parameters)}")
        return Axis(sweep, parameters[path])
    axes = [Axis(sweep, parameter) for parameter in parameters.values() if parameter.path != but]
    if not axes:
        raise NoDataError(f"the sweep of '{plain(sweep.head.name)}' does not suffice: {needed}")
    return max(axes, key=lambda axis: (axis.is_numeric, len(axis.values)))


class SweepView:
    """One number of a sweep, of one case or of all: where it is known (`places`), and where not (`missing`).

    Parameters
    ----------
    sweep : SweepRecords
        What was simulated.
    column : str
        The number.
    case : str or None
        Only this one.
    one : bool
        Whether one case is wanted: the one with the largest values by default.

    Raises
    ------
    UsageError
        If there is no such number or case.
    """

    def __init__(self, sweep: SweepRecords, column: str, case: str | None, one: bool = False) -> None:
        known = numbers(sweep)
        if column not in known:
            raise UsageError(f"the sweep has no number '{column}'; numbers: {', '.join(known)}")
        if case is not None and case not in sweep.cases:
            raise UsageError(f"no case {case!r}; cases: {', '.join(sweep.cases)}")
        first = _first_points(sweep)
        found = {at: one for at, one in figures(sweep, column).items() if at[0] in first and case in (None, at[1])}
        places = [
            Place(point, name, figure.value, figure.interval)
            for (point, name), figure in found.items()
            if figure.value is not None
        ]
        if not places:
            raise NoDataError(_nothing(sweep, column, case))
        missing = {at for at, figure in found.items() if figure.value is None}
        # The case, if there is one only.
        self.only = case if case is not None else sweep.cases[0] if len(sweep.cases) == 1 else ""
        if one and not self.only:
            unfinished = {name for _, name in missing}
            self.only = max(places, key=lambda place: (place.case in unfinished, place.value)).case
            places = [place for place in places if place.case == self.only]
            missing = {at for at in missing if at[1] == self.only}
        self.sweep, self.column, self.places, self.missing = sweep, column, places, missing
        self.about = metric_of(sweep, column)
        self.is_time = column.endswith("_s") if self.about is None else METRICS[self.about.metric].kind == "time"
        words = column.removesuffix("_s").replace("_", " ").capitalize()
        self.what = words if self.about is None else plain(column, 60)
        self.labelled = f"{self.what} [s]" if self.is_time else self.what
        count = sweep.head.replications
        is_mean = self.about is None or self.about.statistic in _OF_THE_MEAN
        self.over = f", {'mean of' if is_mean else 'over'} {count} replications" if count > 1 else ""
        times = f"{self.over} with 95 % intervals" if count > 1 else ""
        self.design = f"{len(sweep.head.points)} point{'s' if len(sweep.head.points) > 1 else ''}{times}"
        unknown = len({point for point, _ in missing})
        self.left_out = f"unknown at {unknown} of them, where a rollout did not finish" if unknown else ""
        self.scene = plain(sweep.head.name, 60)
        self.axes = [Axis(sweep, parameter) for parameter in sweep.head.parameters]
        # Whether points lie on lines, along which one parameter changes.
        self.forms_lines = sweep.head.design != "sobol" or len(self.axes) == 1
        # Whether several parameters change from point to point, side by side.
        self.together = sweep.head.design == "zip" and len(self.axes) > 1

    def shown(self, value: float) -> str:
        """A value for people."""
        if self.about is not None:
            return format_value(self.about.metric, value)
        return show_time(value) if self.is_time else three_digits(value)

    def at(self, axis: Axis, point: int) -> str:
        """Where a point of a line stands, in words: its value on the axis, and all that changes with it."""
        if not self.together:
            return axis.label(point)
        return ", ".join(f"{other.path} {other.label(point)}" for other in self.axes)

    @cached_property
    def passing(self) -> Passing:
        """What the scenario's thresholds ask of it, and where that is met."""
        return Passing(self.sweep, self.column, self.only)

    def lines(self, axis: Axis) -> tuple[dict[str, list[Place]], int]:
        """The places by case and values of the other parameters; how many such lines are left out."""
        others = [other for other in self.axes if other.path != axis.path and self.sweep.head.design == "grid"]
        lines: dict[str, list[Place]] = {}
        for place in self.places:
            parts = [] if self.only else [place.case]
            parts += [f"{other.path} {other.value(place.point)}" for other in others]
            lines.setdefault(", ".join(parts) or self.only or place.case, []).append(place)
        names = list(lines)
        shown = {names[i]: lines[names[i]] for i in thinned(len(names), _MOST_LINES).tolist()}
        return shown, len(lines) - len(shown)

    def cells(self, across: Axis, up: Axis) -> Cells:
        """The values as rows and columns; other parameters have their first values there."""
        fixed = [other for other in self.axes if other.path not in (across.path, up.path)]
        shown = [point for point in self.sweep.points["point"] if not any(other.index(point) for other in fixed)]
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
        return Cells(values, missing, passes, [(other.path, other.values[0]) for other in fixed], is_grid)


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


class Passing:
    """The upper bounds that a scenario sets for a number, and which points of a sweep keep them.

    Each bound is checked with its own statistic: `max` asks the longest of all replications, and not their mean.
    Bounds that are only to warn are left out where others are not. A rollout that did not finish keeps none.

    Parameters
    ----------
    sweep : SweepRecords
        What was simulated.
    column : str
        The number that is looked at; there are no bounds unless it is the rollout time, or a metric that is shown.
    case : str
        The case; empty: all of them, of which only bounds without a selector are checked.
    """

    def __init__(self, sweep: SweepRecords, column: str, case: str) -> None:
        about = _ROLLOUT_TIME if column == ROLLOUT_TIME else metric_of(sweep, column)
        self.conditions = [] if about is None else _bounds(sweep, about, case)
        within = about is not None and is_within(about, groups(sweep))
        self._several = sweep.head.replications > 1
        values: dict[tuple[int, str], list[float | None]] = {}
        results = sweep.results
        for point, name, value in zip(results["point"], results["case"], results[column], strict=True):
            values.setdefault((point, name), []).append(value)
        self._passes = {
            at: all(
                judge([Measurement(condition, at[1], "", value, within) for value in of_place]).passed
                for condition in self.conditions
            )
            for at, of_place in (values.items() if self.conditions else ())
        }

    @property
    def asked(self) -> str:
        """All conditions as written: `p95 < 5m and max < 15 s`."""
        return " and ".join(condition.check for condition in self.conditions)

    @property
    def of_the_mean(self) -> bool:
        """Whether a mean over the replications alone says if it passes."""
        return not self._several or all(condition.statistic in _OF_THE_MEAN for condition in self.conditions)

    def at(self, point: int, case: str) -> bool | None:
        """Whether a case passes at a point; None: it was not simulated, or nothing is asked."""
        return self._passes.get((point, case))

    def points(self, case: str) -> dict[int, bool]:
        """Each simulated point, and whether a case passes there; where it is empty, whether all do."""
        found: dict[int, bool] = {}
        for (point, name), passed in self._passes.items():
            if case in ("", name):
                found[point] = found.get(point, True) and passed
        return found


def _bounds(sweep: SweepRecords, about: Threshold, case: str) -> list[Threshold]:
    """Upper bounds of a number; what a run has one of may be asked for in another statistic over the replications."""
    several = METRICS[about.metric].needs_statistic
    found = [
        threshold
        for threshold in scenario.loads(sweep.head.scenario, "<sweep>").resolve().thresholds
        if threshold.metric == about.metric and threshold.comparison[0] == "<"
        and (threshold.statistic == about.statistic or not several)
        and _is_of(threshold, about, case)
    ]  # fmt: skip
    return [one for one in found if one.severity == "error"] or found


def _is_of(threshold: Threshold, about: Threshold, case: str) -> bool:
    """Whether a threshold chooses what a number does, in a case."""
    asked, shown = (
        {label: value for label, value in one.selectors.items() if value != case} for one in (threshold, about)
    )
    return asked == shown


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
