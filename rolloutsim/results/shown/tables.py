"""A run as tables: plain text for a terminal, CSV for programs, Markdown for reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from math import inf
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from rolloutsim.results.caveats import about_chance, caveats
from rolloutsim.results.combine import interval_of
from rolloutsim.results.facts.intervals import mean
from rolloutsim.results.metrics import CaseSummary, RunSummary, is_image_case
from rolloutsim.results.numerals import (
    NOT_COMPUTED,
    UNKNOWN,
    listed,
    plus_minus,
    show_byte_rate,
    show_latency,
    show_rate,
    show_time,
    show_times,
    three_digits,
    visible,
)
from rolloutsim.results.shown.findings import findings
from rolloutsim.results.shown.names import cause_words, link_words, metric_words, target_words
from rolloutsim.results.shown.supply import TITLE as SUPPLY
from rolloutsim.results.shown.supply import supply_rows
from rolloutsim.results.shown.tabular import (
    COUNT,
    FACTOR,
    NUMBER,
    RATE,
    SHARE,
    SIGNS,
    SIZE,
    TEXT,
    TIME,
    Column,
    Kind,
    State,
    Table,
    csv_text,
    escaped,
    markdown,
)
from rolloutsim.results.thresholds import ThresholdResult
from rolloutsim.results.why.sizes import about_sizes
from rolloutsim.results.why.words import ALL_PODS, LAST_POD, ONE_TURN, explained
from rolloutsim.scenario.metrics import METRICS
from rolloutsim.scenario.resources import RESOURCES
from rolloutsim.scenario.sources import SOURCE_KINDS
from rolloutsim.scenario.strategies import ALL

if TYPE_CHECKING:
    from rolloutsim.results.facts.intervals import Interval
    from rolloutsim.results.facts.records import CaseRecords, Run
    from rolloutsim.results.load.background import BackgroundSummary, Latency
    from rolloutsim.results.load.links import LinkSummary
    from rolloutsim.results.outcome import Outcome
    from rolloutsim.results.pods.replicas import WorkloadSummary

Intervals = Mapping[str, "Interval | None"]  # of rollout times, by case

MOST_LINKS = 40  # of a case; of more the busiest are shown (assumed: a page)
MOST_ROWS = 200  # of nodes; of more the latest are shown (assumed: some pages)

# Of the CSV: figures of each case, and statistics of spreads.
_FIGURES = ("case", "nodes", "pulls", "unfinished_pulls", "rollout_time_s", "alone_time_s", "bytes_on_wire")
_SPREADS = {"pull_time_s": "pull_time_{}_s", "slowdown": "slowdown_{}"}
_STATISTICS = ("mean", "p50", "p95", "p99", "max")
_WHOSE = {ONE_TURN: "of one turn", LAST_POD: "of the last pod", ALL_PODS: "of a pod on average"}
# Kinds of links whose rates people give in bytes.
_IN_BYTES = ("registry_storage", *(resource.part for resource in RESOURCES if not resource.is_network))
_FOOTNOTES = (
    "alone (the same pull on an idle system) and slowdown (pull time / alone) are means over the pulls.",
    "Sizes are bytes on the wire; `docker images` shows unpacked sizes, often 2 to 3 times more.",
)


def case_rows(outcome: Outcome) -> Table:
    """The cases side by side: as images where each case is an image, else as workloads or sets of pulls."""
    run, summary = outcome.run, outcome.means
    rows: list[tuple[CaseSummary, Any]] = [(case, case) for case in summary.cases.values()]
    columns: tuple[Column, ...]
    if _shows_workloads(run):
        rows = [(case, one) for case, _ in rows if case.rollout for one in case.rollout.workloads]
        columns = (
            Column("workload", TEXT, lambda row: row[1].workload),
            Column("pods", COUNT, lambda row: row[1].replicas),
            *_times(outcome, _lasted, lambda of, row: of.lasted(row[0].case, row[1].workload)),
            Column("least ready", COUNT, lambda row: row[1].least_ready),
            Column("promised", COUNT, lambda row: row[1].floor),
            Column("pulls", COUNT, lambda row: row[1].pulls),
            _ON_THE_WIRE,
            *_PULL_TIMES,
        )
    elif all(map(is_image_case, run.cases)):
        sizes = {case.name: case.images[0].compressed for case in run.cases}
        smallest = summary.cases[min(sizes, key=sizes.__getitem__)].rollout_time_s
        columns = (
            Column("image", TEXT, lambda row: row[1].case),
            Column("size", SIZE, lambda row: sizes[row[1].case]),
            _ON_THE_WIRE,
            *_times(outcome, _rollout_time, _of_case),
            Column("alone", TIME, lambda row: row[1].alone_time_s),
            _SLOWDOWN,
            Column("vs smallest", FACTOR, lambda row: _ratio(row[1].rollout_time_s, smallest)),
        )
    else:
        columns = (
            Column("case", TEXT, lambda row: row[1].case),
            Column("pulls", NUMBER, lambda row: row[1].pulls),
            _ON_THE_WIRE,
            *_times(outcome, _rollout_time, _of_case),
            *_PULL_TIMES,
            _SLOWDOWN,
        )
    return Table(columns, rows, lambda row: f"case:{row[0].case}")


# Of rows whose second part has these figures: a case, or a workload of the case in the first part.
_ON_THE_WIRE = Column("on the wire", SIZE, lambda row: row[1].bytes_on_wire)
_PULL_TIMES = (
    Column("pull time p50", TIME, lambda row: getattr(row[1].pull_time_s, "p50", None)),
    Column("p95", TIME, lambda row: getattr(row[1].pull_time_s, "p95", None)),
)
_SLOWDOWN = Column("slowdown", FACTOR, lambda row: getattr(row[1].slowdown, "mean", None))


def _times(
    outcome: Outcome,
    of: Callable[[Any], float | None],
    values: Callable[[Outcome, Any], tuple[float | None, ...]],
) -> Iterator[Column]:
    """The rollout time, behind ± half its interval over replications; beside that of one draw the mean of several.

    Parameters
    ----------
    outcome : Outcome
        Whose rows they are.
    of : callable
        The time of a row.
    values : callable
        The same of an outcome and a row in each replication.
    """

    def half(of: Outcome, row: Any) -> float | None:
        interval = interval_of(values(of, row))
        return None if interval is None or interval.is_rounding else interval.half

    if outcome.replications:
        yield Column("rollout time", TIME, of, half=partial(half, outcome))
        yield from _model_range(outcome, of)
        return
    yield Column("rollout time", TIME, of)
    yield from _model_range(outcome, of)
    beside = outcome.beside
    if beside is not None:

        def over_all(row: Any) -> float | None:
            known = [value for value in values(beside, row) if value is not None]
            return mean(known) if len(known) == len(beside) else None

        yield Column(f"{len(beside)} draws", TIME, over_all, half=partial(half, beside))


def _model_range(outcome: Outcome, of: Callable[[Any], float | None]) -> Iterator[Column]:
    """Within what a rollout time lies if the model of swarms errs as it may; no column where there are none."""
    if all(case.model_range is None for case in outcome.means.cases.values()):
        return

    def shown(row: Any) -> str:
        time, of_case = of(row), row[0].model_range
        if of_case is None or time is None:
            return ""
        least, most = time / (1.0 + of_case.error), time / (1.0 - of_case.error)
        return f"{show_time(least)} to {show_time(most)}"

    yield Column("by the model's error", TEXT, shown)


def _of_case(outcome: Outcome, row: tuple[CaseSummary, Any]) -> tuple[float | None, ...]:
    return outcome.values(row[0].case)


def _rollout_time(row: tuple[CaseSummary, CaseSummary]) -> float | None:
    return row[1].rollout_time_s


def _lasted(row: tuple[CaseSummary, WorkloadSummary]) -> float | None:
    """From a workload's start to its last ready pod [s]."""
    start, ready = row[1].start_s, row[1].ready_s
    return None if ready is None or start is None else ready - start


def _ratio(value: float | None, smallest: float | None) -> float | None:
    return None if value is None or not smallest else value / smallest


def disk_rows(summary: RunSummary) -> Table | None:
    """What each image takes on disks and costs a month, where prices are given; None: they are not.

    Parameters
    ----------
    summary : RunSummary
        The run's figures.
    """
    disks = [case.disk for case in summary.cases.values() if case.disk is not None and case.disk.cost_per_month]
    if not disks:
        return None
    images = [image for disk in disks for image in disk.images if image.nodes]
    smallest = min((image.bytes_per_node for image in images), default=0.0)
    columns = (
        Column("image", TEXT, lambda row: row.image),
        Column("a node", SIZE, lambda row: row.bytes_per_node),
        Column("all nodes", SIZE, lambda row: row.fleet_bytes),
        Column("registry", SIZE, lambda row: row.compressed_bytes),
        *(_cost(kind) for kind in disks[0].cost_per_month),
        Column("vs smallest", FACTOR, lambda row: _ratio(row.bytes_per_node, smallest)),
    )
    return Table(columns, images)


def _cost(kind: str) -> Column:
    return Column(f"a month on {kind.upper()}", COST, lambda row: row.cost_per_month[kind])


def threshold_rows(results: Sequence[ThresholdResult]) -> Table:
    """One row a condition: whether it holds, metric, condition, value and headroom."""
    columns = (
        Column("", TEXT, lambda row: SIGNS[state_of([row])]),
        Column("metric", TEXT, lambda row: row.metric),
        Column("condition", TEXT, lambda row: row.check),
        Column("value", NUMBER, lambda row: row.value, _value_of(results)),
        Column("headroom", SHARE, lambda row: row.room, lambda row: row.headroom),
    )
    return Table(columns, results)


def verdict_rows(results: Sequence[ThresholdResult]) -> Table:
    """The same in words, and in colours."""
    columns = (
        Column("", TEXT, lambda row: SIGNS[state_of([row])]),
        Column("what", TEXT, metric_words),
        Column("target", TEXT, lambda row: target_words(row.check)),
        Column("value", NUMBER, lambda row: row.value, _value_of(results)),
        Column("room", SHARE, lambda row: row.room, lambda row: row.headroom),
    )
    return Table(columns, results, state=lambda row: state_of([row]))


def _value_of(results: Sequence[ThresholdResult]) -> Callable[[ThresholdResult], str]:
    """How the values of conditions are shown: the times among them as in a column of times."""
    times = {one.metric for one in results if METRICS[one.metric.partition("{")[0]].kind == "time"}
    show = show_times(one.value for one in results if one.metric in times)

    def shown(row: ThresholdResult) -> str:
        if row.value is None or row.metric not in times:
            return row.shown
        return plus_minus(show, row.value, row.ci.half) if row.ci and "±" in row.shown else show(row.value)

    return shown


def state_of(results: Sequence[ThresholdResult]) -> State:
    """Whether conditions hold: all of them, all but warnings, or not; nothing where there are none."""
    if all(one.passed for one in results):
        return "pass" if results else ""
    return "miss" if any(not one.passed and one.severity == "error" for one in results) else "warn"


def to_csv(outcome: Outcome) -> str:
    """The figures of each case as comma-separated values."""
    return csv_text(figure_rows(outcome))


def figure_rows(outcome: Outcome) -> Table:
    """One row a case: the figures of the JSON contract with their full precision; unknown ones are empty.

    Where there are workloads, kubelets, faults or pushes, their failures are columns as well; where nodes ask others
    than registries, where the bytes came from.
    With several replications the ends of the rollout time's interval come last; beside one draw the mean of several.
    """
    cases, intervals = tuple(outcome.means.cases.values()), outcome.intervals
    variant = outcome.run.scenario.variant
    columns = [Column("variant", TEXT, lambda case: variant)] if variant else []
    columns += [Column(key, NUMBER, attrgetter(key)) for key in _FIGURES]
    columns += [_statistic(metric, name, heading) for metric, heading in _SPREADS.items() for name in _STATISTICS]
    if any(case.rollout is not None for case in cases):
        columns += [
            Column("unfinished_pods", COUNT, lambda case: case.rollout and len(case.rollout.unfinished_pods)),
            Column("failed_pulls", COUNT, lambda case: case.rollout and case.rollout.failed_pulls),
            Column("bytes_again", SIZE, lambda case: case.rollout and case.rollout.bytes_again),
        ]
    if any(case.supply is not None for case in cases):
        columns += [_from_source(kind) for kind in SOURCE_KINDS]
        columns += [
            Column("egress_bytes", SIZE, lambda case: case.supply and case.supply.egress),
            Column("hit_ratio", SHARE, lambda case: case.supply and case.supply.hit_ratio),
            Column("byte_hit_ratio", SHARE, lambda case: case.supply and case.supply.byte_hit_ratio),
            *(_copies(statistic) for statistic in ("mean", "max")),
        ]
    if intervals:
        columns += [
            Column("rollout_time_ci_low_s", TIME, lambda case: getattr(intervals.get(case.case), "low", None)),
            Column("rollout_time_ci_high_s", TIME, lambda case: getattr(intervals.get(case.case), "high", None)),
        ]
    if outcome.beside is not None:
        beside, means, ends = outcome.beside, outcome.beside.means.cases, outcome.beside.intervals
        columns += [
            Column("draws", COUNT, lambda case: len(beside)),
            Column("draws_rollout_time_s", TIME, lambda case: means[case.case].rollout_time_s),
            Column("draws_rollout_time_ci_low_s", TIME, lambda case: getattr(ends.get(case.case), "low", None)),
            Column("draws_rollout_time_ci_high_s", TIME, lambda case: getattr(ends.get(case.case), "high", None)),
        ]
    return Table(tuple(columns), cases)


def _from_source(kind: str) -> Column:
    """The bytes that nodes received from a kind of source."""
    return Column(f"bytes_from_{kind}", SIZE, lambda case: case.supply and case.supply.bytes_by_source.get(kind, 0.0))


def _copies(statistic: str) -> Column:
    """How often layers came into caches."""
    heading = f"upstream_copies_{statistic}"
    return Column(heading, NUMBER, lambda case: getattr(case.supply and case.supply.upstream_copies, statistic, None))


def _statistic(metric: str, name: str, heading: str = "{}") -> Column:
    """A statistic of a spread, empty where there is none."""
    return Column(heading.format(name), TIME, lambda row: getattr(getattr(row, metric), name, None))


def to_markdown(outcome: Outcome) -> str:
    """A Markdown section: title, cases, why, thresholds, what was assumed and what the figures mean."""
    summary, scenario = outcome.means, outcome.run.scenario
    parts = [f"# {escaped(visible(scenario.title))}", markdown(case_rows(outcome)), escaped(outcome.why)]
    if found := findings(summary):
        parts += ["## Rollout", "\n".join(f"- {escaped(f'{one.topic}: {one.text}')}" for one in found)]
    if (sources := supply_rows(summary)) is not None:
        parts += [f"## {SUPPLY}", markdown(sources)]
    if (disks := disk_rows(summary)) is not None:
        parts += ["## Disk and cost", markdown(disks)]
    if outcome.thresholds:
        parts += ["## Thresholds", markdown(threshold_rows(outcome.thresholds))]
    # Our own notes are Markdown already, the scenario's have names in them.
    notes = (note if note in _FOOTNOTES else escaped(note) for note in footnotes(outcome))
    parts.append("\n".join(f"- {note}" for note in notes))
    return "\n\n".join(parts) + "\n"


def footnotes(outcome: Outcome) -> tuple[str, ...]:
    """What was assumed, and what one has to know to read the table."""
    run = outcome.run
    chance = _about_intervals(outcome) if outcome.intervals else about_chance(run, len(outcome.draws) or 1)
    notes = (*map(visible, (*run.scenario.notes, *caveats(run), *about_sizes(run))), *chance)
    return (*notes, *(_FOOTNOTES[1:] if _shows_workloads(run) else _FOOTNOTES))


def _about_intervals(outcome: Outcome) -> Iterator[str]:
    if all(interval is not None and interval.half == 0.0 for interval in outcome.intervals.values()):
        yield "All replications took equally long: nothing in this scenario that matters for it is random."
    else:
        yield "Figures are means over the replications (p50, p95: medians); ± is half a 95 % interval, Student's t."
        yield from about_extremes(outcome)
    yield "Nodes that are named, and changes that were tried, are those of the first replication."


def about_extremes(*outcomes: Outcome) -> Iterator[str]:
    """What a threshold's `max` is over replications that differ, which stands beside means."""
    extremes = {
        word: kind
        for outcome in outcomes
        if len(outcome) > 1
        for one in outcome.thresholds
        for word, kind in (("max", "largest"), ("min", "smallest"))
        if one.check.startswith(f"{word} ")
    }
    for word, kind in extremes.items():
        yield f"A threshold's {word} is the {kind} value of all replications, and no mean."


def _shows_workloads(run: Run) -> bool:
    """Whether the table has a row a workload: where images are the cases, these say more."""
    has_workloads = any(case.workloads for case in run.scenario.cases)
    return has_workloads and not all(is_image_case(case) for case in run.cases)


def application_rows(run: Run) -> Table | None:
    """A row or two for each application of the background in each case: bandwidth, and latency of requests.

    Parameters
    ----------
    run : Run
        What happened.

    Returns
    -------
    Table or None
        None: there is no background traffic.
    """
    from rolloutsim.results.load.background import background_summaries, phases  # few scenarios have any

    moments = {key: name for case in run.cases for key, name in phases(case).items()}
    several = len(run.cases) > 1
    columns = (
        *((Column("case", TEXT, lambda row: row[0]),) if several else ()),
        Column("application", TEXT, lambda row: row[1].name + (", a request" if row[1].kind == "service" else "")),
        *(_moment(name, key) for key, name in moments.items()),
        Column("lost", SIZE, lambda row: None if row[1].kind == "transfer" else row[1].lost),
        Column("back after", TIME, lambda row: row[1].recovered, lambda row: _back(row[1], back)),
    )
    rows = [(case.name, one) for case in run.cases for one in background_summaries(case)]
    back = show_times(one.recovered for _, one in rows)
    return Table(columns, rows) if rows else None


def _moment(heading: str, when: str) -> Column:
    """Bandwidth at one time; of services the latency."""

    def shown(row: tuple[str, BackgroundSummary]) -> str:
        service = row[1].kind == "service"
        return _latency(getattr(row[1], f"latency_{when}")) if service else _rate(getattr(row[1], when))

    return Column(heading, RATE, lambda row: getattr(row[1], when), shown)


def _back(one: BackgroundSummary, show: Callable[[float], str]) -> str:
    """When an application had everything back."""
    if one.recovered is None:
        return NOT_COMPUTED if one.unknown_queues else UNKNOWN
    return "at once" if one.recovered == 0.0 else show(one.recovered)


def _latency(latency: Latency | None) -> str:
    """The median, and the 95th percentile where it is another."""
    if latency is None:
        return UNKNOWN
    p50, p95 = (show_latency(seconds) for seconds in (latency.p50, latency.p95))
    return p50 if p50 == p95 else f"{p50} (p95 {p95})"


def split_table(outcome: Outcome) -> tuple[Table, str]:
    """What explains the cases, as in words: times by cause, a column a case, the longest first; a caption."""
    cases, run = outcome.means.cases, outcome.run
    found = {one.name: explained(run.scenario, one, cases[one.name]) for one in run.cases}
    times = {case: split.parts for case, split in found.items()}
    causes = dict.fromkeys(cause for one in times.values() for cause in one)
    order = sorted(causes, key=lambda cause: -sum(one.get(cause, 0.0) for one in times.values()))
    # One format for all of them, since they are compared along the rows.
    kind = Kind(show_times(time for one in times.values() for time in one.values()), unknown="")
    columns = (Column("time" if case == ALL else case, kind, one.get) for case, one in times.items())
    whose = listed(list(dict.fromkeys(_WHOSE[split.whose] for split in found.values())), last="or")
    kinds = {row.link: row.kind for one in cases.values() for row in one.links}
    waiting = Column("waiting for", TEXT, lambda cause: cause_words(cause, kinds.get(cause, "")))
    return Table((waiting, *columns), order), f"Where the time {whose} goes"


def links_table(case: CaseSummary) -> tuple[Table, str]:
    """How busy the links were, or the busiest of very many; a caption."""
    rows = sorted(case.links, key=lambda row: -(row.utilisation or 0.0))[:MOST_LINKS]
    columns = (
        Column("link", TEXT, lambda row: link_words(row.link, row.kind)),
        Column("payload capacity", RATE, lambda row: row.capacity_bytes_per_s, _capacity),
        Column("carried", SIZE, lambda row: row.bytes),
        Column("utilisation", SHARE, lambda row: row.utilisation),
        Column("full for", TIME, lambda row: row.saturated_s),
        Column("most flows", Kind("{:.0f}".format), lambda row: row.peak_flows),
    )
    few = len(rows) == len(case.links)
    caption = "Links, the busiest first" if few else f"The busiest {len(rows)} of {len(case.links)} links"
    return Table(columns, rows, lambda row: f"link:{row.link}"), caption


def _capacity(row: LinkSummary) -> str:
    return (show_byte_rate if row.kind in _IN_BYTES else show_rate)(row.capacity_bytes_per_s)


def nodes_table(case: CaseRecords) -> tuple[Table, str]:
    """The nodes, or the latest of very many; a caption."""
    from rolloutsim.results.contract.columns import node_columns  # only reports need it

    found = node_columns(case)
    ready = np.asarray(found["ready_s"], np.float64)
    order = np.argsort(-np.nan_to_num(ready, nan=np.inf), kind="stable")[:MOST_ROWS].tolist()
    kinds = {"node": TEXT, "asked": TIME, "pulled": TIME, "ready": TIME, "fetched": SIZE}
    columns = (
        Column(heading, kind, values.__getitem__)
        for (heading, kind), values in zip(kinds.items(), found.values(), strict=True)
    )
    caption = (
        "Nodes, the latest first" if len(order) == len(ready) else f"The latest {len(order)} of {len(ready)} nodes"
    )
    return Table(tuple(columns), order, lambda row: f"node:{found['node'][row]}"), caption


def applications_table(case: CaseRecords) -> Table | None:
    """What other applications got before, during and after the rollout; None where there are none."""
    from rolloutsim.results.load.background import background_summaries, phases  # few scenarios have any

    moments = phases(case)
    rows = [(one, when) for one in background_summaries(case) for when in moments]
    columns = (
        Column("application", TEXT, lambda row: row[0].name if row[1] == "before" else ""),
        Column("when", TEXT, lambda row: moments[row[1]] if row[1].endswith("ed") else row[1]),
        Column("bandwidth", RATE, lambda row: getattr(*row)),
        *(_request(*each) for each in (("latency p50", "p50"), ("p95", "p95"), ("max", "max"))),
    )
    return Table(columns, rows) if rows else None


def _request(heading: str, name: str) -> Column:
    """A statistic of a service's requests, infinite where they get no answer; nothing for other applications."""

    def value(row: tuple[BackgroundSummary, str]) -> float | None:
        latency = getattr(row[0], f"latency_{row[1]}")
        seconds: float | None = getattr(latency, name, None)
        return inf if seconds is None and latency is not None else seconds

    def shown(row: tuple[BackgroundSummary, str]) -> str:
        seconds = value(row)
        return "" if seconds is None else show_latency(None if seconds == inf else seconds)

    return Column(heading, TIME, value, shown)


def _rate(rate: float | None) -> str:
    return UNKNOWN if rate is None else show_rate(rate)


COST = Kind(three_digits)
