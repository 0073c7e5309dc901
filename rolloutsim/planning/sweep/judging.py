"""Which thresholds hold at which points of a sweep: each point's own, judged over all of its replications."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rolloutsim.planning.sweep.file import SweepRecords
from rolloutsim.planning.sweep.rows import KEYS
from rolloutsim.results.numerals import UNKNOWN
from rolloutsim.results.shown.tables import state_of
from rolloutsim.results.shown.tabular import COUNT, SIGNS, TEXT, Column, State, Table
from rolloutsim.results.thresholds import Measurement, ThresholdResult, is_within, judge
from rolloutsim.scenario import loads
from rolloutsim.scenario.conditions import read_threshold
from rolloutsim.structs import struct

_TABLE = "thresholds"
_COLUMNS = (*KEYS, "metric", "check", "severity")


@struct
class Verdict:
    """A threshold for a case at a point; `number` is its place among those of the case there."""

    point: int
    number: int
    result: ThresholdResult


def verdicts(records: SweepRecords) -> tuple[Verdict, ...]:
    """All thresholds at all points that were simulated, in the order of points, cases and thresholds."""
    rows = records.tables.get(_TABLE)
    if rows is None:
        return ()
    groups = tuple(loads(records.head.scenario, "<sweep>").nodes)
    found: dict[tuple[int, str, int], list[Measurement]] = {}
    there = set(zip(*(records.results[name] for name in KEYS), strict=True))
    run: Any = None
    number = 0
    values = rows.get("value", [None] * len(rows["point"]))  # no column where it is unknown everywhere
    for *place, metric, check, severity, value in zip(*(rows[name] for name in _COLUMNS), values, strict=True):
        number = number + 1 if run == place else 0
        run = place
        point, _, case = place
        if tuple(place) not in there:
            continue
        threshold = read_threshold(metric, check, severity)
        of = metric.partition("{")[2].removesuffix("}")
        missing = "" if value is not None else "unknown"
        one = Measurement(threshold, case, of, value, is_within(threshold, groups), missing)
        found.setdefault((point, case, number), []).append(one)
    return tuple(Verdict(point, number, judge(measured)) for (point, _, number), measured in found.items())


def sign(judged: Sequence[Verdict]) -> str:
    """Whether thresholds hold: `✓`, or how many do not: `✗ 1 of 3`, where only warnings do not `! 1 of 3`."""
    if not judged:
        return UNKNOWN
    mark, missed = SIGNS[state(judged)], sum(not one.result.passed for one in judged)
    return f"{mark} {missed} of {len(judged)}" if missed and len(judged) > 1 else mark


def state(judged: Sequence[Verdict]) -> State:
    """Whether thresholds hold."""
    return state_of([one.result for one in judged])


def summary(records: SweepRecords) -> Table:
    """One row a threshold: at how many points it holds, and where most and least is left of it."""
    by_condition: dict[tuple[str, str, str], list[Verdict]] = {}
    for one in verdicts(records):
        by_condition.setdefault((one.result.metric, one.result.check, one.result.severity), []).append(one)
    where = {point: _place(records, row) for row, point in enumerate(records.points["point"])}

    def at(judged: Sequence[Verdict], best: bool) -> str:
        """The value that is furthest from the limit, on the good side or the bad, and its point."""
        known = [one for one in judged if one.result.room is not None]
        if not known:
            return UNKNOWN
        if len({one.result.shown for one in known}) == 1:
            return f"{known[0].result.shown} at every point" if best else ""
        chosen = (max if best else min)(known, key=lambda one: one.result.room or 0.0)
        return f"{chosen.result.shown} at {where[chosen.point]}"

    columns = (
        Column("", TEXT, lambda judged: SIGNS[state(judged)]),
        Column("threshold", TEXT, lambda judged: judged[0].result.metric),
        Column("condition", TEXT, lambda judged: judged[0].result.check),
        Column(
            "points", COUNT, lambda judged: sum(one.result.passed for one in judged),
            lambda judged: f"{sum(one.result.passed for one in judged):,} of {len(judged):,}",
        ),
        Column("best", TEXT, lambda judged: at(judged, True)),
        Column("worst", TEXT, lambda judged: at(judged, False)),
    )  # fmt: skip
    return Table(columns, list(by_condition.values()), state=state)


def _place(records: SweepRecords, row: int) -> str:
    """A point in words: `nodes 50, network 1 Gbit/s`."""
    values: list[Any] = [(one.path, records.points[one.column][row]) for one in records.head.parameters]
    return ", ".join(f"{path} {value}" for path, value in values)
