"""A run as a table: plain data for a terminal, CSV for programs, Markdown for reports."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any, Literal

from rolloutsim.results.figures import UNKNOWN, show_factor, show_size, show_time, visible
from rolloutsim.results.metrics import CaseSummary, RunSummary, is_image_case, summarise
from rolloutsim.results.thresholds import ThresholdResult, check
from rolloutsim.results.why import why

if TYPE_CHECKING:
    from rolloutsim.results.records import CaseRecords, Run

_SPREADS = {"pull_time_s": "pull_time_{}_s", "slowdown": "slowdown_{}"}
_FOOTNOTES = (
    "alone (the same pull on an idle system) and slowdown (pull time / alone) are means over the pulls.",
    "Sizes are bytes on the wire; `docker images` shows unpacked sizes, often 2 to 3 times more.",
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading and the side its cells stand on."""

    heading: str
    side: Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class Table:
    """Headings and cells, all text."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", tuple(tuple(map(visible, row)) for row in self.rows))


def case_rows(run: Run, summary: RunSummary | None = None) -> Table:
    """The cases side by side: as images where each case is an image, else as sets of pulls.

    Parameters
    ----------
    run : Run
        What happened.
    summary : RunSummary, optional
        The run's, where the caller has it already.
    """
    summary = summarise(run) if summary is None else summary
    figures = [(case, summary.cases[case.name]) for case in run.cases]
    if all(is_image_case(case) for case in run.cases):
        return _image_table(figures)
    return _pull_table(figures)


def threshold_rows(results: Sequence[ThresholdResult]) -> Table:
    """One row a condition: whether it holds, metric, condition, value and headroom."""
    headings = ("", "metric", "condition", "value", "headroom")
    sides: tuple[Literal["left", "right"], ...] = ("left", "left", "left", "right", "right")
    rows = tuple((_mark(r), r.metric, r.check, r.shown, r.headroom) for r in results)
    return Table(tuple(Column(h, s) for h, s in zip(headings, sides, strict=True)), rows)


def to_csv(run: Run, summary: RunSummary | None = None) -> str:
    """One line a case: the figures of the JSON contract with their full precision; unknown ones are empty."""
    summary = summarise(run) if summary is None else summary
    text = StringIO()
    lines = [_flat(case) for case in summary.cases.values()]
    writer = csv.DictWriter(text, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def to_markdown(run: Run, summary: RunSummary | None = None) -> str:
    """A run as a Markdown section: title, cases, why, thresholds, what was assumed and what the figures mean."""
    summary = summarise(run) if summary is None else summary
    parts = [f"# {visible(run.scenario.name)}", _markdown(case_rows(run, summary)), why(run, summary)]
    results = check(run, summary)
    if results:
        parts += ["## Thresholds", _markdown(threshold_rows(results))]
    parts.append("\n".join(f"- {note}" for note in footnotes(run)))
    return "\n\n".join(parts) + "\n"


def footnotes(run: Run) -> tuple[str, ...]:
    """What was assumed, and what one has to know to read the table."""
    return (*map(visible, run.scenario.notes), *_FOOTNOTES)


def _image_table(figures: Sequence[tuple[CaseRecords, CaseSummary]]) -> Table:
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
            show_time(row.rollout_time_s),
            show_time(row.alone_time_s),
            show_factor(None if row.slowdown is None else row.slowdown.mean),
            _ratio(row.rollout_time_s, smallest),
        )
        for case, row in figures
    )
    return Table(columns, rows)


def _pull_table(figures: Sequence[tuple[CaseRecords, CaseSummary]]) -> Table:
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
            show_time(row.rollout_time_s),
            show_time(None if row.pull_time_s is None else row.pull_time_s.p50),
            show_time(None if row.pull_time_s is None else row.pull_time_s.p95),
            show_factor(None if row.slowdown is None else row.slowdown.mean),
        )
        for _, row in figures
    )
    return Table(columns, rows)


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


def _markdown(table: Table) -> str:
    return "\n".join(_markdown_lines(table))


def _markdown_lines(table: Table) -> Iterator[str]:
    yield "| " + " | ".join(column.heading for column in table.columns) + " |"
    yield "|" + "|".join("---" if column.side == "left" else "--:" for column in table.columns) + "|"
    for row in table.rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
