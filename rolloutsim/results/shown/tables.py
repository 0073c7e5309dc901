"""A run as tables: plain text for a terminal, CSV for programs, Markdown for reports."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from io import StringIO
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rolloutsim.results.metrics import CaseSummary, RunSummary, is_image_case
from rolloutsim.results.numerals import (
    UNKNOWN,
    plus_minus,
    show_byte_rate,
    show_count,
    show_factor,
    show_latency,
    show_rate,
    show_share,
    show_size,
    show_time,
    three_digits,
    visible,
)
from rolloutsim.results.shown.findings import findings
from rolloutsim.results.shown.tabular import Column, Table, escaped, markdown, text_table
from rolloutsim.results.thresholds import ThresholdResult
from rolloutsim.scenario.resources import RESOURCES

if TYPE_CHECKING:
    from rolloutsim.results.facts.intervals import Interval
    from rolloutsim.results.facts.records import CaseRecords, Run
    from rolloutsim.results.load.background import BackgroundSummary, Latency
    from rolloutsim.results.load.disks import ImageDisk
    from rolloutsim.results.outcome import Outcome
    from rolloutsim.results.pods.replicas import WorkloadSummary

Intervals = Mapping[str, "Interval | None"]  # of rollout times, by case

MOST_ROWS = 200  # of nodes; of more the latest are shown (assumed: some pages)

_SPREADS = {"pull_time_s": "pull_time_{}_s", "slowdown": "slowdown_{}"}
# Kinds of links whose rates people give in bytes.
_IN_BYTES = ("registry_storage", *(resource.part for resource in RESOURCES if not resource.is_network))
_SHARED = "Pulls of an image that several workloads use, and their bytes, stand in the row of each of them."
_FOOTNOTES = (
    "alone (the same pull on an idle system) and slowdown (pull time / alone) are means over the pulls.",
    "Sizes are bytes on the wire; `docker images` shows unpacked sizes, often 2 to 3 times more.",
)


def case_rows(outcome: Outcome) -> Table:
    """The cases side by side: as images where each case is an image, else as workloads or sets of pulls."""
    run, summary = outcome.run, outcome.means
    figures = [(case, summary.cases[case.name]) for case in run.cases]
    if _shows_workloads(run):
        return _workload_table(summary, outcome.intervals)
    if all(is_image_case(case) for case in run.cases):
        return _image_table(figures, outcome.intervals)
    return _pull_table(figures, outcome.intervals)


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
    kinds = list(disks[0].cost_per_month)
    headings = (
        "image", "a node", "all nodes", "registry", *(f"a month on {kind.upper()}" for kind in kinds), "vs smallest",
    )  # fmt: skip
    images = [image for disk in disks for image in disk.images if image.nodes]
    smallest = min((image.bytes_per_node for image in images), default=0.0)
    columns = tuple(Column(heading, "right" if place else "left") for place, heading in enumerate(headings))
    return Table(columns, tuple(_disk_row(image, kinds, smallest) for image in images))


def threshold_rows(results: Sequence[ThresholdResult]) -> Table:
    """One row a condition: whether it holds, metric, condition, value and headroom."""
    headings = ("", "metric", "condition", "value", "headroom")
    sides: tuple[Literal["left", "right"], ...] = ("left", "left", "left", "right", "right")
    rows = tuple((_mark(r), r.metric, r.check, r.shown, r.headroom) for r in results)
    return Table(tuple(Column(h, s) for h, s in zip(headings, sides, strict=True)), rows)


def to_csv(outcome: Outcome) -> str:
    """One line a case: the figures of the JSON contract with their full precision; unknown ones are empty.

    Where there are workloads, kubelets, faults or pushes, their failures are columns as well.
    With several replications the ends of the rollout time's interval come last.
    """
    summary, intervals = outcome.means, outcome.intervals
    text = StringIO()
    rollouts = any(case.rollout is not None for case in summary.cases.values())
    lines = [_flat(case) | (_flat_rollout(case) if rollouts else {}) for case in summary.cases.values()]
    if intervals:
        for line, case in zip(lines, summary.cases, strict=True):
            low, high = intervals.get(case) or (None, None)
            line |= {"rollout_time_ci_low_s": low, "rollout_time_ci_high_s": high}
    writer = csv.DictWriter(text, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def to_markdown(outcome: Outcome) -> str:
    """A Markdown section: title, cases, why, thresholds, what was assumed and what the figures mean."""
    summary, scenario = outcome.means, outcome.run.scenario
    parts = [f"# {escaped(visible(scenario.name))}", markdown(case_rows(outcome)), escaped(outcome.why)]
    if found := findings(summary):
        parts += ["## Rollout", "\n".join(f"- {escaped(f'{one.topic}: {one.text}')}" for one in found)]
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
    notes = (*map(visible, run.scenario.notes), *_about_intervals(outcome.intervals))
    shared = (_SHARED,) if _shows_workloads(run) and _share_images(run) else ()
    return (*notes, *shared, *(_FOOTNOTES[1:] if _shows_workloads(run) else _FOOTNOTES))


def _share_images(run: Run) -> bool:
    """Whether several workloads of a case use the same image."""
    uses = [[image for one in case.workloads for image in set(one.images)] for case in run.scenario.cases]
    return any(len(images) > len(set(images)) for images in uses)


def _about_intervals(intervals: Intervals) -> Iterator[str]:
    if not intervals:
        return
    if all(interval is not None and interval.half == 0.0 for interval in intervals.values()):
        yield "All replications took equally long: nothing in this scenario that matters for it is random."
    else:
        yield "Figures are means over the replications (p50, p95: medians); ± is half a 95 % interval, Student's t."
    yield "Nodes that are named, and changes that were tried, are those of the first replication."


def _image_table(figures: Sequence[tuple[CaseRecords, CaseSummary]], intervals: Intervals) -> Table:
    smallest = min(figures, key=lambda pair: pair[0].images[0].compressed)[1].rollout_time_s
    columns = (
        Column("image", "left"), Column("size", "right"), Column("on the wire", "right"),
        Column("rollout time", "right"), Column("alone", "right"), Column("slowdown", "right"),
        Column("vs smallest", "right"),
    )  # fmt: skip
    rows = tuple(
        (
            case.name,
            show_size(case.images[0].compressed),
            show_size(row.bytes_on_wire),
            _rollout_time(row, intervals),
            show_time(row.alone_time_s),
            show_factor(None if row.slowdown is None else row.slowdown.mean),
            _ratio(row.rollout_time_s, smallest),
        )
        for case, row in figures
    )
    return Table(columns, rows)


def _pull_table(figures: Sequence[tuple[CaseRecords, CaseSummary]], intervals: Intervals) -> Table:
    columns = (
        Column("case", "left"), Column("pulls", "right"), Column("on the wire", "right"),
        Column("rollout time", "right"), Column("pull time p50", "right"), Column("p95", "right"),
        Column("slowdown", "right"),
    )  # fmt: skip
    rows = tuple(
        (
            row.case,
            str(row.pulls),
            show_size(row.bytes_on_wire),
            _rollout_time(row, intervals),
            show_time(None if row.pull_time_s is None else row.pull_time_s.p50),
            show_time(None if row.pull_time_s is None else row.pull_time_s.p95),
            show_factor(None if row.slowdown is None else row.slowdown.mean),
        )
        for _, row in figures
    )
    return Table(columns, rows)


def _shows_workloads(run: Run) -> bool:
    """Whether the table has a row a workload: where images are the cases, these say more."""
    has_workloads = any(case.workloads for case in run.scenario.cases)
    return has_workloads and not all(is_image_case(case) for case in run.cases)


def _workload_table(summary: RunSummary, intervals: Intervals) -> Table:
    columns = (
        Column("workload", "left"), Column("pods", "right"), Column("rollout time", "right"),
        Column("least ready", "right"), Column("promised", "right"), Column("pulls", "right"),
        Column("on the wire", "right"), Column("pull time p50", "right"), Column("p95", "right"),
    )  # fmt: skip
    workloads = [(case, one) for case in summary.cases.values() if case.rollout for one in case.rollout.workloads]
    rows = tuple(
        (
            row.workload,
            show_count(row.replicas),
            _workload_time(case, row, intervals),
            show_count(row.least_ready),
            UNKNOWN if row.floor is None else show_count(row.floor),
            show_count(row.pulls),
            show_size(row.bytes_on_wire),
            show_time(None if row.pull_time_s is None else row.pull_time_s.p50),
            show_time(None if row.pull_time_s is None else row.pull_time_s.p95),
        )
        for case, row in workloads
    )
    return Table(columns, rows)


def _workload_time(case: CaseSummary, row: WorkloadSummary, intervals: Intervals) -> str:
    """From a workload's start to its last ready pod; of the one that the case waits for with the interval."""
    if row.ready_s is None or row.start_s is None:
        return UNKNOWN
    if row.start_s == 0.0 and row.ready_s == case.rollout_time_s:
        return _rollout_time(case, intervals)
    return show_time(row.ready_s - row.start_s)


def _disk_row(row: ImageDisk, kinds: Sequence[str], smallest: float) -> tuple[str, ...]:
    return (
        row.image,
        show_size(row.bytes_per_node),
        show_size(row.fleet_bytes),
        show_size(row.compressed_bytes),
        *(three_digits(row.cost_per_month[kind]) for kind in kinds),
        _ratio(row.bytes_per_node, smallest),
    )


def _rollout_time(row: CaseSummary, intervals: Intervals) -> str:
    """The time, and behind ± half its interval."""
    interval = intervals.get(row.case)
    if row.rollout_time_s is None or interval is None or interval.half == 0.0:
        return show_time(row.rollout_time_s)
    return plus_minus(show_time, row.rollout_time_s, interval.half)


def _ratio(time: float | None, smallest: float | None) -> str:
    if time is None or not smallest:
        return UNKNOWN
    return show_factor(time / smallest)


def _mark(result: ThresholdResult) -> str:
    return "✓" if result.passed else "✗" if result.severity == "error" else "!"


def _flat(case: CaseSummary) -> dict[str, Any]:
    line: dict[str, Any] = {
        "case": visible(case.case),
        "nodes": case.nodes,
        "pulls": case.pulls,
        "unfinished_pulls": case.unfinished_pulls,
        "rollout_time_s": case.rollout_time_s,
        "alone_time_s": case.alone_time_s,
        "bytes_on_wire": case.bytes_on_wire,
    }
    for metric, heading in _SPREADS.items():
        spread = getattr(case, metric)
        values: Mapping[str, Any] = {} if spread is None else asdict(spread)
        line |= {heading.format(key): values.get(key) for key in ("mean", "p50", "p95", "p99", "max")}
    return line


def _flat_rollout(case: CaseSummary) -> dict[str, Any]:
    rollout = case.rollout
    return {
        "unfinished_pods": None if rollout is None else len(rollout.unfinished_pods),
        "failed_pulls": None if rollout is None else rollout.failed_pulls,
        "bytes_again": None if rollout is None else rollout.bytes_again,
    }


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
    from rolloutsim.results.load.background import background_summaries  # few scenarios have any

    rows: list[tuple[str, ...]] = []
    for case in run.cases:
        for one in background_summaries(case):
            rows += _application_rows(case.name if len(run.cases) > 1 else "", one)
    if not rows:
        return None
    case_column = [Column("case", "left")] if len(run.cases) > 1 else []
    figures = ("before", "while pulled", "after", "lost", "back after")
    columns = (*case_column, Column("application", "left"), *(Column(figure, "right") for figure in figures))
    return Table(columns, tuple(row if case_column else row[1:] for row in rows))


def _application_rows(case: str, one: BackgroundSummary) -> list[tuple[str, ...]]:
    ended = "at once" if one.recovered == 0.0 else UNKNOWN if one.recovered is None else show_time(one.recovered)
    lost = show_size(one.lost) if one.kind != "transfer" else UNKNOWN
    rates = [UNKNOWN if rate is None else show_rate(rate) for rate in (one.before, one.during, one.after)]
    if one.kind != "service":
        return [(case, one.name, *rates, lost, ended)]
    latencies = [_latency(latency) for latency in (one.latency_before, one.latency_during, one.latency_after)]
    return [(case, f"{one.name}, a request", *latencies, lost, ended)]


def _latency(latency: Latency | None) -> str:
    """The median, and the 95th percentile where it is another."""
    if latency is None:
        return UNKNOWN
    p50, p95 = (show_latency(seconds) for seconds in (latency.p50, latency.p95))
    return p50 if p50 == p95 else f"{p50} (p95 {p95})"


def split_table(summary: RunSummary) -> Table:
    """Seconds by cause, a column a case, the largest cause first."""
    cases = list(summary.cases.values())
    causes = dict.fromkeys(cause for case in cases for cause in case.time_split_s)
    order = sorted(causes, key=lambda cause: -sum(case.time_split_s.get(cause, 0.0) for case in cases))
    rows = [
        (cause, *(show_time(case.time_split_s[cause]) if cause in case.time_split_s else "" for case in cases))
        for cause in order
    ]
    return text_table(("cause", *(case.case for case in cases)), rows)


def links_table(case: CaseSummary) -> tuple[Table, tuple[str, ...]]:
    """How busy each link was, and what each row is about."""
    rows = [
        (
            row.link,
            show_byte_rate(row.capacity_bytes_per_s) if row.kind in _IN_BYTES else show_rate(row.capacity_bytes_per_s),
            show_size(row.bytes),
            UNKNOWN if row.utilisation is None else show_share(row.utilisation),
            show_time(row.saturated_s),
            f"{row.peak_flows:.0f}",
        )
        for row in case.links
    ]
    headings = ("link", "payload capacity", "carried", "utilisation", "full for", "most flows")
    return text_table(headings, rows), tuple(f"link:{row.link}" for row in case.links)


def nodes_table(case: CaseRecords) -> tuple[Table, tuple[str, ...], str]:
    """The nodes, or the latest of very many; what each row is about; a caption."""
    from rolloutsim.results.contract.columns import node_columns  # only reports need it

    columns = node_columns(case)
    ready = np.asarray(columns["ready_s"], np.float64)
    order = np.argsort(-np.nan_to_num(ready, nan=np.inf), kind="stable")[:MOST_ROWS]
    rows = []
    for i in order.tolist():
        times = (_time(columns[key][i]) for key in ("asked_s", "pulled_s", "ready_s"))
        rows.append((str(columns["node"][i]), *times, show_size(float(columns["bytes"][i]))))
    subjects = tuple(f"node:{row[0]}" for row in rows)
    caption = "Nodes, the latest first" if len(rows) == len(ready) else f"The latest {len(rows)} of {len(ready)} nodes"
    return text_table(("node", "asked", "pulled", "ready", "fetched"), rows), subjects, caption


def applications_table(case: CaseRecords) -> Table | None:
    """What other applications got before, during and after the rollout; None where there are none."""
    from rolloutsim.results.load.background import background_summaries  # few scenarios have any

    found = background_summaries(case)
    if not found:
        return None
    rows = []
    for one in found:
        for when, rate, latency in (
            ("before", one.before, one.latency_before),
            ("during", one.during, one.latency_during),
            ("after", one.after, one.latency_after),
        ):
            rows.append((one.name if when == "before" else "", when, _rate(rate), *_latencies(latency)))
    return text_table(("application", "when", "bandwidth", "latency p50", "p95", "max"), rows, left=2)


def _latencies(latency: Latency | None) -> tuple[str, str, str]:
    if latency is None:
        return ("", "", "")
    return show_latency(latency.p50), show_latency(latency.p95), show_latency(latency.max)


def _rate(rate: float | None) -> str:
    return UNKNOWN if rate is None else show_rate(rate)


def _time(time: float | None) -> str:
    return UNKNOWN if time is None or time != time else show_time(float(time))
