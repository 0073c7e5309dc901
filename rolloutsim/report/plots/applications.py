"""What the rollout does to what runs: the service that is replaced, and the applications beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from rolloutsim.report.plots.canvas import NoDataError, canvas, finish, grid, label_axis, mark, plain, text_width
from rolloutsim.report.plots.colours import BLUE, GREEN, INK, MUTED, RED, SKY, series
from rolloutsim.report.plots.lines import corners, thinned
from rolloutsim.report.plots.scales import row_axis, share_axis, time_axis
from rolloutsim.report.plots.subjects import one_case, scene
from rolloutsim.report.plots.zoom import MOST, Series, keep
from rolloutsim.results.load.background import BackgroundSummary, Latency, background_summaries, phases
from rolloutsim.results.numerals import UNKNOWN, show_latency, show_rate, show_time, three_digits, whole_share
from rolloutsim.results.pods.replicas import ReadyReplicas, WorkloadSummary, ready_replicas, workload_summaries
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rolloutsim.results.facts.columns import Times
    from rolloutsim.results.facts.records import CaseRecords
    from rolloutsim.results.outcome import Outcome

_MOST_WORKLOADS = 10  # lines; those that come closest to their floor if there are more (assumed)
_ROW, _FRAME = 0.4, 1.5  # height of a row, and of all around them [inch]
_LEAST, _MOST = 1e-3, 1e3  # changes beyond are drawn at the rim (assumed)
_HIGH = 0.6  # where all lines lie above this share, the axis does not begin at 0 (assumed)
_AFTER: dict[str, Any] = {"marker": "o", "color": GREEN, "fillstyle": "none", "markersize": 10}
_PUSHED: dict[str, Any] = {"marker": "D", "color": BLUE, "markersize": 6}
_PREPULLED: Mapping[str, Any] = {**_PUSHED, "marker": "^"}
# When applications are looked at before the rollout but for their usual state: how that is drawn and called.
_BESIDE: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "pushed": (_PUSHED, "the push"), "prepulled": (_PREPULLED, "the pre-pull"),
}  # fmt: skip

_DURING: dict[str, Any] = {"marker": "o", "color": RED, "markersize": 7}
_SAME = 0.005  # a smaller change is none (assumed: it rounds to 100 %)


def replicas(outcome: Outcome, *, case: str | None = None, ax: Axes | None = None) -> Axes:
    """Ready pods over time against the floor that `max_unavailable` promises.

    One workload: pods of the old version on those of the new one. Several: for each the share of its replicas.

    Parameters as for `timeline`.
    """
    run, records = outcome.run, one_case(outcome, case)
    figures = sorted(workload_summaries(records), key=_goodness)[:_MOST_WORKLOADS]
    if not figures:
        raise NoDataError(
            f"case '{plain(records.name)}' has no workloads, so no pods are replaced; give the scenario some, such as "
            "workloads: {web: {images: [web], replicas: 20}}, and rollout: {strategy: rolling}"
        )
    ax = canvas(ax)
    entries = _stacked(ax, records, figures[0]) if len(figures) == 1 else _beside(ax, records, figures)
    keep(ax, _long(records, figures), "ready pods, of the replicas wanted", "%")
    time_axis(ax, records.end * 1.01)
    grid(ax)
    return finish(ax, _kept(figures), scene(run, "ready pods over time", [records]), legend=entries)


def background(outcome: Outcome, *, case: str | None = None, ax: Axes | None = None) -> Axes:
    """Bandwidth and request latency of the other applications during and after the rollout, relative to before.

    Parameters as for `timeline`.
    """
    run, records = outcome.run, one_case(outcome, case)
    found = background_summaries(records)
    moments = phases(records)
    rows = [row for one in found for row in _rows(one, tuple(moments))]
    if not rows:
        raise NoDataError(
            f"no other application uses the links in case '{plain(records.name)}'; give the scenario some, such as "
            "background: {backup: {links: [registry.uplink], rate: 300 Mbit/s}}"
        )
    ax = canvas(ax, height=_FRAME + _ROW * max(len(rows), 3))
    ax.axvline(1.0, color=MUTED, linewidth=1.2)
    for place, row in enumerate(rows):
        for value, look in (
            (row.after, _AFTER), (row.pushed, _PUSHED), (row.prepulled, _PREPULLED), (row.during, _DURING),
        ):  # fmt: skip
            if value is not None:
                (point,) = ax.plot([value], [place], linestyle="none", zorder=3, **look)
                mark(point, "background", row.name, f"{row.name}, {row.what}: {row.said}")
        if row.during is not None:
            ax.plot([1.0, row.during], [place, place], color=RED, linewidth=2.2, zorder=2)
        ax.annotate(
            row.said, (1.0, place), xycoords=("axes fraction", "data"), xytext=(10, 0), textcoords="offset points",
            size=8, color=INK, va="center", annotation_clip=False,
        )  # fmt: skip
    _relative_axis(ax, rows)
    row_axis(ax, [f"{plain(row.name, 24)}  {row.what}" for row in rows], 0.6)
    grid(ax, "x")
    names = [name if key in _BESIDE else key for key, name in moments.items()]
    what = f"beside each row: {' → '.join(names)}"
    room = max(text_width(row.said, 8) for row in rows) / 72 + 0.25
    drawn = finish(ax, _felt(found), scene(run, what, [records]), right=room)
    shown = (
        Line2D([], [], color=MUTED, linewidth=1.2),
        *(Line2D([], [], linestyle="none", **look) for when, (look, _) in _BESIDE.items() if when in moments),
        Line2D([], [], linestyle="none", **_DURING),
        Line2D([], [], linestyle="none", **_AFTER | {"markersize": 9}),
    )
    drawn.legend(
        shown, names, loc="upper left", bbox_to_anchor=(1.0, 0.0), ncols=len(names), frameon=False,
        fontsize=8, borderaxespad=1.2, labelcolor=INK, handlelength=1.0, columnspacing=1.0, handletextpad=0.4,
    )  # fmt: skip
    return drawn


def _stacked(ax: Axes, case: CaseRecords, one: WorkloadSummary) -> list[tuple[Any, str]]:
    x, old, new = _steps(ready_replicas(case, one.workload), case.end)
    first = ax.fill_between(x, 0.0, new, color=BLUE, lw=0)
    second = ax.fill_between(x, new, new + old, color=SKY, lw=0)
    ready = f"{one.workload}: {one.ready_pods} pods of the new version ready at the end"
    mark(first, "workload", one.workload, ready)
    mark(second, "workload", one.workload, f"{one.workload}: {_least(one)}")
    entries: list[tuple[Any, str]] = [(Patch(facecolor=SKY), "old version"), (Patch(facecolor=BLUE), "new version")]
    if one.floor is not None:
        floor = ax.axhline(one.floor, color=RED, linestyle="--", linewidth=1.6)
        entries.append((floor, f"promised\n(maxUnavailable {one.max_unavailable})"))
    wanted = ax.axhline(one.replicas, color=INK, linestyle=":", linewidth=1.2)
    entries.append((wanted, "replicas"))
    ax.set_ylim(0.0, max(float((old + new).max(initial=0)), one.replicas) * 1.08 or 1.0)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    label_axis(ax, "y", "ready pods")
    return entries


def _beside(ax: Axes, case: CaseRecords, figures: list[WorkloadSummary]) -> list[tuple[Any, str]]:
    entries: list[tuple[Any, str]] = []
    highest, lowest = 1.0, 1.0
    for number, one in enumerate(figures):
        x, old, new = _steps(ready_replicas(case, one.workload), case.end)
        share = (old + new) / max(one.replicas, 1)
        look = series(number)
        (line,) = ax.plot(x, share, linewidth=1.6, **look)
        mark(line, "workload", one.workload, f"{one.workload}: {_least(one)}")
        entries.append((line, f"{plain(one.workload)}\n{one.least_ready} of {one.replicas} at least"))
        if one.floor is not None:
            floor = ax.axhline(one.floor / max(one.replicas, 1), color=look["color"], linestyle=":", linewidth=1.4)
            entries.append((floor, f"promised: {one.floor}"))
            lowest = min(lowest, one.floor / max(one.replicas, 1))
        highest, lowest = max(highest, float(share.max())), min(lowest, float(share.min()))
    share_axis(ax, "ready pods, of the replicas wanted", top=highest * 1.03)
    if lowest > _HIGH:
        span = max(highest - lowest, 1 - _HIGH)
        ax.set_ylim(lowest - span * 0.3, highest + span * 0.1)
        ax.set_yticks(np.arange(np.ceil(20 * (lowest - 0.05)), np.floor(20 * highest) + 1) / 20)
    return entries


def _long(case: CaseRecords, figures: list[WorkloadSummary]) -> list[Series]:
    """The share of ready pods of each workload; of a single one that of the new version as well."""
    found = []
    for number, one in enumerate(figures):
        times, old, new = _counts(ready_replicas(case, one.workload), case.end, MOST // len(figures) // 2)
        share = 100 / max(one.replicas, 1)
        lines = (
            {one.workload: old + new} if len(figures) > 1 else {"old and new version": old + new, "new version": new}
        )
        for place, (name, ready) in enumerate(lines.items(), number):
            color = str(series(place)["color"])
            found.append(Series(name, color, times, np.append(ready, ready[-1:]) * share))
    return found


def _steps(ready: ReadyReplicas, end: float) -> tuple[Times, ...]:
    """The corners of both step functions; where there are more than can be seen, some of the steps."""
    return corners(*_counts(ready, end, 1500))


def _counts(ready: ReadyReplicas, end: float, most: int) -> tuple[Times, Times, Times]:
    """Moments, and between them the numbers of ready pods, old and new."""
    kept = thinned(len(ready.times), most)
    start = ready.times[0] > 0.0
    times = np.concatenate([[0.0] if start else [], ready.times[kept], [max(end, ready.times[-1]) * 1.01]])
    old = np.concatenate([ready.old[:1] if start else [], ready.old[kept]]).astype(np.float64)
    new = np.concatenate([[0] if start else [], ready.new[kept]]).astype(np.float64)
    return times, old, new


def _goodness(one: WorkloadSummary) -> tuple[float, float, float, float]:
    """What the worst workload has least of: room above its floor; of equals, time above it, pods that are ready."""
    replicas = max(one.replicas, 1)
    return _margin(one), -(one.below_floor_s or 0.0), one.ready_pods / replicas, one.least_ready / replicas


def _margin(one: WorkloadSummary) -> float:
    """How far a workload stays above its floor, as a share of its replicas; those without one come last [1]."""
    if one.floor is None:
        return 2.0 + one.least_ready / max(one.replicas, 1)
    return (one.least_ready - one.floor) / max(one.replicas, 1)


def _kept(figures: list[WorkloadSummary]) -> str:
    """The answer, of the workload that comes closest to its floor."""
    worst = figures[0]
    below = [one for one in figures if one.below_floor_s]
    said = f"{plain(worst.workload)}: {_least(worst)}"
    if len(below) > 1:
        return f"{len(below)} of {len(figures)} workloads fall below what they promise; {said}"
    return said


def _least(one: WorkloadSummary) -> str:
    if one.floor is None and not one.least_ready:
        return f"{one.ready_pods} of {one.replicas} pods ready at the end"
    at_least = f"at least {one.least_ready} of {one.replicas} pods ready at any time"
    if one.floor is None:
        return f"{at_least}; nothing is promised"
    if one.below_floor_s:
        return (
            f"only {one.least_ready} of {one.replicas} pods ready at {show_time(one.least_ready_at_s)}, "
            f"below the promised {one.floor} for {show_time(one.below_floor_s)}"
        )
    return f"{at_least}, as promised ({one.floor})"


@struct
class _Row:
    """One quantity of an application, during and after the rollout as shares of before [1], and all of it in words."""

    name: str
    what: str
    during: float | None
    after: float | None
    said: str
    pushed: float | None = None  # beside a push before the rollout
    prepulled: float | None = None  # beside what nodes pulled before it


def _rows(one: BackgroundSummary, moments: tuple[str, ...]) -> Iterator[_Row]:
    rates: dict[str, float | None] = {when: getattr(one, when) for when in moments}
    said = [UNKNOWN if rate is None else show_rate(rate) for rate in rates.values()]
    yield _row(one, "bandwidth", rates, said)
    latencies: dict[str, Latency | None] = {when: getattr(one, f"latency_{when}") for when in moments}
    for statistic in ("p50", "p95") if any(latencies.values()) else ():
        values = {when: _value(latency, statistic) for when, latency in latencies.items()}
        said = [UNKNOWN if latency is None else show_latency(values[when]) for when, latency in latencies.items()]
        yield _row(one, f"latency {statistic}", values, said)


def _row(one: BackgroundSummary, what: str, values: Mapping[str, float | None], said: list[str]) -> _Row:
    before = values["before"]
    shares = {
        when: None
        if not before or isnan(before) or value is None or isnan(value)
        else min(max(value / before, _LEAST), _MOST)
        for when, value in values.items()
    }
    beside = (shares.get("pushed"), shares.get("prepulled"))
    return _Row(one.name, what, shares["during"], shares["after"], " → ".join(said), *beside)


def _value(latency: Latency | None, statistic: str) -> float | None:
    value: float | None = None if latency is None else getattr(latency, statistic)
    return value


def _relative_axis(ax: Axes, rows: list[_Row]) -> None:
    """A logarithmic axis around 1, with factors that one can say."""
    drawn = (change for row in rows for change in (row.pushed, row.prepulled, row.during, row.after))
    changes = [change for change in drawn if change is not None] or [1.0]
    low, high = min(0.5, min(changes) / 1.25), max(2.0, max(changes) * 1.25)
    ax.set_xscale("log")
    ax.set_xlim(low, high)
    steps = (1, 2, 5) if high / low < 1000 else (1,)
    ticks = [step * 10.0**power for power in range(-3, 4) for step in steps]
    ax.xaxis.set_major_locator(FixedLocator([tick for tick in ticks if low <= tick <= high]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}×"))
    label_axis(ax, "x", "compared with before the rollout")


def _felt(found: tuple[BackgroundSummary, ...]) -> str:
    """The answer: the largest loss of bandwidth, the largest growth of latency."""
    said, known = _changes(found, "during")
    besides = [
        f"eside {words} before the rollout {' and '.join(beside)}"
        for when, (_, words) in _BESIDE.items()
        if (beside := _changes(found, when)[0])
    ]
    if besides:
        before = "; b".join(besides)
        return f"During the rollout {' and '.join(said)}; b{before}" if said else f"B{before}"
    if said:
        return f"During the rollout {' and '.join(said)}"
    if known:
        return "The other applications notice nothing of the rollout"
    return "What the other applications had before the rollout is not known"


def _changes(found: tuple[BackgroundSummary, ...], when: str) -> tuple[list[str], bool]:
    """What applications feel at one time, in words, and whether anything is known of that."""
    said: list[str] = []
    now: dict[BackgroundSummary, Latency | None] = {one: getattr(one, f"latency_{when}") for one in found}
    silent = [one for one, latency in now.items() if latency is not None and latency.max is None
              and (one.latency_before is None or one.latency_before.max is not None)]  # fmt: skip
    for often in ("", " at times"):
        # The median tells whether most requests get an answer.
        names = [plain(one.name) for one in silent if (_value(now[one], "p50") is None) == (not often)]
        if names:
            said.append(f"requests of {' and '.join(names)} get no answer{often}")
    unknown = [plain(one.name) for one, latency in now.items() if latency is not None and latency.unknown]
    if unknown:
        said.append(f"requests of {' and '.join(unknown)} take an unknown time")
    slow = list(_growths(now, "p95"))
    one, factor = max(slow, key=lambda pair: pair[1], default=(None, 1.0))
    if one is not None and factor > 1 + _SAME:
        said.append(f"{plain(one.name)}'s requests take {three_digits(factor)} times as long (p95)")
    else:
        # Few enough to leave the 95 % as they are, but not nothing.
        one, factor = max(_growths(now, "max"), key=lambda pair: pair[1], default=(None, 1.0))
        if one is not None and factor > 1 + _SAME:
            said.append(f"{plain(one.name)}'s slowest request takes {three_digits(factor)} times as long")
    rates = ((one, getattr(one, when)) for one in found)
    less = [(one, rate / one.before) for one, rate in rates if one.before and rate is not None]
    if less:
        one, share = min(less, key=lambda pair: pair[1])
        if share < 1 - _SAME:
            said.append(f"{plain(one.name)} keeps {whole_share(share)} of its bandwidth")
    return said, bool(slow or less)


def _growths(now: Mapping[BackgroundSummary, Latency | None], statistic: str) -> Iterator[tuple[Any, float]]:
    """How many times as long requests take, application by application, where that is known."""
    for one, latency in now.items():
        value, before = _value(latency, statistic), _value(one.latency_before, statistic)
        if value is not None and before and not isnan(value) and not isnan(before):
            yield one, value / before
