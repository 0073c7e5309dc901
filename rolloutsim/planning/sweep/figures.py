"""A sweep in figures: means over replications with their intervals, as a table, CSV, JSON and Markdown.

A mean's interval is Student's t, of a percentile it is the median of the replications with order statistics
(`rolloutsim.results.facts.intervals`). A number that is unknown in one replication is unknown for the point.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from functools import partial, reduce
from itertools import product
from operator import attrgetter
from typing import Any

from rolloutsim.errors import UsageError
from rolloutsim.planning.differences import is_random
from rolloutsim.planning.sweep.file import Columns, SweepRecords
from rolloutsim.planning.sweep.head import ParameterColumns
from rolloutsim.planning.sweep.judging import ByPoint, held, sign, verdicts
from rolloutsim.planning.sweep.rows import heading
from rolloutsim.results.combine import PERCENTILES, centre_of, interval_of
from rolloutsim.results.document import to_text
from rolloutsim.results.facts.intervals import Interval
from rolloutsim.results.numerals import UNKNOWN, visible
from rolloutsim.results.shown.tabular import (
    NUMBER,
    TEXT,
    TIME,
    Column,
    Kind,
    Table,
    csv_text,
    escaped,
    markdown,
    of_tuples,
)
from rolloutsim.results.thresholds import Measurement, ThresholdResult, format_value, is_within, judge, rows_of
from rolloutsim.scenario import loads
from rolloutsim.scenario.conditions import read_figure, written
from rolloutsim.scenario.metrics import METRICS
from rolloutsim.scenario.resolved import Threshold
from rolloutsim.structs import struct

ROLLOUT_TIME = "rollout_time_s"

STUCK = "stuck"  # the column of words: what a rollout that did not finish waits for

_KEYS = ("point", "replication", "case", "seed")
_MOST_BESIDE = 6  # cases that stand side by side in a table; more of them stand below each other (assumed)


@struct
class Figure:
    """One number at one point: its mean or median over the replications, and the 95 % interval of that.

    `value` is None where it is unknown in a replication, `interval` also for fewer than two (or too few).
    """

    value: float | None
    interval: Interval | None


_UNKNOWN = Figure(None, None)


def numbers(records: SweepRecords) -> tuple[str, ...]:
    """The columns of `results` that hold numbers."""
    words = (*_KEYS, STUCK)
    return tuple(name for name, values in records.results.items() if name not in words and _is_numeric(values))


def figures(records: SweepRecords, column: str = ROLLOUT_TIME) -> dict[tuple[int, str], Figure]:
    """One number over the replications, by point and case, for those that were simulated.

    Parameters
    ----------
    records : SweepRecords
        The sweep.
    column : str
        A column of `results`.
    """
    gathered: dict[tuple[int, str], list[float | None]] = {}
    results = records.results
    about = metric_of(records, column)
    for point, case, value in zip(results["point"], results["case"], results[column], strict=True):
        gathered.setdefault((point, case), []).append(value)
    if about is not None:
        within = is_within(about, groups(records))
        return {place: _measured(about, within, place[1], values) for place, values in gathered.items()}
    key = next((part for part in column.split("_") if part in PERCENTILES), "")
    return {place: _figure(values, key) for place, values in gathered.items()}


def metric_of(records: SweepRecords, column: str) -> Threshold | None:
    """The metric that a column of `results` holds; None: it is a number that every case has."""
    return read_figure(column) if column in records.head.metrics else None


def column_of(records: SweepRecords, metric: str) -> str:
    """The column of `results` that holds a metric, as one writes it: one that was shown, or that every case has.

    Raises
    ------
    UsageError
        If there is none, or it is no metric.
    """
    about = read_figure(metric)
    path = METRICS[about.metric].path
    steps = (about.statistic or "" if step == "{statistic}" else step for step in path)
    own = "" if about.selectors or not path else reduce(heading, steps)
    known = numbers(records)
    for column in (written(about), own):
        if column in known:
            return column
    asked = shlex.quote(written(about))
    raise UsageError(f"the sweep has no '{written(about)}'; measure it: rolloutsim sweep FILE --show {asked}")


def groups(records: SweepRecords) -> tuple[str, ...]:
    """The names of the node groups."""
    return tuple(loads(records.head.scenario, "<sweep>").nodes)


def _measured(about: Threshold, within: bool, case: str, values: Sequence[float | None]) -> Figure:
    found = judge([Measurement(about, case, "", value, within) for value in values])
    return Figure(found.value, found.ci)


def stuck(records: SweepRecords) -> dict[tuple[int, str, int], tuple[str, ...]]:
    """What a rollout that did not finish waits for, in words, by point, case and replication; empty where it did."""
    results = records.results
    places = zip(results["point"], results["case"], results["replication"], strict=True)
    return {place: tuple(json.loads(text or "[]")) for place, text in zip(places, results[STUCK], strict=True)}


def _figure(values: Sequence[float | None], key: str) -> Figure:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return _UNKNOWN
    return Figure(centre_of(known, key), interval_of(known, key))


def joined(records: SweepRecords) -> Columns:
    """One row a point, replication and case: the point's parameters, then the case's own columns."""
    row_of = {point: row for row, point in enumerate(records.points["point"])}
    rows = [row_of[point] for point in records.results["point"]]
    columns: dict[str, list[Any]] = {"point": records.results["point"]}
    for name in parameter_columns(records):
        values = records.points[name]
        columns[name] = [values[row] for row in rows]
    for name, values in records.results.items():
        if name != "point":
            columns[name if name not in columns else f"case_{name}"] = values
    return columns


def parameter_columns(records: SweepRecords) -> Iterator[str]:
    """The columns of the parameters: values as written, and their numbers where they have a unit."""
    for parameter in records.head.parameters:
        yield parameter.column
        if parameter.number is not None:
            yield parameter.number


def table(records: SweepRecords) -> Table:
    """Parameters, the rollout time of each case and what else is shown, means ± half their intervals; thresholds."""
    cases, points, shown_too = records.cases, records.points["point"], records.head.metrics
    is_beside = len(cases) == 1 or len(cases) <= _MOST_BESIDE and not shown_too
    found = [figures(records, column) for column in (ROLLOUT_TIME, *shown_too)]
    columns = [_column(records, parameter) for parameter in records.head.parameters]
    rows: list[_Row]
    if is_beside:
        rows = [
            _Row(i, "", [by_place.get((point, case), _UNKNOWN) for by_place in found for case in cases or ("",)])
            for i, point in enumerate(points)
        ]
    else:
        columns.append(Column("case", TEXT, attrgetter("case")))
        rows = [
            _Row(i, case, [by_place[point, case] for by_place in found])
            for (i, point), case in product(enumerate(points), cases)
            if (point, case) in found[0]
        ]
    headings = list(cases) if is_beside and len(cases) > 1 else ["rollout time", *shown_too]
    columns += [_number(records, heading, number) for number, heading in enumerate(headings)]
    if judged := verdicts(records):
        columns.append(_thresholds(points, judged))
    return Table(tuple(columns), rows)


@struct
class _Row:
    """A row of the table: the row of the points, the case where it is of one, and its numbers."""

    point: int
    case: str
    figures: list[Figure]


def _number(records: SweepRecords, heading: str, number: int) -> Column:
    """One of the numbers, a time unless it is about a metric of another kind."""
    about = metric_of(records, heading)
    kind = TIME
    if about is not None and METRICS[about.metric].kind != "time":
        kind = Kind(partial(format_value, about.metric))
    return Column(heading, kind, lambda row: row.figures[number].value, half=lambda row: _half(row.figures[number]))


def _thresholds(points: Sequence[int], judged: ByPoint) -> Column:
    """Whether those of a row hold."""

    def of(row: _Row) -> list[ThresholdResult]:
        return [one for one in judged.get(points[row.point], ()) if row.case in ("", one.case)]

    return Column("thresholds", TEXT, lambda row: sign(of(row)))


def _column(records: SweepRecords, parameter: ParameterColumns) -> Column:
    """A parameter's values as written; numbers, and quantities whose numbers are known, stand on the right."""
    texts = records.points[parameter.column]
    values = texts if parameter.number is None else records.points[parameter.number]
    kind = NUMBER if all(isinstance(value, (int, float)) for value in values) else TEXT
    return Column(parameter.path, kind, lambda row: values[row.point], lambda row: str(texts[row.point]))


def _half(figure: Figure) -> float | None:
    """Half the interval of a number; None where there is none, or it is but rounding."""
    return None if figure.interval is None or figure.interval.is_rounding else figure.interval.half


def title(records: SweepRecords) -> str:
    """The scenario, and how much of it was simulated."""
    head = records.head
    points = "1 point" if len(head.points) == 1 else f"{len(head.points):,} points"
    times = f" × {head.replications} replications" if head.replications > 1 else ""
    return f"{visible(head.name)} · {head.design} of {points}{times}"


def notes(records: SweepRecords) -> tuple[str, ...]:
    """What one has to know to read the table."""
    found = ["Rollout times" + (" by case" if len(records.cases) > 1 else "")]
    if records.head.replications > 1:
        found[0] += ": means over the replications ± half the 95 % interval (Student's t), where it is not zero"
    found[0] += "."
    if (judged := held(records)) is not None:
        found.append(judged.sentence)
        if records.head.replications == 1 and is_random(loads(records.head.scenario, "<sweep>").resolve()):
            found.append("Each point was judged by one draw of what is random; --replications 30 judges by intervals.")
    unfinished = len({p for p, f in zip(records.results["point"], records.results["finished"], strict=True) if not f})
    if unfinished:
        of = f"{unfinished:,} of {len(records.head.points):,} points"
        found.append(f"{UNKNOWN}: at {of} a rollout did not finish, so that its time is unknown.")
    for path in without_effect(records):
        found.append(f"{path} changes nothing here: all numbers are the same at each of its values.")
    if not records.complete:
        found.append(f"Incomplete: {records.runs_done:,} of {records.head.runs:,} runs are done.")
    return tuple(found)


def without_effect(records: SweepRecords) -> Iterator[str]:
    """The parameters with several values at all of which, the others being as they are, every number is the same."""
    parameters = records.head.parameters
    values = list(zip(*(records.points[one.column] for one in parameters), strict=True))
    row_of = {point: row for row, point in enumerate(records.points["point"])}
    names = [name for name in records.results if name not in ("point", "seed")]
    found: dict[int, list[tuple[Any, ...]]] = {}
    for point, *row in zip(records.results["point"], *(records.results[name] for name in names), strict=True):
        found.setdefault(row_of[point], []).append(tuple(row))
    for place, parameter in enumerate(parameters):
        beside: dict[tuple[Any, ...], list[int]] = {}
        for number in found:
            beside.setdefault((*values[number][:place], *values[number][place + 1 :]), []).append(number)
        several = [rows for rows in beside.values() if len({values[row][place] for row in rows}) > 1]
        if several and all(found[row] == found[rows[0]] for rows in several for row in rows):
            yield parameter.path


def to_csv(records: SweepRecords) -> str:
    """One line a point, replication and case, in full precision; what is unknown is empty."""
    columns = joined(records)
    return csv_text(of_tuples([(name, NUMBER) for name in columns], list(zip(*columns.values(), strict=True))))


def to_markdown(records: SweepRecords) -> str:
    """Title, table and notes."""
    found = table(records)
    lines = [f"# {escaped(title(records))}", "", markdown(found), ""]
    return "\n".join([*lines, *(f"- {escaped(note)}" for note in notes(records))]) + "\n"


def to_json(records: SweepRecords) -> str:
    """The contract `rolloutsim.sweep/1`: at each point the cases' numbers over the replications, with intervals."""
    head = records.head
    columns = {name: figures(records, name) for name in numbers(records)}
    finished = _all_finished(records)
    waiting: dict[tuple[int, str], dict[str, None]] = {}
    judged = verdicts(records)
    for (point, case, _), words in stuck(records).items():
        waiting.setdefault((point, case), {}).update(dict.fromkeys(words))
    points = []
    for row, point in enumerate(records.points["point"]):
        values = {p.path: records.points[p.column][row] for p in head.parameters}
        cases = [
            {
                "case": case,
                "finished": finished[point, case],
                STUCK: list(waiting[point, case]) or None,
                **_numbers(columns, point, case),
                **({"thresholds": rows_of(judged[point], case)} if point in judged else {}),
            }
            for case in records.cases
            if (point, case) in finished
        ]
        points.append({"point": point, "values": values, "cases": cases})
    document = {
        "schema": head.schema,
        "version": head.version,
        "scenario": {"name": head.name, "sha256": head.sha256},
        "design": head.design,
        "seed": head.seed,
        "replications": head.replications,
        "complete": records.complete,
        "runs": records.runs_done,
        "parameters": [{"path": p.path, "values": json.loads(p.values)} for p in head.parameters],
        "points": points,
    }
    return to_text(document)


def _numbers(columns: dict[str, dict[tuple[int, str], Figure]], point: int, case: str) -> dict[str, Any]:
    found = {name: by_place[point, case] for name, by_place in columns.items() if name != "finished"}
    values: dict[str, Any] = {name: figure.value for name, figure in found.items()}
    intervals = {name: list(figure.interval) for name, figure in found.items() if figure.interval is not None}
    return values | ({"ci": intervals} if intervals else {})


def _all_finished(records: SweepRecords) -> dict[tuple[int, str], bool]:
    finished: dict[tuple[int, str], bool] = {}
    results = records.results
    for point, case, one in zip(results["point"], results["case"], results["finished"], strict=True):
        finished[point, case] = finished.get((point, case), True) and bool(one)
    return finished


def _is_numeric(values: Sequence[Any]) -> bool:
    return all(value is None or isinstance(value, (int, float)) for value in values)
