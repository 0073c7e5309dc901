"""The figures of a case: pure functions of its records, each defined once.

rollout time
    From the rollout's start (0 s) to the last pod's readiness; unknown while one is missing.
pull time
    From asking to the image being ready on the node; statistics are unknown while a pull is unfinished.
alone time
    Pull time of the same pull alone on an idle system, by the node as it was: it holds what the pull did not fetch
    itself. The mean over all pulls of which it is known; it is not of those that went on with a part of a layer.
slowdown
    Pull time / alone time, pull by pull, never below 1: where chance or others put the layers of a pull into a better
    order than it has alone, nothing slowed it.
pull
    A call that brought a node an image. Calls for an image that is there are re-checks: no part of the number of pulls,
    nor of the statistics over them.
failed pull
    One that its runtime gave up. Where all pods became ready, others took its place, and it is no part of the
    statistics over pulls.
bytes on the wire
    What all pulls fetched, compressed; a layer that a node held already, or that another pull of the node
    fetched, counts nothing. Of lazy layers it is what came until the rollout's end.
utilisation
    Bytes / (capacity × rollout time), background traffic included.

Attributes are named as the keys of the JSON contract (`rolloutsim.results.document`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from math import inf
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rolloutsim.results.facts.calls import brings
from rolloutsim.results.facts.intervals import Spread, spread
from rolloutsim.results.facts.records import ratio
from rolloutsim.results.load.links import LinkSummary, group_links, link_families, shared_links
from rolloutsim.results.time.steps import time_split
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.columns import Times
    from rolloutsim.results.facts.records import CaseRecords, Run
    from rolloutsim.results.load.disks import DiskSummary
    from rolloutsim.results.load.lazy import LazySummary
    from rolloutsim.results.load.peers import ModelRange
    from rolloutsim.results.load.supply import SupplySummary
    from rolloutsim.results.load.volumes import VolumeSummary
    from rolloutsim.results.pods.groups import GroupSummary
    from rolloutsim.results.pods.prepulls import PrepullSummary
    from rolloutsim.results.pods.rollouts import RolloutSummary


@struct(frozen=True)
class CaseSummary:
    """One case in figures."""

    case: str  # its name: the image's where each image is a case
    finished: bool  # every pod became ready
    stuck: tuple[str, ...]  # what waits for what, when not finished
    nodes: int
    pulls: int  # without re-checks
    rechecks: int  # calls for an image that the node held already, or that another call brought
    unfinished_pulls: int  # those that never had their image
    rollout_time_s: float | None  # [s]; None: unknown
    alone_time_s: float | None
    bytes_on_wire: float  # [B]
    pull_time_s: Spread | None  # over the pulls that count [s]; None if one did not finish, or there is none
    slowdown: Spread | None  # likewise [1]
    time_split_s: Mapping[str, float]  # by cause, summed over ready pods [s]; see `rolloutsim.results.time.steps`
    links: tuple[LinkSummary, ...]  # every shared one, then for each node group a row for each kind of its private ones
    rollout: RolloutSummary | None = None  # what workloads, kubelets, faults and pushes add; None for bare pulls
    disk: DiskSummary | None = None  # what images take on disks; None for bare pulls, unless prices are given
    prepulls: tuple[PrepullSummary, ...] = ()  # what nodes pulled before; empty: nothing
    prepull_links: tuple[LinkSummary, ...] = ()  # what the shared links carried before the rollout
    groups: tuple[GroupSummary, ...] = ()  # when the pods on each node group were ready; empty: there is one group
    # Where the bytes came from; None: from registries, nobody else was asked.
    supply: SupplySummary | None = field(default=None, metadata={"unless_none": True})
    lazy: LazySummary | None = None  # what came of lazy images; None: there are none
    # What containers read first of volumes made of snapshots; None: there are none.
    volumes: VolumeSummary | None = field(default=None, metadata={"unless_none": True})
    # Where the rollout time lies if the model of swarms errs as it may; None: no swarm handed over anything.
    model_range: ModelRange | None = field(default=None, metadata={"unless_none": True})

    def link(self, name: str) -> LinkSummary:
        """The row of a link, or of a group's links such as `web.nic.in`."""
        return next(row for row in self.links if row.link == name)


@struct(frozen=True)
class RunSummary:
    """A run in figures: its cases by name, in the order of the scenario."""

    name: str
    cases: Mapping[str, CaseSummary]

    @property
    def slowest(self) -> CaseSummary:
        """The case with the largest rollout time; one that did not finish before all others."""
        return max(self.cases.values(), key=lambda case: inf if case.rollout_time_s is None else case.rollout_time_s)


def summarise(run: Run) -> RunSummary:
    """The figures of all cases of a run."""
    return RunSummary(run.scenario.name, {case.name: summarise_case(run, case) for case in run.cases})


def summarise_case(run: Run, case: CaseRecords) -> CaseSummary:
    """The figures of one case; its run's scenario knows groups, registries and prices."""
    groups = tuple(group.name for group in run.scenario.groups)
    counts, is_pull = counted_pulls(case), brings(case)
    pulled = pull_times(case)[counts]
    finished = ~np.isnan(pulled)
    slowed = slowdowns(case)[counts]
    rollout = disk = None
    if not case.bare:
        from rolloutsim.results.pods.rollouts import rollout_summary  # bare pulls do without

        rollout = rollout_summary(run, case)
    if has_disks(run, case):
        from rolloutsim.results.load.disks import disk_summary  # as above

        disk = disk_summary(run, case)
    prepulls: tuple[PrepullSummary, ...] = ()
    before: tuple[LinkSummary, ...] = ()
    if case.prepulls:
        from rolloutsim.results.pods.prepulls import prepull_links, prepull_summaries  # as above

        prepulls, before = prepull_summaries(run, case), prepull_links(case)
    of_groups: tuple[GroupSummary, ...] = ()
    if len(groups) > 1:
        from rolloutsim.results.pods.groups import group_summaries  # as above

        of_groups = group_summaries(run, case)
    supply, families = None, {}
    if case.supply:
        families = link_families(run.scenario)
        from rolloutsim.results.load.supply import supply_summary  # as above

        supply = supply_summary(run, case)
    of_model = None
    if run.scenario.peers:
        from rolloutsim.results.load.peers import model_error, model_range  # as above

        of_model = model_range(rollout_time(case), model_error(run.scenario, case))
    lazy = None
    if case.reads:
        from rolloutsim.results.load.lazy import lazy_summary  # as above

        lazy = lazy_summary(case)
    volumes = None
    if case.volumes:
        from rolloutsim.results.load.volumes import volume_summary  # as above

        volumes = volume_summary(case)
    return CaseSummary(
        case=case.name,
        finished=case.finished,
        stuck=case.stuck,
        nodes=len(case.node_names),
        pulls=int(np.count_nonzero(is_pull)),
        rechecks=int(np.count_nonzero(~is_pull)),
        # One that failed and was asked for again by its pods is over.
        unfinished_pulls=int(np.sum(is_pull & np.isnan(case.pulls.pulled) & np.isnan(case.pulls.failed))),
        rollout_time_s=rollout_time(case),
        alone_time_s=alone_time(case),
        bytes_on_wire=float(case.fetches.bytes_done.sum()) + (float(case.reads.moved.sum()) if case.reads else 0.0),
        pull_time_s=spread(pulled) if finished.all() else None,
        slowdown=spread(slowed[~np.isnan(slowed)]) if finished.all() else None,
        time_split_s=time_split(case),
        links=(*shared_links(case, families), *group_links(case, groups)),
        rollout=rollout,
        disk=disk,
        prepulls=prepulls,
        prepull_links=before,
        groups=of_groups,
        supply=supply,
        lazy=lazy,
        volumes=volumes,
        model_range=of_model,
    )


def has_disks(run: Run, case: CaseRecords) -> bool:
    """Whether a case says what its images take on disks."""
    prices = run.scenario.prices
    return not case.bare or prices.ssd is not None or prices.hdd is not None


def rollout_time(case: CaseRecords) -> float | None:
    """Time of the last pod's readiness [s]; None if a pod is missing or there is none."""
    pod = last_pod(case)
    return None if pod is None else float(case.pods.ready[pod])


def last_pod(case: CaseRecords) -> int | None:
    """The pod that was ready last, of those that stay; None if one is missing or there is none."""
    ready = np.where(np.isnan(case.pods.deleted), case.pods.ready, -np.inf)
    if not case.finished or not len(ready) or bool(np.isnan(ready).any()):
        return None
    pod = int(ready.argmax())
    return pod if np.isfinite(ready[pod]) else None


def counted_pulls(case: CaseRecords) -> npt.NDArray[np.bool_]:
    """Which pulls count in statistics: those that brought an image, without any that failed and were begun again."""
    return brings(case) & np.isnan(case.pulls.failed) if case.finished else brings(case)


def alone_time(case: CaseRecords) -> float | None:
    """Mean over pulls of the time alone on an idle system [s]; None if that is unknown for all of them."""
    known = case.pulls.alone[brings(case) & ~np.isnan(case.pulls.alone)]
    return float(known.mean()) if len(known) else None


def pull_times(case: CaseRecords) -> Times:
    """Time from asking to the ready image of each pull [s]; NaN where it did not finish."""
    return case.pulls.pulled - case.pulls.asked


def slowdowns(case: CaseRecords) -> Times:
    """Pull time / alone time of each pull, at least 1; 1 where both are zero, NaN where unknown."""
    return slowdowns_of(pull_times(case), case.pulls.alone)


def slowdowns_of(times: Times, alone: Times) -> Times:
    """The same of some pulls' times, and their times alone [s]."""
    slowed = np.maximum(ratio(times, alone), 1.0)
    slowed[(times == 0.0) & (alone == 0.0)] = 1.0
    return slowed


def is_image_case(case: CaseRecords) -> bool:
    """Whether the case is the rollout of the one image whose name it has."""
    return len(case.images) == 1 and case.images[0].name == case.name
