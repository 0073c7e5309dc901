"""Ready replicas: how many pods of a workload serve at any time, and whether that is what its strategy promises.

A Deployment, DaemonSet or StatefulSet that replaces pods promises that no more than `max_unavailable` of its
`replicas` are missing: the rest is the floor. Waves and all pods at once promise nothing, and a workload that is
only being created has nothing to keep up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rolloutsim.results.facts.intervals import spread
from rolloutsim.results.time.steps import is_ready
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.intervals import Spread
    from rolloutsim.results.facts.records import CaseRecords, Orchestration, Times
    from rolloutsim.results.time.split import Rows
    from rolloutsim.scenario.resolved import Workload

_DEADLINE = "progress deadline"  # how the condition begins that a Deployment reports


class ReadyReplicas(NamedTuple):
    """Step functions: from `times[i]` on, `old[i]` and `new[i]` pods are ready.

    Parameters
    ----------
    times : numpy.ndarray
        Moments, ascending, the first of them the workload's start [s].
    old, new : numpy.ndarray
        Ready pods of the old and of the new version.
    """

    times: Times
    old: Rows
    new: Rows


@struct(frozen=True)
class WorkloadSummary:
    """One workload in figures.

    Parameters
    ----------
    workload : str
        Its name.
    replicas, old_pods : int
        Wanted pods, and pods of the old version before the rollout.
    max_surge, max_unavailable : int or None
        What its strategy allows, rounded as Kubernetes does; None: it knows no such limit.
    floor : int or None
        How many pods are promised to be ready at any time; None: nothing is promised.
    start_s, ready_s : float or None
        When its controller begins, and when the last of its pods is ready [s]; None: one is not.
    ready_pods : int
        Pods of the new version that are ready at the end.
    least_ready : int
        The smallest number of ready pods, old and new.
    least_ready_at_s : float
        When it was first that small [s].
    below_floor_s : float or None
        For how long fewer than `floor` were ready [s]; None: nothing is promised.
    progress_deadline_exceeded_s : float or None
        When that was first reported [s]; None: it was not.
    pulls, failed_pulls : int
        Pulls of its images, and those of them that failed; an image of several workloads counts with each.
    bytes_on_wire : float
        What these pulls fetched [B].
    pull_time_s : Spread or None
        Of those that succeeded [s]; None if there is none.
    """

    workload: str
    replicas: int
    old_pods: int
    max_surge: int | None
    max_unavailable: int | None
    floor: int | None
    start_s: float
    ready_s: float | None
    ready_pods: int
    least_ready: int
    least_ready_at_s: float
    below_floor_s: float | None
    progress_deadline_exceeded_s: float | None
    pulls: int
    failed_pulls: int
    bytes_on_wire: float
    pull_time_s: Spread | None


def ready_replicas(case: CaseRecords, workload: str) -> ReadyReplicas:
    """How many pods of a workload were ready over time; changes at one moment are one change.

    Parameters
    ----------
    case : CaseRecords
        What happened.
    workload : str
        The workload's name.

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
    return _ready(case.orchestration, names.index(workload))


def workload_summaries(case: CaseRecords) -> tuple[WorkloadSummary, ...]:
    """The figures of all workloads of a case; none without workloads."""
    return tuple(_summary(case, case.orchestration, number) for number in range(len(case.orchestration.workloads)))


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
    return max(workload.replicas - unavailable, 0)


def _summary(case: CaseRecords, orchestration: Orchestration, number: int) -> WorkloadSummary:
    workload = orchestration.workloads[number]
    surge, unavailable = limits(workload)
    floor = promised(workload)
    times, old, new = _ready(orchestration, number)
    total = old + new
    least = int(total.argmin())
    lengths = np.diff(np.append(times, max(case.end, times[-1])))
    own = case.pods.workload == number
    ready = own & is_ready(case)
    at = case.pods.ready[ready]
    late = [
        time for time, name, what in orchestration.conditions if name == workload.name and what.startswith(_DEADLINE)
    ]
    p = case.pulls
    wanted_images = [i for i, image in enumerate(case.images) if image.name in workload.images]
    pulls = np.isin(p.image, wanted_images)
    complete = case.finished or bool(ready[own & np.isnan(case.pods.deleted)].all()) and len(at) >= _wanted(workload)
    return WorkloadSummary(
        workload=workload.name,
        replicas=workload.replicas,
        old_pods=int(np.count_nonzero(orchestration.old_pods.workload == number)),
        max_surge=surge,
        max_unavailable=unavailable,
        floor=floor,
        start_s=workload.start,
        ready_s=float(at.max()) if complete and len(at) else None,
        ready_pods=len(at),
        least_ready=int(total[least]),
        least_ready_at_s=float(times[least]),
        below_floor_s=None if floor is None else float(lengths[total < floor].sum()),
        progress_deadline_exceeded_s=min(late, default=None),
        pulls=int(np.count_nonzero(pulls)),
        failed_pulls=int(np.count_nonzero(p.reason[pulls] >= 0)),
        bytes_on_wire=float(case.fetches.bytes_done[pulls[case.fetches.pull]].sum()),
        pull_time_s=spread((p.pulled - p.asked)[pulls & ~np.isnan(p.pulled)]),
    )


def _wanted(workload: Workload) -> int:
    """Pods of the new version that there shall be: below the partition of a StatefulSet the old one stays."""
    kept = workload.strategy.partition if workload.strategy.name == "statefulset" else 0
    return max(workload.replicas - kept, 0)


def _ready(orchestration: Orchestration, number: int) -> ReadyReplicas:
    changes, start = orchestration.replicas, orchestration.workloads[number].start
    rows = changes.workload == number
    # What changed before the start (a crash, say) is part of the beginning.
    times = np.append(start, np.maximum(changes.time[rows], start))
    before = int(np.count_nonzero(orchestration.old_pods.workload == number))
    old = before + np.cumsum(np.append(0, changes.old[rows]))
    new = np.cumsum(np.append(0, changes.new[rows]))
    last = np.append(times[1:] != times[:-1], True)  # of the changes at one moment
    return ReadyReplicas(times[last], old[last], new[last])
