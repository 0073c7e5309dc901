"""Flat facts of a run, held in columns: what happened and when, no statistics.

A row is one fetch, unpack, pull or pod; a column is a numpy array. What never happened is NaN. Every
derived value is a function of these in `rolloutsim.results.metrics`. A case with workloads, kubelets, faults or pushes
has an `Orchestration` as well.

Times are seconds since the rollout's start, sizes bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, replace
from functools import wraps
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from rolloutsim.results.facts.columns import Codes, Counts, Flags, Ids, Shorts, Times, empty
from rolloutsim.results.facts.supplied import NO_SUPPLY, Supply
from rolloutsim.scenario.orchestration import Workload
from rolloutsim.scenario.resolved import Image, Layer, LinkKind, ResolvedScenario
from rolloutsim.scenario.routes import Route
from rolloutsim.structs import struct

Value = TypeVar("Value")


@struct(eq=False)
class Pulls:
    """One row a pull: asked → resolved (manifests and config are there) → pulled (image ready)."""

    node: Ids  # index into CaseRecords.nodes
    image: Ids  # index into CaseRecords.images
    asked: Times
    resolved: Times
    pulled: Times
    alone: Times  # pull time of the same pull alone on an idle system, the node holding what it held [s]
    failed: Times  # when the runtime gave up; NaN for all that did not
    reason: Shorts  # index into CaseRecords.reasons; -1: did not fail
    requests: Ids  # sent for manifests, token and config
    # whether the node held the image already; empty: not known
    present: Flags = field(default_factory=lambda: np.zeros(0, np.bool_))


@struct(eq=False)
class Fetches:
    """One row a layer fetched: granted → connected → started → fetched → committed.

    It is granted a slot, leaves the registry's queue, receives its first byte and its last, and is on the disk.
    """

    pull: Ids
    layer: Ids  # index into CaseRecords.layers
    granted: Times
    connected: Times
    started: Times
    fetched: Times
    freed_by: Ids  # the fetch whose commit freed the slot; -1: a slot was free at once
    bytes_done: Times  # what crossed the network, bytes fetched again included
    again: Times  # of these, bytes that had been fetched before
    cause: Codes  # of started..fetched; -1: several, see Spent
    # that served it, index into CaseRecords.sources; -1: none did
    source: Codes = field(default_factory=lambda: np.zeros(0, np.int16))
    committed: Times = field(default_factory=lambda: np.zeros(0))  # its slot goes to the next


@struct(eq=False)
class Unpacks:
    """One row a layer unpacked."""

    fetch: Ids
    started: Times
    unpacked: Times
    cause: Codes  # as in Fetches


@struct(eq=False)
class Waits:
    """One row a layer that a pull waited for while another pull of the same node fetched it."""

    pull: Ids
    layer: Ids
    fetch: Ids


@struct(eq=False)
class Spent:
    """Seconds of a fetch's or unpack's flow under each cause, where there was more than one."""

    is_unpack: Flags
    activity: Ids  # row in Fetches or Unpacks
    cause: Codes
    seconds: Times


@struct(eq=False)
class Reads:
    """One row a pull that mounted layers by their indexes: what came of their bytes afterwards, and when.

    `needed` are those that containers wait for, `rest` all others. Its first container starts to read → all that is
    needed is there (read); the background begins → the last byte is on the node (complete), which may be after the
    rollout's end. `moved` had come until that.
    """

    pull: Ids
    needed: Times
    rest: Times
    started: Times
    read: Times
    begun: Times
    complete: Times
    moved: Times
    spent: Spent  # of started..read

    def __bool__(self) -> bool:
        return len(self.pull) > 0


def _no_reads() -> Reads:
    none, ids = np.zeros(0), np.zeros(0, np.int32)
    spent = Spent(np.zeros(0, np.bool_), ids, ids, none)
    return Reads(ids, none, none, none, none, none, none, none, spent)


@struct(eq=False)
class VolumeReads:
    """One row a reading of containers from their node's volume, made of a snapshot: what nobody had read, nor come yet.

    `initialised` is when the last of the volumes has all of its blocks [s], which may be after the rollout's end; NaN:
    never, as far as nobody reads them.
    """

    node: Ids
    bytes: Times
    started: Times
    read: Times  # when all of it had come
    nodes: int  # that have such a volume
    initialised: float

    def __bool__(self) -> bool:
        return self.nodes > 0


NO_VOLUMES = VolumeReads(np.zeros(0, np.int32), np.zeros(0), np.zeros(0), np.zeros(0), 0, np.nan)


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
    reason: Shorts  # of its last failed attempt, index into CaseRecords.reasons; -1: none failed


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
    intervals: Times  # rows (link index, from, to): when it was saturated


@struct(eq=False)
class PrivateLinks:
    """The links of one kind that belong to a node each; one row a node that has it.

    Of the bytes that each carried, `spared` are to be left out where its load is asked for: cores read layers that do
    not compress faster than others. None: there are none.
    """

    kind: str  # "nic.in", "nic.out", "disk", "unpack"
    node: Ids
    capacity: Times
    bytes: Times
    saturated: Times
    peak_flows: Ids
    spared: Times | None = field(default=None, metadata={"unless_none": True})


@struct(eq=False)
class BackgroundRecords:
    """One row an application of the background; `started` and `finished` are NaN where that came after the rollout.

    What it has before and after the rollout is that of a system which the background has for itself; NaN if it
    is not there then. Readings are rows (row of the application, time, value), in that order: of bandwidth,
    which is read at equal intervals, those that differ from the one before; of latency one a request. Where there are
    too many, every second, fourth, ... of them counts. A latency is inf where a request gets no answer, and NaN where
    it is not computed: `unknown` names the links whose queues requests met, and that have none here, with ", " between.
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
    bandwidth: Times = field(default_factory=lambda: np.zeros((0, 3)))
    latency: Times = field(default_factory=lambda: np.zeros((0, 3)))
    unknown: tuple[str, ...] = ()
    # Beside what was pushed before the rollout: bandwidth [B/s], and readings from the push's start; none: nothing was.
    pushed: Times = field(default_factory=lambda: np.zeros(0))
    latency_pushed: Times = field(default_factory=lambda: np.zeros((0, 3)))


@struct(eq=False)
class Steps:
    """What each pod of a workload waited for, one after another without gaps, from its workload's start on.

    `cause` is the number of one of `rolloutsim.scenario.causes.STEPS`; a step of cause `pull` is a successful pull, and
    `pull` its row; of one of cause `on_demand` that of the pull whose layers were read last.
    """

    pod: Ids
    cause: Shorts
    pull: Ids
    started: Times
    ended: Times
    trigger: Ids  # of a `pacing` step: the pod whose event ended it, as 2 * row + is old; -1: the controller's own time


@struct(eq=False)
class OldPods:
    """One row a pod of the old version; all of them are ready before the rollout, and until deleted.

    When the controller decided that it goes, and upon which pod's event (as in `Steps`), is not known of results that
    are older than these columns: they are empty.
    """

    workload: Ids
    node: Ids
    deleted: Times
    gone: Times
    decided: Times = field(default_factory=lambda: np.zeros(0))
    trigger: Ids = field(default_factory=lambda: np.zeros(0, np.int32))


@struct(eq=False)
class ReplicaChanges:
    """How many pods of a workload are ready: one row a change, in the order of time."""

    time: Times
    workload: Ids
    old: Ids  # +1, -1 or 0
    new: Ids


@struct(eq=False)
class Refusals:
    """Requests that were not answered with what they asked for: one row a moment, source and answer.

    Where there are too many moments, the later ones are put together in intervals; the numbers stay exact.
    """

    source: Ids = field(metadata={"was": "registry"})  # index into CaseRecords.sources
    time: Times
    status: Shorts  # 429, 503; 0: connection refused or broken; in time there was: -1 none, -2 no TLS, -3 no answer
    layer: Flags  # they asked for layers; else for manifests, tokens, configs
    count: Counts
    again: Counts  # of these, sent again by the runtime
    width: Times  # of the interval that begins at `time` [s]; 0: all were at that moment
    unanswered: Ids  # fetches whose last request was not answered; no column beside the others


@struct(eq=False)
class Lost:
    """Seconds that failed requests and their retries cost a pull or fetch that went on, those of a rate limit apart.

    Of a pull they lie in asked..resolved, of a fetch in granted..connected. (What broken bodies cost a fetch
    stands in `Spent`, causes `retry` and `fallback`.) `host` is one that is not the last that is asked, with which they
    were lost until the next was; -1: none, or not known.
    """

    is_fetch: Flags
    activity: Ids
    limited: Flags  # by a rate limit
    seconds: Times
    host: Ids = field(default_factory=lambda: np.zeros(0, np.int32))  # index into CaseRecords.sources


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
class PrepullRecords:
    """One row an image that a node was to pull before the rollout; a time before its start is negative.

    Applications are those of the background, links those of `links`: what they had and carried from the beginning of
    the first pre-pull until the last was over, or the rollout began.
    """

    prepull: Ids  # index into scenario.prepulls
    image: Ids  # index into `images`
    node: Ids
    asked: Times  # NaN: its turn did not come, or the rollout ended before
    pulled: Times  # NaN: not by the rollout's end
    over: Times  # when it was there, or given up; NaN: not by the rollout's end
    given_up: Flags  # it failed, and was not tried again
    timed_out: Ids  # pulls of it that took longer than they may
    before: Times  # bytes fetched before the rollout
    after: Times  # bytes fetched beside the rollout
    requests: Ids  # sent for it before the rollout, those for layers included
    images: tuple[str, ...]
    began: float  # [s]
    ended: float  # [s]; 0: when the rollout began
    links: SharedLinks  # intervals from `began` on
    rate: Times  # bandwidth of each application [B/s]
    latency: Times  # rows (row of the application, time from `began` on, latency [s])

    def __bool__(self) -> bool:
        return bool(len(self.node))


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
class PressureRecords:
    """One row a node that had DiskPressure: since when first, and how many pods it evicted and refused."""

    node: Ids
    pressed: Times
    evicted: Ids
    refused: Ids


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
    bare: bool = False  # nobody drives the pulls, and nothing can get in their way
    pressures: PressureRecords = field(default_factory=lambda: empty(PressureRecords))

    def __bool__(self) -> bool:
        return not self.bare


NO_PREPULLS: PrepullRecords = replace(empty(PrepullRecords), began=0.0, ended=0.0, links=empty(SharedLinks))

BARE = Orchestration(
    workloads=(),
    steps=empty(Steps),
    old_pods=empty(OldPods),
    replicas=empty(ReplicaChanges),
    refusals=empty(Refusals),
    lost=empty(Lost),
    pushes=empty(PushRecords),
    disks=empty(DiskRecords),
    faults=empty(FaultRecords),
    conditions=(),
    bare=True,
)


class _Referable:
    """What `derived` can keep something for."""

    __slots__ = ("__weakref__",)


@struct(eq=False, frozen=True)
class CaseRecords(_Referable):
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
    orchestration: Orchestration = field(default=BARE, metadata={"unless_empty": True})
    sources: tuple[str, ...] = ()  # of layers: the scenario's registries in its order, then others
    routes: tuple[Route, ...] = ()  # from each source to each group, rack by rack
    # For what random numbers were drawn, see scenario.chance; empty: the case is the same with every seed.
    drawn: tuple[str, ...] = field(default=(), metadata={"unless_empty": True})
    # What nodes were to pull before.
    prepulls: PrepullRecords = field(default=NO_PREPULLS, metadata={"unless_empty": True})
    supply: Supply = field(default=NO_SUPPLY, metadata={"unless_empty": True})
    reads: Reads = field(default_factory=_no_reads, metadata={"unless_empty": True})
    volumes: VolumeReads = field(default=NO_VOLUMES, metadata={"unless_empty": True})

    @property
    def bare(self) -> bool:
        """Whether these are bare pulls: nobody drives them, and nothing can get in their way."""
        return self.orchestration.bare


@struct(eq=False, frozen=True)
class Run:
    """A scenario's simulation: its cases' records and where they come from."""

    scenario: ResolvedScenario
    seed: int
    cases: tuple[CaseRecords, ...]
    provenance: Mapping[str, str]  # rolloutsim, python, numpy, simpy versions


def derived(function: Callable[[CaseRecords], Value]) -> Callable[[CaseRecords], Value]:
    """Work out what follows from a case's records once, and keep it for as long as these live: they never change.

    What is worked out must not hold the records, or they live for ever.
    """
    known: WeakKeyDictionary[CaseRecords, Value] = WeakKeyDictionary()

    @wraps(function)
    def once(case: CaseRecords) -> Value:
        if case not in known:
            known[case] = function(case)
        return known[case]

    return once


def known(value: float) -> float | None:
    """A value, or None for NaN: what never happened, or is not known."""
    return None if value != value else float(value)


def or_never(times: Times) -> Times:
    """Times, of which what never happened (NaN) is later than everything [s]."""
    return np.where(np.isnan(times), np.inf, times)


def happened(times: Times) -> Times:
    """Times, of which what is not finite never happened: NaN [s]."""
    return np.where(np.isfinite(times), times, np.nan)


def ratio(amount: Any, by: Any, missing: float = np.nan, least: Times | float = 0.0) -> Times:
    """Amount by amount, and `missing` where the second is not larger than `least`."""
    found = np.full(np.shape(by), missing)
    np.divide(amount, by, out=found, where=by > least)
    return found
