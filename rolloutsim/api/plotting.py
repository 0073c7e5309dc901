"""`result.plot.rollout()`: the figures of a result, a case or a sweep, one method each.

Each takes the keywords of its function in `rolloutsim.report.plots`, `ax` among them, and returns the Axes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from rolloutsim import planning
from rolloutsim.report import plots
from rolloutsim.report.plots import Subject, figure, names

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rolloutsim.planning.sensitivity import Sensitivity
    from rolloutsim.planning.sweep.file import SweepRecords
    from rolloutsim.results.outcome import Outcome

OF_A_RESULT: tuple[Subject, ...] = ("run", "case", "sensitivity")


class Plots:
    """Figures: `dir()` and `repr()` list them.

    Parameters
    ----------
    subject : Outcome or SweepRecords
        What was simulated.
    kinds : str
        What the figures are about.
    keywords
        What each of them is given: the `case`, where they are those of one.
    """

    _names: tuple[str, ...] = ()  # of one that is only being made, by `copy`

    def __init__(self, subject: Outcome | SweepRecords, *kinds: Subject, **keywords: str) -> None:
        self._subject = subject
        self._keywords = keywords
        self._names = names(*kinds)

    def __getattr__(self, name: str) -> Callable[..., Axes]:
        if name not in self._names:
            raise AttributeError(f"no figure {name!r}; figures: {', '.join(self._names)}")
        function: Callable[..., Axes] = _simulated_tornado if name == "tornado" else figure(name)
        bound = partial(function, self._subject, **self._keywords)
        bound.__doc__ = function.__doc__
        return bound

    def __dir__(self) -> tuple[str, ...]:
        return self._names

    def __repr__(self) -> str:
        return f"<figures: {', '.join(self._names)}>"


def _simulated_tornado(outcome: Outcome, *, ax: Axes | None = None, case: str | None = None, **budget: Any) -> Axes:
    """Which input matters most; simulates each made smaller and larger (`jobs`, `budget` as in `sensitivity`)."""
    named = None if case is None else outcome.records(case).name
    return tornado(planning.sensitivity.sensitivity(outcome, case=named, **budget), ax)


def tornado(found: Sensitivity, ax: Axes | None = None) -> Axes:
    """The figure of what each input does.

    Parameters
    ----------
    found : Sensitivity
        What was simulated.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Raises
    ------
    NoDataError
        If nothing was: the rollout did not finish, or the budget has no room for an input.
    """
    if not found.case:
        raise plots.canvas.NoDataError(
            "the rollout did not finish, so that there is no rollout time for an input to change; `rolloutsim explain` "
            "says what it waits for"
        )
    if not found.rows:
        raise plots.canvas.NoDataError(
            f"the budget has no room for any of {len(found.left_out)} inputs; give a larger one"
        )
    return figure("tornado")(found.rows, case=found.case, ax=ax)
