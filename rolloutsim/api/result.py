"""A simulated scenario: its cases, their figures, and tables of what happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolloutsim import planning, results
from rolloutsim.api.table import Table
from rolloutsim.errors import UsageError
from rolloutsim.results.numerals import plus_minus, show_time
from rolloutsim.results.outcome import Outcome

if TYPE_CHECKING:
    from rolloutsim.api.plotting import Plots
    from rolloutsim.planning.sensitivity import Sensitivity
    from rolloutsim.planning.tried import WhatIfs
    from rolloutsim.report.blocks import Report
    from rolloutsim.results.contract.case import Detail
    from rolloutsim.results.facts.intervals import Interval, Spread
    from rolloutsim.results.facts.records import CaseRecords, Run
    from rolloutsim.results.load.background import BackgroundSummary
    from rolloutsim.results.load.disks import DiskSummary
    from rolloutsim.results.load.links import LinkSummary
    from rolloutsim.results.metrics import CaseSummary, RunSummary
    from rolloutsim.results.pods.rollouts import RolloutSummary
    from rolloutsim.results.thresholds import ThresholdResult
    from rolloutsim.scenario.resolved import ResolvedScenario


_MOST_NAMED = 4  # cases in a result's repr (assumed: a line)


class Result:
    """A simulated scenario: `result["builder"]` is a case, iterating gives all of them.

    With several replications every figure is a mean, with an interval.

    Parameters
    ----------
    outcome : Outcome
        What came out of it.
    """

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome

    @property
    def run(self) -> Run:
        """The records of the simulation; with several replications, of the first."""
        return self.outcome.run

    @property
    def replications(self) -> Outcome | None:
        """The figures of all replications, `len()` of them; None: there is one."""
        return self.outcome if self.outcome.replications else None

    @property
    def draws(self) -> Outcome | None:
        """More draws of a run that is random, whose means `rolloutsim run` shows beside it; None: there are none."""
        return self.outcome.beside

    @property
    def scenario(self) -> ResolvedScenario:
        """What was simulated, with every default filled in."""
        return self.run.scenario

    @property
    def summary(self) -> RunSummary:
        """The figures of all cases; with several replications their means."""
        return self.outcome.means

    @property
    def run_summary(self) -> RunSummary:
        """The figures of the one run that there are records of; with several replications, of the first."""
        return self.outcome.first

    @property
    def thresholds(self) -> tuple[ThresholdResult, ...]:
        """The scenario's thresholds, checked."""
        return self.outcome.thresholds

    @property
    def cases(self) -> tuple[str, ...]:
        """The names of the cases."""
        return self.outcome.cases

    @property
    def finished(self) -> bool:
        """Whether every pod of every case became ready, in every replication."""
        return self.outcome.finished

    @property
    def intervals(self) -> Mapping[str, Interval | None] | None:
        """With several replications, the 95 % interval of each case's rollout time [s]; None: there is one."""
        return self.outcome.intervals or None

    def __getitem__(self, name: str) -> CaseResult:
        records = self.outcome.records(name)
        return CaseResult(records, self.summary.cases[name], self.outcome.intervals.get(name), self)

    def __iter__(self) -> Iterator[CaseResult]:
        return (self[name] for name in self.cases)

    def __len__(self) -> int:
        return len(self.cases)

    @property
    def plot(self) -> Plots:
        """The figures: `result.plot.rollout()`; `dir(result.plot)` lists them."""
        from rolloutsim.api.plotting import OF_A_RESULT, Plots

        return Plots(self.outcome, *OF_A_RESULT)

    def why(self) -> str:
        """What the slowest case waited for, in words."""
        return self.outcome.why

    def what_if(self, case: str | None = None, jobs: int = -1, budget: float = 60.0) -> Table:
        """Changes that could make a case faster, each simulated; `set` is as for `--set`.

        The largest gain comes first, after what changes the turns of pods that follow one another. Where a threshold
        is missed, changes are judged by that: what meets it comes first, its value is in columns of its own.

        Parameters
        ----------
        case : str, optional
            The case; by default the slowest, or that of the threshold which is missed.
        jobs : int
            How many processes may work, -1: one a core.
        budget : float
            How much computing the trials may take, on one core, and how long on the clock [s].
        """
        found = planning.what_if.what_if(self.outcome, case=self._checked(case), jobs=jobs, budget=budget)
        return Table(found.to_columns())

    def sensitivity(self, case: str | None = None, jobs: int = -1, budget: float = 120.0) -> Table:
        """How the rollout time of a case changes with each number of the scenario, a tenth less and more of it.

        Parameters
        ----------
        case, jobs, budget
            As for `what_if`.
        """
        found = planning.sensitivity.sensitivity(self.outcome, case=self._checked(case), jobs=jobs, budget=budget)
        return Table(found.to_columns())

    def report(
        self, path: str | Path | None = None, changes: WhatIfs | None = None, inputs: Sensitivity | None = None
    ) -> Report:
        """The capacity-planning report, and with a path its file: `result.report("report.html")`.

        Parameters
        ----------
        path : str or Path, optional
            The file that is written: .html, .pdf or .md.
        changes : WhatIfs, optional
            What would help, simulated; by default a smaller image and the two most promising
            other changes are tried.
        inputs : Sensitivity, optional
            How much each input matters, simulated (`rolloutsim.planning.sensitivity`); by default that is left out.

        Raises
        ------
        UsageError
            If the path ends in no form that a report has.
        OutputError
            If the file cannot be written.
        """
        from rolloutsim.report.contents import report_of_run
        from rolloutsim.report.file import check_form, rendered

        if path is not None:
            check_form(Path(path))
        changes = planning.what_if.quick_what_if(self.outcome) if changes is None else changes
        made = report_of_run(self.outcome, changes, inputs)
        if path is not None:
            results.files.write_file(Path(path), rendered((made,), Path(path)))
        return made

    def to_html(self, changes: WhatIfs | None = None, inputs: Sensitivity | None = None) -> str:
        """The report as one HTML file that needs nothing else; parameters as for `report`."""
        from rolloutsim.report.page import to_html

        return to_html((self.report(changes=changes, inputs=inputs),))

    def _checked(self, case: str | None) -> str | None:
        return None if case is None else self.outcome.records(case).name

    def to_json(self, detail: Detail | None = None, changes: WhatIfs | None = None) -> str:
        """The JSON contract `rolloutsim.run/1`.

        Parameters
        ----------
        detail : str, optional
            `summary`, `nodes` or `full`.
        changes : WhatIfs, optional
            What was tried, for its `what_if`.
        """
        tried = {} if changes is None or not changes.tried else {"what_if": changes.to_rows()}
        return results.document.to_text(self.outcome.to_dict(detail) | tried)

    def to_csv(self) -> str:
        """One line a case."""
        return results.shown.tables.to_csv(self.outcome)

    def to_markdown(self) -> str:
        """The table, why, and the thresholds."""
        return results.shown.tables.to_markdown(self.outcome)

    def save(
        self,
        directory: str | Path,
        detail: Detail | None = None,
        changes: WhatIfs | None = None,
        inputs: Sensitivity | None = None,
        with_report: bool = True,
    ) -> None:
        """Write what `rolloutsim run -o` writes: result.json, cases.csv, summary.md, records.npz and report.html.

        `rolloutsim.read(directory)` gives it back; `compare` and the commands take the directory as well.

        Parameters
        ----------
        directory : str or Path
            The folder; it is made if it is not there.
        detail : str, optional
            As for `to_json`.
        changes, inputs
            As for `report`.
        with_report : bool
            Whether the report is wanted, which takes the most time.

        Raises
        ------
        OutputError
            If a file cannot be written.
        """
        changes = planning.what_if.quick_what_if(self.outcome) if changes is None else changes
        contents: list[str | bytes] = [
            self.to_json(detail, changes),
            self.to_csv(),
            self.to_markdown(),
            results.store.to_bytes(self.outcome),
        ]
        if with_report:
            contents.append(self.to_html(changes, inputs))
        named = zip(results.files.RESULT_FILES, contents, strict=False)
        results.files.write_result(Path(directory), dict(named))

    def __repr__(self) -> str:
        shown = [f"{case.name} {_time(case)}" for case in islice(self, _MOST_NAMED)]
        more = len(self) - len(shown)
        often = "" if self.replications is None else f"; {len(self.replications)} replications"
        often += "; one draw" if self.replications is None and any(case.drawn for case in self.run.cases) else ""
        return f"<Result of {self.scenario.name!r}: {', '.join(shown)}{f' and {more} more' if more else ''}{often}>"

    def _ipython_key_completions_(self) -> tuple[str, ...]:
        return self.cases

    def _repr_html_(self) -> str:
        from rolloutsim.api.html import of_result

        return of_result(self.outcome)


def simulated(
    scenario: ResolvedScenario,
    seed: int | None = None,
    replications: int | None = None,
    jobs: int = 1,
    progress: Callable[[str, float, float], None] | None = None,
    beside: bool = False,
) -> Result:
    """Simulate a scenario, several times if it (or `replications`) says so; see `planning.replicate.replicate`.

    With `beside` and where nobody says how often, more draws stand beside a random run: `planning.replicate.draws`.
    """
    planning.jobs.check_jobs(jobs)
    if (scenario.replications if replications is None else replications) == 1:
        from rolloutsim.simulation import AloneTimes, simulate

        times = AloneTimes(scenario)
        run = simulate(scenario, seed, progress, times)
        if not beside or replications is not None or not any(case.drawn for case in run.cases):
            return Result(Outcome(run))
        return Result(Outcome(run, draws=planning.replicate.draws(scenario, run, times, jobs, progress)))
    return Result(planning.replicate.replicate(scenario, seed, replications, jobs, progress))


def read(path: str | Path) -> Result:
    """The result in a folder: the one that `Result.save` or `rolloutsim run -o` wrote, with all that it can be asked.

    Parameters
    ----------
    path : str or Path
        The folder, or the records.npz or result.json in it.

    Raises
    ------
    UsageError
        If there is no result.
    """
    return Result(results.store.load(path))


def _figure(name: str, about: str) -> Any:
    """A figure of a case's summary."""
    return property(attrgetter(f"summary.{name}"), doc=about)


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

    name: str = _figure("case", "Its name: the image's, or `all`.")
    finished: bool = _figure("finished", "Whether every pod became ready.")
    rollout_time: float | None = _figure(
        "rollout_time_s", "From the rollout's start until the last pod is ready [s]; None if it did not finish."
    )
    alone_time: float | None = _figure("alone_time_s", "Mean pull time of the same pulls alone on an idle system [s].")
    bytes_on_wire: float = _figure("bytes_on_wire", "What all pulls fetched [B].")
    pull_time: Spread | None = _figure("pull_time_s", "Mean, quantiles and maximum of asked → image ready [s].")
    slowdown: Spread | None = _figure("slowdown", "Mean, quantiles and maximum of pull time / pull time alone [1].")
    time_split: Mapping[str, float] = _figure(
        "time_split_s", "Seconds by cause until the pods are ready, summed over them [s]."
    )
    links: tuple[LinkSummary, ...] = _figure("links", "How busy each link was.")
    rollout: RolloutSummary | None = _figure(
        "rollout", "Workloads, registries, pushes, faults and failures; None for bare pulls."
    )
    disk: DiskSummary | None = _figure(
        "disk", "What the images take on disks; None for bare pulls, unless prices are given."
    )

    @property
    def plot(self) -> Plots:
        """The figures of this case: `case.plot.timeline()`; `dir(case.plot)` lists them."""
        from rolloutsim.api.plotting import OF_A_RESULT, Plots

        if self._result is None:
            raise UsageError("this case belongs to no result, which its figures need; take it from one: result[name]")
        return Plots(self._result.outcome, *OF_A_RESULT, case=self.name)

    @cached_property
    def causes(self) -> Table:
        """Why it lasted as long: one row a cause, on the last pod's path (they add up) and on all pods' paths."""
        return Table(results.why.critical.cause_columns(self.records, self.summary))

    @cached_property
    def nodes(self) -> Table:
        """One row a node: when it asked, had its images, was ready; bytes it fetched."""
        return Table(results.contract.columns.node_columns(self.records))

    @cached_property
    def pulls(self) -> Table:
        """One row a pull."""
        return Table(results.contract.columns.pull_columns(self.records))

    @cached_property
    def layers(self) -> Table:
        """One row a layer of a pull, of one that failed those it came to; `pull` is the row of `pulls`."""
        return Table(results.contract.columns.layer_columns(self.records))

    @cached_property
    def pods(self) -> Table:
        """One row a pod of the new version; without workloads, kubelets, faults or pushes a pod is a pull."""
        return Table(results.contract.columns.pod_columns(self.records))

    @cached_property
    def background(self) -> tuple[BackgroundSummary, ...]:
        """What other applications had before, during and after the rollout, in the order of the scenario."""
        return results.load.background.background_summaries(self.records)

    def __repr__(self) -> str:
        return f"<CaseResult {self.name!r}: {_time(self)}>"


def _time(case: CaseResult) -> str:
    """Its rollout time, behind ± half the interval."""
    if case.rollout_time is None:
        return "did not finish"
    interval = case.rollout_time_ci
    if interval is None or interval.is_rounding:
        return show_time(case.rollout_time)
    return plus_minus(show_time, case.rollout_time, interval.half)
