"""Pulls as they are predicted against what was measured, before and after a calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolloutsim.report.plots.canvas import canvas, finish, grid
from rolloutsim.report.plots.colours import BLUE, INK, MUTED, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rolloutsim.calibration.calibrated import Calibration


def calibration(made: Calibration, *, ax: Axes | None = None) -> Axes:
    """Predicted against measured times of the pulls, a dot each; on the line both are the same.

    Parameters
    ----------
    made : Calibration
        What pulls say of a scenario.
    ax : Axes, optional
        Where to draw; a new figure by default.
    """
    ax = canvas(ax)
    kept, far = ([one for one in made.pulls if one.is_outlier is is_far] for is_far in (False, True))
    entries: list[tuple[Any, str]] = []
    for pulls, colour, marker, name in (
        ([(one.pull.seen.duration, one.before) for one in kept], ORANGE, "o", "before"),
        ([(one.pull.seen.duration, one.after) for one in kept], BLUE, "o", "after"),
        ([(one.pull.seen.duration, one.after) for one in far], MUTED, "x", "left out"),
    ):
        if pulls:
            measured, predicted = zip(*pulls, strict=True)
            drawn = ax.scatter(measured, predicted, s=18, color=colour, marker=marker, linewidths=1.0)
            entries.append((drawn, name))
    times = [time for one in made.pulls for time in (one.pull.seen.duration, one.before, one.after)]
    ends = (min(times) / 1.3, max(times) * 1.3)
    ax.plot(ends, ends, color=INK, linewidth=1.0)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(ends)
    ax.set_ylim(ends)
    ax.set_xlabel("measured pull time [s]")
    ax.set_ylabel("predicted pull time [s]")
    grid(ax, "both")
    off = 100.0 * made.scatter
    return finish(
        ax, f"After the calibration pulls differ from what is predicted by {off:.0f} %",
        f"{len(kept):,} pulls of {made.images:,} images; standard deviation of logarithms", legend=entries,
    )  # fmt: skip
