"""Rollouts side by side: readiness over time, a line a variant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolloutsim.errors import UsageError
from rolloutsim.report.plots.canvas import HEIGHT, NoDataError, canvas, finish, grid, mark, plain
from rolloutsim.report.plots.colours import series
from rolloutsim.report.plots.lines import staircase
from rolloutsim.report.plots.rollout import draw_band, milestones, reached_in
from rolloutsim.report.plots.scales import is_wide, log_time_axis, share_axis, time_axis
from rolloutsim.report.plots.subjects import titled
from rolloutsim.results.numerals import show_time
from rolloutsim.results.time.phases import readiness

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rolloutsim.planning.compare import Comparison, Row

_HEIGHT = 0.9 * HEIGHT  # [inch] (assumed: it stands with the answer on a sheet)


def variants(comparison: Comparison, *, case: str | None = None, ax: Axes | None = None) -> Axes:
    """The share of nodes ready over time, a line a variant; of pods, where workloads roll out.

    With several replications there is a band for each, the quantiles 5 and 95 % over them of the time at which each
    share was reached.

    Parameters
    ----------
    comparison : Comparison
        What was compared.
    case : str, optional
        The case, as the first variant calls it; the slowest of that by default.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Raises
    ------
    UsageError
        If no compared case has that name.
    """
    rows = _rows(comparison, case)
    outcomes = {side.name: side.outcome for side in comparison.sides}
    found = [(row, outcomes[row.side], readiness(outcomes[row.side].records(row.own))) for row in rows]
    if not any(len(who.times) for _, _, who in found):
        raise NoDataError(
            "no node became ready in any variant, so there is no rollout to draw; `rolloutsim run` says what the pulls "
            "wait for"
        )
    ax = canvas(ax, _HEIGHT)
    reached = [reached_in(outcome, row.own, who) for row, outcome, who in found]
    ends = [outcome.records(row.own).end for row, outcome, _ in found]
    end = max([*ends, *(float(times[-1]) for each in reached for times in each if len(times))])
    entries: list[tuple[Any, str]] = []
    several = max(len(outcome) for _, outcome, _ in found)
    for number, ((row, outcome, who), times) in enumerate(zip(found, reached, strict=True)):
        x, y = staircase(who.times, who.wanted, end)
        (line,) = ax.plot(x, y, drawstyle="steps-post", linewidth=1.8, clip_on=False, **series(number))
        which = " (first replication)" if len(outcome) > 1 else ""
        mark(line, "variant", row.side, f"{row.side}: {milestones(who)}{which}")
        entries.append((line, f"{plain(row.side)}\n{_all_ready(row)}"))
        if len(outcome) > 1:
            draw_band(ax, who, times, series(number)["color"], row.side, end * 1.02)
    first = min(float(who.times[0]) for _, _, who in found if len(who.times))
    if first > 0.0 and is_wide(ends):
        log_time_axis(ax, first, end, "time since the rollout's start")
    else:
        time_axis(ax, end * 1.02, "time since the rollout's start")
    grid(ax)
    of = found[0][2].of if len({who.of for _, _, who in found}) == 1 else "nodes"
    share_axis(ax, f"{of} ready", top=1.03)
    ax.set_yticks([0.0, 0.25, 0.5, 0.75, 0.9, 1.0])
    what = f"Share of {of} ready over time"
    what += f" in the first replication, with the middle 90 % of {several}" if several > 1 else ""
    parts = [what, *([plain(rows[0].case)] if len({row.case for row in comparison.rows}) > 1 else [])]
    parts.append(titled(comparison.sides[0].outcome.run.scenario.name))
    return finish(ax, _title(rows), " · ".join(parts), legend=entries)


def _rows(comparison: Comparison, case: str | None) -> list[Row]:
    """The compared rows of a case as a whole."""
    cases = dict.fromkeys(row.case for row in comparison.rows)
    if case is None:
        slowest = comparison.sides[0].outcome.slowest
        case = slowest if slowest in cases else next(iter(cases))
    if case not in cases:
        raise UsageError(f"no case {case!r} is compared; cases: {', '.join(cases)}")
    return [row for row in comparison.rows if row.case == case and row.part.kind == "case"]


def _all_ready(row: Row) -> str:
    return "does not finish" if row.time is None else f"all after {show_time(row.time)}"


def _title(rows: list[Row]) -> str:
    """Who is first and who is last."""
    done = sorted((row for row in rows if row.time is not None), key=lambda row: row.time or 0.0)
    if not done:
        return "No variant finishes its rollout"
    quickest, slowest = done[0], done[-1]
    if len(done) < len(rows):
        late = ", ".join(plain(row.side) for row in rows if row.time is None)
        return f"{plain(quickest.side)} is done after {show_time(quickest.time)}; {late}: never"
    if quickest is slowest or quickest.time == slowest.time:
        return f"All are done after {show_time(quickest.time)}"
    times = f"{show_time(quickest.time)}, {plain(slowest.side)} after {show_time(slowest.time)}"
    return f"{plain(quickest.side)} is done after {times}"
