"""The axes of figures: time in readable units, shares in per cent, rates in bits, all with few and round ticks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Literal

from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter

from rolloutsim.report.plots.canvas import label_axis
from rolloutsim.report.plots.lines import unit_of
from rolloutsim.units import parse_rate, parse_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis


_WIDE = 0.05  # values below this share of the largest cannot be told apart on a linear axis (assumed)
_MANY = 3  # so many of these and the axis becomes logarithmic (assumed)
_STEPS = [1, 2, 5, 10]  # between ticks


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
