"""What each node is doing when: waiting, fetching, unpacking, starting; and who is ready when.

The four phases follow each other without gaps:

=========  =========================================================================================
waiting    asked, and no byte of a layer has arrived: requests, queues, slots, attempts that fail
fetching   from the first layer's first byte to the last layer's last, unpacking of others included
unpacking  all layers are there, the images are not yet: what is left to unpack and write
starting   all images are there, the pods are not yet ready
=========  =========================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from rolloutsim.results.records import CaseRecords, Ids, Times

PHASES = ("waiting", "fetching", "unpacking", "starting")


@dataclass(frozen=True, slots=True, eq=False)
class NodePhases:
    """When each node that takes part went from phase to phase; NaN is what never happened.

    Parameters
    ----------
    node : numpy.ndarray
        Index into the case's nodes.
    bounds : numpy.ndarray
        5 × nodes moments [s]: asked, first byte, last byte, images there, ready. A node that fetches nothing
        is waiting until its images are there.
    """

    node: Ids
    bounds: Times

    def seconds(self, end: float) -> Times:
        """How long each node was in each phase (4 × nodes) until `end` [s]."""
        reached = np.where(np.isnan(self.bounds), end, self.bounds)
        return np.diff(np.maximum.accumulate(reached, axis=0), axis=0)

    def shares(self, moments: Times) -> Times:
        """The share of the nodes in each phase at moments (4 × moments), then of those ready (row 5) [1]."""
        passed = np.stack([np.searchsorted(np.sort(row[~np.isnan(row)]), moments, side="right") for row in self.bounds])
        return np.concatenate([passed[:-1] - passed[1:], passed[-1:]]) / max(len(self.node), 1)


def node_phases(case: CaseRecords) -> NodePhases:
    """The phases of the nodes that pulled or started something.

    Parameters
    ----------
    case : CaseRecords
        What happened.
    """
    pulls, fetches, pods, nodes = case.pulls, case.fetches, case.pods, len(case.node_names)
    asked, first = np.full(nodes, np.inf), np.full(nodes, np.inf)
    last, pulled, ready = (np.full(nodes, -np.inf) for _ in range(3))
    fetching = pulls.node[fetches.pull]
    np.minimum.at(asked, pulls.node, pulls.asked)
    np.minimum.at(asked, pods.node, _or_never(pods.asked))
    served, stays = np.isnan(pulls.failed), np.isnan(pods.deleted)
    np.maximum.at(pulled, pulls.node[served], _or_never(pulls.pulled[served]))
    np.maximum.at(pulled, pods.node[stays], _or_never(pods.started[stays]))
    np.maximum.at(ready, pods.node[stays], _or_never(pods.ready[stays]))
    # What an attempt fetched that failed is part of the waiting for the one that did not.
    useful = served[fetches.pull] | ~np.isfinite(pulled[fetching])
    np.minimum.at(first, fetching[useful], _or_never(fetches.started[useful]))
    # A fetch that broke off and was begun anew does not count once the node has its images.
    counts = ~(np.isnan(fetches.fetched) & np.isfinite(pulled[fetching]))
    np.maximum.at(last, fetching[counts], _or_never(fetches.fetched[counts]))
    bare = ~np.isfinite(first)
    first[bare] = last[bare] = pulled[bare]
    node = np.flatnonzero(np.isfinite(asked)).astype(np.int32)
    bounds = np.stack([asked, first, last, pulled, ready])[:, node]
    bounds[~np.isfinite(bounds)] = np.nan
    # What follows something that never happened did not happen either; NaN is what `maximum` keeps.
    return NodePhases(node, np.maximum.accumulate(bounds, axis=0))


@dataclass(frozen=True, slots=True, eq=False)
class Readiness:
    """When the pods or nodes of a case became ready.

    Parameters
    ----------
    of : str
        `nodes`, or `pods` where workloads roll out.
    wanted : int
        How many shall become ready.
    times : numpy.ndarray
        When those that did, did; ascending [s].
    """

    of: Literal["nodes", "pods"]
    wanted: int
    times: Times

    def time_of(self, share: float) -> float | None:
        """When a share of those wanted was ready [s]; None: it never was."""
        place = max(int(np.ceil(share * self.wanted - 1e-9)), 1) - 1
        return float(self.times[place]) if place < len(self.times) else None


def readiness(case: CaseRecords) -> Readiness:
    """Who was ready when: nodes with all their pods for bare pulls, pods of the new version for workloads."""
    orchestration = case.orchestration
    if orchestration is not None and orchestration.workloads:
        of_workload = (case.pods.workload >= 0) & np.isnan(case.pods.deleted)
        times = case.pods.ready[of_workload]
        wanted = sum(workload.replicas for workload in orchestration.workloads)
        return Readiness("pods", max(wanted, 1), np.sort(times[~np.isnan(times)]))
    phases = node_phases(case)
    times = phases.bounds[-1]
    return Readiness("nodes", max(len(phases.node), 1), np.sort(times[~np.isnan(times)]))


def _or_never(times: Times) -> Times:
    """What never happened is later than everything."""
    return np.where(np.isnan(times), np.inf, times)
