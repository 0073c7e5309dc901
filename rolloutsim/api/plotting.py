"""`result.plot.rollout()`: the figures of a result, a case or a sweep, one method each.

Each takes the keywords of its function in `rolloutsim.report.plots`, `ax` among them, and returns the Axes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rolloutsim.api.result import Result
    from rolloutsim.api.sweep import Sweep
    from rolloutsim.planning.sensitivity import Sensitivity


class Plots:
    """The figures of a result or of one of its cases; `dir()` and `repr()` list them.

    Parameters
    ----------
    result : Result
        What was simulated.
    case : str, optional
        The case whose figures these are; all by default.
    """

    def __init__(self, result: Result, case: str | None = None) -> None:
        self._result = result
        self._case = case

    def __getattr__(self, name: str) -> Callable[..., Axes]:
        from rolloutsim.report.plots import figure

        _checked(name, self._names())
        if name == "tornado":
            return self._tornado
        keywords: dict[str, Any] = {"summary": self._result.run_summary}
        if self._case is not None:
            keywords["case"] = self._case
        if name == "rollout" and self._result.replications is not None:
            keywords["replications"] = self._result.replications.each
        return _bound(figure(name), self._result.run, **keywords)

    def _tornado(self, *, ax: Axes | None = None, case: str | None = None, **budget: Any) -> Axes:
        """Which input matters most; simulates each made smaller and larger (`jobs`, `budget` as in `sensitivity`)."""
        from rolloutsim.planning.sensitivity import sensitivity

        which = self._result._checked(case or self._case)
        return tornado(sensitivity(self._result.run, self._result.run_summary, case=which, **budget), ax)

    @staticmethod
    def _names() -> tuple[str, ...]:
        from rolloutsim.report.plots import names

        return names("run", "case", "sensitivity")

    def __dir__(self) -> tuple[str, ...]:
        return self._names()

    def __repr__(self) -> str:
        return f"<figures: {', '.join(self._names())}>"


class SweepPlots:
    """The figures of a sweep.

    Parameters
    ----------
    sweep : Sweep
        What was simulated.
    """

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep

    def __getattr__(self, name: str) -> Callable[..., Axes]:
        from rolloutsim.report.plots import figure

        _checked(name, self._names())
        return _bound(figure(name), self._sweep.records)

    @staticmethod
    def _names() -> tuple[str, ...]:
        from rolloutsim.report.plots import names

        return names("sweep")

    def __dir__(self) -> tuple[str, ...]:
        return self._names()

    def __repr__(self) -> str:
        return f"<figures: {', '.join(self._names())}>"


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
    from rolloutsim.report.plots import figure
    from rolloutsim.report.plots.canvas import NoDataError

    if not found.case:
        raise NoDataError(
            "the rollout did not finish, so that there is no rollout time for an input to change; `rolloutsim explain` "
            "says what it waits for"
        )
    if not found.rows:
        raise NoDataError(f"the budget has no room for any of {len(found.left_out)} inputs; give a larger one")
    return figure("tornado")(found.rows, case=found.case, ax=ax)


def _checked(name: str, known: tuple[str, ...]) -> None:
    """Raise what Python expects of a name that does not exist; Jupyter asks for many."""
    if name not in known:
        raise AttributeError(f"no figure {name!r}; figures: {', '.join(known)}")


def _bound(function: Callable[..., Axes], subject: object, **keywords: Any) -> Callable[..., Axes]:
    """The figure of one thing, with the function's own documentation."""
    bound = partial(function, subject, **keywords)
    bound.__doc__ = function.__doc__
    return bound
