"""How much a rollout time depends on each number of the scenario: the data of a tornado.

Each number is made a tenth smaller and a tenth larger (a count below ten: by one), alone, and the case is simulated
again with the same seed. Nothing is estimated. The numbers are those of `rolloutsim.planning.inputs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rolloutsim.planning.inputs import Input, inputs
from rolloutsim.planning.trials import Trials
from rolloutsim.planning.what_if import BUDGET, situation_of
from rolloutsim.results.metrics import RunSummary, summarise

if TYPE_CHECKING:
    from rolloutsim.planning.trials import Overrides
    from rolloutsim.results.records import Run


@dataclass(frozen=True, slots=True)
class Row:
    """What one input does.

    Parameters
    ----------
    path : str
        Where it stands in the scenario, as `--set` takes it.
    by : str
        How far it was changed each way: `10%`, or `1` for a small count.
    value, low_value, high_value : str
        The input as it is, made smaller, and made larger.
    low, high : float or None
        The rollout time with it made smaller and made larger [s]; None: the scenario is not valid so, or the rollout
        does not finish.
    base : float
        The rollout time as it is [s].
    """

    path: str
    by: str
    value: str
    low_value: str
    high_value: str
    low: float | None
    base: float
    high: float | None

    @property
    def span(self) -> float:
        """From the shortest of the rollout times to the longest [s]."""
        times = [time for time in (self.low, self.base, self.high) if time is not None]
        return max(times) - min(times)


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """The inputs of a case.

    Parameters
    ----------
    case : str
        The case; empty if there is none that finished.
    rows : tuple of Row
        The largest span first.
    left_out : tuple of str
        Paths that did not fit into the budget.
    seconds : float
        What all trials are estimated to take on one core [s].
    """

    case: str = ""
    rows: tuple[Row, ...] = ()
    left_out: tuple[str, ...] = ()
    seconds: float = 0.0

    def to_document(self) -> dict[str, Any]:
        """The rows, and what was not tried, as JSON holds it."""
        base = self.rows[0].base if self.rows else None
        return {"rollout_time_s": base, "sensitivity": self.to_rows(), "not_tried": list(self.left_out)}

    def to_columns(self) -> dict[str, list[Any]]:
        """The rows, column by column."""
        rows = self.to_rows()
        return {key: [row[key] for row in rows] for key in (rows[0] if rows else ())}

    def to_rows(self) -> list[Mapping[str, Any]]:
        """The rows as JSON holds them."""
        return [
            {"case": self.case, "path": row.path, "by": row.by}
            | {key: value for key, value in asdict(row).items() if key.endswith("value")}
            | {"low_s": row.low, "base_s": row.base, "high_s": row.high, "span_s": row.span}
            for row in self.rows
        ]


def sensitivity(
    run: Run, summary: RunSummary | None = None, *, case: str | None = None, jobs: int = -1, budget: float = 2 * BUDGET
) -> Sensitivity:
    """Change every input of a case a little, each alone, both ways.

    Parameters
    ----------
    run : Run
        What happened.
    summary : RunSummary, optional
        The run's, where the caller has it already.
    case : str, optional
        The case; the slowest by default.
    jobs : int
        How many processes may work, -1: one a core.
    budget : float
        How much computing the trials may take, as estimated, on one core [s].
    """
    situation = situation_of(run, summarise(run) if summary is None else summary, case)
    if situation is None:
        return Sensitivity()
    trials = Trials.of(run.scenario, situation.records, run.seed)
    every = inputs(situation)
    chosen = every[: trials.fitting(budget) // 2]
    wanted = [overrides for one in chosen for overrides in (one.low, one.high)]
    allowed = {overrides: trials.allowed(overrides) for overrides in wanted}
    valid = {overrides: extended for overrides, extended in allowed.items() if extended is not None}
    times = dict(zip(valid, trials.rollout_times(list(valid.values()), jobs), strict=True))
    base = situation.summary.rollout_time_s or 0.0
    rows = [_row(one, base, times) for one in chosen]
    rows.sort(key=lambda row: -row.span)
    left_out = tuple(one.path for one in every[len(chosen) :])
    return Sensitivity(situation.records.name, tuple(rows), left_out, trials.seconds * len(valid))


def _row(one: Input, base: float, times: Mapping[Overrides, float | None]) -> Row:
    low, high = times.get(one.low), times.get(one.high)
    return Row(one.path, one.by, one.value, one.low_value, one.high_value, low, base, high)
