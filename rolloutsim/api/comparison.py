"""Results side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rolloutsim import planning, results
from rolloutsim.api.result import Result, read, simulated
from rolloutsim.api.scenarios import Scenario, load
from rolloutsim.errors import UsageError

if TYPE_CHECKING:
    from rolloutsim.planning.compare import Comparison

Comparable = Result | Scenario | str | Path


def compare(*compared: Comparable, names: Sequence[str] = (), fail_if: Sequence[str] = ()) -> Comparison:
    """Compare results with the first of them, case by case: `rs.compare(r, fast)`.

    Parameters
    ----------
    compared : Result, Scenario, str or Path
        Two or more; a path is that of a result's folder or of a scenario file, as on the command line. Scenarios are
        simulated with the same seeds, ten times if chance plays a part in them and they say nothing else.
    names : sequence of str, optional
        What they are called; by default as their scenarios are, or as their paths.
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
    for one in compared:
        if not isinstance(one, (Result, Scenario, str, Path)):
            raise UsageError(
                f"compare takes results, scenarios and their paths, and {one!r} is none; load('x.yaml') reads a "
                "scenario, and its run() makes a result"
            )
    if isinstance(names, str) or (names and len(names) != len(compared)):
        raise UsageError(f"names {names!r} are not one for each of the {len(compared)} that are compared")
    there = [_read(one) if isinstance(one, (str, Path)) else one for one in compared]
    given = [one.scenario if isinstance(one, Result) else one.resolve() for one in there]
    count = planning.compare.replications_for(given, None)
    ready = [one if isinstance(one, Result) else simulated(one.resolve(), None, count) for one in there]
    own = [str(one) if isinstance(one, (str, Path)) else s.name for one, s in zip(compared, given, strict=True)]
    called = list(names) or _told_apart(own)
    sides = [planning.compare.Side(name, one.outcome) for name, one in zip(called, ready, strict=True)]
    return planning.compare.compare(sides, fail_if)


def _read(path: str | Path) -> Result | Scenario:
    """What a path is of."""
    return read(path) if results.store.is_result(path) else load(path)


def _told_apart(names: list[str]) -> list[str]:
    """Names, with a letter behind those that occur more than once."""
    return [
        f"{name} ({chr(ord('A') + number)})" if names.count(name) > 1 else name for number, name in enumerate(names)
    ]
