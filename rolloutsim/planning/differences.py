"""The difference between the same number of two scenarios, with its interval, and conditions on it.

Replications with the same seeds are compared pair by pair: what both have by chance cancels out (common random numbers;
Law, *Simulation Modeling and Analysis*, 5th ed., 10.2.1 and 11.2). Without common seeds it is Welch's interval of the
difference of two means, with its degrees of freedom rounded down (Welch, Biometrika 34, 1947). Where nothing is random
the difference is exact. What only the rounding of the numbers leaves is neither a difference nor a spread.

A condition is `rollout_time > +10%`, `pull_time{image=app} p95 > +3 s` or `bytes_on_wire > 5 GB`: a value with a sign
is a difference to the first scenario, in per cent of its number or in its unit; without one it is the number itself.
What is unknown meets a condition: a rollout that does not finish is no improvement.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from math import floor, sqrt
from statistics import variance
from typing import TYPE_CHECKING, Any

from rolloutsim.errors import UsageError
from rolloutsim.fleet.build import has_hazards
from rolloutsim.fleet.timeouts import may_time_out
from rolloutsim.results.facts.intervals import LEVEL, Interval, mean, mean_interval, student_t
from rolloutsim.results.metrics import is_image_case
from rolloutsim.results.parts import is_of_part
from rolloutsim.results.thresholds import COMPARISONS, is_about
from rolloutsim.scenario.conditions import parse_difference
from rolloutsim.scenario.distribution import Distribution
from rolloutsim.scenario.hints import did_you_mean, listing
from rolloutsim.scenario.metrics import METRICS
from rolloutsim.scenario.orchestration import Again, Kubelet
from rolloutsim.scenario.resolved import Fairness, Fault, NodeGroup, ResolvedScenario, Threshold
from rolloutsim.scenario.runtimes import Runtime
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords, Run
    from rolloutsim.results.outcome import Outcome

_ROUNDING = 1e-9  # a smaller share of a number is rounding (assumed: far more than sums of floats are off by)
_SIGNED = re.compile(r"(.*?)([<>]=?)\s*([+-])\s*(.+)", re.DOTALL)
_PERCENT = re.compile(r"([0-9]*\.?[0-9]+)\s*%")


@struct(frozen=True)
class Difference:
    """How far a number of a scenario is from that of the first one.

    Parameters
    ----------
    before, after : float or None
        Means over the replications, of the first scenario and of the other; None: unknown in one of them.
    change : float or None
        Their difference.
    ci : Interval or None
        Its 95 % interval; None: there is one replication.
    exact : bool
        Whether the difference owes nothing to chance.
    """

    before: float | None
    after: float | None
    change: float | None
    ci: Interval | None
    exact: bool

    @property
    def relative(self) -> float | None:
        """The change as a share of the number before [1]."""
        return None if self.change is None or not self.before else self.change / abs(self.before)

    @property
    def relative_ci(self) -> Interval | None:
        """The interval as a share of the number before, which is taken as known [1]."""
        if self.ci is None or not self.before:
            return None
        return Interval(self.ci.low / abs(self.before), self.ci.high / abs(self.before))

    @property
    def sign(self) -> int | None:
        """Whether the number became larger (1) or smaller (-1); 0: no difference seen; None: not known."""
        if self.change is None:
            return None
        if self.exact:
            return (self.change > 0) - (self.change < 0)
        if self.ci is None:
            return None
        return (self.ci.low > 0) - (self.ci.high < 0)


def difference(
    before: Sequence[float | None],
    after: Sequence[float | None],
    seeds: tuple[Sequence[int], Sequence[int]],
    chance: bool,
) -> Difference:
    """Compare the values of two scenarios' replications, each with its seed; None: unknown.

    With `chance` the values may be different with other seeds.
    """
    old, new = [one for one in before if one is not None], [one for one in after if one is not None]
    old_mean = mean(old) if len(old) == len(before) else None
    new_mean = mean(new) if len(new) == len(after) else None
    if old_mean is None or new_mean is None:
        return Difference(old_mean, new_mean, None, None, not chance)
    if not chance:
        return Difference(old_mean, new_mean, _change(old_mean, new_mean), None, True)
    pairs = min(len(old), len(new))
    if tuple(seeds[0][:pairs]) == tuple(seeds[1][:pairs]):
        old, new = old[:pairs], new[:pairs]
        changes = [_change(a, b) for a, b in zip(old, new, strict=True)]
        change = mean(changes)
        alike = _are_alike(changes, max(map(abs, (*old, *new))))
        ci = Interval(change, change) if alike and pairs > 1 else mean_interval(changes)
        return Difference(mean(old), mean(new), change, ci, False)
    return Difference(old_mean, new_mean, _change(old_mean, new_mean), _welch(old, new), False)


def _change(old: float, new: float) -> float:
    """How far a number is from another; 0 where that is but rounding, which is no whole number (of bytes)."""
    change = new - old
    is_rounding = abs(change) <= _ROUNDING * max(abs(old), abs(new)) and not float(change).is_integer()
    return 0.0 if is_rounding else change


def _are_alike(values: Sequence[float], size: float) -> bool:
    """Whether values differ by nothing but the rounding of numbers of a size."""
    return max(values) - min(values) <= _ROUNDING * size


def _welch(old: Sequence[float], new: Sequence[float]) -> Interval | None:
    if min(len(old), len(new)) < 2:
        return None
    change = _change(mean(old), mean(new))
    parts = variance(old) / len(old), variance(new) / len(new)
    if all(_are_alike(values, max(map(abs, values))) for values in (old, new)):
        return Interval(change, change)
    weights = parts[0] ** 2 / (len(old) - 1) + parts[1] ** 2 / (len(new) - 1)
    freedom = max(1, floor(sum(parts) ** 2 / weights))
    half = student_t((1 + LEVEL) / 2, freedom) * sqrt(sum(parts))
    return Interval(change - half, change + half)


def is_random(scenario: ResolvedScenario) -> bool:
    """Whether any number in a simulation of the scenario may be drawn; it may still not matter for its results."""
    groups = {group.name for group in scenario.groups}
    drawn = any(_draws(part, groups) for part in _parts(scenario))
    return drawn or _finds_at_random(scenario) or _looks_at_random(scenario)


def _finds_at_random(scenario: ResolvedScenario) -> bool:
    """Whether a look-up of peers that nodes ask may find any of several."""
    asked = {name for group in scenario.groups for name in group.hosts}
    return any(one.finds == "random" and one.swarm is None for name, one in scenario.peers.items() if name in asked)


def _looks_at_random(scenario: ResolvedScenario) -> bool:
    """Whether pods may have to wait for their kubelets' next look, the time of which is drawn."""
    at_random = [group for group in scenario.groups if group.kubelet.requeue != "exact"]
    if not at_random:
        return False
    for case in scenario.cases:
        timed = any(group.kubelet.pull_timeout is not None for group in at_random)
        if case.workloads and (timed or has_hazards(scenario, case) or may_time_out(scenario, case)):
            return True
        calls = {group.name: 0 for group in scenario.groups}
        for workload in case.workloads:
            nodes = sum(group.count for group in scenario.groups if group.name in workload.groups)
            for name in workload.groups:
                calls[name] += -(-workload.replicas // max(nodes, 1)) * len(workload.images)
        limits = (group.kubelet for group in at_random if calls[group.name] > group.kubelet.pull_burst)
        if any(kubelet.pull_qps is not None for kubelet in limits):
            return True
    return False


def _draws(part: Any, groups: set[str]) -> bool:
    match part:
        case Distribution():
            return not part.is_constant
        case Fairness():
            return part.sigma > 0.0
        case Kubelet():
            return part.backoff_jitter > 0.0
        case Runtime():
            return part.ingest_poll > 0.0
        case Again():
            return part.times > 0 and part.jitter > 0.0
        case Fault():
            at_random = part.at is None or 0.0 < part.probability < 1.0
            return at_random or (part.kind == "node" and part.target in groups)
    return False


def _parts(value: Any) -> Iterator[Any]:
    """A dataclass and all dataclasses in it; of a node group, which may have many nodes, what they have in common."""
    if is_dataclass(value) and not isinstance(value, type):
        yield value
        for each in fields(value):
            if not (isinstance(value, NodeGroup) and each.name == "cached"):
                yield from _parts(getattr(value, each.name))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _parts(item)
    elif isinstance(value, tuple) and value and not isinstance(value[0], (str, float, int)):
        for item in value:
            yield from _parts(item)


@struct
class FailIf:
    """A condition.

    Parameters
    ----------
    text : str
        As written.
    threshold : Threshold
        The metric, its selectors and statistic, the comparison, and the value without its sign.
    kind : str
        `value`, `change` (in the metric's unit) or `share` (of the first scenario's number).
    limit : float
        The value with its sign.
    """

    text: str
    threshold: Threshold
    kind: str
    limit: float

    def is_about(self, case: CaseRecords) -> bool:
        """Whether a case is one that the condition selects."""
        return is_about(self.threshold, case)

    def is_met(self, found: Difference) -> bool:
        """Whether a difference meets it; an unknown one does."""
        number = {"value": found.after, "change": found.change, "share": found.relative}[self.kind]
        if self.kind == "share" and found.change == 0.0:
            number = 0.0
        return number is None or COMPARISONS[self.threshold.comparison](number, self.limit)


def parse_fail_if(text: str, option: str = "--fail-if") -> FailIf:
    """A condition from its text; UsageError if it cannot be read."""
    signed = _SIGNED.fullmatch(text)
    if signed is None:
        threshold = parse_difference(text, text, option)
        return FailIf(text.strip(), threshold, "value", threshold.value)
    start, comparison, sign, amount = signed.groups()
    factor = -1.0 if sign == "-" else 1.0
    percent = _PERCENT.fullmatch(amount.strip())
    if percent is None:
        threshold = parse_difference(f"{start}{comparison} {amount}", text, option)
        return FailIf(text.strip(), threshold, "change", factor * threshold.value)
    threshold = parse_difference(f"{start}{comparison}", text, option, without_value=True)
    return FailIf(text.strip(), threshold, "share", factor * float(percent[1]) / 100)


def check_known(conditions: Sequence[FailIf], compared: Mapping[str, Outcome]) -> None:
    """UsageError for the first condition that is about what none of the compared results, by name, has."""
    for condition in conditions:
        said = f"--fail-if '{condition.text}'"
        _check_labels(said, condition.threshold, [one.run for one in compared.values()])
        about = [
            (name, outcome, case)
            for name, outcome in compared.items()
            for case in outcome.run.cases
            if condition.is_about(case)
        ]
        if not about:
            names = ", ".join(dict.fromkeys(case for outcome in compared.values() for case in outcome.cases))
            raise UsageError(f"{said}: it is about no case; cases: {names}")
        for name, outcome, case in about:
            if is_of_part(condition.threshold, case) and not all(case.name in one.parts for one in outcome.each):
                raise UsageError(
                    f"{said}: {name} is of an earlier version, which kept no parts of its replications; run it again"
                )
        if not any(outcome.has_figure(case.name, condition.threshold) for _, outcome, case in about):
            raise UsageError(f"{said}: no such number is in the results; see 'run --format json'")


def _check_labels(said: str, about: Threshold, runs: Sequence[Run]) -> None:
    """UsageError for a label of parts whose value none of the scenarios has."""
    scenarios = [run.scenario for run in runs]
    cases = [case for run in runs for case in run.cases]
    names = {
        "group": [group.name for one in scenarios for group in one.groups],
        "rack": [rack for one in scenarios for group in one.groups for rack in group.racks],
        "workload": [workload.name for one in scenarios for case in one.cases for workload in case.workloads],
        "image": [image.name for case in cases for image in case.images],
    }
    for label, value in about.selectors.items():
        known = sorted({*names.get(label, (value,))})
        if value not in known:
            hint = did_you_mean(value, known)
            message = f"no {label} is named '{value}'; known: {listing(known)}" + (f"; {hint}" if hint else "")
            raise UsageError(f"{said}: {message}")
    if (
        "image" in about.selectors
        and "image" not in METRICS[about.metric].narrowed
        and not any(map(is_image_case, cases))
    ):
        raise UsageError(f"{said}: {about.metric} is not told image by image where all of them roll out together")
