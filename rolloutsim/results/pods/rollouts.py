"""What a case with workloads, kubelets, faults or pushes has besides the figures of its pulls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from rolloutsim.results.facts.records import known
from rolloutsim.results.load.requests import RegistrySummary, registry_summaries
from rolloutsim.results.pods.failures import UnfinishedPod, failed_pulls, unfinished_pods
from rolloutsim.results.pods.replicas import WorkloadSummary, workload_summaries
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords, Orchestration, Run


@struct
class PushSummary:
    """An image uploaded to its registry."""

    image: str
    push: str  # the name of what pushes it
    before_rollout: bool  # the rollout began when it was complete; times are then counted from the push's own start
    started_s: float | None  # [s]; None: it did not begin
    finished_s: float | None  # [s]; None: it did not end
    push_time_s: float | None
    bytes: float  # uploaded [B]
    held_bytes: float  # there already [B]


@struct
class FaultSummary:
    """A fault that happened: what kind it was, what it hit, from when to when [s]; None: it lasts."""

    fault: str
    kind: str
    target: str
    started_s: float
    ended_s: float | None


@struct
class Condition:
    """What a controller reported about its workload, and when [s]."""

    workload: str
    condition: str
    time_s: float


@struct
class RolloutSummary:
    """All of it; its parts have classes of their own."""

    workloads: tuple[WorkloadSummary, ...]
    registries: tuple[RegistrySummary, ...]
    push: tuple[PushSummary, ...]
    faults: tuple[FaultSummary, ...]
    conditions: tuple[Condition, ...]
    failed_pulls: int  # begun again or not
    failed_pull_reasons: Mapping[str, int]  # how many of them for which reason, the most frequent first
    bytes_again: float  # of the bytes on the wire, those that were lost and had to be fetched again [B]
    unfinished_pods: tuple[UnfinishedPod, ...]


def rollout_summary(run: Run, case: CaseRecords) -> RolloutSummary:
    """The figures of a case beside those of its pulls; its run's scenario knows registries and pushes."""
    orchestration = case.orchestration
    reasons = failed_pulls(case)
    return RolloutSummary(
        workloads=workload_summaries(case) if has_workloads(run, case) else (),
        registries=registry_summaries(run, case),
        push=tuple(_pushes(run, orchestration)),
        faults=tuple(_faults(orchestration)),
        conditions=tuple(Condition(workload, what, time) for time, workload, what in orchestration.conditions),
        failed_pulls=sum(reasons.values()),
        failed_pull_reasons=reasons,
        bytes_again=float(case.fetches.again.sum()),
        unfinished_pods=tuple(unfinished_pods(case)),
    )


def has_workloads(run: Run, case: CaseRecords) -> bool:
    """Whether a case's pods have controllers: bare pulls in whose way something may come are pods without."""
    return any(one.name == case.name and one.workloads for one in run.scenario.cases)


def _pushes(run: Run, orchestration: Orchestration) -> Iterator[PushSummary]:
    p = orchestration.pushes
    columns = (column.tolist() for column in (p.push, p.started, p.finished, p.bytes, p.held))
    for image, number, started, finished, *sizes in zip(p.image, *columns, strict=True):
        spec, length = run.scenario.pushes[number], known(finished - started)
        yield PushSummary(image, spec.name, spec.at is None, known(started), known(finished), length, *sizes)


def _faults(orchestration: Orchestration) -> Iterator[FaultSummary]:
    f = orchestration.faults
    times = zip(f.started.tolist(), map(known, f.ended.tolist()), strict=True)
    for fault, (started, ended) in zip(zip(f.name, f.kind, f.target, strict=True), times, strict=True):
        yield FaultSummary(*fault, started, ended)
