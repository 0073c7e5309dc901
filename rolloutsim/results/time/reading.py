"""What the containers of lazy images waited for as they read on demand, and when the last byte was on the nodes.

A container's wait that its pull's layers alone explain is divided among what limited their bytes: links, cores, and
reads one after another (`on_demand`); what is left of it is the queue for a registry's connections. Containers that
came when others were reading already, or that wait for layers of another image, wait for these (`other_pull`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rolloutsim.results.facts.records import derived
from rolloutsim.results.time.split import PathTimes
from rolloutsim.scenario.causes import CAUSES, ON_DEMAND, REGISTRY_QUEUE

if TYPE_CHECKING:
    from rolloutsim.results.facts.columns import Ids, Times
    from rolloutsim.results.facts.records import CaseRecords

_ROUNDING = 1e-9  # far below any wait, far above what sums of floats are off by [s]


@derived
def read_times(case: CaseRecords) -> PathTimes:
    """The seconds from a pull's first read until all that is needed is there; rows of those that came so far."""
    reads = case.reads
    causes = tuple(dict.fromkeys((*case.causes, *CAUSES)))
    number = {name: place for place, name in enumerate(causes)}
    renumbered = np.array([number[name] for name in case.causes], np.int32)
    read = ~np.isnan(reads.read) & ~np.isnan(reads.started)
    known = read[reads.spent.activity]
    activity, spent = reads.spent.activity[known], reads.spent.seconds[known]
    rest = np.where(read, reads.read - reads.started, 0.0)
    np.subtract.at(rest, activity, spent)
    queued = np.flatnonzero(rest > _ROUNDING)
    return PathTimes(
        causes,
        np.concatenate([reads.pull[activity], reads.pull[queued]]).astype(np.int32),
        np.append(renumbered[reads.spent.cause[known]], np.full(len(queued), number[REGISTRY_QUEUE.name], np.int32)),
        np.concatenate([spent, rest[queued]]),
        len(case.pulls.node),
    )


def owns_reading(case: CaseRecords, cause: Ids, pull: Ids, started: Times, ended: Times) -> npt.NDArray[np.bool_]:
    """Which steps are what a pull's own layers took, from the first read to the last."""
    own: npt.NDArray[np.bool_] = (cause == ON_DEMAND.number) & (pull >= 0)
    if not own.any():
        return own
    rows, reads = np.flatnonzero(own), case.reads
    begun, read = (np.full(len(case.pulls.node), np.nan) for _ in range(2))
    begun[reads.pull], read[reads.pull] = reads.started, reads.read
    own[rows] = (begun[pull[rows]] == started[rows]) & (read[pull[rows]] == ended[rows])
    return own
