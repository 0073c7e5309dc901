"""Were a scenario's conditions met, and with how much room?

A condition without a selector is checked for every case. `case` restricts it to a case, and so does `image` where each
image is one; else `image`, `workload`, `group` and `rack` to the pulls, pods or nodes that are of it
(`rolloutsim.results.parts`). `link` names the link: a shared one, one of a node, or those of a group of nodes
(`web.disk`), of which the mean is checked where the condition has no statistic. A value that does not exist (the
rollout did not finish, there is no such link) fails its condition; a pull that did not finish counts as one that took
for ever. Of several rows of a list that no selector chooses among, such as registries, the one that is furthest from
the condition counts.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from math import inf, isfinite
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rolloutsim.results import metrics
from rolloutsim.results.combine import row_name
from rolloutsim.results.facts.intervals import (
    QUANTILES,
    Interval,
    mean,
    mean_interval,
    median,
    quantile_interval,
    statistic,
)
from rolloutsim.results.load.links import Busiest, LinkSummary, private_links
from rolloutsim.results.numerals import (
    listed,
    plus_minus,
    show_count,
    show_factor,
    show_rate,
    show_share,
    show_size,
    show_time,
    whole_share,
)
from rolloutsim.results.parts import Part, PartColumns, RecordedColumns, is_of_part, narrowing
from rolloutsim.scenario.metrics import METRICS, is_of_case, labelled, labels
from rolloutsim.scenario.resolved import Threshold
from rolloutsim.scenario.resources import PARTS, LinkName
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.columns import Times
    from rolloutsim.results.facts.records import CaseRecords, Run
    from rolloutsim.results.metrics import RunSummary

_BELOW = ("<", "<=")  # comparisons with an upper limit
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip

_OF_ALL = ("rollout_time", "alone_time", "bytes_on_wire", "pull_time", "slowdown")  # what every case has

# The statistic of what has a value a pod or pull, where a condition names none; else what is furthest off counts.
_OF_EACH = {"rollout_time": "max", "alone_time": "mean", "pull_time": "max", "slowdown": "max"}


@struct(frozen=True)
class ThresholdResult:
    """One condition, checked for one case."""

    case: str  # the one that was checked; a condition that fits no case fails in each
    check: str  # the condition as written: `max < 60 s`
    metric: str  # with its selectors, the case's included: `rollout_time{image=builder}`
    value: float | None  # in SI base units; None: unknown, and so failed
    passed: bool
    severity: Literal["error", "warn"]
    headroom: str  # `8 % left` of the limit, `12 % over`, `14.0× the limit`; of an unknown value, why it is unknown
    shown: str  # the value for people: `55.4 s`
    ci: Interval | None = None  # with several replications, the 95 % interval of the value, where there is one
    place: tuple[str, int] | None = None  # file and line of the condition
    room: float | None = None  # as a share of the limit, below 0 what is missing [1]; None: unknown, or the limit is 0
    of: str = ""  # the selectors alone: `image=builder`
    # Of a run that is one draw of what is random: how many draws hold it, of how many; None: not, or it is over them.
    draws: tuple[int, int] | None = None

    def to_row(self) -> dict[str, Any]:
        """As JSON holds it."""
        row = {key: getattr(self, key) for key in ("metric", "check", "value", "passed", "severity")}
        row |= {} if self.ci is None else {"ci": list(self.ci)}
        return row if self.draws is None else row | {"draws": {"passed": self.draws[0], "number": self.draws[1]}}


@struct
class Measurement:
    """The value that a condition is about, in one run."""

    threshold: Threshold
    case: str
    of: str  # what it selects, the case included: `image=builder`
    value: float | None  # in SI base units; None: unknown
    within: bool  # the statistic was taken within the run, over its pulls, requests or links, and not over one value
    missing: str = ""  # why the value is unknown, if it is


def measure(run: Run, summary: RunSummary) -> tuple[Measurement, ...]:
    """The values of all conditions of a run's scenario."""
    return measure_all(run, summary, run.scenario.thresholds)


def measure_all(run: Run, summary: RunSummary | None, thresholds: Iterable[Threshold]) -> tuple[Measurement, ...]:
    """The values of conditions in a run; without its summary no more is worked out than they need."""
    figures = _Figures(run, summary)
    return tuple(found for threshold in thresholds for found in _measure(threshold, run, figures))


def judge(measured: Sequence[Measurement]) -> ThresholdResult:
    """Check one condition for one case, over its values in each replication.

    A statistic is that of everything: `max` the largest value of all replications, `mean` (or none) the mean of
    theirs. A percentile of what each run has one value of, such as the rollout time, is taken over the replications;
    one that each run has itself, such as of its pull times, is the median of theirs.
    """
    threshold, case, of = measured[0].threshold, measured[0].case, measured[0].of
    value, interval = _over_replications(measured)
    missing = next((one.missing for one in measured if one.value is None), "")
    room = None if value is None else _room(threshold, value)
    return ThresholdResult(
        case=case,
        check=threshold.check,
        metric=f"{threshold.metric}{{{of}}}" if of else threshold.metric,
        value=value,
        passed=value is not None and COMPARISONS[threshold.comparison](value, threshold.value),
        severity=threshold.severity,
        headroom=missing if value is None else _headroom(threshold, value, room),
        shown=_shown(threshold, value, interval),
        ci=interval,
        place=threshold.place,
        room=room,
        of=of,
    )


def on_draws(result: ThresholdResult, draws: Sequence[Measurement]) -> ThresholdResult:
    """A condition that was checked on one draw of what is random, with how many of these draws hold it."""
    held = sum(judge([one]).passed for one in draws)
    said = "on one draw" + (f"; {held} of {len(draws)} draws meet it" if len(draws) > 1 else "")
    return replace(result, draws=(held, len(draws)), headroom=f"{result.headroom} {said}".strip())


def rows_of(results: Sequence[ThresholdResult], case: str) -> list[dict[str, Any]]:
    """Those of a case, as JSON holds them."""
    return [result.to_row() for result in results if result.case == case]


def missed(results: tuple[ThresholdResult, ...]) -> bool:
    """Whether a condition failed that is more than a warning."""
    return any(not result.passed and result.severity == "error" for result in results)


def decisive(results: Sequence[ThresholdResult], case: str) -> ThresholdResult:
    """The condition that a verdict is about: one that is missed, of the rollout time of a case if there is."""

    def rank(one: ThresholdResult) -> tuple[bool, bool, bool, float]:
        room = inf if one.room is None else one.room
        return one.passed, one.severity != "error", not is_rollout_time(one, case), room

    return min(results, key=rank)


def is_rollout_time(result: ThresholdResult, case: str) -> bool:
    """Whether a condition is about the rollout time of a case, all of it."""
    is_whole = result.case == case and is_of_case(labels(result.of), case)
    return is_whole and result.metric.startswith("rollout_time")


def holds_at(threshold: Threshold, result: ThresholdResult) -> bool:
    """Whether a condition holds at the worse end of its value's interval, too."""
    worse = worse_end(threshold, result)
    return result.passed and worse is not None and COMPARISONS[threshold.comparison](worse, threshold.value)


def worse_end(threshold: Threshold, result: ThresholdResult) -> float | None:
    """The end of a value's interval that is nearer to a miss; the value itself where there is none."""
    if result.ci is None:
        return result.value
    return result.ci.high if threshold.comparison in _BELOW else result.ci.low


def excess(threshold: Threshold, result: ThresholdResult) -> float:
    """By how much the worse end misses a condition, below 0 where it holds; infinite where it is unknown."""
    worse = worse_end(threshold, result)
    if worse is None:
        return inf
    return (1.0 if threshold.comparison in _BELOW else -1.0) * (worse - threshold.value)


def _over_replications(measured: Sequence[Measurement]) -> tuple[float | None, Interval | None]:
    """The value of a condition over all replications, and its interval."""
    values = [one.value for one in measured if one.value is not None]
    if len(values) < len(measured):
        return None, None
    name = measured[0].threshold.statistic
    if len(values) == 1:
        return values[0], None
    if name in (None, "mean"):
        return mean(values), mean_interval(values)
    if name in ("min", "max"):
        return statistic(np.array(values), name), None
    if measured[0].within:
        return median(values), quantile_interval(values, 0.5)
    return statistic(np.array(values), name), quantile_interval(values, QUANTILES[name])


class _Figures:
    """The figures of a run's cases, and their objects in the JSON contract where a condition asks for them."""

    def __init__(self, run: Run, summary: RunSummary | None) -> None:
        self.run, self._known = run, summary
        self.columns: dict[str, RecordedColumns] = {}  # by case
        self.objects: dict[str, Mapping[str, Any]] = {}
        self.links: dict[str, dict[str, list[LinkSummary]]] = {}  # by case and name
        self.of_nodes: dict[str, tuple[dict[str, list[LinkSummary]], dict[str, list[LinkSummary]]]] = {}

    @cached_property
    def summary(self) -> RunSummary:
        """All figures."""
        return metrics.summarise(self.run) if self._known is None else self._known

    def rows(self, case: CaseRecords, link: str) -> list[LinkSummary]:
        """The rows of a link in the results: of a shared one, or of a group's."""
        if case.name not in self.links:
            self.links[case.name] = _by_key(self.summary.cases[case.name].links, lambda row: row.link)
        return self.links[case.name].get(link, [])

    def own(self, case: CaseRecords, link: str, of_group: bool) -> list[LinkSummary]:
        """The links of nodes with a name: their own, or that of their group (`web.nic.in`)."""
        if case.name not in self.of_nodes:
            rows = tuple(private_links(case))
            self.of_nodes[case.name] = (_by_key(rows, lambda row: row.link), _by_key(rows, _group_name))
        return self.of_nodes[case.name][of_group].get(link, [])

    def part(self, threshold: Threshold, case: CaseRecords) -> Part:
        """The part of a case that a condition is about."""
        if case.name not in self.columns:
            self.columns[case.name] = RecordedColumns(self.run, case)
        since = _start_of(threshold, self._starts(case) if "workload" in threshold.selectors else {})
        return Part(self.run, case, self.columns[case.name], case.finished, narrowing(threshold, case), since)

    def _starts(self, case: CaseRecords) -> Mapping[str, float | None]:
        """When each workload begins [s]."""
        if self._known is None:
            from rolloutsim.results.pods.replicas import workload_summaries  # few conditions need it

            return {row.workload: row.start_s for row in workload_summaries(case)}
        rollout = self._known.cases[case.name].rollout
        return {row.workload: row.start_s for row in (() if rollout is None else rollout.workloads)}

    def object_of(self, case: CaseRecords) -> Mapping[str, Any]:
        if case.name not in self.objects:
            from rolloutsim.results.contract.case import case_figures  # few conditions need it

            self.objects[case.name] = case_figures(case, self.summary.cases[case.name])
        return self.objects[case.name]


def _start_of(threshold: Threshold, starts: Mapping[str, float | None]) -> float:
    """When the workload begins that a condition is about [s]; 0: it is about none, or one that does not begin."""
    return starts.get(threshold.selectors.get("workload", "")) or 0.0


def _measure(threshold: Threshold, run: Run, figures: _Figures) -> Iterator[Measurement]:
    about = [is_about(threshold, case) for case in run.cases]
    for case, is_it in zip(run.cases, about, strict=True):
        if is_it or not any(about):
            value, within = _value(threshold, case, figures) if is_it else (None, False)
            missing = "" if value is not None else _why_missing(threshold, run, case, not is_it, figures)
            yield Measurement(threshold, case.name, _selects(threshold, case), value, within, missing)


def _why_missing(threshold: Threshold, run: Run, case: CaseRecords, nowhere: bool, figures: _Figures) -> str:
    if nowhere:
        return "no case has what it selects"
    if threshold.metric in _OF_ALL or is_of_part(threshold, case):
        some = len(figures.part(threshold, case).values(threshold)) or not narrowing(threshold, case)
        return "the rollout did not finish" if some and not case.finished else "nothing of the kind in this case"
    there = bool(look_up(figures.object_of(case), threshold))
    if there and threshold.metric in ("latency", "recovered"):
        rows = _below(figures.object_of(case)["background"], "{background}", threshold)
        queues = dict.fromkeys(queue for row in rows for queue in row.get("unknown_queues", ()))
        if queues:
            from rolloutsim.results.load.background import telling_keys  # few conditions need it

            keys = telling_keys(run, [*queues])
            return f"not computed without {listed(keys)}" if keys else "not computed: queues of disks"
    if there and threshold.metric == "latency":
        return "so many requests get no answer"
    return "the rollout did not finish" if there and not case.finished else "nothing of the kind in this case"


def is_about(threshold: Threshold, case: CaseRecords) -> bool:
    """Whether a condition is about a case, or pulls in it."""
    selectors = threshold.selectors
    images = {image.name for image in case.images}
    return selectors.get("case", case.name) == case.name and ("image" not in selectors or selectors["image"] in images)


def _value(threshold: Threshold, case: CaseRecords, figures: _Figures) -> tuple[float | None, bool]:
    """The metric's value in a case (None: unknown), and whether it is a statistic of several."""
    metric = METRICS[threshold.metric]
    within = is_within(threshold, [group.name for group in figures.run.scenario.groups])
    if threshold.metric in _OF_ALL or is_of_part(threshold, case):
        return value_of_part(threshold, figures.part(threshold, case)), within
    if metric.path[0] != "links":
        return _finite(np.array(look_up(figures.object_of(case), threshold)), _worst(threshold)), within
    rows, own = _links(case, threshold, figures)
    values = np.array([value for row in rows if (value := getattr(row, metric.path[-1])) is not None])
    return _finite(values, threshold.statistic or own, missing=np.nan), within


def is_within(threshold: Threshold, groups: Collection[str]) -> bool:
    """Whether a condition's statistic is taken within a run, over its pulls, requests or a group's links.

    Else a run has one value, and a percentile is taken over the replications. `groups` are the node groups' names.
    """
    metric = METRICS[threshold.metric]
    if metric.path[:1] == ("links",):
        link = LinkName.of(threshold.selectors.get("link", ""))
        return link.part in PARTS and link.owner in groups
    return metric.needs_statistic or metric.of_alone


def numbers_in(
    threshold: Threshold,
    run: Run,
    case: CaseRecords,
    finished: bool,
    its: Mapping[str, Any],
    columns: PartColumns | None,
) -> Times:
    """What a condition is about, in one of several replications: one number, or several rows; NaN: unknown.

    Parameters
    ----------
    threshold : Threshold
        The condition.
    run, case
        What is the same in all of them.
    finished : bool
        Whether the rollout finished in this one.
    its : mapping
        The case in the JSON contract.
    columns : PartColumns or None
        What is known of its parts.
    """
    if not is_of_part(threshold, case):
        return np.array(look_up(its, threshold))
    if columns is None:
        return np.full(1, np.nan)
    since = _start_of(threshold, {row["workload"]: row["start_s"] for row in its.get("workloads", ())})
    value = value_of_part(threshold, Part(run, case, columns, finished, narrowing(threshold, case), since))
    return np.array([] if value is None and finished else [np.nan if value is None else value])


def value_of(threshold: Threshold, numbers: Times) -> float | None:
    """The number among several that is furthest from the condition; None: one is unknown."""
    return _finite(numbers, _worst(threshold), missing=np.nan)


def value_of_part(threshold: Threshold, part: Part) -> float | None:
    """The value of a condition on a part of a case; None: unknown."""
    own = _OF_EACH.get(threshold.metric)
    if own is None or threshold.metric == "rollout_time":
        return _finite(part.values(threshold), own or _worst(threshold))
    missing = np.nan if threshold.metric == "alone_time" else np.inf
    return _finite(part.values(threshold), threshold.statistic or own, missing)


def _worst(threshold: Threshold) -> str:
    """Which of several values is furthest from the condition."""
    return "max" if threshold.comparison in _BELOW else "min"


def look_up(case: Mapping[str, Any], threshold: Threshold) -> list[float]:
    """The numbers that a condition is about, in a case's object of the JSON contract; an unknown one is NaN.

    What it selects is looked for by name.
    """
    metric = METRICS[threshold.metric]
    values: list[Any] = [case]
    for step in metric.path:
        values = [found for value in values for found in _below(value, step, threshold)]
    if not values and metric.absent is not None:
        return [metric.absent]
    return [np.nan if value is None else float(value) for value in values]


def _below(value: Any, step: str, threshold: Threshold) -> list[Any]:
    """What a step of a metric's path stands for in an object or a list of rows; all rows where nothing is selected."""
    label = step[1:-1] if step.startswith("{") else None
    name = step if label is None else threshold.selectors.get(label)
    if label == "statistic":
        name = threshold.statistic or "mean"
    if isinstance(value, Mapping):
        return [value[name]] if name in value else []
    if isinstance(value, (list, tuple)):
        return [row for row in value if name is None or name in (row.get(label), row_name(row))]
    return []


def _by_key(rows: Iterable[LinkSummary], key: Callable[[LinkSummary], str]) -> dict[str, list[LinkSummary]]:
    found: dict[str, list[LinkSummary]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found


def _group_name(row: LinkSummary) -> str:
    """What the links of its group are called together."""
    return f"{LinkName.of(row.link).group}.{row.kind}"


def _links(case: CaseRecords, threshold: Threshold, figures: _Figures) -> tuple[list[LinkSummary] | list[Busiest], str]:
    """The rows of the links that a selector means, and the statistic of them where the condition names none.

    They are all shared links, one, one node's own, or those of a group's nodes: their mean, as the results show it.
    """
    name = threshold.selectors.get("link")
    if name is None:
        return [row for row in figures.summary.cases[case.name].links if row.nodes is None], "max"
    found = figures.rows(case, name)
    if not found:
        return figures.own(case, name, of_group=False), "max"
    if found[0].nodes is None or threshold.statistic in (None, "mean"):
        return found, "mean"
    if threshold.statistic == "max" and found[0].max is not None:
        return [found[0].max], "max"
    return figures.own(case, name, of_group=True), "mean"


def _finite(values: Times, name: str, missing: float = np.inf) -> float | None:
    """A statistic, an unknown value counting as `missing`; None if it is not a number then."""
    if not len(values):
        return None
    value = statistic(np.where(np.isnan(values), missing, values), name)
    return value if isfinite(value) else None


def _shown(threshold: Threshold, value: float | None, interval: Interval | None) -> str:
    if value is None:
        return "unknown"
    shown = format_value(threshold.metric, value)
    if interval is None or interval.is_rounding or threshold.statistic not in (None, "mean"):
        return shown
    return plus_minus(partial(format_value, threshold.metric), value, interval.half)


def _selects(threshold: Threshold, case: CaseRecords) -> str:
    """The selectors of a condition; what tells the cases apart is added."""
    selectors = dict(threshold.selectors)
    if not {"case", "image"} & selectors.keys():
        selectors = {"image" if metrics.is_image_case(case) else "case": case.name} | selectors
    return labelled(selectors)


def _room(threshold: Threshold, value: float) -> float | None:
    """How far the value is from the limit, as a share of the limit, above 0 on the good side [1]."""
    if threshold.value == 0.0:
        return None
    return (threshold.value - value if threshold.comparison in _BELOW else value - threshold.value) / threshold.value


def _headroom(threshold: Threshold, value: float, room: float | None) -> str:
    """The same in words."""
    if room is None:
        return "at the limit" if value == 0.0 else ""
    if abs(room) > 1.0:
        return f"{show_factor(value / threshold.value)} the limit"
    if room >= 0.0:
        return f"{_share(room)} left"
    return f"{_share(-room)} {'over' if threshold.comparison in _BELOW else 'short'}"


def _share(share: float) -> str:
    """A share in whole per cent; with decimals where that would say nothing, or all."""
    return whole_share(share) if share in (0.0, 1.0) or 0.005 <= share < 0.995 else show_share(share)


def format_value(metric: str, value: float) -> str:
    """A metric's value for people."""
    match METRICS[metric].kind:
        case "time":
            return show_time(value)
        case "size":
            return show_size(value)
        case "rate":
            return show_rate(value)
        case "share":
            return show_share(value)
    return show_factor(value) if metric == "slowdown" else show_count(value)
