"""What pulls moved until the rollout's end: layers that they fetched, and what was read of lazy ones afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from rolloutsim.results.facts.columns import Times
    from rolloutsim.results.facts.records import CaseRecords


def bytes_of_pulls(case: CaseRecords) -> Times:
    """The bytes of each pull [B]: what it fetched, lost bytes included, and what came of the layers that it mounted."""
    count = len(case.pulls.node)
    moved = np.bincount(case.fetches.pull, case.fetches.bytes_done, count).astype(np.float64)
    if case.reads:
        moved += np.bincount(case.reads.pull, case.reads.moved, count)
    return moved
