"""When the pods on the nodes of a group were ready, where there are several groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.results.facts.records import known
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords


@struct(frozen=True)
class GroupSummary:
    """The nodes of one group in figures."""

    group: str
    nodes: int
    pods: int  # of the new version that stay there
    ready_s: float | None  # when the last of them is ready [s]; None: there are none, or one is not ready


def group_summaries(case: CaseRecords, groups: Sequence[str]) -> tuple[GroupSummary, ...]:
    """The figures of all groups of a case.

    Of workloads that are not done nobody knows where pods that do not exist yet would run: all groups' times are
    unknown then.
    """
    stays = np.isnan(case.pods.deleted) & (case.pods.node >= 0)
    ready = case.pods.ready[stays]
    group_of_pod = case.node_group[case.pods.node[stays]]
    complete = case.finished or case.bare
    nodes = np.bincount(case.node_group, minlength=len(groups)).tolist()
    rows = []
    for number, name in enumerate(groups):
        times = ready[group_of_pod == number]
        latest = known(float(times.max())) if complete and len(times) else None
        rows.append(GroupSummary(name, nodes[number], len(times), latest))
    return tuple(rows)
