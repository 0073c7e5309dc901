"""A simulated scenario: its cases, their figures, and tables of what happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from rolloutsim.results.contract import Detail
    from rolloutsim.results.links import LinkSummary
    from rolloutsim.results.metrics import CaseSummary, RunSummary
    from rolloutsim.results.records import CaseRecords, Run
    from rolloutsim.results.statistics import Spread
    from rolloutsim.results.thresholds import ThresholdResult
    from rolloutsim.scenario.resolved import ResolvedScenario


class Result:
    """A simulated scenario: `result["builder"]` is a case, iterating gives all of them.

    Parameters
    ----------
    run : Run
        The records of the simulation.
    """

    def __init__(self, run: Run) -> None:
        self.run = run

    @property
    def scenario(self) -> ResolvedScenario:
        """What was simulated, with every default filled in."""
        return self.run.scenario

    @cached_property
    def summary(self) -> RunSummary:
        """The figures of all cases."""
        from rolloutsim.results.metrics import summarise

        return summarise(self.run)

    @cached_property
    def thresholds(self) -> tuple[ThresholdResult, ...]:
        """The scenario's thresholds, checked."""
        from rolloutsim.results.thresholds import check

        return check(self.run, self.summary)

    @property
    def cases(self) -> tuple[str, ...]:
        """The names of the cases."""
        return tuple(case.name for case in self.run.cases)

    @property
    def finished(self) -> bool:
        """Whether every pod of every case became ready."""
        return all(case.finished for case in self.run.cases)

    def __getitem__(self, name: str) -> CaseResult:
        for records in self.run.cases:
            if records.name == name:
                return CaseResult(records, self.summary.cases[name])
        raise KeyError(f"no case {name!r}; cases: {', '.join(self.cases)}")

    def __iter__(self) -> Iterator[CaseResult]:
        return (self[name] for name in self.cases)

    def __len__(self) -> int:
        return len(self.run.cases)

    def why(self) -> str:
        """What the slowest case waited for, in words."""
        from rolloutsim.results.why import why

        return why(self.run, self.summary)

    def to_json(self, detail: Detail | None = None) -> str:
        """The JSON contract `rolloutsim.run/1`; `detail` is `summary`, `nodes` or `full`."""
        from rolloutsim.results.contract import to_json

        return to_json(self.run, detail, self.summary)

    def to_csv(self) -> str:
        """One line a case."""
        from rolloutsim.results.tables import to_csv

        return to_csv(self.run, self.summary)

    def to_markdown(self) -> str:
        """The table, why, and the thresholds."""
        from rolloutsim.results.tables import to_markdown

        return to_markdown(self.run, self.summary)

    def __repr__(self) -> str:
        return f"<Result of {self.scenario.name!r}: {', '.join(self.cases)}>"

    def _repr_html_(self) -> str:
        from rolloutsim.results.tables import case_rows

        rows = case_rows(self.run, self.summary)
        headings = [column.heading for column in rows.columns]
        sides = [column.side for column in rows.columns]
        return _html(headings, rows.rows, sides, caption=self.scenario.name)


class CaseResult:
    """One case: the rollout of one image, or of everything in a schedule.

    Parameters
    ----------
    records : CaseRecords
        What happened.
    summary : CaseSummary
        Its figures.
    """

    def __init__(self, records: CaseRecords, summary: CaseSummary) -> None:
        self.records = records
        self.summary = summary

    @property
    def name(self) -> str:
        """Its name: the image's, or `all`."""
        return self.summary.case

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

    @property
    def links(self) -> tuple[LinkSummary, ...]:
        """How busy each link was."""
        return self.summary.links

    @cached_property
    def nodes(self) -> Table:
        """One row a node: when it asked, had its images, was ready; bytes it fetched."""
        from rolloutsim.results.columns import node_columns

        return Table(node_columns(self.records))

    @cached_property
    def pulls(self) -> Table:
        """One row a pull."""
        from rolloutsim.results.columns import pull_columns

        return Table(pull_columns(self.records))

    @cached_property
    def layers(self) -> Table:
        """One row a layer of a pull; `pull` is the row of `pulls`."""
        from rolloutsim.results.columns import layer_columns

        return Table(layer_columns(self.records))

    def __repr__(self) -> str:
        time = "did not finish" if self.rollout_time is None else f"{self.rollout_time:.6g} s"
        return f"<CaseResult {self.name!r}: {time}>"


class Table(Mapping[str, Sequence[Any]]):
    """Columns by name; units are in the names, NaN is what never happened.

    Parameters
    ----------
    columns : mapping of str to sequence
        Columns of equal length: numpy arrays, or lists of names.
    """

    def __init__(self, columns: Mapping[str, Sequence[Any]]) -> None:
        self._columns = dict(columns)

    def __getitem__(self, column: str) -> Sequence[Any]:
        if column not in self._columns:
            raise KeyError(f"no column {column!r}; columns: {', '.join(self._columns)}")
        return self._columns[column]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(next(iter(self._columns.values()), ()))

    def to_pandas(self) -> pd.DataFrame:
        """The table as a DataFrame; needs pandas, which rolloutsim does not."""
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError("to_pandas() needs pandas: pip install 'rolloutsim[pandas]'") from error
        return pd.DataFrame(self._columns)

    def __repr__(self) -> str:
        return f"<Table of {self.rows} rows: {', '.join(self)}>"

    def _repr_html_(self, most: int = 20) -> str:
        shown = [column[:most] for column in self._columns.values()]
        caption = f"{self.rows} rows" if self.rows <= most else f"the first {most} of {self.rows} rows"
        return _html(list(self), [tuple(map(str, row)) for row in zip(*shown, strict=True)], caption=caption)


def _html(
    headings: Sequence[str], rows: Sequence[Sequence[str]], sides: Sequence[str] | None = None, caption: str = ""
) -> str:
    """A table that looks like its surroundings."""
    from html import escape  # only Jupyter asks for this

    sides = sides or ["left"] * len(headings)
    head = "".join(f'<th style="text-align:{side}">{escape(h)}</th>' for h, side in zip(headings, sides, strict=True))
    body = "".join(
        "<tr>"
        + "".join(f'<td style="text-align:{s}">{escape(c)}</td>' for c, s in zip(row, sides, strict=True))
        + "</tr>"
        for row in rows
    )
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
