"""Lazy images in figures: what containers read on demand, and when the last byte was on the nodes.

The rollout is over when pods are ready; what comes in the background afterwards is no part of its time, nor of the
bytes on the wire and of links, which are counted until then.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.results.facts.intervals import Spread, spread
from rolloutsim.results.facts.records import known
from rolloutsim.structs import struct
from rolloutsim.units import format_time

if TYPE_CHECKING:
    from rolloutsim.results.facts.columns import Times
    from rolloutsim.results.facts.records import CaseRecords, Run


@struct(frozen=True)
class LazySummary:
    """The lazy images of a case."""

    pulls: int  # that mounted layers by their indexes
    needed_bytes: float  # of these layers, what containers wait for [B]
    background_bytes: float  # of these, all others [B]
    bytes_after_rollout: float  # of both, what was to come when the rollout was over [B]
    read_time_s: Spread | None  # from a pull's first read until all that is needed is there; None: it never was [s]
    last_byte_s: float | None  # when all bytes were on the nodes [s]; None: unknown
    incomplete_pulls: int  # of which the last byte never came


def lazy_summary(case: CaseRecords) -> LazySummary:
    """The figures of a case that has lazy images."""
    reads = case.reads
    read = reads.read - reads.started
    missing = int(np.count_nonzero(np.isnan(reads.complete)))
    return LazySummary(
        pulls=len(reads.pull),
        needed_bytes=float(reads.needed.sum()),
        background_bytes=float(reads.rest.sum()),
        bytes_after_rollout=float((reads.needed + reads.rest - reads.moved).sum()),
        read_time_s=spread(read) if len(read) and not np.isnan(read).any() else None,
        last_byte_s=None if missing else known(float(reads.complete.max())),
        incomplete_pulls=missing,
    )


def last_bytes(case: CaseRecords) -> Times:
    """Of each pull that mounted layers, when its last byte was on the node [s]; NaN: it never was, or it is no such."""
    found = np.full(len(case.pulls.node), np.nan)
    found[case.reads.pull] = case.reads.complete
    return found


def about_reads(run: Run) -> Iterator[str]:
    """What of lazy images is not known or not counted, a sentence each."""
    lazy = [group for group in run.scenario.groups if group.snapshotter is not None]
    if not lazy:
        return
    for case in run.cases:
        missing = int(np.count_nonzero(np.isnan(case.reads.complete)))
        if missing:
            yield (
                f"{case.name}: when the last byte of {missing:,} of {len(case.reads.pull):,} lazy pulls is on its node "
                f"is not known: {_why(run, case)}."
            )
    if any(group.hosts for group in lazy):
        yield "What is read of mounted layers comes from the registries of the images, whatever hosts their nodes ask."
    counted = [
        name for name, one in run.scenario.registries.items() if any(it.counts == "requests" for it in one.rate_limits)
    ]
    if counted:
        yield f"Reads on demand and the background are no part of the requests that {' and '.join(counted)} counts."


def _why(run: Run, case: CaseRecords) -> str:
    if not case.finished:
        return "the rollout does not finish"
    if any(group.snapshotter is not None and not group.snapshotter.background for group in run.scenario.groups):
        return "there is no background (nodes.<group>.snapshotter.background)"
    return f"it has not come after {format_time(run.scenario.horizon)} (rollout.horizon), or has nothing to come over"
