"""Which group of nodes is ready last, and how its nodes' time differs from that of the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rolloutsim.results.time.steps import pod_times
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords

_CLEARLY = 0.05  # a group that is last by a smaller share of its time is not worth a word (assumed)


@struct
class LastGroup:
    """The group whose last pod is ready clearly after all others'.

    Parameters
    ----------
    group : str
        Its name.
    ready, others : float
        When the last pod of it is ready, and the last of all other groups [s].
    split, split_others : mapping of str to float
        Seconds by cause of one of its nodes, and of one of the others, on average [s].
    """

    group: str
    ready: float
    others: float
    split: Mapping[str, float]
    split_others: Mapping[str, float]


def last_group(case: CaseRecords, groups: tuple[str, ...]) -> LastGroup | None:
    """The group that is last in a finished case; None if there is one group, or none that is clearly last.

    Parameters
    ----------
    case : CaseRecords
        What happened.
    groups : tuple of str
        Names of the scenario's node groups, in its order.
    """
    stays = np.isnan(case.pods.deleted)
    group_of_pod = case.node_group[case.pods.node]
    ready = np.full(len(groups), -np.inf)
    np.maximum.at(ready, group_of_pod[stays], case.pods.ready[stays])
    *_, second, last = np.argsort(ready, kind="stable") if len(groups) > 1 else (0, 0)
    if not ready[second] < (1.0 - _CLEARLY) * ready[last] or np.isneginf(ready[second]):
        return None
    path = pod_times(case)
    is_last = group_of_pod[path.pod] == last
    nodes = np.unique(case.pods.node)
    count = int(np.count_nonzero(case.node_group[nodes] == last))

    def split(rows: npt.NDArray[np.bool_], count: int) -> dict[str, float]:
        sums = np.bincount(path.cause[rows], path.seconds[rows], len(path.causes)) / count
        return {name: float(sums[i]) for i, name in enumerate(path.causes) if sums[i] > 0.0}

    return LastGroup(
        groups[last],
        float(ready[last]),
        float(ready[second]),
        split(is_last, count),
        split(~is_last, len(nodes) - count),
    )
