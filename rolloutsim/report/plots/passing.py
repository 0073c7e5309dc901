"""Which points of a sweep meet the scenario's thresholds on the rollout time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from rolloutsim.planning.sweep.figures import ROLLOUT_TIME
from rolloutsim.results.thresholds import Measurement, judge
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.planning.sweep.file import SweepRecords
    from rolloutsim.scenario.resolved import Threshold

_OF_THE_MEAN = (None, "mean")  # statistics that are those of a mean over replications


@struct
class Passing:
    """Upper bounds of the rollout time, and whether each simulated rollout keeps them.

    Parameters
    ----------
    conditions : tuple of Threshold
        The bounds; empty: there are none.
    passes : mapping of (int, str) to bool
        By point and case, whether all of them hold over its replications (`rolloutsim.results.thresholds`). One that
        did not finish keeps none.
    several : bool
        Whether there are several replications.
    """

    conditions: tuple[Threshold, ...] = ()
    passes: dict[tuple[int, str], bool] = field(default_factory=dict)
    several: bool = False

    @property
    def asked(self) -> str:
        """All conditions as written: `p95 < 5m and max < 15 s`."""
        return " and ".join(condition.check for condition in self.conditions)

    @property
    def of_the_mean(self) -> bool:
        """Whether a mean over the replications alone says if it passes."""
        return not self.several or all(condition.statistic in _OF_THE_MEAN for condition in self.conditions)

    def at(self, point: int, case: str) -> bool | None:
        """Whether a case passes at a point; None: it was not simulated, or nothing is asked."""
        return self.passes.get((point, case))

    def points(self, case: str) -> dict[int, bool]:
        """Each simulated point, and whether it passes.

        Parameters
        ----------
        case : str
            The case; empty: all cases have to pass.
        """
        found: dict[int, bool] = {}
        for (point, name), passed in self.passes.items():
            if case in ("", name):
                found[point] = found.get(point, True) and passed
        return found


def passing(sweep: SweepRecords, column: str, case: str) -> Passing:
    """Where a sweep keeps the upper bounds that its scenario sets for the rollout time.

    Each bound is checked with its own statistic: `max` asks the longest of all replications, and not their mean.
    Bounds that are only to warn are left out where others are not.

    Parameters
    ----------
    sweep : SweepRecords
        What was simulated.
    column : str
        The number that is looked at; there are no bounds unless it is the rollout time.
    case : str
        The case; empty: all of them, of which only bounds without a selector are checked.
    """
    if column != ROLLOUT_TIME:
        return Passing()
    from rolloutsim.scenario import loads

    found = [
        threshold
        for threshold in loads(sweep.head.scenario, "<sweep>").resolve().thresholds
        if threshold.metric == "rollout_time" and threshold.comparison[0] == "<"
        and all(value == case for value in threshold.selectors.values())
    ]  # fmt: skip
    conditions = tuple([one for one in found if one.severity == "error"] or found)
    if not conditions:
        return Passing()
    values: dict[tuple[int, str], list[float | None]] = {}
    results = sweep.results
    for point, name, value in zip(results["point"], results["case"], results[column], strict=True):
        values.setdefault((point, name), []).append(value)
    passes = {at: all(_holds(one, at[1], of_place) for one in conditions) for at, of_place in values.items()}
    return Passing(conditions, passes, sweep.head.replications > 1)


def _holds(condition: Threshold, case: str, values: Sequence[float | None]) -> bool:
    return judge([Measurement(condition, case, "", value, False) for value in values]).passed
