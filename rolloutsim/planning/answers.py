"""The answers of planning as people and programs read them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any, Literal

from rolloutsim.results.numerals import UNKNOWN, plus_minus, show_share, show_time
from rolloutsim.results.shown.tabular import (
    NUMBER,
    OPTIONS,
    SHARE,
    TEXT,
    TIME,
    Column,
    Kind,
    Table,
    as_options,
    escaped,
    html,
    markdown,
)
from rolloutsim.results.thresholds import format_value

if TYPE_CHECKING:
    from rolloutsim.planning.compare import CaseDifference, Comparison, Met
    from rolloutsim.planning.differences import Difference
    from rolloutsim.planning.sensitivity import Sensitivity
    from rolloutsim.planning.solve import Solution, Tried
    from rolloutsim.planning.what_if import WhatIf
    from rolloutsim.results.facts.intervals import Interval
    from rolloutsim.results.thresholds import ThresholdResult

_MOST_EXCEPTIONS = 3  # that are named


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


def comparison_title(comparison: Comparison) -> str:
    """What is compared with what."""
    first, *others = comparison.sides
    return f"{', '.join(side.name for side in others)} against {first.name}"


def comparison_markdown(comparison: Comparison) -> str:
    """A section for a pull request: title, table, conditions, notes."""
    parts = [f"### Rollout time: {escaped(comparison_title(comparison))}", markdown(comparison_table(comparison))]
    lines = met_lines(comparison)
    if lines:
        parts.append("\n".join(f"- {escaped(line)}" for line in lines))
    parts.append("\n".join(f"_{escaped(note)}_" for note in comparison.notes))
    return "\n\n".join(part for part in parts if part) + "\n"


def comparison_annotations(comparison: Comparison) -> list[str]:
    """Workflow commands for GitHub: errors for what is met, a warning for what became slower, else notices."""
    from rolloutsim.results.shown.annotations import annotation

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


def comparison_dict(comparison: Comparison) -> dict[str, Any]:
    """The contract `rolloutsim.compare/1`; times in seconds, changes against the first scenario."""
    from rolloutsim.planning.compare import SCHEMA

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
            for side in comparison.sides
        ],
        "notes": list(comparison.notes),
        "cases": [
            {
                "case": one.case,
                "against": one.other,
                "scenario": one.side,
                "verdict": one.verdict,
                "rollout_time_s": _difference_dict(one.rollout_time),
                "also": {name: _difference_dict(found) for name, found in one.also.items()},
            }
            for one in comparison.differences
        ],
        "fail_if": [
            {
                "condition": text,
                "met": [
                    {"scenario": one.side, "case": one.case, **_difference_dict(one.found)}
                    for one in comparison.met
                    if one.condition.text == text
                ],
            }
            for text in comparison.fail_if
        ],
    }


def _difference_dict(found: Difference) -> dict[str, Any]:
    return {
        "before": found.before,
        "after": found.after,
        "change": found.change,
        "change_ci": None if found.ci is None else list(found.ci),
        "relative": found.relative,
        "exact": found.exact,
    }


def comparison_html(comparison: Comparison) -> str:
    """For Jupyter."""
    lines = "".join(f"<div>{escape(line)}</div>" for line in (*met_lines(comparison), *comparison.notes))
    return html(comparison_table(comparison), comparison_title(comparison)) + lines


def what_if_table(changes: Sequence[WhatIf]) -> Table:
    """Simulated changes: what each does to the rollout time, and the options that make it."""
    columns = (
        Column("change", TEXT, lambda one: one.change),
        Column("before", TIME, lambda one: one.before),
        Column("after", TIME, lambda one: one.after),
        Column("gain", GAIN, lambda one: one.gain),
        Column("with", OPTIONS, lambda one: one.overrides),
    )
    return Table(columns, changes)


def _gain(seconds: float) -> str:
    return f"-{show_time(-seconds)}" if seconds < 0.0 else show_time(seconds)


GAIN = Kind(_gain, unknown="does not finish")


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
    if solution.assignment is not None:
        notes.append(f"Try it: {as_options([solution.assignment])}")
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
    return notes


def _compared(statistic: str | None) -> str:
    """What of several replications a condition is held against."""
    if statistic in ("min", "max"):
        which = "smallest" if statistic == "min" else "largest"
        return f"{statistic} is the {which} value of all of them, which has no interval and is compared as it is"
    return "a value passes if the condition holds at the end of the 95 % interval"


def solution_table(solution: Solution) -> Table:
    """What was tried, in ascending order: the value, the worst result, whether it will do."""
    metric = solution.tried[0].results[0].metric.partition("{")[0] if solution.tried else "value"
    columns = (
        Column("", TEXT, lambda one: "✓" if one.passed else "✗"),
        Column(solution.path, NUMBER, lambda one: one.number, lambda one: str(one.value)),
        Column(metric, NUMBER, lambda one: _worst(one).value, lambda one: _worst(one).shown),
        Column("of", TEXT, lambda one: _worst(one).metric.partition("{")[2].rstrip("}")),
    )
    return Table(columns, sorted(solution.tried, key=lambda one: one.number))


def _worst(tried: Tried) -> ThresholdResult:
    """The result that is furthest from the condition, which comes first among equals."""
    failing = [result for result in tried.results if not result.passed]
    return max(failing or tried.results, key=lambda one: float("inf") if one.value is None else one.value)


def solution_html(solution: Solution) -> str:
    """For Jupyter."""
    notes = "".join(f"<div>{escape(note)}</div>" for note in solution_notes(solution))
    return html(solution_table(solution), solution_title(solution)) + notes


def solution_markdown(solution: Solution) -> str:
    """A section: the answer, notes, what was tried."""
    notes = "\n".join(f"- {escaped(note)}" for note in solution_notes(solution))
    parts = [f"### {escaped(solution_title(solution))}", notes]
    return "\n\n".join([part for part in parts if part] + [markdown(solution_table(solution))]) + "\n"
