"""Flat facts of a case with workloads, kubelets, faults or pushes, in columns as in `rolloutsim.results.records`."""

from __future__ import annotations

from dataclasses import field

import numpy as np
import numpy.typing as npt

from rolloutsim.results.records import Ids, Times
from rolloutsim.scenario.resolved_rollout import Workload
from rolloutsim.structs import struct


@struct(eq=False)
class Steps:
    """What each pod of a workload waited for, one after another without gaps, from its workload's start on.

    `cause` is one of `STEP_CAUSES`; a step of cause `pull` is a successful pull, and `pull` its row.
    """

    pod: Ids
    cause: npt.NDArray[np.int16]
    pull: Ids
    started: Times
    ended: Times
    trigger: Ids  # of a `pacing` step: the pod whose event ended it, as 2 * row + is old; -1: the controller's own time


@struct(eq=False)
class OldPods:
    """One row a pod of the old version; all of them are ready before the rollout, and until deleted."""

    workload: Ids
    node: Ids
    deleted: Times
    gone: Times


@struct(eq=False)
class ReplicaChanges:
    """How many pods of a workload are ready: one row a change, in the order of time."""

    time: Times
    workload: Ids
    old: Ids  # +1, -1 or 0
    new: Ids


@struct(eq=False)
class Refusals:
    """One row a request that was not answered with what it asked for."""

    source: Ids = field(metadata={"was": "registry"})  # index into CaseRecords.sources
    time: Times
    status: npt.NDArray[np.int16]  # 429, 503; 0: refused or broken connection
    fetch: Ids  # whose layer was asked for; -1: a manifest, token or config
    again: npt.NDArray[np.bool_]  # it was sent again by the runtime

    @property
    def layer(self) -> npt.NDArray[np.bool_]:
        """Whether it asked for a layer."""
        asked: npt.NDArray[np.bool_] = self.fetch >= 0
        return asked


@struct(eq=False)
class Lost:
    """Seconds that failed requests and their retries cost a pull or fetch that went on.

    Of a pull they lie in asked..resolved, of a fetch in granted..connected. (What broken bodies cost a fetch
    stands in `Spent`, cause `retry`.)
    """

    is_fetch: npt.NDArray[np.bool_]
    activity: Ids
    limited: npt.NDArray[np.bool_]  # by a rate limit
    seconds: Times


@struct(eq=False)
class PushRecords:
    """One row an image pushed; times of a push before the rollout are counted from the push's own start."""

    push: Ids  # index into scenario.pushes
    image: tuple[str, ...]
    started: Times
    finished: Times
    bytes: Times  # uploaded; the rest was there
    held: Times


@struct(eq=False)
class DiskRecords:
    """One row a node whose disk has a capacity: bytes in use."""

    node: Ids
    capacity: Times
    before: Times
    peak: Times
    after: Times
    collected: Times  # removed by image garbage collection


@struct(eq=False)
class FaultRecords:
    """One row a fault that happened; `ended` is NaN while it lasts."""

    name: tuple[str, ...]
    kind: tuple[str, ...]
    target: tuple[str, ...]
    started: Times
    ended: Times


@struct(eq=False)
class Orchestration:
    """What a case with workloads, kubelets, faults and pushes adds; all empty for bare pulls."""

    workloads: tuple[Workload, ...]
    steps: Steps
    old_pods: OldPods
    replicas: ReplicaChanges
    refusals: Refusals
    lost: Lost
    pushes: PushRecords
    disks: DiskRecords
    faults: FaultRecords
    conditions: tuple[tuple[float, str, str], ...]  # (time, workload, what): progress deadline exceeded
