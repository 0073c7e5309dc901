"""What came out of a scenario: a run, its replications if there are several, and the figures of all of them.

Everything is worked out when it is first asked for, and once. Replications are the same simulation with independent
seeds: a number of the JSON contract is the mean of theirs, its interval Student's t; a percentile (p50, p95, p99) or a
maximum is the median of theirs, its interval one of order statistics: both are stated in
`rolloutsim.results.facts.intervals`, with 95 % confidence. Pulls of one replication depend on each other, so they are
never pooled; see `rolloutsim.results.combine` for what is unknown or missing in some of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rolloutsim.results.combine import combine, interval_of, row_name
from rolloutsim.results.facts.intervals import Interval
from rolloutsim.results.facts.records import CaseRecords, Run
from rolloutsim.results.metrics import RunSummary, summarise
from rolloutsim.results.numerals import number
from rolloutsim.results.parts import PartColumns, columns_of
from rolloutsim.results.thresholds import Measurement, ThresholdResult, judge, measure, numbers_in, on_draws, value_of
from rolloutsim.results.why.words import why
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.contract.case import Detail
    from rolloutsim.scenario.resolved import Threshold

ROLLOUT_TIME = "rollout_time_s"
_OF_THE_FIRST = "nodes, pulls and their links are those of the first replication; other numbers are of all {}"


@struct(eq=False)
class Replication:
    """The figures of one replication, without its records."""

    seed: int
    summary: RunSummary
    cases: Mapping[str, Mapping[str, Any]]  # by case its object in the JSON contract, detail `summary`, no thresholds
    measured: tuple[Measurement, ...]  # the values of the scenario's thresholds
    ready: Mapping[str, npt.NDArray[np.float64]]  # by case, when its pods or nodes became ready, ascending [s]
    parts: Mapping[str, PartColumns] = field(default_factory=dict)  # by case, its pulls, pods and nodes


def figures_of(run: Run) -> Replication:
    """The figures of a run that is one of several."""
    from rolloutsim.results.contract.case import case_figures  # a single run's table does without
    from rolloutsim.results.time.phases import readiness

    summary = summarise(run)
    cases = {case.name: case_figures(case, summary.cases[case.name]) for case in run.cases}
    ready = {case.name: readiness(case).times for case in run.cases}
    parts = {case.name: columns_of(run, case) for case in run.cases}
    return Replication(run.seed, summary, cases, measure(run, summary), ready, parts)


class Outcome:
    """What came out of a scenario.

    Parameters
    ----------
    run : Run
        The records of the simulation; with several replications, of the first, whose seed was asked for.
    replications : tuple of Replication
        The figures of all of them, the first included; empty where the run is the only one.
    draws : tuple of Replication
        Of the only run, and of more like it whose means are shown beside it; empty: there are none.
    """

    def __init__(
        self, run: Run, replications: tuple[Replication, ...] = (), draws: tuple[Replication, ...] = ()
    ) -> None:
        self.run = run
        self.replications = replications
        self.draws = draws

    def __len__(self) -> int:
        """How many replications there are."""
        return len(self.replications) or 1

    def __repr__(self) -> str:
        often = f"; {len(self)} replications" if self.replications else ""
        return f"<Outcome of {self.run.scenario.name!r}: {', '.join(self.cases)}{often}>"

    @property
    def cases(self) -> tuple[str, ...]:
        """The names of the cases."""
        return tuple(case.name for case in self.run.cases)

    @property
    def slowest(self) -> str:
        """The case with the largest rollout time in the run that there are records of."""
        return self.cases[0] if len(self.cases) == 1 else self.first.slowest.case

    def records(self, name: str) -> CaseRecords:
        """What happened in a case; with several replications, in the first.

        Raises
        ------
        KeyError
            If there is no such case.
        """
        for case in self.run.cases:
            if case.name == name:
                return case
        raise KeyError(f"no case {name!r}; cases: {', '.join(self.cases)}")

    @cached_property
    def beside(self) -> Outcome | None:
        """The draws that are shown beside the only run, as its replications; None: there are none."""
        return Outcome(self.run, self.draws) if self.draws else None

    @cached_property
    def first(self) -> RunSummary:
        """The figures of the run that there are records of: of the first replication."""
        return summarise(self.run)

    @cached_property
    def means(self) -> RunSummary:
        """The figures over all replications, each a mean (a percentile or maximum: the median) of theirs."""
        if not self.replications:
            return self.first
        combined: RunSummary = combine([one.summary for one in self.replications])[0]
        return combined

    @cached_property
    def each(self) -> tuple[Replication, ...]:
        """The figures of each replication; of the run where it is the only one."""
        return self.replications or (figures_of(self.run),)

    @cached_property
    def thresholds(self) -> tuple[ThresholdResult, ...]:
        """The scenario's thresholds, checked over all replications."""
        several = [one.measured for one in self.replications] or [measure(self.run, self.first)]
        results = tuple(judge(measured) for measured in zip(*several, strict=True))
        if self.replications:
            return results
        drawn = {case.name for case in self.run.cases if case.drawn}
        every = zip(*(one.measured for one in self.draws), strict=True) if self.draws else zip(*several, strict=True)
        return tuple(
            on_draws(result, draws) if result.case in drawn else result
            for result, draws in zip(results, every, strict=True)
        )

    @property
    def finished(self) -> bool:
        """Whether every pod became ready in all replications."""
        several = [one.summary for one in self.replications] or [self.first]
        return all(case.finished for one in several for case in one.cases.values())

    @cached_property
    def intervals(self) -> Mapping[str, Interval | None]:
        """With several replications, the 95 % interval of each case's rollout time [s]; empty: there is one."""
        return {case: self.interval(case) for case in self.cases if self.replications}

    @cached_property
    def why(self) -> str:
        """What the slowest case waited for, in words."""
        return why(self.run, self.means, len(self.replications))

    def lasted(self, case: str, workload: str) -> tuple[float | None, ...]:
        """From a workload's start to its last ready pod, in each replication [s]; None: unknown."""
        starts, ready = (self.values(case, "workloads", workload, key) for key in ("start_s", "ready_s"))
        return tuple(
            None if start is None or end is None else end - start for start, end in zip(starts, ready, strict=True)
        )

    def values(self, case: str, *path: str) -> tuple[float | None, ...]:
        """One number of the JSON contract in each replication, the rollout time by default.

        Its path is its keys, names of rows among them: `"links", "registry.uplink", "utilisation"`.
        """
        return tuple(_at(one.cases[case], path or (ROLLOUT_TIME,)) for one in self.each)

    def figures(self, case: str, about: Threshold) -> tuple[float | None, ...]:
        """What a condition is about, in each replication; None: unknown."""
        return tuple(value_of(about, numbers) for numbers in self._numbers(case, about))

    def has_figure(self, case: str, about: Threshold) -> bool:
        """Whether there is anything that a condition is about, in any replication, known or not."""
        return any(map(len, self._numbers(case, about)))

    def _numbers(self, case: str, about: Threshold) -> Iterator[npt.NDArray[np.float64]]:
        records = self.records(case)
        for one in self.each:
            finished = one.summary.cases[case].finished
            yield numbers_in(about, self.run, records, finished, one.cases[case], one.parts.get(case))

    def interval(self, case: str, *path: str) -> Interval | None:
        """The 95 % interval of a number; arguments as for `values`."""
        return interval_of(self.values(case, *path), path[-1] if path else "")

    def to_dict(self, detail: Detail | None = None) -> dict[str, Any]:
        """The JSON contract as nested dicts and lists; of several replications, values with their intervals, in `ci`.

        `detail` is `summary`, `nodes` or `full`; see `rolloutsim.results.document` for the default.
        """
        from rolloutsim.results.document import to_dict

        document = to_dict(self.run, self.first, self.thresholds, detail, len(self.draws) or len(self))
        if self.replications:
            document["replications"] = len(self)
            if any("nodes" in case for case in document["cases"]):
                document["notes"].append(_OF_THE_FIRST.format(len(self)))
            document["cases"] = [self._case(case) for case in document["cases"]]
        if self.beside is not None:
            for case in document["cases"]:
                case["draws"] = self.beside.in_short(case["case"])
        return document

    def in_short(self, case: str) -> dict[str, Any]:
        """Of a case the rollout time over all replications, and when its workloads were ready, with intervals."""
        figures = self.means.cases[case]
        found: dict[str, Any] = {"number": len(self)} | self._mean(ROLLOUT_TIME, figures.rollout_time_s, case)
        if figures.rollout is not None and figures.rollout.workloads:
            found["workloads"] = [
                {"workload": one.workload}
                | self._mean("ready_s", one.ready_s, case, "workloads", one.workload, "ready_s")
                for one in figures.rollout.workloads
            ]
        return found

    def _mean(self, key: str, value: float | None, case: str, *path: str) -> dict[str, Any]:
        """A number and its interval, as JSON holds them."""
        return {key: value, f"{key.removesuffix('_s')}_ci_s": _lists(self.interval(case, *path))}

    def to_json(self, detail: Detail | None = None) -> str:
        """The JSON contract as text, ending in a line feed."""
        from rolloutsim.results.document import to_text

        return to_text(self.to_dict(detail))

    def _case(self, first: Mapping[str, Any]) -> dict[str, Any]:
        """A case with the numbers of all replications in the place of the first one's."""
        whole, intervals = combine([one.cases[first["case"]] for one in self.replications])
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
