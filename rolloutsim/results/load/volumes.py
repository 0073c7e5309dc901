"""Volumes made of snapshots in figures: what containers read there that had not come yet, and until when.

These bytes cross neither links nor NICs, and are no bytes on the wire.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.results.facts.intervals import Spread, spread
from rolloutsim.results.facts.records import known
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords


@struct(frozen=True)
class VolumeSummary:
    """The volumes made of snapshots of a case."""

    nodes: int  # that have one, with images on it
    read_bytes: float  # that containers waited for, since the volume had to get them first [B]
    read_time_s: Spread | None  # of each reading; None: there was none, or one is not over [s]
    initialised_s: float | None  # when the last block of all of them has come [s]; None: there is no background


def volume_summary(case: CaseRecords) -> VolumeSummary:
    """The figures of a case that has such volumes."""
    volumes = case.volumes
    times = volumes.read - volumes.started
    return VolumeSummary(
        nodes=volumes.nodes,
        read_bytes=float(volumes.bytes.sum()),
        read_time_s=spread(times) if len(times) and not np.isnan(times).any() else None,
        initialised_s=known(volumes.initialised),
    )
