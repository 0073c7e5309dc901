"""Which thresholds hold at which points of a sweep: each point's own, judged over all of its replications."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from rolloutsim.planning.sweep.file import SweepRecords
from rolloutsim.planning.sweep.rows import KEYS
from rolloutsim.results.numerals import UNKNOWN
from rolloutsim.results.shown.tables import state_of
from rolloutsim.results.shown.tabular import COUNT, SIGNS, TEXT, Column, State, Table
from rolloutsim.results.thresholds import Measurement, ThresholdResult, is_within, judge, missed
from rolloutsim.scenario import loads
from rolloutsim.scenario.conditions import read_threshold
from rolloutsim.structs import struct

_TABLE = "thresholds"
_MOST_PLACES = 3  # points that are named (assumed: two lines)
COLUMNS = (*KEYS, "metric", "check", "severity")

ByPoint = Mapping[int, tuple[ThresholdResult, ...]]


def verdicts(records: SweepRecords) -> ByPoint:
    """All thresholds at all points that were simulated, in the order of points, cases and thresholds."""
    rows = records.tables.get(_TABLE)
    if rows is None:
        return {}
    values = rows.get("value", [None] * len(rows["point"]))  # no column where it is unknown everywhere
    there = set(zip(*(records.results[name] for name in KEYS), strict=True))
    kept = (row for row in zip(*(rows[name] for name in COLUMNS), values, strict=True) if row[: len(KEYS)] in there)
    groups = tuple(loads(records.head.scenario, "<sweep>").nodes)
    return {point: tuple(map(judge, every)) for point, every in measured(kept, groups).items()}


def measured(
    rows: Iterable[tuple[Any, ...]], groups: Collection[str]
) -> dict[int, tuple[tuple[Measurement, ...], ...]]:
    """What the thresholds of each point are judged by: of each one, case by case, its values in the replications.

    Parameters
    ----------
    rows : iterable of tuple
        Point, replication, case, metric, check, severity and value, in the order in which they were simulated.
    groups : collection of str
        The names of the node groups.
    """
    found: dict[int, dict[tuple[str, int], list[Measurement]]] = {}
    run: Any = None
    number = 0
    for *place, metric, check, severity, value in rows:
        number = number + 1 if run == place else 0
        run = place
        point, _, case = place
        threshold = read_threshold(metric, check, severity)
        of = metric.partition("{")[2].removesuffix("}")
        missing = "" if value is not None else "unknown"
        one = Measurement(threshold, case, of, value, is_within(threshold, groups), missing)
        found.setdefault(point, {}).setdefault((case, number), []).append(one)
    return {point: tuple(map(tuple, of_point.values())) for point, of_point in found.items()}


def sign(judged: Sequence[ThresholdResult]) -> str:
    """Whether thresholds hold: `✓`, or how many do not: `✗ 1 of 3`, where only warnings do not `! 1 of 3`."""
    if not judged:
        return UNKNOWN
    mark, missed = SIGNS[state_of(judged)], sum(not one.passed for one in judged)
    return f"{mark} {missed} of {len(judged)}" if missed and len(judged) > 1 else mark


@struct
class Held:
    """At which points of a sweep all thresholds hold: as a state of all of them, in short, and in a sentence."""

    state: State
    short: str
    sentence: str


def held(records: SweepRecords) -> Held | None:
    """At which points all thresholds hold; None: there are none."""
    judged = verdicts(records)
    if not judged:
        return None
    good = [point for point, of_point in judged.items() if not missed(of_point)]
    of = "1 point" if len(judged) == 1 else f"{len(judged):,} points"
    state: State = "warn" if good else "miss"
    where = ""
    if len(good) == len(judged):
        state = state_of([one for of_point in judged.values() for one in of_point])
    elif good:
        places = {point: _place(records, row) for row, point in enumerate(records.points["point"])}
        some = [places[point] for point in good[:_MOST_PLACES]]
        more = [f"and {len(good) - _MOST_PLACES:,} more"] if len(good) > _MOST_PLACES else []
        where = f": {'; '.join([*some, *more])}"
    count = f"{len(good):,} of {of}"
    return Held(state, f"{count} {'passes' if len(good) == 1 else 'pass'}", f"All thresholds hold at {count}{where}.")


def summary(records: SweepRecords) -> Table:
    """One row a threshold: at how many points it holds, and where most and least is left of it."""
    by_condition: dict[tuple[str, str, str], dict[int, ThresholdResult]] = {}
    for point, judged in verdicts(records).items():
        for one in judged:
            by_condition.setdefault((one.metric, one.check, one.severity), {})[point] = one
    where = {point: _place(records, row) for row, point in enumerate(records.points["point"])}

    def at(judged: Mapping[int, ThresholdResult], best: bool) -> str:
        """The value that is furthest from the limit, on the good side or the bad, and its point."""
        known = {point: one for point, one in judged.items() if one.room is not None}
        if not known:
            return UNKNOWN
        shown = {one.shown for one in known.values()}
        if len(shown) == 1:
            return f"{shown.pop()} at every point" if best else ""
        point = (max if best else min)(known, key=lambda one: known[one].room or 0.0)
        return f"{known[point].shown} at {where[point]}"

    def state(judged: Mapping[int, ThresholdResult]) -> State:
        return state_of([*judged.values()])

    columns = (
        Column("", TEXT, lambda judged: SIGNS[state(judged)]),
        Column("threshold", TEXT, lambda judged: next(iter(judged.values())).metric),
        Column("condition", TEXT, lambda judged: next(iter(judged.values())).check),
        Column(
            "points", COUNT, lambda judged: sum(one.passed for one in judged.values()),
            lambda judged: f"{sum(one.passed for one in judged.values()):,} of {len(judged):,}",
        ),
        Column("best", TEXT, lambda judged: at(judged, True)),
        Column("worst", TEXT, lambda judged: at(judged, False)),
    )  # fmt: skip
    return Table(columns, list(by_condition.values()), state=state)


def _place(records: SweepRecords, row: int) -> str:
    """A point in words: `nodes 50, network 1 Gbit/s`."""
    values: list[Any] = [(one.path, records.points[one.column][row]) for one in records.head.parameters]
    return ", ".join(f"{path} {value}" for path, value in values)
