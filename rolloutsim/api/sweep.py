"""A sweep: a scenario at many points, its figures, and tables of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolloutsim import planning, report, results
from rolloutsim.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from rolloutsim.api.plotting import Plots
    from rolloutsim.planning.sweep.file import SweepRecords
    from rolloutsim.report.blocks import Report
    from rolloutsim.scenario.loading import Scenario

_MOST_ROWS = 50  # of the table in Jupyter (assumed)


class Sweep:
    """A scenario at many points, each simulated once or several times; `Scenario.sweep` makes it.

    Parameters
    ----------
    records : SweepRecords
        What was simulated.
    """

    def __init__(self, records: SweepRecords) -> None:
        self.records = records

    @classmethod
    def read(cls, path: str | Path) -> Sweep:
        """The sweep in a SQLite file, also of one that is not complete.

        Parameters
        ----------
        path : str or Path
            The file that `rolloutsim sweep -o` or `Scenario.sweep` wrote.

        Raises
        ------
        UsageError
            If there is no such file, or it is not of a sweep.
        """
        return cls(planning.sweep.file.read_records(Path(path)))

    @property
    def parameters(self) -> tuple[str, ...]:
        """The paths that are varied."""
        return tuple(parameter.path for parameter in self.records.head.parameters)

    @property
    def cases(self) -> tuple[str, ...]:
        """The names of the cases."""
        return self.records.cases

    @property
    def complete(self) -> bool:
        """Whether every point is there with all its replications."""
        return self.records.complete

    def __len__(self) -> int:
        return len(self.records.head.points)

    def report(self, path: str | Path | None = None) -> Report:
        """The report, and with a path its file.

        Parameters
        ----------
        path : str or Path, optional
            The file that is written: .html, .pdf or .md.

        Raises
        ------
        UsageError
            If the path ends in no form that a report has.
        OutputError
            If the file cannot be written.
        """
        if path is not None:
            report.file.check_form(Path(path))
        made = report.sweep_contents.report_of_sweep(self.records)
        if path is not None:
            results.files.write_file(Path(path), report.file.rendered((made,), Path(path)))
        return made

    @property
    def plot(self) -> Plots:
        """The figures: `sweep.plot.sweep_lines()`; `dir(sweep.plot)` lists them."""
        from rolloutsim.api.plotting import Plots

        return Plots(self.records, "sweep")

    def to_pandas(self, table: str = "joined") -> pd.DataFrame:
        """A table as a DataFrame; needs pandas, which rolloutsim does not.

        Parameters
        ----------
        table : str
            `joined`: one row a point, replication and case, with the parameters' values; or `points`, `results`,
            `links`, `time_split`, `thresholds`, … as in the SQLite file.

        Raises
        ------
        KeyError
            If there is no such table.
        """
        return planning.sweep.frames.to_pandas(self.records, table)

    def to_xarray(self, replications: bool = False) -> xr.Dataset:
        """All numbers of the cases as a Dataset; needs xarray, which rolloutsim does not.

        A grid has a dimension for each parameter, another design one named `point`; then comes `case`. Numbers are
        means over the replications (percentiles: medians), NaN where they are unknown; those of the rollout time's
        95 % interval are `rollout_time_ci_low_s` and `rollout_time_ci_high_s`. A parameter with a unit has a second
        coordinate with its numbers: `network_bytes_per_s`. `stuck` is text: what a rollout that did not finish waits
        for, empty where it finished.

        Parameters
        ----------
        replications : bool
            Keep the single replications, as a last dimension `replication`.
        """
        return planning.sweep.frames.to_xarray(self.records, replications)

    def to_parquet(self, path: str | Path) -> None:
        """Write `to_pandas()` to a Parquet file; needs pandas and pyarrow."""
        planning.sweep.frames.to_parquet(self.records, Path(path))

    def to_csv(self) -> str:
        """One line a point, replication and case."""
        return planning.sweep.figures.to_csv(self.records)

    def to_json(self) -> str:
        """The JSON contract `rolloutsim.sweep/1`: at each point the numbers of each case, with intervals."""
        return planning.sweep.figures.to_json(self.records)

    def to_markdown(self) -> str:
        """The table of rollout times."""
        return planning.sweep.figures.to_markdown(self.records)

    @cached_property
    def _title(self) -> str:
        return planning.sweep.figures.title(self.records)

    def __repr__(self) -> str:
        return f"<Sweep of {self._title}: {', '.join(self.parameters)}>"

    def _repr_html_(self) -> str:
        found = planning.sweep.figures.table(self.records)
        count = len(found.rows)
        more = f" (the first {_MOST_ROWS} rows of {count})" if count > _MOST_ROWS else ""
        return results.shown.tabular.html(replace(found, rows=found.rows[:_MOST_ROWS]), f"{self._title}{more}")


def sweep(
    scenario: Scenario,
    parameters: Mapping[str, Any] | None,
    replications: int | None,
    seed: int | None,
    design: str | None,
    points: int | None,
    jobs: int,
    cluster: str | None,
    path: str | Path | None,
    resume: bool,
    show: Sequence[str] = (),
) -> Sweep:
    """What `Scenario.sweep` does."""
    designs, running, workers = planning.sweep.designs, planning.sweep.running, planning.sweep.workers
    draft = scenario.draft()
    if parameters is None:
        chosen = designs.from_data(draft.data, designs.kind_of(design), points)
        if chosen is None:
            raise UsageError("the scenario has no key 'sweep'; name parameters, as in s.sweep({'nodes': [20, 50]})")
    else:
        chosen = designs.from_mapping(parameters, design, points)
    if resume and path is None:
        raise UsageError("resume goes on with a file: name it as path")
    planned = running.plan(draft, chosen, _whole("replications", replications, 1), seed, show)
    records = running.sweep(planned, None if path is None else Path(path), resume, workers.workers(jobs, cluster))
    if records.interrupted:
        raise KeyboardInterrupt
    return Sweep(records)


def _whole(name: str, value: Any, least: int) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not hasattr(value, "__index__") or value.__index__() < least:
        raise UsageError(f"{name} {value!r} is not a whole number from {least} on")
    return int(value.__index__())
