"""A simulated scenario: its cases, their figures, and tables of what happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rolloutsim.api.table import Table

if TYPE_CHECKING:
    from rolloutsim.api.plotting import Plots
    from rolloutsim.planning.sensitivity import Sensitivity
    from rolloutsim.planning.what_if import WhatIfs
    from rolloutsim.report.blocks import Report
    from rolloutsim.results.contract.case import Detail
    from rolloutsim.results.facts.intervals import Interval, Spread
    from rolloutsim.results.facts.records import CaseRecords, Run
    from rolloutsim.results.load.background import BackgroundSummary
    from rolloutsim.results.load.disks import DiskSummary
    from rolloutsim.results.load.links import LinkSummary
    from rolloutsim.results.metrics import CaseSummary, RunSummary
    from rolloutsim.results.pods.rollouts import RolloutSummary
    from rolloutsim.results.replicated import Replications
    from rolloutsim.results.shown.tables import Intervals
    from rolloutsim.results.thresholds import ThresholdResult
    from rolloutsim.scenario.resolved import ResolvedScenario


class Result:
    """A simulated scenario: `result["builder"]` is a case, iterating gives all of them.

    Parameters
    ----------
    run : Run
        The records of the simulation; with several replications, of the first.
    replications : Replications, optional
        The figures of all of them; every figure of the result is then a mean, with an interval.
    """

    def __init__(self, run: Run, replications: Replications | None = None) -> None:
        self.run = run
        self.replications = replications

    @property
    def scenario(self) -> ResolvedScenario:
        """What was simulated, with every default filled in."""
        return self.run.scenario

    @cached_property
    def summary(self) -> RunSummary:
        """The figures of all cases."""
        if self.replications is not None:
            return self.replications.summary
        from rolloutsim.results.metrics import summarise

        return summarise(self.run)

    @cached_property
    def thresholds(self) -> tuple[ThresholdResult, ...]:
        """The scenario's thresholds, checked."""
        if self.replications is not None:
            return self.replications.thresholds
        from rolloutsim.results.thresholds import check

        return check(self.run, self.summary)

    @property
    def cases(self) -> tuple[str, ...]:
        """The names of the cases."""
        return tuple(case.name for case in self.run.cases)

    @property
    def finished(self) -> bool:
        """Whether every pod of every case became ready, in every replication."""
        if self.replications is not None:
            return self.replications.finished
        return all(case.finished for case in self.run.cases)

    def __getitem__(self, name: str) -> CaseResult:
        for records in self.run.cases:
            if records.name == name:
                interval = None if self.replications is None else self.replications.interval(name)
                return CaseResult(records, self.summary.cases[name], interval, self)
        raise KeyError(f"no case {name!r}; cases: {', '.join(self.cases)}")

    def __iter__(self) -> Iterator[CaseResult]:
        return (self[name] for name in self.cases)

    def __len__(self) -> int:
        return len(self.run.cases)

    @property
    def intervals(self) -> Intervals | None:
        """With several replications, the 95 % interval of each case's rollout time [s]; None: there is one."""
        return None if self.replications is None else self.replications.rollout_times

    @property
    def plot(self) -> Plots:
        """The figures: `result.plot.rollout()`; `dir(result.plot)` lists them."""
        from rolloutsim.api.plotting import Plots

        return Plots(self)

    def why(self) -> str:
        """What the slowest case waited for, in words."""
        from rolloutsim.results.why.words import why

        return why(self.run, self.summary)

    def what_if(self, case: str | None = None, jobs: int = -1, budget: float = 60.0) -> Table:
        """Changes that could make a case faster, each simulated, the largest gain first; `set` is as for `--set`.

        Parameters
        ----------
        case : str, optional
            The case; the slowest by default.
        jobs : int
            How many processes may work, -1: one a core.
        budget : float
            How much computing the trials may take, as estimated, on one core [s].
        """
        from rolloutsim.planning.what_if import what_if

        found = what_if(self.run, self.run_summary, case=self._checked(case), jobs=jobs, budget=budget)
        return Table(found.to_columns())

    def sensitivity(self, case: str | None = None, jobs: int = -1, budget: float = 120.0) -> Table:
        """How the rollout time of a case changes with each number of the scenario, a tenth less and more of it.

        Parameters
        ----------
        case, jobs, budget
            As for `what_if`.
        """
        from rolloutsim.planning.sensitivity import sensitivity

        found = sensitivity(self.run, self.run_summary, case=self._checked(case), jobs=jobs, budget=budget)
        return Table(found.to_columns())

    def report(self, changes: WhatIfs | None = None, inputs: Sensitivity | None = None) -> Report:
        """The capacity-planning report; `rolloutsim.report` turns it into HTML, PDF or Markdown.

        Parameters
        ----------
        changes : WhatIfs, optional
            What would help, simulated; by default a smaller image and the two most promising
            other changes are tried.
        inputs : Sensitivity, optional
            How much each input matters, simulated (`rolloutsim.planning.sensitivity`); by default that is left out.
        """
        from rolloutsim.planning.what_if import quick_what_if
        from rolloutsim.report.contents import report_of_run

        often = "" if self.replications is None else f" --replications {len(self.replications)}"
        return report_of_run(
            self.run,
            self.summary,
            self.thresholds,
            quick_what_if(self.run, self.run_summary) if changes is None else changes,
            inputs,
            first=self.run_summary,
            intervals=self.intervals,
            replications=None if self.replications is None else self.replications.each,
            command=f"rolloutsim run scenario.yaml --seed {self.run.seed}{often} -o DIR",
        )

    def to_html(self, changes: WhatIfs | None = None, inputs: Sensitivity | None = None) -> str:
        """The report as one HTML file that needs nothing else; parameters as for `report`."""
        from rolloutsim.report.page import to_html

        return to_html((self.report(changes, inputs),))

    @property
    def run_summary(self) -> RunSummary | None:
        """The figures of the one run that there are records of; None: not at hand."""
        return self.summary if self.replications is None else None

    def _checked(self, case: str | None) -> str | None:
        return None if case is None else self[case].name

    def to_json(self, detail: Detail | None = None, changes: WhatIfs | None = None) -> str:
        """The JSON contract `rolloutsim.run/1`.

        Parameters
        ----------
        detail : str, optional
            `summary`, `nodes` or `full`.
        changes : WhatIfs, optional
            What was tried, for its `what_if`.
        """
        from rolloutsim.results.document import to_dict, to_text

        whole = (
            to_dict(self.run, detail, self.summary) if self.replications is None else self.replications.to_dict(detail)
        )
        tried = {} if changes is None or not changes.tried else {"what_if": changes.to_rows()}
        return to_text(whole | tried)

    def to_csv(self) -> str:
        """One line a case."""
        from rolloutsim.results.shown.tables import to_csv

        return to_csv(self.run, self.summary, self.intervals)

    def to_markdown(self) -> str:
        """The table, why, and the thresholds."""
        from rolloutsim.results.shown.tables import to_markdown

        return to_markdown(self.run, self.summary, self.thresholds, self.intervals)

    def __repr__(self) -> str:
        return f"<Result of {self.scenario.name!r}: {', '.join(self.cases)}>"

    def _repr_html_(self) -> str:
        from rolloutsim.api.html import of_result

        return of_result(self)


def simulated(
    scenario: ResolvedScenario,
    seed: int | None = None,
    replications: int | None = None,
    jobs: int = 1,
    progress: Callable[[str, float, float], None] | None = None,
) -> Result:
    """Simulate a scenario, several times if it (or `replications`) says so; see `planning.replicate.replicate`."""
    from rolloutsim.planning.jobs import check_jobs

    check_jobs(jobs)
    if (scenario.replications if replications is None else replications) == 1:
        from rolloutsim.simulation import simulate

        return Result(simulate(scenario, seed, progress))
    from rolloutsim.planning.replicate import replicate

    found = replicate(scenario, seed, replications, jobs, progress)
    return Result(found.first, found)


def loaded(path: str | Path) -> Result:
    """The result in a folder written by `rolloutsim run -o`, or in its records.npz.

    Raises
    ------
    UsageError
        If there is none.
    """
    from rolloutsim.results.replicated import Replications
    from rolloutsim.results.store import load_result

    run, each = load_result(path)
    return Result(run, Replications(run, each) if each else None)


class CaseResult:
    """One case: the rollout of one image, or of everything in a schedule.

    Parameters
    ----------
    records : CaseRecords
        What happened.
    summary : CaseSummary
        Its figures.
    rollout_time_ci : Interval, optional
        With several replications, the 95 % interval of the rollout time [s].
    result : Result, optional
        Whose case it is; its figures need it.
    """

    def __init__(
        self,
        records: CaseRecords,
        summary: CaseSummary,
        rollout_time_ci: Interval | None = None,
        result: Result | None = None,
    ) -> None:
        self.records = records
        self.summary = summary
        self.rollout_time_ci = rollout_time_ci
        self._result = result

    @property
    def name(self) -> str:
        """Its name: the image's, or `all`."""
        return self.summary.case

    @property
    def finished(self) -> bool:
        """Whether every pod became ready."""
        return self.summary.finished

    @property
    def plot(self) -> Plots:
        """The figures of this case: `case.plot.timeline()`; `dir(case.plot)` lists them."""
        from rolloutsim.api.plotting import Plots
        from rolloutsim.errors import UsageError

        if self._result is None:
            raise UsageError("this case belongs to no result, which its figures need; take it from one: result[name]")
        return Plots(self._result, self.name)

    @property
    def rollout_time(self) -> float | None:
        """From the rollout's start until the last pod is ready [s]; None if it did not finish."""
        return self.summary.rollout_time_s

    @property
    def alone_time(self) -> float | None:
        """Mean pull time of the same pulls alone on an idle system [s]."""
        return self.summary.alone_time_s

    @property
    def bytes_on_wire(self) -> float:
        """What all pulls fetched [B]."""
        return self.summary.bytes_on_wire

    @property
    def pull_time(self) -> Spread | None:
        """Mean, quantiles and maximum of asked → image ready [s]."""
        return self.summary.pull_time_s

    @property
    def slowdown(self) -> Spread | None:
        """Mean, quantiles and maximum of pull time / pull time alone [1]."""
        return self.summary.slowdown

    @property
    def time_split(self) -> Mapping[str, float]:
        """Seconds by cause, summed over the pulls [s]."""
        return self.summary.time_split_s

    @cached_property
    def causes(self) -> Table:
        """Why it lasted as long: one row a cause, on the last pod's path (they add up) and on all pods' paths."""
        from rolloutsim.results.why.causes import cause_columns

        return Table(cause_columns(self.records, self.summary))

    @property
    def links(self) -> tuple[LinkSummary, ...]:
        """How busy each link was."""
        return self.summary.links

    @cached_property
    def nodes(self) -> Table:
        """One row a node: when it asked, had its images, was ready; bytes it fetched."""
        from rolloutsim.results.contract.columns import node_columns

        return Table(node_columns(self.records))

    @cached_property
    def pulls(self) -> Table:
        """One row a pull."""
        from rolloutsim.results.contract.columns import pull_columns

        return Table(pull_columns(self.records))

    @cached_property
    def layers(self) -> Table:
        """One row a layer of a pull; `pull` is the row of `pulls`."""
        from rolloutsim.results.contract.columns import layer_columns

        return Table(layer_columns(self.records))

    @cached_property
    def pods(self) -> Table:
        """One row a pod of the new version; without workloads, kubelets, faults or pushes a pod is a pull."""
        from rolloutsim.results.contract.columns import pod_columns

        return Table(pod_columns(self.records))

    @property
    def rollout(self) -> RolloutSummary | None:
        """Workloads, registries, pushes, faults and failures; None for bare pulls."""
        return self.summary.rollout

    @cached_property
    def background(self) -> tuple[BackgroundSummary, ...]:
        """What other applications had before, during and after the rollout, in the order of the scenario."""
        from rolloutsim.results.load.background import background_summaries

        return background_summaries(self.records)

    @property
    def disk(self) -> DiskSummary | None:
        """What the images take on disks; None for bare pulls, unless prices are given."""
        return self.summary.disk

    def __repr__(self) -> str:
        time = "did not finish" if self.rollout_time is None else f"{self.rollout_time:.6g} s"
        return f"<CaseResult {self.name!r}: {time}>"
