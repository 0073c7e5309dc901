"""What a change does to the conditions of a scenario, where one is missed without it.

A change is judged by the condition that the verdict is about (`rolloutsim.results.thresholds.decisive`), in its metric;
where none is missed, by the rollout time. What meets it but makes another one be missed is no help.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rolloutsim.results.parts import Part, RecordedColumns, narrowing
from rolloutsim.results.thresholds import (
    Measurement,
    ThresholdResult,
    decisive,
    is_about,
    is_rollout_time,
    judge,
    measure_all,
)
from rolloutsim.results.why.critical import last_path, path_of
from rolloutsim.scenario.metrics import EVERYWHERE, METRICS
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords, Run
    from rolloutsim.results.outcome import Outcome
    from rolloutsim.scenario.resolved import ResolvedScenario, Threshold

_UPPER = ("<", "<=")  # comparisons with an upper limit

Measured = tuple[Measurement | None, ...]  # what some conditions are about; None: there is nothing that it is about


@struct
class Effect:
    """What a change does to a condition.

    Parameters
    ----------
    before : ThresholdResult
        The condition as it is.
    after : ThresholdResult or None
        With the change; None: there is nothing that it is about.
    is_upper : bool
        Whether its limit is an upper one.
    """

    before: ThresholdResult
    after: ThresholdResult | None
    is_upper: bool

    @classmethod
    def of(cls, before: Measurement, after: Measurement | None) -> Effect:
        """The effect on what was measured."""
        is_upper = before.threshold.comparison in _UPPER
        return cls(judge([before]), None if after is None else judge([after]), is_upper)

    @property
    def is_met(self) -> bool:
        """Whether the condition holds with the change."""
        return self.after is not None and self.after.passed

    @property
    def is_broken(self) -> bool:
        """Whether it held without the change, and does not with it; for what is more than a warning."""
        return self.before.passed and not self.is_met and self.before.severity == "error"

    @property
    def is_rollout_time(self) -> bool:
        """Whether it is about the rollout time of its case, all of it."""
        return is_rollout_time(self.before, self.before.case)

    def to_row(self) -> dict[str, Any]:
        """As JSON holds it."""
        old, new = self.before, self.after
        return {
            "metric": old.metric,
            "check": old.check,
            "severity": old.severity,
            "value": {"before": old.value, "after": None if new is None else new.value},
            "passed": {"before": old.passed, "after": self.is_met},
        }

    @property
    def kind(self) -> str:
        """Of its metric: `time`, `size`, …"""
        return METRICS[self.metric].kind

    @property
    def metric(self) -> str:
        """Its metric, without selectors."""
        return self.before.metric.partition("{")[0]


def judged_case(outcome: Outcome) -> str:
    """The case that changes are tried on: that of the condition which the verdict is about, if it is missed.

    Otherwise the slowest, and so where that case did not finish.
    """
    slowest = outcome.first.slowest.case
    if not outcome.thresholds:
        return slowest
    deciding = decisive(outcome.thresholds, slowest)
    is_open = deciding.passed or not outcome.first.cases[deciding.case].rollout_time_s
    return slowest if is_open else deciding.case


def conditions_of(outcome: Outcome, case: str) -> tuple[tuple[int, ...], Measured]:
    """Which of a scenario's conditions are about a case, that which changes are judged by first, and what they are now.

    None where no condition of the case is missed, or nobody knows the values of those that are. With several
    replications a condition is missed over all of them, and its value is that of the first.
    """
    results = iter([one for one in outcome.thresholds if one.case == case])
    records, cases = outcome.records(case), outcome.run.cases
    missed: dict[int, ThresholdResult] = {}
    places: list[int] = []
    for place, threshold in enumerate(outcome.run.scenario.thresholds):
        is_about_it = is_about(threshold, records)
        if is_about_it or not any(is_about(threshold, one) for one in cases):  # as conditions are checked
            result = next(results)
            if is_about_it:
                places.append(place)
                missed |= {} if result.passed else {place: result}
    if not missed:
        return (), ()
    now = dict(zip(places, measured(outcome.run, records, chosen(outcome.run.scenario, places)), strict=True))
    known = {place: result for place, result in missed.items() if (one := now[place]) and one.value is not None}
    if not known:
        return (), ()
    deciding = decisive(list(known.values()), case)
    first = next(place for place, result in known.items() if result is deciding)
    order = (first, *(place for place in places if place != first))
    return order, tuple(now[place] for place in order)


def measured(run: Run, records: CaseRecords, thresholds: Sequence[Threshold]) -> Measured:
    """What conditions are about in one case of a run; no more is worked out than they need."""
    about = [one for one in thresholds if is_about(one, records)]
    found = iter(measure_all(replace(run, cases=(records,)), None, about))
    return tuple(next(found) if is_about(one, records) else None for one in thresholds)


def of_another_case(run: Run, records: CaseRecords, now: Measured) -> Measured:
    """What conditions on a case would be about if another case, which was simulated beside it, stood in its place."""
    found: list[Measurement | None] = []
    for one in now:
        if one is None:
            found.append(None)
            continue
        selectors = {label: value for label, value in one.threshold.selectors.items() if label not in EVERYWHERE}
        (new,) = measured(run, records, [replace(one.threshold, selectors=selectors)])
        found.append(None if new is None else replace(one, value=new.value, within=new.within, missing=new.missing))
    return tuple(found)


def effects(before: Measured, after: Measured) -> tuple[Effect, ...]:
    """What a change does to conditions, by what was measured without it and with it."""
    return tuple(Effect.of(old, new) for old, new in zip(before, after, strict=True) if old is not None)


def path_to(run: Run, records: CaseRecords, conditions: Sequence[Threshold]) -> dict[str, float]:
    """Seconds by cause on the path of the pod that changes are about [s].

    It is the last pod of the part of the case that the first condition is about; else of the case.
    """
    labels = narrowing(conditions[0], records) if conditions else {}
    if labels:
        columns = RecordedColumns(run, records)
        pods = Part(run, records, columns, records.finished, labels).pods & ~np.isnan(columns.ready)
        if pods.any():
            last = int(np.where(pods, columns.ready, -np.inf).argmax())
            return dict(path_of(records, int(np.flatnonzero(columns.stays)[last])))
    return dict(last_path(records))


def need_times_alone(thresholds: Iterable[Threshold]) -> bool:
    """Whether one of some conditions is about times alone, for which there are simulations of their own."""
    return any(METRICS[one.metric].of_alone for one in thresholds)


def chosen(scenario: ResolvedScenario, places: Sequence[int]) -> tuple[Threshold, ...]:
    """The conditions of a changed scenario that stand at some places."""
    return tuple(scenario.thresholds[place] for place in places)
