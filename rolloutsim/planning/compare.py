"""Two or more scenarios side by side, case by case: how much faster or slower than the first one.

Replication i of every scenario has the same seed, so that they differ by what they are and not by luck. The verdict
needs a 95 % interval that leaves out zero; where chance plays no part, the difference is exact and any will do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any, Literal

from rolloutsim.errors import UsageError
from rolloutsim.planning.differences import Difference, FailIf, check_known, difference, is_random, parse_fail_if
from rolloutsim.results.caveats import caveats
from rolloutsim.results.numerals import UNKNOWN, plus_minus, show_share, show_time
from rolloutsim.results.shown.annotations import annotation
from rolloutsim.results.shown.junit import Test, document
from rolloutsim.results.shown.tabular import SHARE, TEXT, TIME, Column, Table, escaped, html, markdown
from rolloutsim.results.thresholds import format_value
from rolloutsim.scenario.resolved import Threshold
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.intervals import Interval
    from rolloutsim.results.outcome import Outcome
    from rolloutsim.scenario.resolved import ResolvedScenario

SCHEMA = "rolloutsim.compare/1"
REPLICATIONS = 10  # of scenarios in which chance plays a part, unless told otherwise (assumed: enough for an interval)

_ROLLOUT_TIME = Threshold("rollout_time", {}, None, "<", 0.0, "")
_ALSO = (
    Threshold("pull_time", {}, "mean", "<", 0.0, ""),
    Threshold("pull_time", {}, "p95", "<", 0.0, ""),
    Threshold("bytes_on_wire", {}, None, "<", 0.0, ""),
)
_VERDICTS = {-1: "faster", 0: "no difference seen", 1: "slower"}


@struct
class Side:
    """One of the compared: its name, and what came out of it."""

    name: str
    outcome: Outcome


@struct
class CaseDifference:
    """A case of a scenario against that of the first one.

    Parameters
    ----------
    side : str
        The scenario.
    case, other : str
        The case of the first scenario and the one it is compared with; they have the same name, or are the only ones.
    rollout_time : Difference
        Of the rollout times [s].
    also : mapping of str to Difference
        Of other numbers, by metric.
    """

    side: str
    case: str
    other: str
    rollout_time: Difference
    also: Mapping[str, Difference]

    @property
    def verdict(self) -> str:
        """`faster`, `slower`, `no difference seen`, or why there is none."""
        if self.rollout_time.after is None:
            return "does not finish"
        if self.rollout_time.before is None:
            return "the first does not finish"
        sign = self.rollout_time.sign
        return "not known from one replication" if sign is None else _VERDICTS[sign]


@struct
class Met:
    """A `--fail-if` that a case of a scenario meets, and the difference that does."""

    condition: FailIf
    side: str
    case: str
    found: Difference


@struct
class Comparison:
    """What was compared with what, and how it came out.

    Parameters
    ----------
    sides : tuple of Side
        The first one is what the others are compared with.
    differences : tuple of CaseDifference
        Scenario by scenario, case by case.
    fail_if : tuple of str
        The conditions as written.
    met : tuple of Met
        Those that are met.
    notes : tuple of str
        What one has to know to read it.
    """

    sides: tuple[Side, ...]
    differences: tuple[CaseDifference, ...]
    fail_if: tuple[str, ...]
    met: tuple[Met, ...]
    notes: tuple[str, ...]

    @property
    def finished(self) -> bool:
        """Whether every rollout finished."""
        return all(side.outcome.finished for side in self.sides)

    def to_dict(self) -> dict[str, Any]:
        """The comparison as nested dicts and lists, versioned `rolloutsim.compare/1`: seconds, against the first."""
        return {
            "schema": SCHEMA,
            "scenarios": [
                {
                    "name": side.name,
                    "scenario": side.outcome.run.scenario.name,
                    "sha256": side.outcome.run.scenario.sha256,
                    "seed": side.outcome.run.seed,
                    "replications": len(side.outcome),
                }
                for side in self.sides
            ],
            "notes": list(self.notes),
            "cases": [
                {
                    "case": one.case,
                    "against": one.other,
                    "scenario": one.side,
                    "verdict": one.verdict,
                    "rollout_time_s": _difference_dict(one.rollout_time),
                    "also": {name: _difference_dict(found) for name, found in one.also.items()},
                }
                for one in self.differences
            ],
            "fail_if": [
                {
                    "condition": text,
                    "met": [
                        {"scenario": one.side, "case": one.case, **_difference_dict(one.found)}
                        for one in self.met
                        if one.condition.text == text
                    ],
                }
                for text in self.fail_if
            ],
        }

    def to_markdown(self) -> str:
        """A section for a pull request: title, table, conditions, notes."""
        parts = [f"### Rollout time: {escaped(comparison_title(self))}", markdown(comparison_table(self))]
        lines = met_lines(self)
        if lines:
            parts.append("\n".join(f"- {escaped(line)}" for line in lines))
        parts.append("\n".join(f"_{escaped(note)}_" for note in self.notes))
        return "\n\n".join(part for part in parts if part) + "\n"

    def __repr__(self) -> str:
        return f"<Comparison of {', '.join(side.name for side in self.sides)}>"

    def _repr_html_(self) -> str:
        lines = "".join(f"<div>{escape(line)}</div>" for line in (*met_lines(self), *self.notes))
        return html(comparison_table(self), comparison_title(self)) + lines


def comparison_title(comparison: Comparison) -> str:
    """What is compared with what."""
    first, *others = comparison.sides
    return f"{', '.join(side.name for side in others)} against {first.name}"


def comparison_table(comparison: Comparison) -> Table:
    """One row a case and scenario: both rollout times, their difference, the verdict."""
    first, *others = comparison.sides
    several = len(others) > 1
    columns = (
        Column("case", TEXT, lambda one: one.case if one.case == one.other else f"{one.case} → {one.other}"),
        *((Column("scenario", TEXT, lambda one: one.side),) if several else ()),
        Column(first.name, TIME, lambda one: one.rollout_time.before),
        Column("it" if several else others[0].name, TIME, lambda one: one.rollout_time.after),
        Column("difference", TIME, lambda one: one.rollout_time.change, lambda one: _change(one.rollout_time)),
        Column("in %", SHARE, lambda one: one.rollout_time.relative, lambda one: _relative(one.rollout_time)),
        Column("verdict", TEXT, lambda one: one.verdict),
    )
    return Table(columns, _by_case(comparison))


def _by_case(comparison: Comparison) -> Sequence[CaseDifference]:
    order = {one.case: number for number, one in reversed(list(enumerate(comparison.differences)))}
    return sorted(comparison.differences, key=lambda one: order[one.case])


def _change(found: Difference) -> str:
    return _signed(show_time, found.change, found.ci)


def _relative(found: Difference) -> str:
    return _signed(show_share, found.relative, found.relative_ci)


def _signed(show: Callable[[float], str], value: float | None, interval: Interval | None) -> str:
    """A difference with its sign, and behind ± half its interval."""
    if value is None:
        return UNKNOWN
    sign = "+" if value > 0 else "−" if value < 0 else ""
    half = 0.0 if interval is None else interval.half
    return sign + (plus_minus(show, abs(value), half) if half else show(abs(value)))


def met_lines(comparison: Comparison) -> list[str]:
    """What of `--fail-if` is met, and what is not, a line each."""
    lines = []
    for text in comparison.fail_if:
        met = [one for one in comparison.met if one.condition.text == text]
        lines += [f"✗ {text}: {_told(one, comparison)}" for one in met]
        if not met:
            lines.append(f"✓ {text}: not met")
    return lines


def _told(met: Met, comparison: Comparison) -> str:
    """The numbers behind it: `builder in fast.yaml, 55.4 s → 66.0 s (+19.1 %)`."""
    show = partial(format_value, met.condition.threshold.metric)
    before, after = (UNKNOWN if one is None else show(one) for one in (met.found.before, met.found.after))
    where = f"{met.case} in {met.side}" if len(comparison.sides) > 2 else met.case
    return f"{where}, {before} → {after} ({_relative(met.found)})"


def comparison_annotations(comparison: Comparison) -> list[str]:
    """Workflow commands for GitHub: errors for what is met, a warning for what became slower, else notices."""
    lines = [
        annotation("error", f"{one.condition.text}: {_told(one, comparison)}", title="rollout comparison")
        for one in comparison.met
    ]
    for one in _by_case(comparison):
        level: Literal["warning", "notice"] = "warning" if one.rollout_time.sign in (1, None) else "notice"
        found = one.rollout_time
        message = (
            f"{one.case} in {one.side}: {show_time(found.before)} → {show_time(found.after)} ({_relative(found)}), "
            f"{one.verdict}"
        )
        lines.append(annotation(level, message, title="rollout comparison"))
    return lines


def comparison_junit(comparison: Comparison) -> str:
    """JUnit XML: a suite for each scenario, in which each case has to finish, and not to meet any condition."""
    first, *others = comparison.sides
    conditions = [parse_fail_if(text) for text in comparison.fail_if]
    met = {(one.condition.text, one.side, one.case): one for one in comparison.met}

    def tests(side: Side) -> Iterator[Test]:
        for one in comparison.differences:
            if one.side != side.name:
                continue
            times = one.rollout_time
            output = f"{show_time(times.before)} → {show_time(times.after)} ({_relative(times)}): {one.verdict}"
            unfinished = None in (times.before, times.after)
            yield Test(side.name, f"{one.case} finishes", output, "unfinished" if unfinished else None)
            for condition in conditions:
                found = met.get((condition.text, side.name, one.case))
                if found is not None:
                    yield Test(side.name, f"{one.case}: {condition.text}", _told(found, comparison), "fail-if")
                elif condition.is_about(first.outcome.records(one.case)):
                    yield Test(side.name, f"{one.case}: {condition.text}", "not met")

    return document([(f"{side.name} against {first.name}", [*tests(side)]) for side in others])


def _difference_dict(found: Difference) -> dict[str, Any]:
    return {
        "before": found.before,
        "after": found.after,
        "change": found.change,
        "change_ci": None if found.ci is None else list(found.ci),
        "relative": found.relative,
        "exact": found.exact,
    }


def replications_for(scenarios: Sequence[ResolvedScenario], asked: int | None) -> int:
    """How often scenarios that are compared are simulated.

    Parameters
    ----------
    scenarios : sequence of ResolvedScenario
        All of them.
    asked : int or None
        What the user asks for; None: the largest number in the scenarios, or 10 if that is one and chance plays a part.
    """
    own = max((scenario.replications for scenario in scenarios), default=1)
    if asked is not None or own > 1:
        return asked or own
    return REPLICATIONS if any(map(is_random, scenarios)) else 1


def compare(sides: Sequence[Side], fail_if: Sequence[str] = ()) -> Comparison:
    """Compare scenarios with the first of them.

    Parameters
    ----------
    sides : sequence of Side
        Two or more.
    fail_if : sequence of str
        Conditions, `rollout_time > +10%`; see `rolloutsim.planning.differences`.

    Raises
    ------
    UsageError
        If there are fewer than two, or they have no case in common, or a condition cannot be read.
    """
    if len(sides) < 2:
        raise UsageError(
            "compare takes two or more scenarios or results; the first is what the others are compared with"
        )
    conditions = tuple(parse_fail_if(text) for text in fail_if)
    check_known(conditions, {side.name: side.outcome for side in sides})
    first, *others = sides
    found: list[CaseDifference] = []
    met: list[Met] = []
    notes: dict[str, None] = {}
    for other in others:
        pairs = _pairs(first, other)
        notes |= dict.fromkeys(_left_out(first, other, pairs))
        for case, its in pairs:
            values = _Values(first, other, case, its)
            also = {_label(one): values.of(one) for one in _ALSO}
            found.append(CaseDifference(other.name, case, its, values.of(_ROLLOUT_TIME), also))
            for condition in conditions:
                if condition.is_about(first.outcome.records(case)) and condition.is_met(values.of(condition.threshold)):
                    met.append(Met(condition, other.name, case, values.of(condition.threshold)))
    notes |= dict.fromkeys(_about(sides))
    notes |= {f"{side.name}: {text}": None for side in sides for text in caveats(side.outcome.run)}
    return Comparison(tuple(sides), tuple(found), tuple(one.text for one in conditions), tuple(met), tuple(notes))


class _Values:
    """The numbers of a case in two scenarios."""

    def __init__(self, first: Side, other: Side, case: str, its: str) -> None:
        self.pair = (first.outcome, case), (other.outcome, its)
        self.seeds = (
            tuple(one.seed for one in first.outcome.each),
            tuple(one.seed for one in other.outcome.each),
        )
        self.chance = any(is_random(side.outcome.run.scenario) for side in (first, other))

    def of(self, number: Threshold) -> Difference:
        before, after = (outcome.figures(case, number) for outcome, case in self.pair)
        return difference(before, after, self.seeds, self.chance)


def _pairs(first: Side, other: Side) -> list[tuple[str, str]]:
    """Cases of the same name; or the only ones."""
    known, its = list(first.outcome.each[0].cases), list(other.outcome.each[0].cases)
    pairs = [(case, case) for case in known if case in its]
    if not pairs and len(known) == len(its) == 1:
        return [(known[0], its[0])]
    if not pairs:
        raise UsageError(
            f"{first.name} and {other.name} have no case in common: {', '.join(known)}; and {', '.join(its)}"
        )
    return pairs


def _left_out(first: Side, other: Side, pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    for side, compared in ((first, {one for one, _ in pairs}), (other, {one for _, one in pairs})):
        left = [case for case in side.outcome.each[0].cases if case not in compared]
        if left:
            yield f"Only in {side.name}, and not compared: {', '.join(left)}."


def _about(sides: Sequence[Side]) -> Iterator[str]:
    """What the intervals are, or why there are none; names where it is not the same for all."""
    first, *others = sides
    found: dict[str, list[str]] = {}
    for other in others:
        for words in _how(first, other):
            found.setdefault(words, []).append(other.name)
    for words, names in found.items():
        yield words if len(names) == len(others) else f"{', '.join(names)}: {words}"


def _how(first: Side, other: Side) -> Iterator[str]:
    """How a scenario is compared with the first one."""
    if not any(is_random(side.outcome.run.scenario) for side in (first, other)):
        yield "Nothing in these scenarios is random: differences are exact."
        return
    mine, its = (tuple(one.seed for one in side.outcome.each) for side in (first, other))
    pairs = min(len(mine), len(its))
    paired = mine[:pairs] == its[:pairs]
    if pairs == 1:
        which = "" if len(mine) == len(its) else f" ({first.name if len(mine) == 1 else other.name} has one)"
        yield (
            f"One replication says nothing about chance{which}: compare scenario files, or results with more "
            "replications."
        )
    else:
        counts = str(pairs) if paired or len(mine) == len(its) else f"{len(mine)} and {len(its)}"
        how = "paired by the same seeds" if paired else "not paired, since seeds differ (Welch)"
        yield f"{counts} replications, {how}; ± is half a 95 % interval, Student's t."
    if paired and len(mine) != len(its):
        longer, count = (first, len(mine)) if len(mine) > pairs else (other, len(its))
        some = f"first of {count} replications is" if pairs == 1 else f"first {pairs} of {count} replications are"
        yield f"Of {longer.name} only the {some} used, paired by seed."


def _label(number: Threshold) -> str:
    return f"{number.metric} {number.statistic}" if number.statistic else number.metric
