"""What every second of every pod was spent on, from its workload's start to its readiness.

The pod of a bare pull waits for that pull, and then for its start-up. A pod of a workload went through steps; a
`pull` among them is replaced by that pull's own critical path (`rolloutsim.results.time.split`). So the causes of a pod
add up to the time from its workload's start (from its asking, without a workload) to its readiness.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rolloutsim.results.facts.records import derived
from rolloutsim.results.time.reading import owns_reading, read_times
from rolloutsim.results.time.split import PathTimes, path_times, ranges
from rolloutsim.scenario.causes import (
    CONTROLLER_PACING,
    FAILED_PULL,
    NODE_DOWN,
    ON_DEMAND,
    OTHER_PULL,
    PULL,
    SCHEDULE,
    STEPS,
    Cause,
)
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.columns import Ids, Times
    from rolloutsim.results.facts.records import CaseRecords, Orchestration
    from rolloutsim.results.time.split import Rows


@struct
class Chains:
    """The steps of all pods, those of a pod together and in the order of time."""

    pod: Ids  # these are as in the records' `Steps`
    cause: Ids
    pull: Ids
    started: Times
    ended: Times
    trigger: Ids
    first: Rows  # for each pod its first step; the next pod's is the end of it


@derived
def chains(case: CaseRecords) -> Chains:
    """Sort the steps of a case's pods into chains; there are none without workloads."""
    steps = case.orchestration.steps
    order = np.lexsort((steps.started, steps.pod))
    pod = steps.pod[order]
    return Chains(
        pod, steps.cause[order].astype(np.int32), steps.pull[order], steps.started[order], steps.ended[order],
        steps.trigger[order], np.searchsorted(pod, np.arange(len(case.pods.ready) + 1)),
    )  # fmt: skip


def time_split(case: CaseRecords) -> dict[str, float]:
    """Seconds by cause until the pods are ready, summed over the finished pulls or ready pods [s]."""
    return pod_times(case).total()


@derived
def pod_times(case: CaseRecords) -> PathTimes:
    """What each ready pod waited for."""
    path = path_times(case)
    if case.bare:
        return path
    account = _Account(case, path)
    account.bare_pods()
    account.steps(case.orchestration)
    return account.closed()


def has_own_time(case: CaseRecords) -> npt.NDArray[np.bool_]:
    """Of which workloads each pod has a time of its own, for which it waits where others wait for their turn."""
    workloads = case.orchestration.workloads
    return np.array([workload.strategy.name == "all_at_once" for workload in workloads], np.bool_)


def is_ready(case: CaseRecords) -> npt.NDArray[np.bool_]:
    """Which pods stay and are ready at the end; one whose node went away after that is not."""
    pods = case.pods
    ready: npt.NDArray[np.bool_] = ~np.isnan(pods.ready) & np.isnan(pods.deleted)
    steps = case.orchestration.steps
    ready[steps.pod[np.isnan(steps.ended)]] = False
    return ready


def owns_pull(case: CaseRecords, cause: Ids, pull: Ids, started: Times, ended: Times) -> npt.NDArray[np.bool_]:
    """Which steps are whole pulls, rather than a part of one that another pod of the node had begun."""
    own: npt.NDArray[np.bool_] = (cause == PULL.number) & (pull >= 0)
    rows, pulls = np.flatnonzero(own), case.pulls
    own[rows] = (pulls.asked[pull[rows]] == started[rows]) & (pulls.pulled[pull[rows]] == ended[rows])
    return own


class _Account:
    """Seconds entered pod by pod, all pods at once."""

    def __init__(self, case: CaseRecords, path: PathTimes) -> None:
        self.case = case
        self.path = path
        self.number = {name: i for i, name in enumerate(path.causes)}
        self.ready = is_ready(case)
        self.order, self.first = _by_owner(path)
        self.entries: list[tuple[Rows, Rows, Times]] = []

    def bare_pods(self) -> None:
        """Pods without a workload: their pulls, and what came before the one that succeeded."""
        pods, pulls = self.case.pods, self.case.pulls
        pod = np.flatnonzero(self.ready & (pods.workload < 0) & (pods.pull >= 0))
        self._spend(pod, FAILED_PULL, pulls.asked[pods.pull[pod]] - pods.asked[pod])
        self._follow(pod, pods.pull[pod])

    def steps(self, orchestration: Orchestration) -> None:
        """Pods of workloads: their steps, and what lies between them."""
        steps, ready = chains(self.case), self.case.pods.ready
        kept = self.ready[steps.pod] & (steps.started < ready[steps.pod])
        if orchestration.stand_in:
            # The time of a bare pull begins when it is asked for.
            kept &= steps.cause != CONTROLLER_PACING.number
        pod, cause, pull = (values[kept] for values in (steps.pod, steps.cause, steps.pull))
        started: Times = steps.started[kept]
        # What a crash began again counts until the readiness that it ends in.
        ended: Times = np.fmin(steps.ended[kept], ready[pod])
        own = owns_pull(self.case, cause, pull, started, ended)
        self._follow(pod[own], pull[own])
        reads = owns_reading(self.case, cause, pull, started, ended)
        if reads.any():
            self._follow(pod[reads], pull[reads], read_times(self.case))
        others_read = (cause == ON_DEMAND.number) & (pull >= 0) & ~reads
        joined = ((cause == PULL.number) & ~own) | others_read
        self._spend(pod[joined], OTHER_PULL, (ended - started)[joined])
        names = np.array([self.number.get(step.name, -1) for step in STEPS])
        own_time = (cause == CONTROLLER_PACING.number) & has_own_time(self.case)[self.case.pods.workload[pod]]
        self._spend(pod[own_time], SCHEDULE, (ended - started)[own_time])
        rest = (cause != PULL.number) & ~reads & ~others_read & ~own_time
        self._spend(pod[rest], names[cause[rest]], (ended - started)[rest])
        if len(pod):
            begins = np.array([workload.start for workload in orchestration.workloads])
            begin = self.case.pods.created if orchestration.stand_in else begins[self.case.pods.workload]
            self._gaps(pod, started, ended, begin)

    def closed(self) -> PathTimes:
        """All that was entered."""
        pod, cause, seconds = (np.concatenate(column) for column in zip(*self.entries, strict=True))
        return PathTimes(
            self.path.causes, pod.astype(np.int32), cause.astype(np.int32), seconds, len(self.case.pods.ready)
        )

    def _gaps(self, pod: Ids, started: Times, ended: Times, begin: Times) -> None:
        """Before a pod's first step its turn had not come; between its steps it was ready, and then was not."""
        pods = self.case.pods
        is_first = np.append(True, pod[1:] != pod[:-1])
        is_last = np.append(is_first[1:], True)
        before = np.append(0.0, ended[:-1])
        before[is_first] = begin[pod[is_first]]
        self._spend(pod[is_first], CONTROLLER_PACING, (started - before)[is_first])
        self._spend(pod[~is_first], NODE_DOWN, (started - before)[~is_first])
        self._spend(pod[is_last], NODE_DOWN, (pods.ready[pod] - ended)[is_last])

    def _follow(self, pod: Rows, pull: Rows, path: PathTimes | None = None) -> None:
        """Enter the critical paths of pulls in the name of pods, or what their readings took."""
        order, first = (self.order, self.first) if path is None else _by_owner(path)
        path = self.path if path is None else path
        counts = first[pull + 1] - first[pull]
        entries = order[ranges(first[pull], counts)]
        self._spend(np.repeat(pod, counts), path.cause[entries], path.seconds[entries])

    def _spend(self, pod: Rows, cause: Rows | Cause, seconds: Times) -> None:
        some = seconds != 0.0
        which = np.full(len(pod), self.number[cause.name]) if isinstance(cause, Cause) else cause
        self.entries.append((pod[some], which[some], seconds[some]))


def _by_owner(path: PathTimes) -> tuple[Rows, Rows]:
    """The stretches in the order of their owners, and where those of each begin."""
    order = np.argsort(path.owner, kind="stable")
    return order, np.searchsorted(path.owner[order], np.arange(path.count + 1))
