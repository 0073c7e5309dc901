"""The axes of figures: time in readable units, shares in per cent, rates in bits, all with few and round ticks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, floor, isnan, log10
from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter

from rolloutsim.report.plots.canvas import label_axis
from rolloutsim.units import parse_rate, parse_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

    from rolloutsim.results.facts.columns import Times

_UNITS = ((1.0, "s", 600.0), (60.0, "min", 3 * 3600.0), (3600.0, "h", float("inf")))  # up to (assumed: 3 digits)
_WIDE = 0.05  # values below this share of the largest cannot be told apart on a linear axis (assumed)
_MANY = 3  # so many of these and the axis becomes logarithmic (assumed)
_MOST_POINTS = 500  # of a line; more is not to be seen (assumed: a point per two pixels)
_STEPS = [1, 2, 5, 10]  # between ticks

_UNSEEN = 1e-3  # a smaller change, as a share of the largest value, is not drawn (assumed: a third of a pixel)
_ROUNDING = 1e-6  # what is nearer than this, as a share of the largest value, is equal

Side = Literal["x", "y"]


def time_axis(ax: Axes, end: float, label: str = "time since the rollout's start", side: Side = "x") -> None:
    """A linear axis of time from 0 to `end` [s]; the data stay in seconds, the ticks say s, min or h."""
    unit, name = unit_of(end)
    _linear(ax, side, end or 1.0, unit, 8, [1, 2, 3, 5, 6, 10] if unit > 1.0 else _STEPS)
    label_axis(ax, side, f"{label} [{name}]")


def log_time_axis(ax: Axes, low: float, high: float, label: str, side: Side = "x") -> None:
    """A logarithmic axis of time around `low` to `high` [s], with plain numbers."""
    unit, name = unit_of(high)
    _log(ax, side, low, high, unit)
    label_axis(ax, side, f"{label} [{name}]")


def share_axis(ax: Axes, label: str, side: Side = "y", top: float = 1.0) -> None:
    """An axis of shares in per cent, from 0 to `top` [1]."""
    _ticks(ax, side, (0.0, top), [0.0, 0.25, 0.5, 0.75, 1.0], lambda share: f"{share * 100:g}")
    label_axis(ax, side, f"{label} [%]")


def rate_axis(ax: Axes, top: float, label: str, side: Side = "y") -> None:
    """An axis of network rates from 0 to `top` [B/s], its ticks in bits."""
    unit, name = _largest(top, parse_rate, ("Tbit/s", "Gbit/s", "Mbit/s", "kbit/s", "bit/s"))
    _linear(ax, side, top if top > 0.0 else unit, unit, 6, _STEPS)
    label_axis(ax, side, f"{label} [{name}]")


def size_axis(ax: Axes, low: float, high: float, label: str, side: Side = "x") -> None:
    """An axis of sizes [B], from 0 or (where `low` is more than 0) logarithmic."""
    typical = high if low <= 0.0 else (low * high) ** 0.5
    unit, name = _largest(typical, parse_size, ("TB", "GB", "MB", "kB", "B"))
    if low > 0.0:
        _log(ax, side, low, high, unit)
    else:
        _linear(ax, side, high, unit, 8, _STEPS)
    label_axis(ax, side, f"{label} [{name}]")


def row_axis(ax: Axes, names: Sequence[str], rim: float, rows: int = 0) -> None:
    """A row a name, from the top; `rim` is the room above the first row's middle [rows], `rows` the least of them."""
    ax.set_yticks(range(len(names)), names)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(max(len(names), rows) - 1 + rim, -rim)


def is_wide(values: Sequence[float]) -> bool:
    """Whether values differ so much that on a linear axis several could not be told apart."""
    positive = [value for value in values if value > 0.0]
    return sum(value < _WIDE * max(positive, default=0.0) for value in positive) >= _MANY


def thinned(count: int, most: int = _MOST_POINTS) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Numbers from 0 to `count` - 1, at most `most`, first and last among them, evenly spaced."""
    if count <= most:
        return np.arange(count)
    return np.unique(np.linspace(0, count - 1, most).round().astype(np.intp))


def staircase(times: Times, wanted: int, end: float, most: int = _MOST_POINTS) -> tuple[Times, Times]:
    """The share of `wanted` things that happened by each moment, as the corners of a line that rises in steps.

    Parameters
    ----------
    times : numpy.ndarray
        When they happened, ascending [s].
    wanted : int
        How many should.
    end : float
        Where the line ends if some did not happen [s].
    most : int
        How many corners it may have.

    Returns
    -------
    tuple of numpy.ndarray
        Moments [s] and shares [1], to be drawn with `steps-post`.
    """
    if not len(times):
        return np.array([0.0, end]), np.zeros(2)
    moments, last = np.unique(times, return_index=True)
    counts = np.append(last[1:], len(times))
    kept = thinned(len(moments), most)
    x, y = np.append(moments[:1], moments[kept]), np.append(0, counts[kept])
    if len(times) < wanted:
        x, y = np.append(x, max(end, float(x[-1]))), np.append(y, y[-1])
    return x, y / wanted


def corners(edges: Times, *values: Times, least: float = _UNSEEN) -> tuple[Times, ...]:
    """The corners of lines that are constant between moments, those left out between which nothing changes.

    A corner is drawn where a line has left its last corner by what can be seen, however small the steps that took it
    there, and where a line ends up at another value at all.

    Parameters
    ----------
    edges : numpy.ndarray
        n + 1 moments, ascending.
    *values : numpy.ndarray
        n values for each line; NaN: no line.
    least : float
        What can be seen, as a share of the largest value.

    Returns
    -------
    tuple of numpy.ndarray
        The moments of the corners, then the values of each line there.
    """
    table = np.stack(values)
    unseen = (least * np.nan_to_num(np.abs(table)).max(axis=1, initial=0.0)).tolist()
    rounding = [_ROUNDING / least * limit for limit in unseen]
    columns: list[list[float]] = table.T.tolist()
    starts = [0]
    for place, column in enumerate(columns):
        limits = unseen if place + 1 < len(columns) else rounding
        drawn = columns[starts[-1]]
        if any(
            abs(now - before) > limit or isnan(now) != isnan(before)
            for now, before, limit in zip(column, drawn, limits, strict=True)
        ):
            starts.append(place)
    x = np.repeat(np.append(edges[starts], edges[-1]), 2)[1:-1]
    return x, *(np.repeat(row[starts], 2) for row in table)


def unit_of(longest: float) -> tuple[float, str]:
    """The unit in which times up to the longest are said: its length [s] and its name."""
    return next((unit, name) for unit, name, limit in _UNITS if longest <= limit)


def _largest(value: float, parse: Callable[[str], float], names: Sequence[str]) -> tuple[float, str]:
    """The largest unit that a value reaches, else the last: its length and its name."""
    units = [(parse(f"1 {name}"), name) for name in names]
    return next((unit for unit in units if value >= unit[0]), units[-1])


def _linear(ax: Axes, side: Side, end: float, unit: float, most: int, steps: Sequence[int]) -> None:
    """From 0 to `end`, with about `most` ticks at round numbers of units."""
    ticks = MaxNLocator(nbins=most, steps=steps).tick_values(0.0, end / unit)
    inside = [tick * unit for tick in ticks if 0.0 <= tick * unit <= end * (1 + 1e-9)]
    _ticks(ax, side, (0.0, end), inside, lambda value: f"{value / unit:.12g}")


def _log(ax: Axes, side: Side, low: float, high: float, unit: float) -> None:
    """Ticks at 1, 2, 5 of each decade where these are few, else at the decades."""
    first, last = floor(log10(low / unit)), ceil(log10(high / unit))
    digits = (1, 2, 5) if last - first <= 3 else (1, 3) if last - first <= 4 else (1,)
    wanted = [digit * 10.0**decade * unit for decade in range(first, last + 1) for digit in digits]
    (ax.set_xscale if side == "x" else ax.set_yscale)("log")
    low, high = low / 1.15, high * 1.15
    inside = [tick for tick in wanted if low <= tick <= high]
    axis = _ticks(ax, side, (low, high), inside, lambda value: f"{value / unit:.12g}")
    axis.set_minor_formatter(NullFormatter())
    axis.set_minor_locator(FixedLocator([]))


def _ticks(
    ax: Axes, side: Side, limits: tuple[float, float], at: Sequence[float], show: Callable[[float], str]
) -> Axis:
    """An axis with ticks in places of its own; it is returned."""
    (ax.set_xlim if side == "x" else ax.set_ylim)(*limits)
    axis = ax.xaxis if side == "x" else ax.yaxis
    axis.set_major_locator(FixedLocator(list(at)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: show(value)))
    return axis
