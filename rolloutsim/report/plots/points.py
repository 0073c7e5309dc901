"""A sweep as what a figure needs of it: parameters as axes, and one number by point and case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rolloutsim.errors import UsageError
from rolloutsim.planning.sweep_figures import figures, numbers
from rolloutsim.report.plots.canvas import NoDataError, plain
from rolloutsim.results.figures import show_rate, show_size, show_time, three_digits

if TYPE_CHECKING:
    from rolloutsim.planning.sweep_head import ParameterColumns
    from rolloutsim.planning.sweep_records import SweepRecords

_MOST_LINES = 14  # as many as colours and styles tell apart with ease (assumed)
_MANY_VALUES = 10  # of a parameter, which nobody wrote one by one (assumed)
_SHOWN: dict[str, Callable[[float], str]] = {"_bytes_per_s": show_rate, "_bytes": show_size, "_s": show_time}
_WHOLE = (None, "max", "mean")  # statistics under which a condition on the rollout time is one on its number


@dataclass(frozen=True, slots=True)
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
    only : str
        The case, if there is one only.
    """

    def __init__(self, sweep: SweepRecords, column: str, places: list[Place], only: str) -> None:
        self.sweep, self.column, self.places, self.only = sweep, column, places, only
        self.what = column.removesuffix("_s").replace("_", " ").capitalize()
        self.labelled = f"{self.what} [s]" if column.endswith("_s") else self.what
        count = sweep.head.replications
        times = f", mean of {count} replications with 95 % intervals" if count > 1 else ""
        self.design = f"{len(sweep.head.points)} points{times}"
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

    @cached_property
    def limit(self) -> float | None:
        """The tightest upper bound that the scenario's thresholds set for it; None: none does."""
        if self.column != "rollout_time_s":
            return None
        from rolloutsim.scenario import loads

        limits = [
            threshold.value
            for threshold in loads(self.sweep.head.scenario, "<sweep>").resolve().thresholds
            if threshold.metric == "rollout_time" and threshold.statistic in _WHOLE and threshold.comparison[0] == "<"
            and all(value in (self.only, "*") for value in threshold.selectors.values())
        ]  # fmt: skip
        return min(limits, default=None)

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

    def cells(self, across: Axis, up: Axis) -> tuple[npt.NDArray[np.float64], list[tuple[str, str]]]:
        """The values as rows and columns, NaN where unknown; and what the other parameters are there."""
        others = [other for other in self.axes if other.path not in (across.path, up.path)]
        fixed = [(other, other.values[0]) for other in others]
        cells = np.full((len(up.values), len(across.values)), np.nan)
        for place in self.places:
            if all(other.value(place.point) == value for other, value in fixed):
                cells[up.index(place.point), across.index(place.point)] = place.value
        return cells, [(other.path, value) for other, value in fixed]


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
    places = [
        Place(
            point, name, figure.value,
            None if figure.interval is None else figure.interval.low,
            None if figure.interval is None else figure.interval.high,
        )
        for (point, name), figure in figures(sweep, column).items()
        if figure.value is not None and (case is None or name == case)
    ]  # fmt: skip
    if not places:
        raise NoDataError(
            f"no point of the sweep of '{plain(sweep.head.name)}' has a value for {column}: "
            "nothing was simulated yet, or no rollout finished; `rolloutsim sweep --resume` goes on"
        )
    only = case if case is not None else sweep.cases[0] if len(sweep.cases) == 1 else ""
    if one and not only:
        only = max(places, key=lambda place: place.value).case
        places = [place for place in places if place.case == only]
    return SweepView(sweep, column, places, only)
