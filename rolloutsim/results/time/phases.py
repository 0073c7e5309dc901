"""What each node is doing when: waiting, fetching, unpacking, waiting for pods, starting; and who is ready when.

The five phases follow each other without gaps:

================  ==================================================================================================
waiting           asked, and no byte of a layer has arrived: requests, queues, slots, attempts and hosts that fail
fetching          from the first layer's first byte to the last layer's last, with what others unpack or wait for
unpacking         all layers are there, the images are not yet: what is left to unpack and write
waiting for pods  all images are there, the pod that will be ready last has not started: its controller paces, a pod
                  before it has to end, its node is away
starting          that pod has started, and is not yet ready
================  ==================================================================================================

A node whose pods come one after another may pull anew after it had all that it had been asked for. It then waits for
pods in between, and the first three phases begin again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from rolloutsim.results.facts.calls import brings
from rolloutsim.results.facts.records import happened, or_never
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.columns import Ids, Times
    from rolloutsim.results.facts.records import CaseRecords

PHASES = ("waiting", "fetching", "unpacking", "waiting for pods", "starting")


@struct(eq=False)
class Spans:
    """One row a stay of a node in a phase, in the order of nodes and times."""

    place: Ids  # which node, as its place in `NodePhases.node`
    phase: Ids  # index into `PHASES`
    start: Times  # [s]
    stop: Times  # [s]; NaN: it did not end

    def lengths(self, end: float) -> Times:
        """How long each lasts until `end` [s]."""
        return np.maximum(np.where(np.isnan(self.stop), end, self.stop) - self.start, 0.0)


@struct(eq=False)
class NodePhases:
    """When each node that takes part went from phase to phase; NaN is what never happened.

    Parameters
    ----------
    node : numpy.ndarray
        Index into the case's nodes.
    bounds : numpy.ndarray
        6 × nodes moments [s]: asked, first byte, last byte, images there, started, ready; the last two are those of
        the pod that is ready last. A node that fetches nothing is waiting until its images are there.
    spans : Spans
        Every stay in a phase; between the bounds where a node does not pull anew.
    """

    node: Ids
    bounds: Times
    spans: Spans

    def seconds(self, end: float) -> Times:
        """How long each node was in each phase (5 × nodes) until `end` [s]."""
        seconds = np.zeros((len(PHASES), len(self.node)))
        np.add.at(seconds, (self.spans.phase, self.spans.place), self.spans.lengths(end))
        return seconds

    def shares(self, moments: Times) -> Times:
        """The share of the nodes in each phase at moments (5 × moments), then of those ready (row 6) [1]."""
        counts = [
            _passed(self.spans.start[rows], moments) - _passed(self.spans.stop[rows], moments)
            for rows in (self.spans.phase == phase for phase in range(len(PHASES)))
        ]
        return np.stack([*counts, _passed(self.bounds[-1], moments)]) / max(len(self.node), 1)


def node_phases(case: CaseRecords) -> NodePhases:
    """The phases of the nodes that pulled or started something."""
    pulls, fetches, pods, nodes = case.pulls, case.fetches, case.pods, len(case.node_names)
    asked = np.full(nodes, np.inf)
    done, started, ready = (np.full(nodes, -np.inf) for _ in range(3))
    fetching = pulls.node[fetches.pull]
    np.minimum.at(asked, pulls.node, pulls.asked)
    np.minimum.at(asked, pods.node, or_never(pods.asked))
    served, stays = np.isnan(pulls.failed), np.isnan(pods.deleted)
    counted = brings(case) & served
    without = stays & np.isnan(pods.started) & ~np.isnan(pods.asked)  # pods that never had their images
    pulled = _images_there(case, counted, without)
    np.maximum.at(ready, pods.node[stays], or_never(pods.ready[stays]))
    is_last = stays & (or_never(pods.ready) == ready[pods.node])
    np.maximum.at(started, pods.node[is_last], or_never(pods.started[is_last]))
    np.maximum.at(done, pulls.node[served], or_never(pulls.pulled[served]))
    np.maximum.at(done, pods.node[stays], or_never(pods.started[stays]))
    node = np.flatnonzero(np.isfinite(asked)).astype(np.int32)
    pulled = np.maximum(pulled, asked)
    rounds = _rounds(case, asked, served, counted, without)
    of_fetch = rounds.of(fetching, pulls.asked[fetches.pull])
    # What an attempt fetched that failed is part of the waiting for one that does not.
    useful = served[fetches.pull]
    # A fetch that broke off and was begun anew does not count once the node has its images.
    counts = ~(np.isnan(fetches.fetched) & np.isfinite(done[fetching]))
    first, last = np.full(len(rounds.node), np.inf), np.full(len(rounds.node), -np.inf)
    np.minimum.at(first, of_fetch[useful], or_never(fetches.started[useful]))
    np.maximum.at(last, of_fetch[counts], or_never(fetches.fetched[counts]))
    there = np.where(rounds.is_last, pulled[rounds.node], rounds.stop)
    bare = ~np.isfinite(first)
    first[bare] = last[bare] = there[bare]
    broken = ~np.isfinite(last) & np.isfinite(there)
    last[broken] = there[broken]
    own = np.stack([rounds.start, first, last, there, started[rounds.node], ready[rounds.node]])
    follows = np.flatnonzero(~rounds.is_last)
    own[4, follows] = own[5, follows] = rounds.start[follows + 1]
    own = _none(own)
    place = (
        np.cumsum(np.append(True, rounds.is_last[:-1])).astype(np.int32) - 1 if len(own[0]) else np.zeros(0, np.int32)
    )
    whole = own[:, rounds.is_last].copy()
    whole[0] = asked[node]
    # The first byte of all rounds: what bounds say of a node is from its first pull to its last.
    earliest = np.full(len(node), np.inf)
    np.fmin.at(earliest, place, own[1])
    whole[1] = happened(earliest)
    return NodePhases(node, whole, _spans(own, place))


def _none(bounds: Times) -> Times:
    """Moments in their order; what follows something that never happened did not happen either."""
    return np.maximum.accumulate(happened(bounds), axis=0)  # NaN is what `maximum` keeps


def _spans(bounds: Times, place: Ids) -> Spans:
    """The stays between the bounds of each round."""
    start, stop = bounds[:-1].T, bounds[1:].T  # rounds × phases
    # A stay without length is none, unless it is the one that a node never leaves.
    kept = ~np.isnan(start) & (start != stop)
    phase = np.broadcast_to(np.arange(len(PHASES), dtype=np.int32), start.shape)
    return Spans(np.broadcast_to(place[:, None], start.shape)[kept], phase[kept], start[kept], stop[kept])


@struct(eq=False)
class _Rounds:
    """One row a time in which a node has images to get, in the order of nodes and times.

    It ends when all that was asked for is there (inf: never); the next one of the node begins later.
    """

    node: Ids
    start: Times
    stop: Times
    is_last: npt.NDArray[np.bool_]  # of its node

    def of(self, node: Ids, time: Times) -> npt.NDArray[np.intp]:
        """In which round of a node something was asked for."""
        finite = self.start[np.isfinite(self.start)]
        width = 1.0 + max(float(finite.max(initial=0.0)), float(time.max(initial=0.0)))
        return np.searchsorted(self.node * width + self.start, node * width + time, side="right") - 1


def _rounds(
    case: CaseRecords,
    asked: Times,
    served: npt.NDArray[np.bool_],
    counted: npt.NDArray[np.bool_],
    without: npt.NDArray[np.bool_],
) -> _Rounds:
    """When nodes have images to get: from asking for one until it is there, attempts that fail included."""
    pulls, pods = case.pulls, case.pods
    wanted = pulls.node.astype(np.int64) * len(case.images) + pulls.image
    order = np.lexsort((pulls.asked, wanted))
    begins = np.ones(len(order), np.bool_)
    begins[1:] = (wanted[order][1:] != wanted[order][:-1]) | served[order][:-1]
    attempts = np.empty(len(order), np.intp)
    attempts[order] = np.cumsum(begins) - 1
    first = np.full(len(order), np.inf)
    np.minimum.at(first, attempts, pulls.asked)
    linked = np.flatnonzero(pods.pull >= 0)
    np.minimum.at(first, attempts[pods.pull[linked]], or_never(pods.asked[linked]))
    asking = np.flatnonzero(np.isfinite(asked))
    nodes = np.concatenate([pulls.node[counted], pods.node[without], asking])
    starts = np.concatenate([first[attempts[counted]], pods.asked[without], asked[asking]])
    stops = np.concatenate(
        [or_never(pulls.pulled[counted]), np.full(int(np.count_nonzero(without)), np.inf), asked[asking]]
    )
    joined: list[list[float]] = []
    by_time = np.lexsort((starts, nodes))
    for node, start, stop in zip(
        nodes[by_time].tolist(), starts[by_time].tolist(), stops[by_time].tolist(), strict=True
    ):
        if joined and joined[-1][0] == node and start <= joined[-1][2]:
            joined[-1][2] = max(joined[-1][2], stop)
        else:
            joined.append([node, start, stop])
    table = np.array(joined, np.float64).reshape(-1, 3)
    node_of = table[:, 0].astype(np.int32)
    return _Rounds(node_of, table[:, 1], table[:, 2], np.append(node_of[1:] != node_of[:-1], True)[: len(node_of)])


def _images_there(case: CaseRecords, counted: npt.NDArray[np.bool_], without: npt.NDArray[np.bool_]) -> Times:
    """When each node had all its images: inf where one never came, -inf where none was pulled [s]."""
    there = np.full(len(case.node_names), -np.inf)
    np.maximum.at(there, case.pulls.node[counted], or_never(case.pulls.pulled[counted]))
    there[case.pods.node[without]] = np.inf
    return there


@struct(eq=False)
class Readiness:
    """When the pods or nodes of a case became ready."""

    of: Literal["nodes", "pods"]  # `pods` where workloads roll out
    wanted: int  # how many shall become ready
    times: Times  # when those that did, did; ascending [s]

    def time_of(self, share: float) -> float | None:
        """When a share of those wanted was ready [s]; None: it never was."""
        place = max(int(np.ceil(share * self.wanted - 1e-9)), 1) - 1
        return float(self.times[place]) if place < len(self.times) else None


def readiness(case: CaseRecords) -> Readiness:
    """Who was ready when: nodes with all their pods for bare pulls, pods of the new version for workloads."""
    if case.orchestration.workloads:
        of_workload = (case.pods.workload >= 0) & np.isnan(case.pods.deleted)
        wanted = sum(workload.replicas for workload in case.orchestration.workloads)
        return Readiness("pods", max(wanted, 1), _ascending(case.pods.ready[of_workload]))
    phases = node_phases(case)
    return Readiness("nodes", max(len(phases.node), 1), _ascending(phases.bounds[-1]))


def _passed(times: Times, moments: Times) -> npt.NDArray[np.intp]:
    """How many of the times lie at or before each moment."""
    return np.searchsorted(_ascending(times), moments, side="right")


def _ascending(times: Times) -> Times:
    """Those that came, in their order."""
    return np.sort(times[~np.isnan(times)])
