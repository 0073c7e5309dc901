"""Results side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rolloutsim import planning
from rolloutsim.api.result import Result, simulated
from rolloutsim.api.scenarios import Scenario
from rolloutsim.errors import UsageError

if TYPE_CHECKING:
    from rolloutsim.planning.compare import Comparison

Comparable = Result | Scenario


def compare(*results: Comparable, names: Sequence[str] = (), fail_if: Sequence[str] = ()) -> Comparison:
    """Compare results with the first of them, case by case: `rs.compare(r, fast)`.

    Parameters
    ----------
    results : Result or Scenario
        Two or more; scenarios are simulated with the same seeds, ten times if chance plays a part in them and they say
        nothing else.
    names : sequence of str, optional
        What they are called; by default as their scenarios are.
    fail_if : sequence of str
        Conditions such as `rollout_time > +10%`; those that are met are in `met`.

    Returns
    -------
    Comparison
        Differences with intervals and verdicts; a table in Jupyter.

    Raises
    ------
    UsageError
        If there are fewer than two, or something else is among them, or not as many names as there are of them; if
        they have no case in common, or a condition cannot be read.
    """
    for one in results:
        if not isinstance(one, (Result, Scenario)):
            raise UsageError(
                f"compare takes results and scenarios, and {one!r} is neither; load('x.yaml') reads a scenario, and "
                "its run() makes a result"
            )
    if isinstance(names, str) or (names and len(names) != len(results)):
        raise UsageError(f"names {names!r} are not one for each of the {len(results)} that are compared")
    given = [one.scenario if isinstance(one, Result) else one.resolve() for one in results]
    count = planning.compare.replications_for(given, None)
    ready = [one if isinstance(one, Result) else simulated(one.resolve(), None, count) for one in results]
    called = list(names) or _told_apart([scenario.name for scenario in given])
    sides = [planning.compare.Side(name, one.outcome) for name, one in zip(called, ready, strict=True)]
    return planning.compare.compare(sides, fail_if)


def _told_apart(names: list[str]) -> list[str]:
    """Names, with a letter behind those that occur more than once."""
    return [
        f"{name} ({chr(ord('A') + number)})" if names.count(name) > 1 else name for number, name in enumerate(names)
    ]
