"""How long it takes: readiness over time, image size against rollout time, and how pull times are spread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rolloutsim.report.plots.canvas import NoDataError, canvas, finish, grid, mark, plain, text_width
from rolloutsim.report.plots.colours import BLUE, INK, MUTED, series
from rolloutsim.report.plots.lines import staircase, thinned
from rolloutsim.report.plots.scales import is_wide, log_time_axis, share_axis, size_axis, time_axis
from rolloutsim.report.plots.subjects import MOST_NODES, scene, several_cases
from rolloutsim.report.plots.zoom import MOST, Series, keep
from rolloutsim.results.facts.calls import brings
from rolloutsim.results.facts.intervals import mean, quantile
from rolloutsim.results.load.throughput import least_time
from rolloutsim.results.metrics import is_image_case, pull_times, rollout_time
from rolloutsim.results.numerals import show_size, show_time
from rolloutsim.results.time.phases import Readiness, readiness
from rolloutsim.units import parse_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rolloutsim.results.facts.columns import Times
    from rolloutsim.results.facts.records import CaseRecords
    from rolloutsim.results.outcome import Outcome
    from rolloutsim.results.time.split import Rows

_BAND = (0.05, 0.95)  # of the replications
_MOST_POINTS, _LEAST_POINTS = 1000, 200  # of all lines together, and of one (assumed: a point for some pixels)
_SAME = 0.005  # two times that differ by less are said as one (assumed: they look the same)

_MOST_RANKS = 160  # steps of a band (assumed: one per two pixels)


def rollout(outcome: Outcome, *, case: str | None = None, ax: Axes | None = None) -> Axes:
    """The share of nodes ready over time, a line a case; of pods, where workloads roll out.

    With several replications there is a band for each case, the quantiles 5 and 95 % over them of the time at which
    each share was reached.

    Parameters
    ----------
    outcome : Outcome
        What came out of a scenario.
    case : str, optional
        Only this one.
    ax : Axes, optional
        Where to draw; a new figure by default.
    """
    cases = several_cases(outcome, case)
    ready = [readiness(one) for one in cases]
    if not any(len(one.times) for one in ready):
        raise NoDataError(
            "no node became ready, so there is no rollout to draw; `rolloutsim run` says what the pulls wait for"
        )
    ax = canvas(ax)
    several = len(outcome) > 1
    reached = [reached_in(outcome, one.name, who) for one, who in zip(cases, ready, strict=True)]
    end = max([one.end for one in cases] + [float(times[-1]) for each in reached for times in each if len(times)])
    firsts = [float(one.times[0]) for one in ready if len(one.times)]
    entries: list[tuple[Any, str]] = []
    long: list[Series] = []
    beyond = False
    for number, (one, who, times) in enumerate(zip(cases, ready, reached, strict=True)):
        x, y = staircase(who.times, who.wanted, end, max(_LEAST_POINTS, _MOST_POINTS // max(len(cases), 2)))
        (line,) = ax.plot(x, y, drawstyle="steps-post", linewidth=1.8, clip_on=False, **series(number))
        tip = f"{one.name}: {milestones(who)}"
        mark(line, "case", one.name, f"{tip} (first replication)" if several else tip)
        entries.append((line, f"{plain(one.name)}\n{_done(who, times)}"))
        moments, shares = staircase(who.times, who.wanted, end, MOST // len(cases))
        long.append(Series(one.name, str(series(number)["color"]), moments, shares * 100))
        if several:
            beyond |= draw_band(ax, who, times, series(number)["color"], one.name, end * 1.02)
    if len(cases) == 1:
        entries.clear()  # the title says it all
    of = ready[0].of if len({who.of for who in ready}) == 1 else "nodes"
    _axes(ax, min(firsts), [one.end for one in cases], end, "time since the rollout's start")
    share_axis(ax, f"{of} ready", top=1.03)
    keep(ax, long, f"{of} ready", "%")
    ax.set_yticks([0.0, 0.25, 0.5, 0.75, 0.9, 1.0])
    last = _slowest([_mean_time(who, times, 1.0) for who, times in zip(ready, reached, strict=True)])
    title = _of_case(cases, last, _said(ready[last], reached[last]))
    what = f"share of {of} ready over time"
    if several:
        what += f" in the first replication, with the middle 90 % of {len(outcome)} replications"
        what += ", up to the right edge where it was never reached in some" if beyond else ""
    return finish(ax, title, scene(outcome.run, what, cases), legend=entries)


def size(outcome: Outcome, *, case: str | None = None, ax: Axes | None = None) -> Axes:
    """Image size against rollout time, and the time that the bytes alone need.

    The bound is the largest of bytes / capacity over all links that fetched layers cross; no rollout of these bytes
    is faster (every byte has to cross that link).

    Parameters as for `rollout`.
    """
    images = [one for one in several_cases(outcome, case) if is_image_case(one)]
    timed = [one for one in images if rollout_time(one) is not None]
    if not timed:
        raise NoDataError(
            "no case is the finished rollout of one image, so there is no size to set against its time; "
            "a scenario with `images` and without `workloads` or a schedule has a case for each image"
        )
    timed.sort(key=lambda one: one.images[0].compressed)
    sizes = [one.images[0].compressed for one in timed]
    times = [rollout_time(one) or 0.0 for one in timed]
    bounds = [(least_time(outcome.run.scenario, one) or (0.0, ""))[0] for one in timed]
    together = len({one.images[0].registry for one in timed}) == 1
    ax = canvas(ax)
    both = sizes[0] > 0.0 and min(times) > 0.0 and (is_wide(sizes) or is_wide(times))
    if both:
        known = [bound for bound in bounds if bound > 0.0]
        size_axis(ax, sizes[0], sizes[-1] * 1.6, "image size on the wire")
        log_time_axis(ax, min([*times, *known]), max(times), "rollout time", side="y")
    else:
        size_axis(ax, 0.0, (sizes[-1] or 1.0) * 1.18, "image size on the wire")
        time_axis(ax, (max(times) or 1.0) * 1.12, "rollout time", side="y")
    # From zero, where the axes begin there; images of different registries lie on no line.
    origin = [0.0] if together and not both else []
    dashes = {"linestyle": "--"} if together else {"linestyle": "none", "marker": "_", "markersize": 14}
    reached = [*origin, *(bound if bound > 0.0 else np.nan for bound in bounds)]
    (bound_line,) = ax.plot([*origin, *sizes], reached, color=MUTED, linewidth=1.2, **dashes)
    if together:
        ax.plot(sizes, times, "-", color=BLUE, linewidth=1.6)
    grid(ax)
    for one, x, y, bound in zip(timed, sizes, times, bounds, strict=True):
        (point,) = ax.plot([x], [y], "o", color=BLUE, markersize=6, markeredgecolor="white", clip_on=False)
        tip = f"{one.name}: {show_size(x)}, {show_time(y)}; the bytes alone need {show_time(bound)}"
        mark(point, "case", one.name, tip)
    entries = [(point, "simulated"), (bound_line, "bytes / capacity\n(no rollout is faster)")]
    slow = int(np.argmax(times))
    above = times[slow] / bounds[slow] - 1 if bounds[slow] > 0.0 else None
    extra = "" if above is None else f", {above * 100:.0f} % above what its bytes alone need"
    title = f"{plain(timed[slow].name)} ({show_size(sizes[slow])}) takes {show_time(times[slow])}{extra}"
    if together and sizes[-1] > sizes[0] and times[-1] > times[0]:
        step = _step(sizes[-1] - sizes[0])
        cost = (times[-1] - times[0]) / (sizes[-1] - sizes[0]) * step
        title = f"Each {show_size(step)} of image costs {show_time(cost)}; {title}"
    drawn = finish(ax, title, scene(outcome.run, "image size against rollout time", timed), legend=entries)
    _name_points(drawn, [plain(one.name, 24) for one in timed], sizes, times)
    return drawn


def ecdf(outcome: Outcome, *, case: str | None = None, ax: Axes | None = None) -> Axes:
    """The share of pulls that took at most so long, a line a case; a point a pull of the slowest, up to 60.

    Parameters as for `rollout`.
    """
    cases = several_cases(outcome, case)
    # Attempts that failed, and what is no pull.
    left_out = [~np.isnan(one.pulls.failed) | ~brings(one) for one in cases]
    every = [pull_times(one)[~gone] for one, gone in zip(cases, left_out, strict=True)]
    times = [np.sort(each[~np.isnan(each)]) for each in every]
    if not any(map(len, times)):
        raise NoDataError(
            "no pull finished, so there are no pull times to draw; `rolloutsim run` says what the pulls wait for"
        )
    ax = canvas(ax)
    lasts = [float(each[-1]) for each in times if len(each)]
    longest, shortest = max(lasts), min(float(each[0]) for each in times if len(each))
    entries = []
    for number, (one, ordered, pulls) in enumerate(zip(cases, times, every, strict=True)):
        look = series(number)
        x, y = staircase(ordered, max(len(pulls), 1), longest)
        (line,) = ax.plot(x, y, drawstyle="steps-post", linewidth=1.8, **look)
        spread = _spread(ordered, len(pulls))
        mark(line, "case", one.name, f"{one.name}: {spread}")
        entries.append((line, f"{plain(one.name)}\n{spread}"))
    _axes(ax, shortest, lasts, longest, "pull time, from asking to the image being ready")
    share_axis(ax, "pulls that took at most so long", top=1.03)
    ax.set_yticks([0.0, 0.25, 0.5, 0.75, 0.95, 1.0])
    last = _slowest([float(each[-1]) if len(each) == len(pulls) and len(each) else None
                     for each, pulls in zip(times, every, strict=True)])  # fmt: skip
    if len(every[last]) <= MOST_NODES:
        _mark_pulls(ax, cases[last], every[last], np.flatnonzero(~left_out[last]), series(last)["color"])
    if len(cases) == 1:
        entries.clear()
    tried = sum(int(np.count_nonzero(~np.isnan(one.pulls.failed))) for one in cases)
    what = f"pull times; {tried:,} attempts that failed are left out" if tried else "pull times"
    title = _of_case(cases, last, _unfairness(times[last], len(every[last])))
    return finish(ax, title, scene(outcome.run, what, cases), legend=entries)


def _axes(ax: Axes, first: float, lasts: Sequence[float], end: float, label: str) -> None:
    """Time from 0 to `end`, logarithmic from `first` on where the last times of cases differ much [s]."""
    if first > 0.0 and is_wide(lasts):
        log_time_axis(ax, first, end, label)
    else:
        time_axis(ax, end * 1.02, label)
    grid(ax)


def _of_case(cases: Sequence[CaseRecords], number: int, said: str) -> str:
    """An answer as a title: behind the case's name, where there are others."""
    return f"{plain(cases[number].name)}: {said}" if len(cases) > 1 else f"{said[:1].upper()}{said[1:]}"


def _slowest(times: Sequence[float | None]) -> int:
    """The number of the largest time; None, which is never, before all others."""
    return max(range(len(times)), key=lambda i: float("inf") if times[i] is None else times[i] or 0.0)


def _said(who: Readiness, ready: Sequence[Times]) -> str:
    """The answer: when half and all were ready (on average over replications), or in how many of them all were."""
    half, nine, every = (_mean_time(who, ready, share) for share in (0.5, 0.9, 1.0))
    if every is not None:
        means = f" (means of {len(ready)} replications)" if len(ready) > 1 else ""
        return f"{_reached(who, half, nine, every)}{means}"
    if len(ready) == 1:
        reached = "" if half is None else f"; half of them were after {show_time(half)}"
        return f"{len(who.times)} of {who.wanted} {who.of} ready, the others not as far as it was simulated{reached}"
    whole = [float(times[-1]) for times in ready if len(times) >= who.wanted]
    if not whole:
        counts = sorted(len(times) for times in ready)
        numbers = str(counts[0]) if counts[0] == counts[-1] else f"{counts[0]} to {counts[-1]}"
        return f"in none of {len(ready)} replications all {who.wanted} {who.of} become ready, but {numbers}"
    span = show_time(min(whole)) if len(whole) == 1 else f"{show_time(min(whole))} to {show_time(max(whole))}"
    return f"only in {len(whole)} of {len(ready)} replications all {who.wanted} {who.of} become ready, after {span}"


def _mean_time(who: Readiness, ready: Sequence[Times], share: float) -> float | None:
    """When a share was ready, the mean over replications; None: in one of them it never was."""
    times = [Readiness(who.of, who.wanted, one).time_of(share) for one in ready]
    known = [time for time in times if time is not None]
    return mean(known) if len(known) == len(times) else None


def _reached(who: Readiness, half: float | None, nine: float | None, every: float) -> str:
    if who.wanted == 1:
        return f"ready after {show_time(every)}"
    if half is None or nine is None or half > (1 - _SAME) * every:
        return f"all {who.wanted} {who.of} ready at about the same time, after {show_time(every)}"
    middle = "" if nine > (1 - _SAME) * every else f"90 % after {show_time(nine)}, "
    return f"50 % of the {who.of} ready after {show_time(half)}, {middle}all after {show_time(every)}"


def reached_in(outcome: Outcome, case: str, who: Readiness) -> list[Times]:
    """When the nodes or pods of a case were ready in each replication, ascending [s]."""
    return [each.ready[case] for each in outcome.replications] or [who.times]


def milestones(who: Readiness) -> str:
    """When half, most and all of a rollout are ready."""
    shown = [f"{share:.0%} after {show_time(who.time_of(share))}" for share in (0.5, 0.9, 1.0)]
    return f"{len(who.times)} of {who.wanted} {who.of} ready; {', '.join(shown)}"


def _done(who: Readiness, ready: Sequence[Times]) -> str:
    time = _mean_time(who, ready, 1.0)
    if time is not None:
        return f"all after {show_time(time)}" + ("\n(mean)" if len(ready) > 1 else "")
    if len(ready) == 1:
        return f"{len(who.times)} of {who.wanted} ready"
    return f"all in {sum(len(times) >= who.wanted for times in ready)} of {len(ready)}\nreplications"


def draw_band(ax: Axes, who: Readiness, ready: Sequence[Times], color: str, name: str, never: float) -> bool:
    """The quantiles over replications of the time at which each share was reached.

    One that never was is drawn at `never`; returned is whether there is one.
    """
    ranks = thinned(max((len(times) for times in ready), default=0), most=_MOST_RANKS)
    if not len(ranks):
        return False
    reached = np.full((len(ready), len(ranks)), np.inf)
    for row, times in zip(reached, ready, strict=True):
        there = ranks < len(times)
        row[there] = times[ranks[there]]
    reached.sort(axis=0)
    low, high = (np.array([quantile(column, share) for column in reached.T]) for share in _BAND)
    some = np.isfinite(low)
    shares = np.stack([np.append(0, ranks[:-1] + 1), ranks + 1], axis=1)[some].ravel() / who.wanted
    ends = np.where(np.isfinite(high), high, never)
    band = ax.fill_betweenx(shares, np.repeat(low[some], 2), np.repeat(ends[some], 2), color=color, alpha=0.25, lw=0)
    mark(band, "band", name, f"{name}: the middle 90 % of {len(ready)} replications")
    return not bool(np.isfinite(high[some]).all())


def _step(span: float) -> float:
    """A round size to name the price of: 1, 10, 100 MB, ..., at most about the span itself."""
    step = parse_size("1 MB")
    while step * 10 <= span * 1.1:
        step *= 10
    return step


def _name_points(ax: Axes, names: Sequence[str], x: Sequence[float], y: Sequence[float]) -> None:
    """Names at the left of points, above the line; where there is no room at the right, moved off each other."""
    points = 72.0 / ax.figure.dpi if ax.figure is not None else 1.0
    places = (ax.transData.transform(np.column_stack([x, y])) - ax.transAxes.transform((0, 0))) * points
    lowest = {True: -np.inf, False: -np.inf}
    for i in np.argsort(places[:, 1], kind="stable").tolist():
        left = bool(places[i, 0] > text_width(names[i], 8.0) + 16)
        shift = max(0.0, lowest[left] - places[i, 1])
        lowest[left] = places[i, 1] + shift + 10.5
        ax.annotate(
            names[i], (x[i], y[i]), xytext=(-8 if left else 14, shift + (2 if left else -3)),
            ha="right" if left else "left", textcoords="offset points", size=8, color=INK, annotation_clip=False,
        )  # fmt: skip


def _spread(ordered: Times, pulls: int) -> str:
    if not len(ordered):
        return "no pull finished"
    if len(ordered) < pulls:
        return f"{len(ordered)} of {pulls} pulls finished"
    return f"p50 {show_time(quantile(ordered, 0.5))}, p95 {show_time(quantile(ordered, 0.95))}"


def _unfairness(ordered: Times, pulls: int) -> str:
    if not len(ordered) or len(ordered) < pulls:
        return _spread(ordered, pulls)
    half, slow, longest = quantile(ordered, 0.5), quantile(ordered, 0.95), float(ordered[-1])
    if ordered[0] > (1 - _SAME) * longest:
        return f"every pull takes {show_time(longest)}"
    if half > (1 - _SAME) * longest:
        return f"more than half of the pulls take {show_time(longest)}, the quickest {show_time(float(ordered[0]))}"
    if slow > (1 - _SAME) * longest:
        return f"half of the pulls take at most {show_time(half)}, the slowest 5 % {show_time(longest)}"
    return (
        f"half of the pulls take at most {show_time(half)}, the slowest 5 % {show_time(slow)} to {show_time(longest)}"
    )


def _mark_pulls(ax: Axes, case: CaseRecords, times: Times, rows: Rows, color: str) -> None:
    """A point for each pull, so that a node can be found again."""
    done = np.flatnonzero(~np.isnan(times))
    order = done[np.argsort(times[done], kind="stable")]
    for rank, row in enumerate(order.tolist()):
        pull = int(rows[row])
        name = case.node_names[int(case.pulls.node[pull])]
        (point,) = ax.plot([times[row]], [(rank + 1) / len(times)], ".", color=color, markersize=5)
        image = case.images[int(case.pulls.image[pull])].name
        mark(point, "node", name, f"{name}: {image} pulled in {show_time(float(times[row]))}")
