"""How much a rollout time depends on each number of the scenario: the data of a tornado.

Each number is made a tenth smaller and a tenth larger (a count below ten: by one), alone, and the case is simulated
again with the same seed. Nothing is estimated. The numbers are those of `rolloutsim.planning.inputs`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rolloutsim.planning.inputs import Input, inputs
from rolloutsim.planning.trials import Trials
from rolloutsim.planning.what_if import BUDGET, situation_of
from rolloutsim.results.numerals import UNKNOWN, show_difference
from rolloutsim.results.shown.tabular import NUMBER, TEXT, TIME, Column, Table
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.planning.trials import Start, Tell, Trial
    from rolloutsim.results.outcome import Outcome

_NOTHING = 1e-9  # a smaller span, as a share of the rollout time, is none (assumed: rounding)


@struct
class Row:
    """What one input does.

    Parameters
    ----------
    path : str
        Where it stands in the scenario, as `--set` takes it.
    by : str
        How far it was changed each way: `10%`, `1` for a small count, or `3 points` of a percentage that must be whole.
    value : str
        The input as it is.
    low_value, high_value : str or None
        It made smaller and made larger; None: the scenario does not allow it.
    low, high : float or None
        The rollout time with it made smaller and made larger [s]; None: the scenario is not valid so, or the rollout
        does not finish.
    base : float
        The rollout time as it is [s].
    stuck : bool
        Whether it is allowed to be so small or so large that the rollout does not finish.
    """

    path: str
    by: str
    value: str
    low_value: str | None
    high_value: str | None
    low: float | None
    base: float
    high: float | None
    stuck: bool = False

    @property
    def span(self) -> float:
        """From the shortest of the rollout times to the longest [s]."""
        times = [time for time in (self.low, self.base, self.high) if time is not None]
        return max(times) - min(times)

    @property
    def effect(self) -> str:
        """The span in words; a dash where nothing is known of it."""
        if self.span > _NOTHING * self.base:
            return show_difference(self.span)
        # Not to finish is an effect, of a size that is not known.
        return UNKNOWN if self.stuck or (self.low is None and self.high is None) else "no effect"


@struct(frozen=True)
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
    """

    case: str = ""
    rows: tuple[Row, ...] = ()
    left_out: tuple[str, ...] = ()

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
            {
                "case": self.case, "path": row.path, "by": row.by,
                "value": row.value, "low_value": row.low_value, "high_value": row.high_value,
                "low_s": row.low, "base_s": row.base, "high_s": row.high, "span_s": row.span,
            }
            for row in self.rows
        ]  # fmt: skip


@struct
class Plan:
    """What will be tried, as far as a budget goes: parameters as for `what_if.Plan`, but inputs in place of candidates.

    An input is tried as a whole, both ways or not at all; those of the greatest causes first.
    """

    budget: float
    trials: Trials | None = None
    before: float = 0.0
    inputs: tuple[Input, ...] = ()

    @classmethod
    def of(cls, outcome: Outcome, case: str | None = None, budget: float = 2 * BUDGET) -> Plan:
        """The plan for a case; parameters as for `sensitivity`."""
        situation = situation_of(outcome, case)
        if situation is None:
            return cls(budget)
        trials = Trials.of(outcome.run.scenario, situation.records, outcome.run.seed)
        return cls(budget, trials, situation.rollout_time, inputs(situation))

    def carry_out(self, jobs: int = -1, tell: Tell | None = None, since: Start | None = None) -> Sensitivity:
        """Simulate them; `jobs`, `tell` and `since` as for `Trials.tried`."""
        if self.trials is None:
            return Sensitivity()
        order = sorted(self.inputs, key=lambda one: -one.share)
        every = [[one.low, one.high] for one in order]
        found = list(self.trials.tried(every, "input", self.budget, jobs, tell, since))
        rows = {
            one.path: self._row(one, trials)
            for one, trials in zip(order, found, strict=False)
            if any(trial.overrides is not None for trial in trials)  # else it plays no part in this scenario
        }
        # What does as much stands as in the file.
        ranked = sorted((rows[one.path] for one in self.inputs if one.path in rows), key=lambda row: -row.span)
        return Sensitivity(self.trials.case, tuple(ranked), tuple(one.path for one in order[len(found) :]))

    def _row(self, one: Input, trials: Sequence[Trial]) -> Row:
        low, high = (trial.rollout_time for trial in trials)
        stuck = any(trial.overrides is not None and trial.rollout_time is None for trial in trials)
        low_value, high_value = (
            value if trial.overrides is not None else None
            for value, trial in zip((one.low_value, one.high_value), trials, strict=True)
        )
        return Row(one.path, one.by, one.value, low_value, high_value, low, self.before, high, stuck)


def sensitivity(
    outcome: Outcome, *, case: str | None = None, jobs: int = -1, budget: float = 2 * BUDGET
) -> Sensitivity:
    """Change every input of a case a little, each alone, both ways.

    Parameters
    ----------
    outcome : Outcome
        What came out of the scenario.
    case : str, optional
        The case; the slowest by default.
    jobs : int
        How many processes may work, -1: one a core.
    budget : float
        How much computing the trials may take, on one core, and how long on the clock [s].
    """
    return Plan.of(outcome, case, budget).carry_out(jobs)


def sensitivity_table(found: Sensitivity) -> Table:
    """The rollout time with each input alone made smaller and larger, the widest span first."""
    columns = (
        Column("input", TEXT, lambda row: row.path),
        Column("is", NUMBER, lambda row: row.value),
        Column("less", NUMBER, lambda row: row.low_value),
        Column("rollout time", TIME, lambda row: row.low),
        Column("more", NUMBER, lambda row: row.high_value),
        Column("rollout time", TIME, lambda row: row.high),
        Column("span", TIME, lambda row: row.span, lambda row: row.effect),
    )
    return Table(columns, found.rows, lambda row: f"parameter:{row.path}")
