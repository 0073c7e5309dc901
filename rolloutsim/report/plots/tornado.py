"""Which input matters most: a bar an input, from the result with a little less of it to that with a little more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, MaxNLocator

from rolloutsim.planning.sensitivity import Row
from rolloutsim.report.plots.canvas import NoDataError, canvas, finish, grid, mark, plain
from rolloutsim.report.plots.colours import BLUE, INK, ORANGE
from rolloutsim.report.plots.lines import unit_of
from rolloutsim.report.plots.scales import row_axis, time_axis
from rolloutsim.results.numerals import show_difference, show_time

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST = 16  # bars; the widest if there are more (assumed)
_NOTHING = 1e-6  # a smaller change, as a share of the rollout time, is none (assumed: rounding)
_LITTLE = 0.003  # a smaller span, as a share of the rollout time, has no bar (assumed: a pixel)
_ROW, _FRAME = 0.23, 1.5  # height of a row, and of all around them [inch]


def tornado(
    rows: Iterable[Row | tuple[str, float | None, float, float | None]], *, case: str = "", ax: Axes | None = None
) -> Axes:
    """The rollout time with a little less and a little more of each input, the one that matters most on top.

    Parameters
    ----------
    rows : iterable
        Those of `rolloutsim.planning.sensitivity`, or tuples (path, low, base, high): the rollout time with the input
        made smaller, as it is, and made larger [s]; None where that is not allowed.
    case : str
        Whose rollout time it is.
    ax : Axes, optional
        Where to draw; a new figure by default.
    """
    bars = sorted(
        (Row(row[0], "", "", "", "", *row[1:]) if isinstance(row, tuple) else row for row in rows),
        key=lambda bar: -bar.span,
    )
    if not bars:
        raise NoDataError(
            "no input was varied, so there is nothing to compare; `rolloutsim.planning.sensitivity` of a finished "
            "result gives the rows"
        )
    base = bars[0].base
    moving = [bar for bar in bars if bar.span > _NOTHING * base]
    shown = [bar for bar in moving if bar.span > _LITTLE * base][:_MOST] or moving[:_MOST] or bars[:1]
    ax = canvas(ax, height=_FRAME + _ROW * max(len(shown), 3))
    names = [f"{plain(bar.path, 44)}  ±{_by(bar)}" if bar.by else plain(bar.path, 44) for bar in shown]
    for place, bar in enumerate(shown):
        for time, color, what in ((bar.low, ORANGE, "less"), (bar.high, BLUE, "more")):
            if time is None:
                continue
            (drawn,) = ax.barh([place], [time - base], left=base, height=0.62, color=color)
            said = f"{bar.path} {_by(bar)} {what}: {show_time(time)}, {_change(time, base)}"
            mark(drawn, "parameter", bar.path, said)
    ends = [time for bar in shown for time in (bar.low, bar.high, bar.base) if time is not None]
    margin = (max(ends) - min(ends)) * 0.08 or base * 0.05 or 1.0
    low, high = max(min(ends) - margin, 0.0), max(ends) + margin
    time_axis(ax, high, "rollout time")
    ax.set_xlim(low, high)
    # As many ticks within the part of the axis that is shown as on a whole one.
    unit = unit_of(high)[0]
    ticks = MaxNLocator(nbins=7, steps=[1, 2, 5, 10]).tick_values(low / unit, high / unit)
    ax.xaxis.set_major_locator(FixedLocator([tick * unit for tick in ticks if low <= tick * unit <= high]))
    ax.axvline(base, color=INK, linewidth=1.2)
    row_axis(ax, names, 0.6, rows=3)
    grid(ax, "x")
    entries: list[tuple[Any, str]] = [(Patch(facecolor=ORANGE), "less of it"), (Patch(facecolor=BLUE), "more of it")]
    still = len(bars) - len(shown)
    what = f"rollout time with each input alone changed; {show_time(base)} as it is"
    what += f"; {still} other input{'s change' if still > 1 else ' changes'} less" if still and moving else ""
    what += f" · {plain(case)}" if case else ""
    return finish(ax, _answer(moving, base, case), what[:1].upper() + what[1:], legend=entries)


def _by(bar: Row) -> str:
    return bar.by.replace("%", " %")


def _answer(moving: list[Row], base: float, case: str) -> str:
    who = f"{plain(case)}: " if case else ""
    if not moving:
        return f"{who}no input changes the rollout time of {show_time(base)}"
    first = moving[0]
    by = f"{_by(first)} " if first.by else ""
    parts = [
        f"{by}{what}: {_change(time, base)}"
        for time, what in ((first.low, "less"), (first.high, "more"))
        if time is not None
    ]
    return f"{who}{plain(first.path, 44)} matters most ({', '.join(parts)})"


def _change(time: float, base: float) -> str:
    """`+7.30 s`, `no change`."""
    if abs(time - base) <= _NOTHING * base:
        return "no change"
    return f"{'+' if time > base else '−'}{show_difference(abs(time - base))}"
