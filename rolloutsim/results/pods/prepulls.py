"""What nodes pulled before the rollout: whether it was over in time, what it moved, and which links it filled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.results.facts.records import known
from rolloutsim.results.load.links import LinkSummary, busy_share
from rolloutsim.scenario.prepulls import Prepuller
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords, Run


@struct
class PrepullSummary:
    """A pre-pull; times are from the rollout's start on, and negative before it."""

    prepull: str  # its name
    by: Prepuller  # what makes the nodes pull
    nodes: int  # that are to pull
    nodes_ready: int  # of these, those that hold all its images when the rollout begins
    before_rollout: bool  # it is over when the rollout begins
    started_s: float | None  # when the first node asks [s]; None: none does
    finished_s: float | None  # when the last image is there, or given up [s]; None: not by the rollout's end
    prepull_time_s: float | None  # from its first request until then [s]
    bytes_before: float  # fetched before the rollout [B]
    bytes_after: float  # fetched beside the rollout [B]
    requests: int  # sent before the rollout, those for layers included
    given_up: int  # images on nodes that failed and were not tried again
    timed_out: int  # pulls that took longer than they may, and were begun anew or given up
    pull_timeout_s: float | None  # how long one may take [s]; None: as long as the nodes' own allow, or without an end


def prepull_summaries(run: Run, case: CaseRecords) -> tuple[PrepullSummary, ...]:
    """The figures of each pre-pull, in the scenario's order."""
    return tuple(_summaries(run, case))


def _summaries(run: Run, case: CaseRecords) -> Iterator[PrepullSummary]:
    rows = case.prepulls
    for number, spec in enumerate(run.scenario.prepulls):
        own = rows.prepull == number
        ended = rows.over[own]
        late = np.unique(rows.node[own & ~(rows.pulled <= 0.0)])
        nodes = np.unique(rows.node[own])
        asked = rows.asked[own]
        started = known(float(np.nanmin(asked))) if np.isfinite(asked).any() else None
        finished = known(float(ended.max())) if len(ended) else None
        yield PrepullSummary(
            prepull=spec.name,
            by=spec.by,
            nodes=len(nodes),
            nodes_ready=len(nodes) - len(late),
            before_rollout=finished is not None and finished <= 0.0,
            started_s=started,
            finished_s=finished,
            prepull_time_s=None if finished is None or started is None else finished - started,
            bytes_before=float(rows.before[own].sum()),
            bytes_after=float(rows.after[own].sum()),
            requests=int(rows.requests[own].sum()),
            given_up=int(np.count_nonzero(rows.given_up[own])),
            timed_out=int(rows.timed_out[own].sum()),
            pull_timeout_s=spec.behaviour.pull_timeout,
        )


def prepull_links(case: CaseRecords) -> tuple[LinkSummary, ...]:
    """What the shared links carried before the rollout, from the beginning of the pre-pulls on; of those with any."""
    rows = case.prepulls
    links, seconds = rows.links, rows.ended - rows.began
    busy = busy_share(links.bytes, links.capacity * seconds)
    return tuple(
        LinkSummary(
            link=name,
            capacity_bytes_per_s=float(links.capacity[place]),
            bytes=float(links.bytes[place]),
            utilisation=known(float(busy[place])),
            saturated_s=float(links.saturated[place]),
            peak_flows=int(links.peak_flows[place]),
            kind=links.kind[place],
        )
        for place, name in enumerate(links.name)
        if links.bytes[place] > 0.0
    )
