"""Conditions on a comparison: `rollout_time > +10%`, `pull_time{image=app} p95 > +3 s`, `bytes_on_wire > 5 GB`.

A value with a sign is a difference to the first scenario, in per cent of its number or in its unit; without one it is
the number itself. What is unknown meets a condition: a rollout that does not finish is no improvement.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from rolloutsim.errors import UsageError
from rolloutsim.scenario.conditions import parse_difference
from rolloutsim.scenario.resolved import Threshold
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.planning.differences import Difference

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_SIGNED = re.compile(r"(.*?)([<>]=?)\s*([+-])\s*(.+)", re.DOTALL)
_PERCENT = re.compile(r"([0-9]*\.?[0-9]+)\s*%")


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

    def is_about(self, case: str) -> bool:
        """Whether a case is one that the condition selects."""
        selectors = self.threshold.selectors
        return all(selectors.get(label, case) == case for label in ("case", "image"))

    def is_met(self, found: Difference) -> bool:
        """Whether a difference meets it; an unknown one does."""
        number = {"value": found.after, "change": found.change, "share": found.relative}[self.kind]
        if self.kind == "share" and found.change == 0.0:
            number = 0.0
        return number is None or _COMPARISONS[self.threshold.comparison](number, self.limit)


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


def check_known(conditions: tuple[FailIf, ...], cases: list[Mapping[str, Any]]) -> None:
    """UsageError for the first condition that is about what none of the compared results has."""
    from rolloutsim.results.thresholds import look_up

    for condition in conditions:
        about = [case for case in cases if condition.is_about(case["case"])]
        if not about:
            names = ", ".join(dict.fromkeys(case["case"] for case in cases))
            raise UsageError(f"--fail-if '{condition.text}': it is about no case; cases: {names}")
        if not any(look_up(case, condition.threshold) for case in about):
            raise UsageError(f"--fail-if '{condition.text}': no such number is in the results; see 'run --format json'")
