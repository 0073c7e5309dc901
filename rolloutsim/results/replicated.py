"""Several replications of a scenario: the same simulation with independent seeds, each number with an interval.

A number of the JSON contract is the mean of the replications' numbers, its interval Student's t; a percentile (p50,
p95, p99) or a maximum is the median of the replications', its interval one of order statistics: both are stated in
`rolloutsim.results.facts.intervals`, with 95 % confidence. Pulls of one replication depend on each other, so they are
never pooled; see `rolloutsim.results.combine` for what is unknown or missing in some of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from rolloutsim.results.combine import combine, interval_of, row_name
from rolloutsim.results.contract.case import Detail
from rolloutsim.results.contract.sections import number
from rolloutsim.results.document import to_dict, to_text
from rolloutsim.results.facts.intervals import Interval
from rolloutsim.results.facts.records import Run
from rolloutsim.results.metrics import RunSummary, summarise
from rolloutsim.results.thresholds import Measurement, ThresholdResult, judge, measure
from rolloutsim.results.time.phases import readiness
from rolloutsim.structs import struct

ROLLOUT_TIME = "rollout_time_s"
_OF_THE_FIRST = "nodes, pulls and their links are those of the first replication; other numbers are of all {}"


@struct(eq=False)
class Replication:
    """The figures of one replication, without its records.

    Parameters
    ----------
    seed : int
        Its seed.
    summary : RunSummary
        The figures of its cases.
    cases : mapping of str to mapping
        By case, its object in the JSON contract at detail `summary`, thresholds left out.
    measured : tuple of Measurement
        The values of the scenario's thresholds.
    ready : mapping of str to array
        By case, when its pods or nodes became ready (`rolloutsim.results.time.phases.Readiness`), ascending [s].
    """

    seed: int
    summary: RunSummary
    cases: Mapping[str, Mapping[str, Any]]
    measured: tuple[Measurement, ...]
    ready: Mapping[str, npt.NDArray[np.float64]]


def figures_of(run: Run) -> Replication:
    """The figures of a run that is one of several."""
    summary = summarise(run)
    cases = {case["case"]: case for case in to_dict(run, "summary", summary)["cases"]}
    for case in cases.values():
        del case["thresholds"]
    ready = {case.name: readiness(case).times for case in run.cases}
    return Replication(run.seed, summary, cases, measure(run, summary), ready)


def replications_of(run: Run, each: tuple[Replication, ...] = ()) -> Replications:
    """A run with the figures of its replications; with its own where it is the only one."""
    return Replications(run, each or (figures_of(run),))


@dataclass(frozen=True, eq=False)
class Replications:
    """Replications of a scenario.

    Parameters
    ----------
    first : Run
        The first one, with its records; its seed is the one that was asked for.
    each : tuple of Replication
        The figures of all of them, the first included.
    """

    first: Run
    each: tuple[Replication, ...]

    def __len__(self) -> int:
        return len(self.each)

    @cached_property
    def summary(self) -> RunSummary:
        """The figures of all cases, each a mean (a percentile or maximum: the median) over the replications."""
        combined: RunSummary = combine([one.summary for one in self.each])[0]
        return combined

    @cached_property
    def thresholds(self) -> tuple[ThresholdResult, ...]:
        """The scenario's thresholds, checked over all replications."""
        by_threshold = zip(*(one.measured for one in self.each), strict=True)
        return tuple(judge(measured) for measured in by_threshold)

    @property
    def finished(self) -> bool:
        """Whether every pod became ready in all of them."""
        return all(case.finished for one in self.each for case in one.summary.cases.values())

    @cached_property
    def rollout_times(self) -> Mapping[str, Interval | None]:
        """The 95 % interval of each case's rollout time [s]."""
        return {case: self.interval(case) for case in self.each[0].cases}

    def values(self, case: str, *path: str) -> tuple[float | None, ...]:
        """One number of the JSON contract in each replication, the rollout time by default.

        Parameters
        ----------
        case : str
            The case.
        path : str
            Its keys, names of rows among them: `"links", "registry.uplink", "utilisation"`.
        """
        return tuple(_at(one.cases[case], path or (ROLLOUT_TIME,)) for one in self.each)

    def interval(self, case: str, *path: str) -> Interval | None:
        """The 95 % interval of a number; arguments as for `values`."""
        return interval_of(self.values(case, *path), path[-1] if path else "")

    def to_dict(self, detail: Detail | None = None) -> dict[str, Any]:
        """The JSON contract as nested dicts and lists: values with their intervals, in `ci`.

        Parameters
        ----------
        detail : str, optional
            As in `rolloutsim.results.document`.
        """
        document = to_dict(self.first, detail, results=self.thresholds)
        document["replications"] = len(self)
        if any("nodes" in case for case in document["cases"]):
            document["notes"].append(_OF_THE_FIRST.format(len(self)))
        document["cases"] = [self._case(case) for case in document["cases"]]
        return document

    def to_json(self, detail: Detail | None = None) -> str:
        """The JSON contract as text."""
        return to_text(self.to_dict(detail))

    def _case(self, first: Mapping[str, Any]) -> dict[str, Any]:
        """A case with the numbers of all replications in the place of the first one's."""
        whole, intervals = combine([one.cases[first["case"]] for one in self.each])
        intervals = intervals or {}
        case: dict[str, Any] = {}
        for key, value in first.items():
            case[key] = _plain(whole[key]) if key in whole else value
            if key == ROLLOUT_TIME:
                case["rollout_time_ci_s"] = _lists(intervals.pop(key, None))
        known = {row["link"] for row in case["links"]}  # with detail full the first one has a row for each node's
        case["links"] += [row for row in first["links"] if row["link"] not in known]
        case |= {key: _plain(value) for key, value in whole.items() if key not in case}
        case["ci"] = _lists(intervals)
        return case


def _plain(value: Any) -> Any:
    """Numbers as the contract writes them."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value if isinstance(value, bool) or not isinstance(value, (int, float)) else number(value)


def _lists(intervals: Any) -> Any:
    """Intervals as JSON shows them."""
    if isinstance(intervals, Interval):
        return list(intervals)
    return {key: _lists(inner) for key, inner in intervals.items()} if isinstance(intervals, Mapping) else intervals


def _at(value: Any, path: tuple[str, ...]) -> float | None:
    """The number at a path; None where there is none."""
    for step in path:
        if isinstance(value, (list, tuple)):
            value = next((row for row in value if row_name(row) == step), None)
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
