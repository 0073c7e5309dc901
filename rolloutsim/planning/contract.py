"""The published JSON Schema of all that is written as JSON: results, and what is made of many runs.

A document says by its `schema` which it is; `validate --format json` prints a list of located errors instead. New keys
are a minor change, and the schema is that of one version: it refuses keys that this version does not write.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from rolloutsim.results.contract.schema import Moment, Run, Scenario, Threshold, Time, WhatIf, shapes
from rolloutsim.results.contract.shapes import Bounds, Form, Schema
from rolloutsim.results.facts.intervals import Interval
from rolloutsim.results.why.critical import Cause
from rolloutsim.scenario.structure import DIALECT, schema_id

TITLE = "rolloutsim results, format version 1"


class JudgedCase(Threshold):
    """A condition that was checked, and for which case."""

    case: str


class Side(TypedDict):
    """One of the compared."""

    name: str
    scenario: str
    sha256: str
    variant: NotRequired[str]
    seed: int
    replications: int
    thresholds: NotRequired[list[JudgedCase]]
    cost_per_month: NotRequired[Mapping[str, Mapping[str, float]]]


class ChangedKey(TypedDict):
    """A key that differs."""

    key: str
    change: Literal["+", "-", "~"]
    before: str | None
    after: str | None
    defaults: list[Literal["before", "after"]]


class ChangedOfSide(ChangedKey):
    """A key that differs from that of the first scenario."""

    scenario: str


class Difference(TypedDict):
    """A number in the first scenario and in another one."""

    before: Time
    after: Time
    change: Moment
    change_ci: Interval | None
    relative: Moment
    exact: bool


class DifferenceOfPart(TypedDict):
    """The rollout time of a workload, or of the pods on a group's nodes, in the first scenario and in another one."""

    workload: NotRequired[str]
    group: NotRequired[str]
    verdict: str
    rollout_time_s: Difference


class DifferenceOfCase(TypedDict):
    """A case of the first scenario against that of another one."""

    case: str
    against: str
    scenario: str
    verdict: str
    rollout_time_s: Difference
    also: Mapping[str, Difference]
    workloads: NotRequired[list[DifferenceOfPart]]
    groups: NotRequired[list[DifferenceOfPart]]


class MetBy(Difference):
    """What meets a condition of `--fail-if`."""

    scenario: str
    case: str


class FailIf(TypedDict):
    """A condition of `--fail-if`, and where it is met."""

    condition: str
    met: list[MetBy]


class Comparison(TypedDict):
    """Scenarios or variants side by side; `run` of a file with variants adds the document of each."""

    schema: Literal["rolloutsim.compare/1"]
    scenarios: list[Side]
    notes: list[str]
    changes: list[ChangedOfSide]
    cases: list[DifferenceOfCase]
    fail_if: list[FailIf]
    results: NotRequired[list[Run]]


class DiffedScenario(TypedDict):
    """One of two scenarios."""

    name: str
    scenario: str
    sha256: str


class Diff(TypedDict):
    """What differs in two scenarios."""

    schema: Literal["rolloutsim.diff/1"]
    scenarios: list[DiffedScenario]
    changes: list[ChangedKey]


class Explanation(TypedDict):
    """Why a rollout took as long as it did, and what would help."""

    schema: Literal["rolloutsim.explain/1"]
    version: str | None
    scenario: Scenario
    seed: int
    case: str
    rollout_time_s: Time
    why: list[Cause]
    what_if: list[WhatIf]
    no_effect: list[str]
    not_tried: list[str]


class Input(TypedDict):
    """How the rollout time changes with an input."""

    case: str
    path: str
    by: str
    value: str
    low_value: str | None
    high_value: str | None
    low_s: Time
    base_s: float
    high_s: Time
    span_s: float


class Sensitivity(TypedDict):
    """How the rollout time changes with each input."""

    schema: Literal["rolloutsim.sensitivity/1"]
    version: str | None
    scenario: Scenario
    seed: int
    case: str
    rollout_time_s: Time
    sensitivity: list[Input]
    not_tried: list[str]


class Value:
    """A value of a scenario's key, as a user writes it."""


class SolvedCase(TypedDict):
    """What a condition is about, in a case."""

    case: str
    metric: str
    value: Moment
    ci: NotRequired[Interval]


class Tried(TypedDict):
    """A value that was tried; its number in SI base units is under `number` and the unit."""

    value: Value
    passed: bool
    results: list[SolvedCase]


class Solution(TypedDict):
    """The smallest or largest value of a key with which a condition holds, and what was tried for it."""

    schema: Literal["rolloutsim.solve/1"]
    scenario: str
    find: str
    such_that: str
    largest: bool
    standard: list[Value]
    seed: int
    replications: int
    drawn: list[str]
    status: Literal["found", "none", "all", "reversed"]
    value: Value
    set: str | None
    monotone: bool
    exceptions: list[Value]
    tried: list[Tried]


class Offer(TypedDict):
    """A value that may be bought, and its price."""

    value: Value
    price: float


class Wanted(TypedDict):
    """A key of which a value is looked for."""

    key: str
    now: str | None
    offers: list[Offer]


class Bought(TypedDict):
    """A combination that was simulated."""

    buy: Mapping[str, Value]
    price: float
    passed: bool
    results: list[JudgedCase]


class Purchase(TypedDict):
    """The cheapest values of several keys with which all conditions hold."""

    schema: Literal["rolloutsim.cheapest/1"]
    scenario: str
    such_that: list[str]
    keys: list[Wanted]
    seed: int
    replications: int
    status: Literal["found", "none"]
    combinations: int
    best: Bought | None
    ties: list[Bought]
    nearest: Bought | None
    tried: list[Bought]


class SweptCase(TypedDict):
    """A case at a point: its numbers, and the intervals of those that have one."""

    case: str
    finished: bool
    stuck: list[str] | None
    ci: NotRequired[Mapping[str, Interval]]
    thresholds: NotRequired[list[Threshold]]


class Point(TypedDict):
    """A point of a sweep."""

    point: int
    values: Mapping[str, Value]
    cases: list[SweptCase]


class Parameter(TypedDict):
    """A key that a sweep changes, and its values."""

    path: str
    values: Value


class Sweep(TypedDict):
    """A scenario at many points."""

    schema: Literal["rolloutsim.sweep/1"]
    version: str
    scenario: Scenario
    design: str
    seed: int
    replications: int
    complete: bool
    runs: int
    parameters: list[Parameter]
    points: list[Point]


class Problem(TypedDict):
    """A located error of a scenario."""

    file: str
    line: Annotated[int, Bounds(1)] | None
    column: Annotated[int, Bounds(1)] | None
    length: int
    severity: Literal["error"]
    message: str
    help: str | None


DOCUMENTS: Mapping[str, Any] = {
    "run": Run,
    "compare": Comparison,
    "diff": Diff,
    "explain": Explanation,
    "sensitivity": Sensitivity,
    "solve": Solution,
    "cheapest": Purchase,
    "sweep": Sweep,
}
_NUMBER: Schema = {"patternProperties": {"^number(_[a-z_]+)?$": {"type": ["number", "null"]}}}
FORMS: Mapping[Any, Form] = {
    Solution: Form(more=_NUMBER),
    Tried: Form(more=_NUMBER),
    SweptCase: Form(more={"additionalProperties": {"type": ["number", "null"]}}),
}
FIXED: Mapping[type, Schema] = {
    Value: {"description": Value.__doc__, "type": ["string", "number", "boolean", "array", "object", "null"]},
}


def json_schema() -> Schema:
    """The JSON Schema (draft 2020-12) of all that is written as JSON."""
    made = shapes(FORMS, FIXED)
    each = {name: made.of(kind) for name, kind in DOCUMENTS.items()}
    names = [f"rolloutsim.{name}/1" for name in each]
    return {
        "$schema": DIALECT,
        "$id": schema_id(TITLE),
        "title": TITLE,
        "type": ["object", "array"],
        "required": ["schema"],
        "properties": {"schema": {"enum": names}},
        "items": made.of(Problem),
        "allOf": [
            {"if": {"type": "object", "required": ["schema"], "properties": {"schema": {"const": name}}}, "then": of}
            for name, of in zip(names, each.values(), strict=True)
        ],
        "$defs": dict(sorted(made.defs.items())),
    }
