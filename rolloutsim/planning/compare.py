"""Two or more scenarios side by side, or the variants of one: how much faster or slower than the first one.

They are compared case by case, and within a case workload by workload and node group by node group, where it has
several. Replication i of every scenario has the same seed, so that they differ by what they are and not by luck. The
verdict needs a 95 % interval that leaves out zero; where chance plays no part, the difference is exact and any will do.
`rolloutsim.planning.compare_tables` shows a comparison.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

from rolloutsim.errors import UsageError
from rolloutsim.planning.differences import Difference, FailIf, check_known, difference, is_random, parse_fail_if
from rolloutsim.planning.replicate import DRAWS
from rolloutsim.results.caveats import caveats
from rolloutsim.results.facts.intervals import Interval, mean, mean_interval
from rolloutsim.results.thresholds import missed, rows_of
from rolloutsim.scenario.idle import idle_overrides
from rolloutsim.scenario.model import Document
from rolloutsim.scenario.resolved import Threshold
from rolloutsim.scenario.settings import changes
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.outcome import Outcome
    from rolloutsim.scenario.resolved import ResolvedScenario
    from rolloutsim.scenario.settings import Changed

SCHEMA = "rolloutsim.compare/1"
# What stands in the JSON, and what it means.
KEYS: Mapping[str, str] = {
    "scenarios[]": "`name` on the command line or of the variant, `scenario`, `sha256`, `variant`, `seed`, "
    "`replications`; `thresholds` as they are judged, `cost_per_month` by case and kind of disk where prices are given",
    "notes[]": "what one has to know to read it",
    "changes[]": "what differs from the first in the resolved `scenario`: `key`, `change` (`+`, `-`, `~`), `before`, "
    "`after`, and in `defaults` which of both are",
    "cases[]": "`case` of the first `against` that of the `scenario`: `verdict`, `rollout_time_s`, and `also` other "
    "numbers; each with `before`, `after`, `change`, its 95 % interval `change_ci`, `relative`, and whether it is "
    "`exact`",
    "cases[].workloads[]": "the same of each `workload` from its own start, where there are several",
    "cases[].groups[]": "the same of the pods on the nodes of each `group`, where there are several",
    "fail_if[]": "each `condition`, and where it is `met`",
}
REPLICATIONS = DRAWS  # of scenarios in which chance plays a part, unless told otherwise

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


def verdict_of(found: Difference) -> str:
    """`faster`, `slower`, `no difference seen`, or why there is none."""
    if found.after is None:
        return "does not finish"
    if found.before is None:
        return "the first does not finish"
    sign = found.sign
    return "not known from one replication" if sign is None else _VERDICTS[sign]


@struct(frozen=True)
class Part:
    """What of a case a time is about: all of it, one of its workloads, or the pods on one group's nodes."""

    kind: Literal["case", "workload", "group"]
    name: str

    def times(self, outcome: Outcome, case: str) -> tuple[float | None, ...]:
        """In each replication, how long it takes [s]: a workload's from its start, others from the rollout's."""
        if self.kind == "group":
            return outcome.values(case, "groups", self.name, "ready_s")
        if self.kind == "workload":
            starts, ends = (outcome.values(case, "workloads", self.name, key) for key in ("start_s", "ready_s"))
            pairs = zip(starts, ends, strict=True)
            return tuple(None if start is None or end is None else end - start for start, end in pairs)
        return outcome.values(case)


@struct
class PartDifference:
    """A workload of a case, or the pods on a group's nodes, against that of the first scenario."""

    part: Part
    rollout_time: Difference

    @property
    def verdict(self) -> str:
        """As of a case."""
        return verdict_of(self.rollout_time)


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
    parts : tuple of PartDifference
        Its workloads and node groups, where there are several, and both scenarios have them.
    """

    side: str
    case: str
    other: str
    rollout_time: Difference
    also: Mapping[str, Difference]
    parts: tuple[PartDifference, ...] = ()

    @property
    def verdict(self) -> str:
        """`faster`, `slower`, `no difference seen`, or why there is none."""
        return verdict_of(self.rollout_time)


@struct
class Row:
    """A line of a comparison: how long a case, or a part of it, takes in one scenario, and how far from the first.

    Parameters
    ----------
    case : str
        The case of the first scenario.
    own : str
        What it is called in this one.
    part : Part
        What of it.
    side : str
        The scenario.
    time : float or None
        The mean over its replications [s]; None: unknown.
    ci : Interval or None
        The 95 % interval of that.
    found : Difference or None
        The difference to the first scenario; None: it is the first.
    """

    case: str
    own: str
    part: Part
    side: str
    time: float | None
    ci: Interval | None
    found: Difference | None

    @property
    def verdict(self) -> str:
        """As of a case; empty for the first scenario."""
        return "" if self.found is None else verdict_of(self.found)


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
    rows : tuple of Row
        Every line: the cases in their order, in each what of it is compared, and of that each scenario.
    changes : mapping of str to tuple of Changed
        By scenario, what in it is not as in the first one; without those of which nobody knows the file.
    """

    sides: tuple[Side, ...]
    differences: tuple[CaseDifference, ...]
    fail_if: tuple[str, ...]
    met: tuple[Met, ...]
    notes: tuple[str, ...]
    rows: tuple[Row, ...]
    changes: Mapping[str, tuple[Changed, ...]]

    @property
    def finished(self) -> bool:
        """Whether every rollout finished."""
        return all(side.outcome.finished for side in self.sides)

    @property
    def missed(self) -> bool:
        """Whether a scenario misses a threshold of its own."""
        return any(missed(side.outcome.thresholds) for side in self.sides)

    @property
    def of_variants(self) -> bool:
        """Whether the variants of one scenario are compared, or some of them with the scenario itself."""
        scenarios = [side.outcome.run.scenario for side in self.sides]
        return any(one.variant for one in scenarios) and len({one.name for one in scenarios}) == 1

    def to_dict(self) -> dict[str, Any]:
        """The comparison as nested dicts and lists, versioned `rolloutsim.compare/1`: seconds, against the first."""
        return {
            "schema": SCHEMA,
            "scenarios": [_side_dict(side) for side in self.sides],
            "notes": list(self.notes),
            "changes": [
                {"scenario": side, "key": one.key, "change": one.sign} | one.values()
                for side, every in self.changes.items()
                for one in every
            ],
            "cases": [_case_dict(one) for one in self.differences],
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

    def to_csv(self) -> str:
        """A line for each row, with full precision."""
        from rolloutsim.planning.compare_tables import to_csv

        return to_csv(self)

    def to_markdown(self) -> str:
        """A section for a pull request: title, table, conditions, notes."""
        from rolloutsim.planning.compare_tables import to_markdown

        return to_markdown(self)

    def __repr__(self) -> str:
        return f"<Comparison of {', '.join(side.name for side in self.sides)}>"

    def _repr_html_(self) -> str:
        from rolloutsim.planning.compare_tables import to_html

        return to_html(self)


def _mean(times: Sequence[float | None]) -> tuple[float | None, Interval | None]:
    """The mean of times, and its interval; None where one is unknown."""
    known = [time for time in times if time is not None]
    if len(known) < len(times) or not known:
        return None, None
    return mean(known), mean_interval(known)


def _side_dict(side: Side) -> dict[str, Any]:
    scenario = side.outcome.run.scenario
    about: dict[str, Any] = {"name": side.name, "scenario": scenario.name, "sha256": scenario.sha256}
    if scenario.variant:
        about["variant"] = scenario.variant
    about |= {"seed": side.outcome.run.seed, "replications": len(side.outcome)}
    if side.outcome.thresholds:
        about["thresholds"] = [
            {"case": case, **row} for case in side.outcome.cases for row in rows_of(side.outcome.thresholds, case)
        ]
    disks = {case: figures.disk for case, figures in side.outcome.means.cases.items() if figures.disk is not None}
    costs = {case: dict(disk.cost_per_month) for case, disk in disks.items() if disk.cost_per_month}
    return about | ({"cost_per_month": costs} if costs else {})


def _case_dict(one: CaseDifference) -> dict[str, Any]:
    case: dict[str, Any] = {
        "case": one.case,
        "against": one.other,
        "scenario": one.side,
        "verdict": one.verdict,
        "rollout_time_s": _difference_dict(one.rollout_time),
        "also": {name: _difference_dict(found) for name, found in one.also.items()},
    }
    for kind in ("workload", "group"):
        rows = [
            {kind: each.part.name, "verdict": each.verdict, "rollout_time_s": _difference_dict(each.rollout_time)}
            for each in one.parts
            if each.part.kind == kind
        ]
        if rows:
            case[f"{kind}s"] = rows
    return case


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
            parts = tuple(PartDifference(part, values.of_part(part)) for part in _parts(first, other, case, its))
            found.append(CaseDifference(other.name, case, its, values.of(_ROLLOUT_TIME), also, parts))
            for condition in conditions:
                if condition.is_about(first.outcome.records(case)) and condition.is_met(values.of(condition.threshold)):
                    met.append(Met(condition, other.name, case, values.of(condition.threshold)))
    notes |= dict.fromkeys(_the_same(sides))
    notes |= dict.fromkeys(_without_part(sides))
    notes |= dict.fromkeys(_about(sides))
    notes |= dict.fromkeys(_caveats(sides))
    return Comparison(
        tuple(sides), tuple(found), tuple(one.text for one in conditions), tuple(met), tuple(notes),
        tuple(_rows(sides, found)), dict(_changes(sides)),
    )  # fmt: skip


def _rows(sides: Sequence[Side], found: Sequence[CaseDifference]) -> Iterator[Row]:
    """Every line of a comparison."""
    for case in dict.fromkeys(one.case for one in found):
        of_case = [one for one in found if one.case == case]
        whole = Part("case", case)
        parts = dict.fromkeys((whole, *(each.part for one in of_case for each in one.parts)))
        known = [(one, {each.part: each.rollout_time for each in one.parts} | {whole: one.rollout_time})
                 for one in of_case]  # fmt: skip
        outcomes = {side.name: side.outcome for side in sides}
        for part in parts:
            yield Row(case, case, part, sides[0].name, *_mean(part.times(sides[0].outcome, case)), None)
            for one, differences in known:
                if part in differences:
                    times = part.times(outcomes[one.side], one.other)
                    yield Row(case, one.other, part, one.side, *_mean(times), differences[part])


def _changes(sides: Sequence[Side]) -> Iterator[tuple[str, tuple[Changed, ...]]]:
    """What in each scenario is not as in the first one."""
    first, *others = (side.outcome.run.scenario for side in sides)
    for side, other in zip(sides[1:], others, strict=True):
        if first.document and other.document:
            yield side.name, changes(first, other)


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

    def of_part(self, part: Part) -> Difference:
        before, after = (part.times(outcome, case) for outcome, case in self.pair)
        return difference(before, after, self.seeds, self.chance)


def _parts(first: Side, other: Side, case: str, its: str) -> Iterator[Part]:
    """The workloads and node groups that a case has in both scenarios, where it has several."""
    mine, theirs = first.outcome.each[0].cases[case], other.outcome.each[0].cases[its]
    kinds: tuple[Literal["workload", "group"], ...] = ("workload", "group")
    for kind in kinds:
        rows, others = (
            [row[kind] for row in one.get(f"{kind}s", ()) if kind == "workload" or row["pods"]]
            for one in (mine, theirs)
        )
        if max(len(rows), len(others)) > 1:
            yield from (Part(kind, name) for name in rows if name in others)


def _the_same(sides: Sequence[Side]) -> Iterator[str]:
    """Which of the compared are one and the same scenario: differences there would be none are no result."""
    for one, other in combinations(sides, 2):
        a, b = (side.outcome.run.scenario for side in (one, other))
        if a.sha256 == b.sha256 and (a.variant or b.variant):
            yield f"{one.name} and {other.name} are the same scenario: nothing that is simulated differs."


def _without_part(sides: Sequence[Side]) -> Iterator[str]:
    """What was changed in a scenario and plays no part in it: that nothing differs by it is no result."""
    for side in sides:
        scenario = side.outcome.run.scenario
        if not scenario.overrides or not scenario.document:
            continue
        try:
            document = Document.model_validate(json.loads(scenario.document))
        except ValidationError:  # of a result that another release wrote
            continue
        yield from (f"{side.name}: {note}" for note in idle_overrides(document, scenario.overrides))


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


def _caveats(sides: Sequence[Side]) -> Iterator[str]:
    """What one has to know of their figures; names where it is not the same for all."""
    found: dict[str, list[str]] = {}
    for side in sides:
        for words in caveats(side.outcome.run):
            found.setdefault(words, []).append(side.name)
    for words, names in found.items():
        yield words if len(names) == len(sides) else f"{', '.join(names)}: {words}"


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


def _label(what: Threshold) -> str:
    return f"{what.metric} {what.statistic}" if what.statistic else what.metric
