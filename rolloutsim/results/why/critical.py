"""What the last pod waited for, back to the rollout's start: why the rollout took as long as it did.

The path begins at the last pod's readiness and is walked back along its steps, pulls in it along their own critical
paths. Where its turn had to come first, the path goes on in the chain of the pod whose event gave it the turn, at
the time of that event: a new pod that became available; an old one that was gone (`termination`), was deleted when the
controllers' calls let it (`api_calls`), and was to be since a new one had become available; or one that came back with
its node (`node_down`). Where it waited in its kubelet's queue, the path goes on in the
pull whose end let it in, and before that in the chain of the pod that had asked for it. What full links took of that
pull stands under these links, since its bytes had to cross them in any order; the rest of it is `kubelet_queue`. (That
a small pull need not have waited for a large one is another question: `queued_time` has all that such waits took.) So
the path covers the time from 0 s to the last pod's readiness without gaps, and its causes add up to the rollout time.

The causes are those of `rolloutsim.results.time.steps` and `rolloutsim.results.time.split`; what comes before a bare
pull's asking, or before a workload's start, is `schedule` as well. Along this path what takes half of it takes half of
the rollout; over all pods' paths the causes say what the fleet waited for, which may be something else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import fields
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np

from rolloutsim.results.facts.grouped import Grouped
from rolloutsim.results.facts.records import derived
from rolloutsim.results.metrics import last_pod
from rolloutsim.results.time.reading import owns_reading, read_times
from rolloutsim.results.time.split import path_times
from rolloutsim.results.time.steps import chains, has_own_time, owns_pull
from rolloutsim.scenario.causes import (
    API_CALLS,
    CONTROLLER_PACING,
    FAILED_PULL,
    KUBELET_QUEUE,
    NODE_DOWN,
    ON_DEMAND,
    OTHER_PULL,
    PULL,
    SCHEDULE,
    STEPS,
    TERMINATION,
)
from rolloutsim.scenario.resources import RESOURCES
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.columns import Ids
    from rolloutsim.results.facts.records import CaseRecords, OldPods
    from rolloutsim.results.metrics import CaseSummary
    from rolloutsim.results.time.split import PathTimes

_TRIGGERED = (CONTROLLER_PACING.number, TERMINATION.number)  # steps that the event of a pod ends


@struct(frozen=True)
class Cause:
    """A cause and what it took."""

    cause: str  # a shared link's name, or a word of `rolloutsim.results.time.split`
    seconds: float  # on the last pod's path [s]
    share: float  # of the rollout time [1]
    over_all_s: float  # on all pods' paths, summed over them [s]


def cause_columns(case: CaseRecords, summary: CaseSummary) -> dict[str, list[Any]]:
    """The same as `causes`, column by column."""
    found = causes(case, summary)
    return {field.name: [getattr(one, field.name) for one in found] for field in fields(Cause)}


def causes(case: CaseRecords, summary: CaseSummary) -> tuple[Cause, ...]:
    """The causes of a case's rollout time, the largest on the last pod's path first; none if it did not finish.

    Those that only other pods met come last, the largest first. With several replications the figures are means.
    """
    if not case.finished:
        return ()
    path, over_all = dict(last_path(case)), summary.time_split_s
    whole = reduce(add, path.values(), 0.0) or 1.0  # not `sum`, which is more exact from Python 3.12 on
    found = [
        Cause(cause, path.get(cause, 0.0), path.get(cause, 0.0) / whole, over_all.get(cause, 0.0))
        for cause in dict.fromkeys((*path, *over_all))
    ]
    return tuple(sorted(found, key=lambda one: (-one.seconds, -one.over_all_s)))


def last_path(case: CaseRecords) -> tuple[tuple[str, float], ...]:
    """The causes that made a case's rollout take as long as it did, with their seconds, the largest first [s].

    They add up to the rollout time. Empty while a pod is missing, since then there is no last one.
    """
    return _walked(case).causes


def path_of(case: CaseRecords, pod: int) -> tuple[tuple[str, float], ...]:
    """The same of a pod that became ready: the causes add up to when that was."""
    return _walked_from(case, pod).causes


def turns(case: CaseRecords) -> tuple[Turn, ...]:
    """The turns that the path goes through, in the order of time.

    They cover the path from the start of the first one's workload; what comes before has no turn. None while a pod is
    missing, or where the last pod has no workload.
    """
    return _walked(case).turns


def queued_time(case: CaseRecords) -> float:
    """For how long the path stands in kubelets' queues, whatever the pulls ahead waited for [s]."""
    return _walked(case).queued


@struct
class Turn:
    """What a pod on the path took from the event that gave it its turn until it gave the next one's.

    Parameters
    ----------
    workload : int
        Of the pod.
    began, ended : float
        When [s].
    causes : dict
        Seconds by cause in between [s].
    """

    workload: int
    began: float
    ended: float
    causes: Mapping[str, float]


@struct
class _Walked:
    """The path: its causes [s], how long it stands in kubelets' queues [s], and the turns that it goes through."""

    causes: tuple[tuple[str, float], ...]
    queued: float
    turns: tuple[Turn, ...]


@derived
def _walked(case: CaseRecords) -> _Walked:
    """Walk the path."""
    pod = last_pod(case)
    if pod is None:
        return _Walked((), 0.0, ())
    return _walked_from(case, pod)


def _walked_from(case: CaseRecords, pod: int) -> _Walked:
    walk = _Walk(case)
    walk.back_from(pod)
    met = ((cause, seconds) for cause, seconds in walk.seconds.items() if seconds > 0.0)
    turns = tuple(reversed(walk.turns))
    return _Walked(tuple(sorted(met, key=lambda pair: (-pair[1], pair[0]))), walk.queued, turns)


class _Walk:
    """The way back from one pod's readiness."""

    def __init__(self, case: CaseRecords) -> None:
        self.case = case
        self.path = path_times(case)
        self.stretches = Grouped(self.path.owner, self.path.count)
        self.chains = chains(case)
        steps = self.chains
        self.whole = owns_pull(case, steps.cause, steps.pull, steps.started, steps.ended)
        self.reads = owns_reading(case, steps.cause, steps.pull, steps.started, steps.ended)
        self.read_path = read_times(case)
        self.read_stretches = Grouped(self.read_path.owner, self.read_path.count)
        self.has_own_time = has_own_time(case)
        self.links = {*(one.cause.name for one in RESOURCES if one.fetched), *case.shared_links.name}
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.queued = 0.0  # in kubelets' queues
        self.turns: list[Turn] = []  # the last one first
        self.turn: defaultdict[str, float] = defaultdict(float)  # as `seconds`, of the turn that the walk is in

    def back_from(self, pod: int) -> None:
        """Walk from a pod's readiness to the rollout's start."""
        pods = self.case.pods
        time = float(pods.ready[pod])
        if pods.workload[pod] >= 0:
            time = self._steps(pod, time)
        else:
            pull = int(pods.pull[pod])
            self._follow(pull)
            self._add(FAILED_PULL.name, float(self.case.pulls.asked[pull] - pods.asked[pod]))
            time = float(pods.asked[pod])
        self._add(SCHEDULE.name, time)

    def _steps(self, pod: int, time: float) -> float:
        """Walk back along the steps of pods; the time at which the first of them began to wait."""
        steps, own, until = self.chains, pod, time
        between = NODE_DOWN.name  # what the time between a step's end and what came after it was spent on
        left: set[int] = set()  # steps whose trigger was followed: never twice
        while (step := self._before(pod, time)) >= 0:
            started, ended = float(steps.started[step]), float(steps.ended[step])
            if ended < time:
                self._add(between, time - ended)
                time = ended
            between = NODE_DOWN.name
            trigger = int(steps.trigger[step])
            if ended == time and trigger >= 0 and step not in left and int(steps.cause[step]) in _TRIGGERED:
                left.add(step)
                between = CONTROLLER_PACING.name
                before, (pod, time) = pod, self._trigger(pod, step, time)
                if pod != before:
                    self._turned(own, time, until)
                    own, until = pod, time
            elif ended == time and (ahead := self._ahead(pod, step)) is not None:
                pod, pull = ahead
                self._follow(pull, queued=True)
                asked = float(self.case.pulls.asked[pull])
                self.queued += time - asked
                time = asked
            else:
                self._spend(step, time - started, cut=time < ended)
                time = started
        start = self._start(pod)
        self._add(CONTROLLER_PACING.name, time - start)
        self._turned(own, start, until)
        return start

    def _turned(self, pod: int, began: float, ended: float) -> None:
        """All of a pod's turn was walked."""
        self.turns.append(Turn(int(self.case.pods.workload[pod]), began, ended, dict(self.turn)))
        self.turn.clear()

    def _add(self, cause: str, seconds: float) -> None:
        self.seconds[cause] += seconds
        self.turn[cause] += seconds

    def _before(self, pod: int, time: float) -> int:
        """The last step of a pod that began before a time; -1: none."""
        first, end = self.chains.first[pod], self.chains.first[pod + 1]
        place = int(np.searchsorted(self.chains.started[first:end], time)) - 1
        return int(first) + place if place >= 0 else -1

    def _trigger(self, pod: int, step: int, time: float) -> tuple[int, float]:
        """Whose chain the path goes on in after a step that an event ended, and from when on."""
        old: OldPods = self.case.orchestration.old_pods
        code, met = int(self.chains.trigger[step]), set[int]()
        while code >= 0:
            row, is_old = divmod(code, 2)
            if not is_old:
                return row, time
            deleted = float(old.deleted[row])
            # Its own event: it came back on its node, or was lost there, and goes for that, later, or not at all.
            is_own = code in met or (deleted == time and len(old.trigger) > 0 and int(old.trigger[row]) == code)
            if is_own or not deleted <= time:
                away = self._away(int(old.node[row]), time)
                self._add(NODE_DOWN.name, time - away)
                return pod, away
            met.add(code)
            self._add(TERMINATION.name, time - deleted)
            time = deleted
            own = self._before(pod, time)
            if own not in (-1, step) and self.chains.ended[own] == time and self.chains.trigger[own] >= 0:
                return pod, time  # its own chain says why the old pod was deleted
            if not len(old.trigger):
                return self._came(int(old.workload[row]), pod, time), time
            decided = float(old.decided[row])
            decided = decided if decided < time else time
            self._add(API_CALLS.name, time - decided)
            time, code = decided, int(old.trigger[row])
        return pod, time

    def _away(self, node: int, time: float) -> float:
        """Since when a pod of a node was away that is back at a time: the node's last failure."""
        faults, name = self.case.orchestration.faults, self.case.node_names[node]
        whole = zip(faults.target, faults.started.tolist(), strict=True)
        return max((started for target, started in whole if target == name and started <= time), default=time)

    def _came(self, workload: int, pod: int, time: float) -> int:
        """The new pod upon which an old one went, of results that do not say so: whichever had come at that moment."""
        pods = self.case.pods
        came = np.flatnonzero((pods.workload == workload) & ((pods.available == time) | (pods.ready == time)))
        return int(came[0]) if len(came) else pod

    def _ahead(self, pod: int, step: int) -> tuple[int, int] | None:
        """What let a pod in that stood in its kubelet's queue: the pull that ended then, and the pod that had asked."""
        if self.chains.cause[step] != KUBELET_QUEUE.number:
            return None
        pulls, ended = self.case.pulls, self.chains.ended[step]
        of_node = pulls.node == self.case.pods.node[pod]
        for pull in np.flatnonzero(of_node & (pulls.pulled == ended) & (pulls.asked < ended)).tolist():
            asking = np.flatnonzero(self.whole & (self.chains.pull == pull))
            if len(asking):
                return int(self.chains.pod[asking[0]]), pull
        return None

    def _spend(self, step: int, seconds: float, cut: bool) -> None:
        if self.whole[step] and not cut:
            self._follow(int(self.chains.pull[step]))
            return
        if self.reads[step] and not cut:
            self._enter(self.read_path, self.read_stretches.of(int(self.chains.pull[step])), queued=False)
            return
        cause = STEPS[self.chains.cause[step]]
        workload = self.case.pods.workload[self.chains.pod[step]]
        if cause is CONTROLLER_PACING and self.has_own_time[workload]:
            self._add(SCHEDULE.name, seconds)
        else:
            joined = cause is PULL or (cause is ON_DEMAND and self.chains.pull[step] >= 0)
            self._add(OTHER_PULL.name if joined else cause.name, seconds)
        if cause is KUBELET_QUEUE:
            self.queued += seconds

    def _follow(self, pull: int, queued: bool = False) -> None:
        """Enter the critical path of a pull; `queued`: for a pod that was not let in before its end."""
        self._enter(self.path, self.stretches.of(pull), queued)

    def _enter(self, path: PathTimes, rows: Ids, queued: bool) -> None:
        for cause, seconds in zip(path.cause[rows].tolist(), path.seconds[rows].tolist(), strict=True):
            name = path.causes[cause]
            self._add(name if not queued or name in self.links else KUBELET_QUEUE.name, seconds)

    def _start(self, pod: int) -> float:
        return self.case.orchestration.workloads[int(self.case.pods.workload[pod])].start
