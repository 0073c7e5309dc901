"""Flat facts of a run, held in columns: what happened and when, no statistics.

A row is one fetch, unpack, pull or pod; a column is a numpy array. What never happened is NaN. Every
derived value is a function of these in `rolloutsim.results.metrics`. A case with workloads, kubelets, faults or pushes
has an `Orchestration` as well.

Times are seconds since the rollout's start, sizes bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

import numpy as np
import numpy.typing as npt

from rolloutsim.scenario.resolved import Image, Layer, LinkKind, ResolvedScenario
from rolloutsim.scenario.resolved_rollout import Workload
from rolloutsim.scenario.routes import Route
from rolloutsim.structs import struct

Times = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int32]


@struct(eq=False)
class Pulls:
    """One row a pull: asked → resolved (manifests and config are there) → pulled (image ready)."""

    node: Ids  # index into CaseRecords.nodes
    image: Ids  # index into CaseRecords.images
    asked: Times
    resolved: Times
    pulled: Times
    alone: Times  # pull time of the same pull alone on an idle system [s]
    failed: Times  # when the runtime gave up; NaN for all that did not
    reason: npt.NDArray[np.int16]  # index into CaseRecords.reasons; -1: did not fail
    requests: Ids  # sent for manifests, token and config


@struct(eq=False)
class Fetches:
    """One row a layer fetched: granted → connected → started → fetched.

    It is granted a slot, leaves the registry's queue, receives its first byte, is complete and committed.
    """

    pull: Ids
    layer: Ids  # index into CaseRecords.layers
    granted: Times
    connected: Times
    started: Times
    fetched: Times
    freed_by: Ids  # the fetch whose end freed the slot; -1: a slot was free at once
    bytes_done: npt.NDArray[np.float64]  # what crossed the network, bytes fetched again included
    again: npt.NDArray[np.float64]  # of these, bytes that had been fetched before
    cause: npt.NDArray[np.int16]  # of started..fetched; -1: several, see Spent
    # That served it, index into CaseRecords.sources; -1: none did.
    source: npt.NDArray[np.int16] = field(default_factory=lambda: np.zeros(0, np.int16))


@struct(eq=False)
class Unpacks:
    """One row a layer unpacked."""

    fetch: Ids
    started: Times
    unpacked: Times
    cause: npt.NDArray[np.int16]  # as in Fetches


@struct(eq=False)
class Waits:
    """One row a layer that a pull waited for while another pull of the same node fetched it."""

    pull: Ids
    layer: Ids
    fetch: Ids


@struct(eq=False)
class Spent:
    """Seconds of a fetch's or unpack's flow under each cause, where there was more than one."""

    is_unpack: npt.NDArray[np.bool_]
    activity: Ids  # row in Fetches or Unpacks
    cause: npt.NDArray[np.int16]
    seconds: Times


@struct(eq=False)
class Pods:
    """One row a pod of the new version.

    It is created → its images are asked for → the last of them is there and its container starts (started) →
    ready → available (`min_ready` later). A pod of a pull without a workload is created when it asks.
    """

    pull: Ids  # the pull that brought its last image; -1: none did
    started: Times
    ready: Times  # for the last time, if a crash of its node made it unready
    workload: Ids  # index into CaseRecords.workloads; -1: none
    node: Ids
    created: Times
    asked: Times
    available: Times
    deleted: Times  # NaN for all that stay
    reason: npt.NDArray[np.int16]  # of its last failed attempt, index into CaseRecords.reasons; -1: none failed


# What a pod of a workload waits for: causes of `rolloutsim.results.facts.records.Steps`.
# pacing: its turn has not come · termination: the pod that it replaces is not gone yet · controller: created, not
# yet asked for · kubelet_queue: serial or limited pulls of its node · qps, rate_limited, backoff: waits after
# refusals by the kubelet's token bucket, by a registry's rate limit, and after other failures · failed_pull: an
# attempt that failed · other_pull: a pull that another pod of the node had begun · node_down: its node is away ·
# startup: from the container's start to the pod's readiness
STEP_CAUSES = (
    "pacing", "termination", "controller", "kubelet_queue", "qps", "rate_limited", "backoff", "failed_pull", "pull",
    "other_pull", "node_down", "startup",
)  # fmt: skip


@struct(eq=False)
class SharedLinks:
    """One row a shared link."""

    name: tuple[str, ...]
    kind: tuple[LinkKind, ...]
    line_rate: Times  # [B/s]
    capacity: Times  # payload [B/s]
    bytes: Times  # payload carried until the rollout's end, background included
    saturated: Times  # [s] until the rollout's end
    peak_flows: Ids
    intervals: npt.NDArray[np.float64]  # rows (link index, from, to): when it was saturated


@struct(eq=False)
class PrivateLinks:
    """The links of one kind that belong to a node each; one row a node that has it."""

    kind: str  # "nic.in", "nic.out", "disk", "unpack"
    node: Ids
    capacity: Times
    bytes: Times
    saturated: Times
    peak_flows: Ids


@struct(eq=False)
class BackgroundRecords:
    """One row an application of the background; `finished` is NaN for one that had not ended with the rollout.

    What it has before and after the rollout is that of a system which the background has for itself; NaN if it
    is not there then. Readings are rows (row of the application, time, value): of bandwidth at equal intervals,
    of latency one a request, where there are too many every second, fourth, ... of them.
    """

    name: tuple[str, ...]
    started: Times
    finished: Times
    bytes: Times
    kind: tuple[str, ...] = ()  # "transfer", "constant_rate", "service"
    lost: Times = field(default_factory=lambda: np.zeros(0))  # bytes that found no room
    before: Times = field(default_factory=lambda: np.zeros(0))  # bandwidth [B/s]
    after: Times = field(default_factory=lambda: np.zeros(0))
    latency_before: Times = field(default_factory=lambda: np.zeros(0))  # of a service's requests [s]
    latency_after: Times = field(default_factory=lambda: np.zeros(0))
    bandwidth: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 3)))
    latency: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 3)))


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
    stand_in: bool = False  # the workloads stand for bare pulls, which ask at times of their own


@struct(eq=False, frozen=True)
class CaseRecords:
    """Everything that happened in one case."""

    name: str
    node_names: tuple[str, ...]
    node_group: Ids  # index into scenario.groups
    images: tuple[Image, ...]
    layers: tuple[Layer, ...]  # every distinct layer of the case's images
    causes: tuple[str, ...]  # names for the `cause` columns: a shared link's name, nic, disk, ...
    pulls: Pulls
    fetches: Fetches
    unpacks: Unpacks
    waits: Waits
    spent: Spent
    pods: Pods
    shared_links: SharedLinks
    private_links: tuple[PrivateLinks, ...]
    background: BackgroundRecords
    finished: bool  # every pod became ready
    stuck: tuple[str, ...]  # what waits for what, when not finished
    end: float  # the last pod's readiness, or when the simulation stood still [s]
    events: int  # events the kernel processed
    reasons: tuple[str, ...] = ()  # why pulls and pods failed
    orchestration: Orchestration | None = None  # None: bare pulls
    sources: tuple[str, ...] = ()  # of layers: the scenario's registries in its order, then others
    routes: tuple[Route, ...] = ()  # from each source to each group, rack by rack


@struct(eq=False, frozen=True)
class Run:
    """A scenario's simulation: its cases' records and where they come from."""

    scenario: ResolvedScenario
    seed: int
    cases: tuple[CaseRecords, ...]
    provenance: Mapping[str, str]  # rolloutsim, python, numpy, simpy versions
