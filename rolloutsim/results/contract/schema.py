"""The shape of `rolloutsim.run/1`: which keys stand where, beside the structs that stand there as they are.

`rolloutsim.planning.contract` makes the published JSON Schema of it, with the documents of many runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from rolloutsim.results.contract.shapes import ANY_SIGN, Bounds, Form, Schema, Shapes
from rolloutsim.results.facts.intervals import Interval, Spread
from rolloutsim.results.load.disks import DiskPressure, DiskSummary, NodeDisk
from rolloutsim.results.load.lazy import LazySummary
from rolloutsim.results.load.links import LinkSummary
from rolloutsim.results.load.peers import ModelRange
from rolloutsim.results.load.requests import RegistrySummary
from rolloutsim.results.load.supply import CopiedSummary, Copies, ImageCopies, ServerSummary
from rolloutsim.results.load.volumes import VolumeSummary
from rolloutsim.results.pods.failures import UnfinishedPod
from rolloutsim.results.pods.groups import GroupSummary
from rolloutsim.results.pods.prepulls import PrepullSummary
from rolloutsim.results.pods.replicas import WorkloadSummary
from rolloutsim.results.pods.rollouts import Condition, FaultSummary, PushSummary
from rolloutsim.results.why.critical import Cause
from rolloutsim.scenario.metrics import METRICS, Metric
from rolloutsim.scenario.resolved import Severity
from rolloutsim.structs import struct

Share = Annotated[float, Bounds(0.0, 1.0)]
Time = float | None  # [s]; None: it never happened, or is not known
Moment = Annotated[float, ANY_SIGN] | None  # likewise, and before the rollout's start below 0


@struct
class Statistics:
    """How the values of a metric are spread; in the metric's unit."""

    mean: float
    p50: float
    p95: float
    max: float


@struct
class Slowdowns:
    """How slowdowns are spread, none of which is below 1."""

    mean: Annotated[float, Bounds(1.0)]
    p50: Annotated[float, Bounds(1.0)]
    p95: Annotated[float, Bounds(1.0)]
    max: Annotated[float, Bounds(1.0)]


class Held(TypedDict):
    """Of a run that is one draw of what is random, how many draws hold a condition, of how many."""

    passed: int
    number: int


class Threshold(TypedDict):
    """A condition that was checked."""

    metric: str
    check: str
    value: Moment
    passed: bool
    severity: Severity
    ci: NotRequired[Interval]
    draws: NotRequired[Held]


class Requests(TypedDict):
    """How long the requests of a service took."""

    p50: Time
    p95: Time
    max: Time


class Background(TypedDict):
    """An application, before, beside and after the rollout."""

    name: str
    kind: Literal["transfer", "constant_rate", "service"]
    bandwidth_bytes_per_s: Mapping[str, float | None]
    bytes: float
    bytes_lost: float
    recovered_s: Time
    latency_s: NotRequired[Mapping[str, Requests | None]]
    unknown_requests: NotRequired[Mapping[str, Share]]
    unknown_queues: NotRequired[list[str]]


class Node(TypedDict):
    """A node: when it first asked, had its last image, was ready with its last pod; what it fetched."""

    node: str
    asked_s: Time
    pulled_s: Time
    ready_s: Time
    bytes: float


class Layer(TypedDict):
    """A layer of a pull."""

    layer: str
    bytes: float
    fetch_start_s: Time
    fetched_s: Time
    unpacked_s: Time


class Pull(TypedDict):
    """A pull of an image by a node."""

    node: str
    image: str
    asked_s: Time
    pulled_s: Time
    ready_s: NotRequired[Time]
    last_byte_s: NotRequired[Time]
    failed_s: NotRequired[Time]
    reason: NotRequired[str | None]
    recheck: NotRequired[bool]
    layers: NotRequired[list[Layer]]


class Pod(TypedDict):
    """A pod of the new version."""

    pod: str
    workload: str | None
    node: str | None
    created_s: Time
    asked_s: Time
    pulled_s: Time
    ready_s: Time
    available_s: Time
    deleted_s: NotRequired[Time]
    reason: str | None


class Change(TypedDict):
    """How many pods of a workload are ready from a moment on, of the old and the new version."""

    workload: str
    time_s: float
    old: int
    new: int


class DrawnWorkload(TypedDict):
    """When a workload was ready, over several draws."""

    workload: str
    ready_s: Time
    ready_ci_s: Interval | None


class Draws(TypedDict):
    """Several draws of what is random."""

    number: int
    rollout_time_s: Time
    rollout_time_ci_s: Interval | None
    workloads: NotRequired[list[DrawnWorkload]]


class Case(TypedDict):
    """A case; `rolloutsim.results.contract.case` says which parts only some have."""

    case: str
    finished: bool
    stuck: list[str]
    rollout_time_s: Time
    rollout_time_ci_s: NotRequired[Interval | None]
    alone_time_s: Time
    bytes_on_wire: float
    pull_time_s: Spread | None
    slowdown: Slowdowns | None
    time_split_s: Mapping[str, float]
    why: list[Cause] | None
    links: list[LinkSummary]
    groups: NotRequired[list[GroupSummary]]
    rollout_time_model_range_s: NotRequired[ModelRange]
    bytes_by_source: NotRequired[Mapping[str, float]]
    hit_ratio: NotRequired[Share | None]
    byte_hit_ratio: NotRequired[Share | None]
    upstream_copies: NotRequired[Copies | None]
    servers: NotRequired[list[ServerSummary]]
    image_copies: NotRequired[list[ImageCopies]]
    prepulls: NotRequired[list[PrepullSummary]]
    prepull_links: NotRequired[list[LinkSummary]]
    lazy: NotRequired[LazySummary]
    volumes: NotRequired[VolumeSummary]
    workloads: NotRequired[list[WorkloadSummary]]
    registries: NotRequired[list[RegistrySummary]]
    push: NotRequired[list[PushSummary]]
    faults: NotRequired[list[FaultSummary]]
    conditions: NotRequired[list[Condition]]
    unfinished_pods: NotRequired[list[UnfinishedPod]]
    failed_pulls: NotRequired[float]
    failed_pull_reasons: NotRequired[Mapping[str, float]]
    bytes_again: NotRequired[float]
    disk: NotRequired[DiskSummary]
    pods: NotRequired[list[Pod]]
    ready_replicas: NotRequired[list[Change]]
    node_disks: NotRequired[list[NodeDisk]]
    background: NotRequired[list[Background]]
    nodes: NotRequired[list[Node]]
    pulls: NotRequired[list[Pull]]
    thresholds: list[Threshold]
    ci: NotRequired[Intervals | None]
    draws: NotRequired[Draws]


class Scenario(TypedDict):
    """What was simulated."""

    name: str
    sha256: str
    variant: NotRequired[str]


class Run(TypedDict):
    """A run of a scenario, or several."""

    schema: Literal["rolloutsim.run/1"]
    version: str | None
    scenario: Scenario
    model: Literal["real", "ideal"]
    seed: int
    replications: int
    notes: list[str]
    cases: list[Case]
    what_if: NotRequired[list[WhatIf]]


class BeforeAfter(TypedDict):
    """A number as it is, and with a change."""

    before: Moment
    after: Moment


class Passed(TypedDict):
    """Whether a condition holds as it is, and with a change."""

    before: bool
    after: bool


class Effect(TypedDict):
    """What a change does to a condition."""

    metric: str
    check: str
    severity: Severity
    value: BeforeAfter
    passed: Passed


class WhatIf(TypedDict):
    """A change that was tried."""

    case: str
    subject: str
    change: str
    set: list[str]
    rollout_time_s: BeforeAfter
    gain_s: Moment
    thresholds: NotRequired[list[Effect]]
    egress_bytes: NotRequired[BeforeAfter]


class Intervals:
    """The 95 % intervals of numbers, by the same keys, and of a list's rows by their names."""


FORMS: Mapping[type, Form] = {
    LinkSummary: Form(without=("kind", "family"), optional=("nodes", "max")),
    LazySummary: Form(kinds={"read_time_s": Statistics | None}),
    VolumeSummary: Form(kinds={"read_time_s": Statistics | None}),
    ServerSummary: Form(beside=("cache", "uploads", "seeding"), optional=("copied",), kinds={"copied": CopiedSummary}),
    DiskSummary: Form(without=("nodes",), optional=("pressure",), kinds={"pressure": DiskPressure}),
    PrepullSummary: Form(kinds={"started_s": Moment, "finished_s": Moment}),
}
FIXED: Mapping[type, Schema] = {
    Interval: {
        "description": "The ends of a 95 % interval, in the unit of its value.",
        "type": "array",
        "items": {"type": "number"},
        "minItems": 2,
        "maxItems": 2,
    },
    Intervals: {
        "description": Intervals.__doc__ or "",
        "type": "object",
        "additionalProperties": {"anyOf": [{"$ref": "#/$defs/Interval"}, {"$ref": "#/$defs/Intervals"}]},
    },
}
UNITS: Mapping[str, str] = {"time": "s", "size": "B", "rate": "B/s", "share": "1", "number": "1"}


def shapes(forms: Mapping[Any, Form], fixed: Mapping[type, Schema]) -> Shapes:
    """What the schemas of documents are made with, of which `Run` is one; others have forms of their own."""
    made = Shapes({**FORMS, **forms}, globals(), {**FIXED, **fixed})
    made.of(Run)
    for metric in METRICS.values():
        _describe(made.defs, metric)
    return made


def _describe(defs: Mapping[str, Schema], metric: Metric) -> None:
    """Say at its place in a case what a metric means."""
    place = defs["Case"]
    for step in metric.path:
        if step == "{statistic}":
            break
        if step.startswith("{"):
            place = _resolved(defs, place.get("items") or place["additionalProperties"])
        else:
            place = place["properties"][step]
            last = place
            place = _resolved(defs, place)
    if metric.path and "description" not in last:
        last["description"] = f"{metric.description} [{UNITS[metric.kind]}]"


def _resolved(defs: Mapping[str, Schema], place: Schema) -> Schema:
    """What a reference refers to; of several possibilities the one that is not null."""
    if "anyOf" in place:
        place = next(one for one in place["anyOf"] if one != {"type": "null"})
    return defs[place["$ref"].rpartition("/")[2]] if "$ref" in place else place
