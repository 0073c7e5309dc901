"""What does it take: the smallest (or largest) value of a scenario's number with which a condition holds.

Every value is tried as an override, in the words of `--set`, so that a run with it shows the same. With several
replications the condition must hold at the end of the 95 % interval, not only for the mean (`min` and `max`, of which
there is none, are compared as they are); replication i has the same seed whatever the value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any

from rolloutsim.errors import ScenarioError, UsageError
from rolloutsim.planning.jobs import check_jobs
from rolloutsim.planning.ladder import Ladder, is_numeric, ladder_at, standard
from rolloutsim.planning.replicate import replicate
from rolloutsim.planning.search import OutOfRangeError, Search, Status
from rolloutsim.results.facts.intervals import QUANTILES, fewest
from rolloutsim.results.numerals import listed
from rolloutsim.results.shown.tabular import NUMBER, TEXT, Column, Table, as_options, escaped, html, markdown
from rolloutsim.results.thresholds import ThresholdResult, excess, holds_at
from rolloutsim.scenario.chance import drawn_words
from rolloutsim.scenario.checks import names
from rolloutsim.scenario.conditions import parse_condition
from rolloutsim.scenario.hints import listing
from rolloutsim.scenario.idle import no_part
from rolloutsim.scenario.metrics import METRICS
from rolloutsim.scenario.numbers import SAMPLES, present
from rolloutsim.scenario.numbers import measure as measure_value
from rolloutsim.scenario.overrides import Change, parse_path, refuse_idle
from rolloutsim.scenario.places import Path, dotted
from rolloutsim.scenario.resolve import resolve, simulated_alike
from rolloutsim.scenario.text import read_value
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import Run
    from rolloutsim.results.outcome import Outcome
    from rolloutsim.scenario.loading import Draft
    from rolloutsim.scenario.model import Document
    from rolloutsim.scenario.resolved import ResolvedScenario, Threshold

    Simulate = Callable[[ResolvedScenario, int], Run]

SCHEMA = "rolloutsim.solve/1"
_NO_NUMBER = "has no number there, and none can stand there"
_FIND, _SUCH_THAT, _BETWEEN, _STANDARD = "--find", "--such-that", "--between", "--standard"


_MOST_EXCEPTIONS = 3  # that are named


@struct
class Tried:
    """A value that was tried.

    Parameters
    ----------
    number : float
        In SI base units, or a count.
    value : object
        As a user would write it.
    passed : bool
        Whether the condition holds in every case that it is about, with several replications surely so.
    results : tuple of ThresholdResult
        The condition's values, case by case.
    """

    number: float
    value: Any
    passed: bool
    results: tuple[ThresholdResult, ...]


@struct(frozen=True)
class Solution:
    """What was found, and how.

    Parameters
    ----------
    name : str
        The scenario's.
    path, such_that : str
        What was looked for, and the condition.
    largest : bool
        Whether the largest value was looked for.
    status : str
        `found`; `none`: no value that was tried passes; `all`: all of them do, and `value` is the outermost;
        `reversed`: `value`, the outermost, passes and those on the side that was expected to pass fail, so that the
        other end is what to look for.
    value : object
        The solution as a user would write it; None: there is none.
    number : float or None
        The same in SI base units, or a count.
    suffix : str
        The unit of numbers, as columns have it.
    exceptions : tuple
        Values whose outcome contradicts that there is one boundary, in ascending order.
    tried : tuple of Tried
        Every value, in the order in which they were tried.
    seed, replications : int
        Of each.
    metric : str
        What the condition is about.
    statistic : str or None
        The condition's.
    steps : tuple
        Where only what can be bought was looked for: all of it that came into question, each of which was tried.
    drawn : tuple of str
        What was drawn in simulations of it, as in a case's `drawn`.
    """

    name: str
    path: str
    such_that: str
    largest: bool
    status: Status
    value: Any
    number: float | None
    suffix: str
    exceptions: tuple[Any, ...]
    tried: tuple[Tried, ...]
    seed: int
    replications: int
    metric: str
    statistic: str | None = None
    steps: tuple[Any, ...] = ()
    drawn: tuple[str, ...] = ()

    @property
    def monotone(self) -> bool:
        """Whether nothing that was tried contradicts that there is one boundary."""
        return not self.exceptions

    @property
    def changes_nothing(self) -> bool:
        """Whether several values were tried, and all came out the same."""
        found = [[(one.case, one.value) for one in tried.results] for tried in self.tried]
        return len(found) > 1 and all(one == found[0] for one in found)

    @property
    def assignment(self) -> str | None:
        """The solution as an override: `network=1.8454 Gbit/s`."""
        return None if self.value is None else f"{self.path}={self.value}"

    def to_dict(self) -> dict[str, Any]:
        """The solution as nested dicts and lists, versioned `rolloutsim.solve/1`."""
        unit = f"_{self.suffix}" if self.suffix else ""
        return {
            "schema": SCHEMA,
            "scenario": self.name,
            "find": self.path,
            "such_that": self.such_that,
            "largest": self.largest,
            "standard": list(self.steps),
            "seed": self.seed,
            "replications": self.replications,
            "drawn": list(self.drawn),
            "status": self.status,
            "value": self.value,
            f"number{unit}": self.number,
            "set": self.assignment,
            "monotone": self.monotone,
            "exceptions": list(self.exceptions),
            "tried": [
                {
                    "value": one.value,
                    f"number{unit}": one.number,
                    "passed": one.passed,
                    "results": [_as_dict(result) for result in one.results],
                }
                for one in self.tried
            ],
        }

    def __repr__(self) -> str:
        return f"<Solution: {self.assignment or self.status}>"

    def _repr_html_(self) -> str:
        notes = "".join(f"<div>{escape(note)}</div>" for note in solution_notes(self))
        return html(solution_table(self), solution_title(self)) + notes


def solution_title(solution: Solution) -> str:
    """The answer in one line."""
    which, direction = ("largest", "down") if solution.largest else ("smallest", "on")
    if solution.status == "reversed":
        end = max if solution.largest else min
        first = end((one for one in solution.tried if not one.passed), key=lambda one: one.number)
        already = f"the {which} {solution.path} that was tried, {solution.value}, will do already"
        return f"{solution.such_that}: {already}, and none from {first.value} {direction}"
    if solution.status == "none":
        return f"{solution.such_that}: no value of {solution.path} that was tried will do"
    if solution.status == "all":
        every = f"every value of {solution.path} that was tried will do"
        return f"{solution.such_that}: {every}; the {which} is {solution.value}"
    return f"{solution.such_that}: the {which} {solution.path} is {solution.value}"


def solution_notes(solution: Solution) -> list[str]:
    """What one has to know about the answer."""
    notes = []
    if solution.steps:
        notes.append(f"Tried all that can be bought: {listed(list(map(str, solution.steps)))}.")
    if solution.changes_nothing:
        at = f"{_worst(solution.tried[0]).shown} at every value that was tried"
        notes.append(f"{solution.path} changes nothing here: {solution.metric} is {at}.")
    elif solution.assignment is not None:
        notes.append(f"Try it: {as_options([solution.assignment])}")
    elif solution.status == "none" and (nearest := _nearest(solution.tried)) is not None:
        notes.append(f"Nearest comes {nearest.value}, with {_worst(nearest).shown} ({_worst(nearest).headroom}).")
    if solution.exceptions:
        some = [str(value) for value in solution.exceptions[:_MOST_EXCEPTIONS]]
        more = len(solution.exceptions) - len(some)
        named = ", ".join(some) + (f" and {more} more" if more else "")
        notes.append(
            f"Not monotone: {named} {'does' if len(some) + more == 1 else 'do'} not come out as that answer would have "
            "it. It is one boundary of several; look at what was tried, or narrow the range with --between."
        )
    if solution.status == "reversed":
        worse, other, how = (
            ("less", "smallest", "without --largest") if solution.largest else ("more", "largest", "with --largest")
        )
        notes.append(f"The condition gets worse with {worse} of {solution.path}: look for the {other}, {how}.")
    if solution.replications > 1:
        notes.append(f"{solution.replications} replications of each value; {_compared(solution.statistic)}.")
    elif solution.drawn:
        notes.append(
            f"Each value was judged by one draw of random {drawn_words(solution.drawn)}, of which others may miss the "
            "condition: --replications 30 has it hold at the end of the 95 % interval."
        )
    return notes


def _compared(statistic: str | None) -> str:
    """What of several replications a condition is held against."""
    if statistic in ("min", "max"):
        which = "smallest" if statistic == "min" else "largest"
        return f"{statistic} is the {which} value of all of them, which has no interval and is compared as it is"
    return "a value passes if the condition holds at the end of the 95 % interval"


def solution_table(solution: Solution) -> Table:
    """What was tried, in ascending order: the value, the worst result, whether it will do."""
    columns = (
        Column("", TEXT, lambda one: "✓" if one.passed else "✗"),
        Column(solution.path, NUMBER, lambda one: one.number, lambda one: str(one.value)),
        Column(solution.metric, NUMBER, lambda one: _worst(one).value, lambda one: _worst(one).shown),
        Column("of", TEXT, lambda one: _worst(one).of),
    )
    return Table(columns, sorted(solution.tried, key=lambda one: one.number))


def _worst(tried: Tried) -> ThresholdResult:
    """The result that is furthest from the condition, which comes first among equals."""
    failing = [result for result in tried.results if not result.passed]
    return max(failing or tried.results, key=lambda one: float("inf") if one.value is None else one.value)


def _nearest(tried: Sequence[Tried]) -> Tried | None:
    """What comes nearest to holding; of several alike the first, None where nobody knows."""
    known = [one for one in tried if all(result.room is not None for result in one.results)]
    return max(known, key=lambda one: min(result.room or 0.0 for result in one.results), default=None)


def solution_markdown(solution: Solution) -> str:
    """A section: the answer, notes, what was tried."""
    notes = "\n".join(f"- {escaped(note)}" for note in solution_notes(solution))
    parts = [f"### {escaped(solution_title(solution))}", notes]
    return "\n\n".join([part for part in parts if part] + [markdown(solution_table(solution))]) + "\n"


def solve(
    draft: Draft,
    find: str,
    such_that: str,
    between: tuple[Any, Any] | None = None,
    case: str | None = None,
    largest: bool = False,
    seed: int | None = None,
    replications: int | None = None,
    jobs: int = 1,
    on_try: Callable[[str], None] | None = None,
    to_buy: bool = False,
) -> Solution:
    """Find the smallest (or largest) value with which a condition holds, to 0.02 %; a count exactly.

    Shares of pods are looked for in whole percentages, the only ones that Kubernetes takes.

    Parameters
    ----------
    draft : Draft
        The scenario.
    find : str
        Path of a number, as in `--set`.
    such_that : str
        The condition, `rollout_time < 30 s`.
    between : tuple, optional
        The smallest and the largest value that come into question; by default the search begins at the scenario's own
        value and goes as far as it has to.
    case : str, optional
        The only case that has to meet the condition; all of them by default.
    largest : bool
        Whether the largest value is looked for.
    seed, replications, jobs
        As for `planning.replicate.replicate`.
    on_try : callable, optional
        Called with each value before it is tried.
    to_buy : bool
        Whether only what can be bought comes into question: of a link's rate the standard speeds of interfaces, each of
        which is tried; of a share whole percentages.

    Returns
    -------
    Solution
        What was found, with every value that was tried.

    Raises
    ------
    UsageError
        If the path is none of a number, the condition cannot be read, or no interval can be had from so few
        replications.
    ScenarioError
        If the scenario is not valid, or would not be with one of the values in `between`.
    """
    check_jobs(jobs)
    document = draft.document()
    scenario = resolve(document)
    path = parse_path(find, _FIND)
    refuse_idle(path, f"{_FIND} {find}")
    if seed is not None and path == ("seed",):
        raise UsageError(f"{_FIND} seed: --seed gives every value the same seed; leave it out")
    condition = parse_condition(such_that, document, names(document), _SUCH_THAT)
    kept = _cases(scenario, case)
    count = scenario.replications if replications is None else replications
    ladder, ends = _ladder(draft, document, path, between)
    _refuse_without_part(draft, ladder, ends, f"{_FIND} {find}")
    is_every = False
    if to_buy:
        ladder, ends, is_every = standard(ladder, ends, _STANDARD)
    tried: list[Tried] = []
    drawn: dict[str, None] = {}

    def test(number: float) -> float:
        value = ladder.value(number)
        if on_try is not None:
            on_try(f"{dotted(path)}={value}")
        try:
            resolved = resolve(draft.document([Change(path, value, f"{_FIND} {find}")]))
        except ScenarioError as error:
            raise OutOfRangeError(error) from error
        cases = tuple(one for one in resolved.cases if one.name in kept)
        asked = replace(resolved, cases=cases, thresholds=(condition,))
        found = _simulated(asked, condition, seed, count, jobs)
        results = found.thresholds
        drawn.update(dict.fromkeys(name for each in found.run.cases for name in each.drawn))
        tried.append(Tried(number, value, all(holds_at(condition, one) for one in results), results))
        return _miss(tried[-1], condition)

    search = Search(ladder, test, largest)
    try:
        way = search.over if is_every else search.between if len(ends) == 2 else search.around
        found = way(*ends)
    except OutOfRangeError as error:
        raise error.because from None
    return Solution(
        name=scenario.name,
        path=dotted(path),
        such_that=" ".join(such_that.split()),
        largest=largest,
        status=found.status,
        value=None if found.number is None else ladder.value(found.number),
        number=found.number,
        suffix=ladder.suffix,
        exceptions=tuple(ladder.value(number) for number in found.exceptions),
        tried=tuple(tried),
        seed=scenario.seed if seed is None else seed,
        replications=count,
        metric=condition.metric,
        statistic=condition.statistic,
        steps=tuple(map(ladder.value, ends)) if is_every else (),
        drawn=tuple(drawn),
    )


def _miss(tried: Tried, condition: Threshold) -> float:
    """How far the condition is from holding, above 0 where it does not."""
    most = max(excess(condition, one) for one in tried.results)
    return min(most, 0.0) if tried.passed else max(most, math.ulp(0.0))


def _simulated(scenario: ResolvedScenario, condition: Threshold, seed: int | None, count: int, jobs: int) -> Outcome:
    """The scenario, simulated so often, with the condition's values for each case."""
    found = replicate(scenario, seed, count, jobs, alone=METRICS[condition.metric].of_alone)
    if count > 1:
        for result, measured in zip(found.thresholds, found.each[0].measured, strict=True):
            if result.value is not None and result.ci is None:
                refuse_few(condition, result.metric, measured.within, count)
    return found


def refuse_few(condition: Threshold, metric: str, within: bool, count: int) -> None:
    """UsageError if a condition's value has no interval from so few replications; `within` as in a Measurement."""
    if count == 1 or condition.statistic not in QUANTILES:
        return
    needed = fewest(0.5 if within else QUANTILES[condition.statistic])
    if count < needed:
        raise UsageError(
            f"{_SUCH_THAT}: from {count} replications {condition.statistic} of {metric} has no 95 % interval; use "
            f"--replications {needed} or more, or 1"
        )


def _refuse_without_part(draft: Draft, ladder: Ladder, ends: tuple[float, ...], source: str) -> None:
    """UsageError if the key plays no part in the scenario, whatever its value."""
    numbers = ends if len(ends) == 2 else (*ends, ladder.next(ends[0], True))
    values = [ladder.value(number) for number in numbers if number is not None]
    try:
        documents = [draft.document([Change(ladder.path, value, source)]) for value in values]
    except ScenarioError:  # told when it is tried
        return
    why = no_part(documents[0], ladder.path)
    scenarios = [] if why is not None else [resolve(one) for one in documents]
    if len(set(values)) > 1 and scenarios and simulated_alike(*scenarios):
        why = f"what is simulated is the same with {' and with '.join(map(str, values))}"
    if why is not None:
        raise UsageError(f"{source}: {dotted(ladder.path)} plays no part here: {why}")


def _cases(scenario: ResolvedScenario, case: str | None) -> frozenset[str]:
    known = [one.name for one in scenario.cases]
    if case is not None and case not in known:
        raise UsageError(f"--case {case}: no case has this name; cases: {listing(known)}")
    return frozenset(known if case is None else [case])


def _ladder(
    draft: Draft, document: Document, path: Path, between: tuple[Any, Any] | None
) -> tuple[Ladder, tuple[float, ...]]:
    """The values that may be tried: both ends, or one to begin with."""
    if between is not None:
        if not isinstance(between, (tuple, list)) or len(between) != 2:
            raise UsageError(
                f"{_BETWEEN}: {between!r} is no pair; give the smallest and the largest value that come into question, "
                "as in between=(1, 100)"
            )
        values = tuple(read_value(one, _BETWEEN) if isinstance(one, str) else one for one in between)
        draft.changed([Change(path, values[0], f"{_FIND} {dotted(path)}")])
        if not is_numeric(path):
            raise UsageError(f"{_FIND} {dotted(path)}: the scenario {_NO_NUMBER}")
        ladder, ends = ladder_at(path, values, _BETWEEN)
        if not ends[0] < ends[1]:
            raise UsageError(
                f"{_BETWEEN}: '{between[0]}' is not below '{between[1]}'"
                + (", in whole percentages" if ladder.is_percent else "")
            )
        return ladder, ends
    current = _current(draft, document, path)
    if current is None:
        what = (
            "has no number there to begin with; name the range with --between A B" if is_numeric(path) else _NO_NUMBER
        )
        raise UsageError(f"{_FIND} {dotted(path)}: the scenario {what}")
    return ladder_at(path, (current,), f"{_FIND} {dotted(path)}")


def _current(draft: Draft, document: Document, path: Path) -> Any:
    """The number that the scenario has at a path, as written if it is written; None if there is none."""
    # A path that leads nowhere is found by trying to change what stands there.
    draft.changed([Change(path, _sample(path), f"{_FIND} {dotted(path)}")])
    for data in (draft.data, document.model_dump(mode="json", by_alias=True)):
        value = present(data, path)
        if measure_value(path, value) is not None:
            return value
    return None


def _sample(path: Path) -> Any:
    return next((one for one in SAMPLES if measure_value(path, one) is not None), SAMPLES[0])


def _as_dict(result: ThresholdResult) -> dict[str, Any]:
    found = {"case": result.case, "metric": result.metric, "value": result.value}
    return found if result.ci is None else found | {"ci": list(result.ci)}
