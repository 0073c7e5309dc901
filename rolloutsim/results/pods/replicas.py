"""Ready replicas: how many pods of a workload serve at any time, and whether that is what its strategy promises.

A Deployment, DaemonSet or StatefulSet that replaces pods promises that no more than `max_unavailable` of its
`replicas` are missing: the rest is the floor. Waves and all pods at once promise nothing, and a workload that is
only being created has nothing to keep up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rolloutsim.results.facts.calls import brings, workload_of_pull
from rolloutsim.results.facts.grouped import Grouped, Rows
from rolloutsim.results.facts.intervals import Spread, spread
from rolloutsim.results.time.steps import is_ready
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolloutsim.results.facts.columns import Times
    from rolloutsim.results.facts.records import CaseRecords, Orchestration
    from rolloutsim.scenario.orchestration import Workload

_DEADLINE = "progress deadline"  # how the condition begins that a Deployment reports


class ReadyReplicas(NamedTuple):
    """Step functions: from `times[i]` on, `old[i]` and `new[i]` pods are ready."""

    times: Times  # moments, ascending, the first of them the workload's start [s]
    old: Rows
    new: Rows


@struct(frozen=True)
class WorkloadSummary:
    """One workload in figures."""

    workload: str
    replicas: int  # wanted pods
    old_pods: int  # pods of the old version before the rollout
    max_surge: int | None  # what its strategy allows, rounded as Kubernetes does; None: it knows no such limit
    max_unavailable: int | None
    floor: int | None  # how many pods are promised to be ready at any time; None: nothing is promised
    start_s: float | None  # when its controller begins [s]; None: it does not, after others that are not done
    ready_s: float | None  # when the last of its pods is ready [s]; None: one is not
    ready_pods: int  # of the new version, at the end
    least_ready: int  # the smallest number of ready pods, old and new
    least_ready_at_s: float  # when it was first that small [s]
    below_floor_s: float | None  # for how long fewer than `floor` were ready [s]; None: nothing is promised
    progress_deadline_exceeded_s: float | None  # when that was first reported [s]; None: it was not
    pulls: int  # that its pods called for, without re-checks
    rechecks: int  # their calls for images that nodes held already
    failed_pulls: int  # of these pulls
    bytes_on_wire: float  # what these pulls fetched [B]
    pull_time_s: Spread | None  # of those that succeeded [s]; None if there is none


def ready_replicas(case: CaseRecords, workload: str) -> ReadyReplicas:
    """How many pods of a workload were ready over time; changes at one moment are one change.

    Raises
    ------
    KeyError
        If the case has no such workload.
    """
    if case.bare:
        raise KeyError(f"case {case.name!r} has no workloads: its pulls have no controller")
    names = [one.name for one in case.orchestration.workloads]
    if workload not in names:
        raise KeyError(f"no workload {workload!r} in case {case.name!r}; workloads: {', '.join(names) or 'none'}")
    return _Changes(case.orchestration).ready(names.index(workload))


def each_ready_replicas(case: CaseRecords) -> Iterator[tuple[str, ReadyReplicas]]:
    """The same for each workload of a case, with its name."""
    changes = _Changes(case.orchestration)
    for number, workload in enumerate(case.orchestration.workloads):
        yield workload.name, changes.ready(number)


def workload_summaries(case: CaseRecords) -> tuple[WorkloadSummary, ...]:
    """The figures of all workloads of a case; none without workloads."""
    every = _Summaries(case)
    return tuple(every.of(number) for number in range(len(case.orchestration.workloads)))


def limits(workload: Workload) -> tuple[int | None, int | None]:
    """The surge and the unavailable pods that a workload's strategy allows, rounded; None where it knows none."""
    from rolloutsim.scenario import amounts  # fractions are slow to import, and only workloads need them

    strategy = workload.strategy
    match strategy.name:
        case "rolling":
            return amounts.deployment(strategy.max_surge, strategy.max_unavailable, workload.replicas)
        case "daemonset":
            return amounts.daemonset(strategy.max_surge, strategy.max_unavailable, workload.replicas)
        case "statefulset":
            return None, amounts.statefulset(strategy.max_unavailable, workload.replicas)
    return None, None


def promised(workload: Workload) -> int | None:
    """How many of a workload's pods are promised to be ready at any time; None: nothing is promised."""
    _, unavailable = limits(workload)
    if unavailable is None or workload.create:
        return None
    return max(workload.replicas - workload.joining - unavailable, 0)


class _Summaries:
    """The figures of the workloads of a case, and what all of them are worked out from."""

    def __init__(self, case: CaseRecords) -> None:
        self.case = case
        self.changes = _Changes(case.orchestration)
        self.pods = Grouped(case.pods.workload, len(case.orchestration.workloads))
        self.is_ready = is_ready(case)
        self.late: dict[str, float] = {}  # by workload, when its progress deadline was first exceeded [s]
        for time, name, what in case.orchestration.conditions:
            if what.startswith(_DEADLINE):
                self.late[name] = min(time, self.late.get(name, time))
        workload = workload_of_pull(case)
        self.calls = Grouped(workload, len(case.orchestration.workloads))
        self.fetches = Grouped(workload[case.fetches.pull], len(case.orchestration.workloads))
        self.is_pull = brings(case)

    def of(self, number: int) -> WorkloadSummary:
        """The figures of one."""
        case = self.case
        workload = case.orchestration.workloads[number]
        surge, unavailable = limits(workload)
        floor = promised(workload)
        times, old, new = self.changes.ready(number)
        total = old + new
        least = int(total.argmin())
        lengths = np.diff(np.append(times, max(case.end, times[-1])))
        own = self.pods.of(number)
        ready = self.is_ready[own]
        at = case.pods.ready[own[ready]]
        p, calls, fetches = case.pulls, self.calls.of(number), self.fetches.of(number)
        pulls = calls[self.is_pull[calls]]
        stays = np.isnan(case.pods.deleted[own])
        complete = case.finished or bool(ready[stays].all()) and len(at) >= wanted_pods(workload)
        return WorkloadSummary(
            workload=workload.name,
            replicas=workload.replicas,
            old_pods=int(self.changes.old_pods[number]),
            max_surge=surge,
            max_unavailable=unavailable,
            floor=floor,
            start_s=workload.start if not workload.after else self._begun(number),
            ready_s=float(at.max()) if complete and len(at) else None,
            ready_pods=len(at),
            least_ready=int(total[least]),
            least_ready_at_s=float(times[least]),
            below_floor_s=None if floor is None else float(lengths[total < floor].sum()),
            progress_deadline_exceeded_s=self.late.get(workload.name),
            pulls=len(pulls),
            rechecks=len(calls) - len(pulls),
            failed_pulls=int(np.count_nonzero(p.reason[pulls] >= 0)),
            bytes_on_wire=float(case.fetches.bytes_done[fetches].sum()) + self._read(calls),
            pull_time_s=spread((p.pulled - p.asked)[pulls[~np.isnan(p.pulled[pulls])]]),
        )

    def _read(self, calls: Rows) -> float:
        """What came of the layers that pulls mounted [B]."""
        reads = self.case.reads
        return float(reads.moved[np.isin(reads.pull, calls)].sum()) if reads else 0.0

    def _begun(self, number: int) -> float | None:
        """When a workload that comes after others does something first."""
        old, pods = self.case.orchestration.old_pods, self.case.pods
        times = np.append(old.deleted[old.workload == number], pods.created[pods.workload == number])
        return None if np.isnan(times).all() else float(np.nanmin(times))


def wanted_pods(workload: Workload) -> int:
    """Pods of the new version that there shall be: below the partition of a StatefulSet the old one stays."""
    kept = workload.strategy.partition if workload.strategy.name == "statefulset" else 0
    return max(workload.replicas - kept, 0)


class _Changes:
    """How many pods of each workload were ready over time."""

    def __init__(self, orchestration: Orchestration) -> None:
        self.workloads = orchestration.workloads
        self.records = orchestration.replicas
        self.rows = Grouped(self.records.workload, len(self.workloads))
        self.old_pods = np.bincount(orchestration.old_pods.workload, minlength=len(self.workloads))

    def ready(self, number: int) -> ReadyReplicas:
        """Of one workload."""
        changes, start, rows = self.records, self.workloads[number].start, self.rows.of(number)
        # What changed before the start (a crash, say) is part of the beginning.
        times = np.append(start, np.maximum(changes.time[rows], start))
        old = int(self.old_pods[number]) + np.cumsum(np.append(0, changes.old[rows]))
        new = np.cumsum(np.append(0, changes.new[rows]))
        last = np.append(times[1:] != times[:-1], True)  # of the changes at one moment
        return ReadyReplicas(times[last], old[last], new[last])
