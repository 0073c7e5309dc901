"""What a figure is about: the cases of a run, in words that a title can use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rolloutsim.errors import UsageError
from rolloutsim.report.plots.canvas import plain
from rolloutsim.results.numerals import unbroken

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords, Run
    from rolloutsim.results.outcome import Outcome

MOST_NODES = 60  # so many nodes are shown one by one, more as shares and quantiles (assumed: rows of 5 pt)
_LONGEST_TITLE = 70  # letters (assumed: a line)
_MOST_CASES = 28  # so many cases fit beside each other (assumed)


def one_case(outcome: Outcome, name: str | None) -> CaseRecords:
    """The case that a figure of one case shows: the one named, else the slowest.

    Raises
    ------
    UsageError
        If there is no case of that name.
    """
    if name is not None and name not in outcome.cases:
        raise UsageError(f"no case {name!r}; cases: {', '.join(outcome.cases)}")
    return outcome.records(outcome.slowest if name is None else name)


def several_cases(outcome: Outcome, name: str | None) -> tuple[CaseRecords, ...]:
    """The cases that a figure of cases shows: the one named, else all, at most the slowest 28."""
    run = outcome.run
    if name is not None:
        return (one_case(outcome, name),)
    if len(run.cases) <= _MOST_CASES:
        return run.cases
    figures = outcome.first.cases
    slowest = sorted(run.cases, key=lambda case: -(figures[case.name].rollout_time_s or float("inf")))[:_MOST_CASES]
    return tuple(case for case in run.cases if case in slowest)


def scene(run: Run, what: str, cases: Sequence[CaseRecords]) -> str:
    """The small print: what is shown, of which case if there are others, of which scenario."""
    parts = [what[:1].upper() + what[1:]]
    if len(cases) == 1 and len(run.cases) > 1:
        parts.append(plain(cases[0].name))
    elif len(cases) < len(run.cases):
        parts.append(f"the slowest {len(cases)} of {len(run.cases)} cases")
    parts.append(titled(run.scenario.title))
    return " · ".join(parts)


def titled(title: str) -> str:
    """A scenario's title as the small print has it."""
    return unbroken(plain(title, _LONGEST_TITLE))
