"""When the pods on the nodes of a group were ready, where there are several groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.results.facts.records import known
from rolloutsim.results.parts import Part, RecordedColumns
from rolloutsim.scenario.resolved import Threshold
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords, Run

_ROLLOUT_TIME = Threshold("rollout_time", {}, None, "<", 0.0, "")


@struct(frozen=True)
class GroupSummary:
    """The nodes of one group in figures."""

    group: str
    nodes: int
    pods: int  # of the new version that stay there
    ready_s: float | None  # `rollout_time{group=…}` [s]; None: there are no pods, or one is not ready


def group_summaries(run: Run, case: CaseRecords) -> tuple[GroupSummary, ...]:
    """The figures of all groups of a case.

    Parameters
    ----------
    run : Run
        The case's.
    case : CaseRecords
        What happened in it.
    """
    columns = RecordedColumns(run, case)
    rows = []
    for group in run.scenario.groups:
        part = Part(run, case, columns, case.finished, {"group": group.name})
        times = part.values(_ROLLOUT_TIME)
        latest = known(float(times.max())) if len(times) else None
        nodes, pods = (int(np.count_nonzero(chosen)) for chosen in (part.nodes, part.pods))
        rows.append(GroupSummary(group.name, nodes, pods, latest))
    return tuple(rows)
