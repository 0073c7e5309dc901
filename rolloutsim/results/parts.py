"""Parts of a case: the pulls, pods and nodes that labels choose, and the metrics that can be narrowed to them.

A pull belongs to the workload whose pod called for it, to its image, and to its node's group and rack. A pod belongs to
its workload, to all images of that, and to its node; one without a workload to the image of its pull. What has all the
labels that are given is counted. A metric means of a part what it means of the whole case; how long pods or nodes of a
workload take until they are ready is counted from its own start, as in all tables.

Pods that do not exist yet when a rollout ends unfinished are missing: they never are ready, and nobody knows on which
nodes they would have been.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from rolloutsim.results import metrics
from rolloutsim.results.facts.calls import brings, workload_of_pull
from rolloutsim.results.facts.columns import Codes, Flags, Ids, Times, frozen
from rolloutsim.results.facts.intervals import quantile
from rolloutsim.results.facts.moved import bytes_of_pulls
from rolloutsim.results.facts.records import or_never
from rolloutsim.results.pods.replicas import wanted_pods
from rolloutsim.results.time.steps import is_ready
from rolloutsim.scenario.metrics import METRICS
from rolloutsim.scenario.resolved import Threshold
from rolloutsim.scenario.routes import node_racks
from rolloutsim.structs import struct
from rolloutsim.units import parse_share

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords, Run
    from rolloutsim.scenario.orchestration import Workload

_ON_NODES = ("group", "rack")  # labels of nodes


@struct(eq=False)
class PartColumns:
    """What the metrics of parts are worked out of: a row a pull, then a row a pod that stays, a node, a disk."""

    pull_node: Ids
    pull_image: Codes
    pull_workload: Codes  # whose pod called for it; -1: none's
    pull_time: Times  # NaN: it did not finish
    alone: Times
    bytes: Times
    again: Times  # of these, bytes that had been fetched before
    is_failed: Flags
    brings: Flags  # it is no re-check: the image was not there
    counts: Flags  # in statistics of pull times
    pod_node: Ids
    pod_workload: Codes
    pod_image: Codes  # of its pull; -1: none
    ready: Times  # NaN: it is not at the end
    kept: Times  # by a node of the images that it pulled; NaN: it pulled none. Empty: not known
    disk_node: Ids  # of disks with a capacity
    peak: Times  # share of the capacity in use [1]
    collected: Times


class RecordedColumns:
    """The same, worked out of a case's records when it is asked for.

    Parameters
    ----------
    run : Run
        The case's.
    case : CaseRecords
        The case.
    """

    def __init__(self, run: Run, case: CaseRecords) -> None:
        self.run, self.case = run, case
        pods = case.pods
        self.stays = np.isnan(pods.deleted)
        self.pull_node, self.pull_image, self.alone = case.pulls.node, case.pulls.image, case.pulls.alone
        self.pod_node, self.pod_workload = pods.node[self.stays], pods.workload[self.stays]
        self.disk_node, self.collected = case.orchestration.disks.node, case.orchestration.disks.collected
        self.is_failed = ~np.isnan(case.pulls.failed)

    @cached_property
    def pull_workload(self) -> Any:
        """Whose pod called for each pull; -1: none's."""
        return workload_of_pull(self.case)

    @cached_property
    def pull_time(self) -> Times:
        """From asking to the ready image [s]."""
        return metrics.pull_times(self.case)

    @cached_property
    def bytes(self) -> Times:
        """That each pull fetched [B]."""
        return bytes_of_pulls(self.case)

    @cached_property
    def again(self) -> Times:
        """Of these, bytes that had been fetched before [B]."""
        return self._of_fetches(self.case.fetches.again)

    @cached_property
    def brings(self) -> Flags:
        """Which pulls are no re-checks."""
        return brings(self.case)

    @cached_property
    def counts(self) -> Flags:
        """Which pulls count in statistics of pull times."""
        return metrics.counted_pulls(self.case)

    @cached_property
    def pod_image(self) -> Any:
        """Of each pod's pull; -1: none."""
        pull = self.case.pods.pull[self.stays]
        return np.where(pull < 0, -1, np.append(self.pull_image, -1)[pull])

    @cached_property
    def ready(self) -> Times:
        """When each pod was ready [s]; NaN: it is not at the end."""
        return np.where(is_ready(self.case), self.case.pods.ready, np.nan)[self.stays]

    @cached_property
    def kept(self) -> Times:
        """By each node, of the images that it pulled [B]."""
        if not metrics.has_disks(self.run, self.case):
            return np.zeros(0)
        from rolloutsim.results.load.disks import kept_by_nodes  # bare pulls do without

        return kept_by_nodes(self.run, self.case)

    @cached_property
    def peak(self) -> Times:
        """Share of each disk's capacity in use [1]."""
        disks = self.case.orchestration.disks
        return disks.peak / disks.capacity

    def _of_fetches(self, column: Times) -> Times:
        return np.bincount(self.case.fetches.pull, column, len(self.pull_node)).astype(np.float64)


def columns_of(run: Run, case: CaseRecords) -> PartColumns:
    """All of it, to be kept without the records."""
    columns = RecordedColumns(run, case)
    return frozen(PartColumns, {name: getattr(columns, name) for name in PartColumns.__annotations__})


def narrowing(threshold: Threshold, case: CaseRecords) -> dict[str, str]:
    """The labels of a condition that choose a part of a case; its image does where the case has several."""
    narrowed = METRICS[threshold.metric].narrowed
    found = {label: value for label, value in threshold.selectors.items() if label in narrowed}
    if metrics.is_image_case(case):
        found.pop("image", None)
    return found


def is_of_part(threshold: Threshold, case: CaseRecords) -> bool:
    """Whether a condition is about a part of a case, or a number that is not in the JSON contract."""
    metric = METRICS[threshold.metric]
    own = {"workload"} if "workload" in metric.labels else set()  # a row of the contract
    return not metric.path or bool(narrowing(threshold, case).keys() - own)


class Part:
    """A part of a case.

    Parameters
    ----------
    run : Run
        The case's.
    case : CaseRecords
        What is the same in all replications of it: nodes, groups, images, workloads.
    columns : PartColumns or RecordedColumns
        What happened, in the replication that is looked at.
    finished : bool
        Whether every pod became ready in it.
    labels : mapping of str to str
        What chooses the part: all of the case without any.
    since : float
        What the time until its pods or nodes are ready is counted from: of a workload its own start [s].
    """

    def __init__(
        self,
        run: Run,
        case: CaseRecords,
        columns: PartColumns | RecordedColumns,
        finished: bool,
        labels: Mapping[str, str],
        since: float = 0.0,
    ) -> None:
        self.run, self.case, self.columns, self.finished, self.labels = run, case, columns, finished, labels
        self.since = since
        self.workloads: Sequence[Workload] = case.orchestration.workloads

    def values(self, threshold: Threshold) -> Times:
        """What a condition on the part is about: one value, or one a pull, pod or workload. NaN: unknown."""
        of = self.columns
        match threshold.metric:
            case "rollout_time":
                return np.append(of.ready[self.pods] - self.since, np.full(min(self.missing, 1), np.nan))
            case "alone_time":
                alone = of.alone[self.pulls & of.brings]
                return alone[~np.isnan(alone)]
            case "pull_time" if self._fetches_nothing:
                return np.zeros(1)
            case "pull_time":
                return of.pull_time[self.pulls & of.counts]
            case "slowdown" if self._fetches_nothing:
                return np.ones(1)
            case "slowdown":
                counted = self.pulls & of.counts
                times, alone = of.pull_time[counted], of.alone[counted]
                return metrics.slowdowns_of(times, alone)[np.isnan(times) | ~np.isnan(alone)]
            case "bytes_on_wire":
                return np.array([of.bytes[self.pulls].sum()])
            case "bytes_again":
                return np.array([of.again[self.pulls].sum()])
            case "failed_pulls":
                return np.array([np.count_nonzero(self.pulls & of.is_failed)], np.float64)
            case "ready" | "ready_pods":
                return np.array([*self._of_workloads(threshold.metric == "ready")], np.float64)
            case "pods_ready" | "nodes_ready":
                times = self._ready_pods() if threshold.metric == "pods_ready" else self._ready_nodes()
                share = parse_share(threshold.selectors["share"])
                return np.array([quantile(np.sort(or_never(times)), share) - self.since] if len(times) else [])
        return self._of_disks(threshold.metric)

    @cached_property
    def nodes(self) -> Flags:
        """Which nodes it is about."""
        chosen = np.ones(len(self.case.node_names), np.bool_)
        if "group" in self.labels:
            names = [group.name for group in self.run.scenario.groups]
            number = names.index(self.labels["group"]) if self.labels["group"] in names else -1
            chosen &= self.case.node_group == number
        if "rack" in self.labels:
            chosen &= np.array([rack == self.labels["rack"] for rack in node_racks(self.run.scenario)], np.bool_)
        return chosen

    @cached_property
    def pulls(self) -> Flags:
        """Which pulls."""
        of = self.columns
        chosen: Flags = self.nodes[of.pull_node]
        if "image" in self.labels:
            chosen = chosen & np.isin(of.pull_image, self._images)
        if "workload" in self.labels:
            chosen = chosen & np.isin(of.pull_workload, self._workloads or [])
        return chosen

    @cached_property
    def pods(self) -> Flags:
        """Which pods, of those that stay."""
        of = self.columns
        chosen: Flags = self.nodes[of.pod_node]
        if self._workloads is not None:
            own = np.isin(of.pod_workload, self._workloads)
            if "workload" not in self.labels:
                own |= (of.pod_workload < 0) & np.isin(of.pod_image, self._images)
            chosen = chosen & own
        return chosen

    @cached_property
    def missing(self) -> int:
        """How many of its pods did not even exist at the end, as far as workloads say how many there shall be."""
        if self.finished or self.case.bare:
            return 0
        chosen = range(len(self.workloads)) if self._workloads is None else self._workloads
        there = np.bincount(self.columns.pod_workload + 1, minlength=len(self.workloads) + 1)[1:]
        lacking = sum(max(wanted_pods(self.workloads[number]) - int(there[number]), 0) for number in chosen)
        return lacking if self.labels and self.workloads else max(lacking, 1)

    @cached_property
    def _images(self) -> list[int]:
        return [i for i, image in enumerate(self.case.images) if image.name == self.labels["image"]]

    @cached_property
    def _workloads(self) -> list[int] | None:
        """The numbers of the workloads that labels choose; None: no label does."""
        if not {"workload", "image"} & self.labels.keys():
            return None
        name, image = self.labels.get("workload"), self.labels.get("image")
        return [
            number
            for number, workload in enumerate(self.workloads)
            if name in (None, workload.name) and (image is None or image in workload.images)
        ]

    @cached_property
    def _fetches_nothing(self) -> bool:
        """Whether it has pods that became ready, or calls, and none of them fetched an image: nodes held all."""
        is_there = bool(self.pulls.any() or self.pods.any())
        return self.finished and is_there and not bool((self.pulls & self.columns.brings).any())

    @property
    def _is_somewhere(self) -> bool:
        """Whether only some of the nodes count, so that nobody knows which of the missing pods would."""
        return bool({*_ON_NODES} & self.labels.keys())

    def _ready_pods(self) -> Times:
        """When each pod was ready; all unknown where it is not known how many there shall be."""
        ready = self.columns.ready[self.pods]
        if self.missing and self._is_somewhere:
            return np.full(1, np.nan)
        return np.append(ready, np.full(self.missing, np.nan))

    def _ready_nodes(self) -> Times:
        """When each node had its last pod ready; all unknown where some may still get one."""
        if self.missing:
            return np.full(1, np.nan)
        last = np.full(len(self.nodes), -np.inf)
        np.maximum.at(last, self.columns.pod_node[self.pods], or_never(self.columns.ready[self.pods]))
        return last[last > -np.inf]

    def _of_workloads(self, is_time: bool) -> list[float]:
        """Of each workload when the last of its pods here was ready, or how many are."""
        found = []
        for number, workload in enumerate(self.workloads):
            if self._workloads is not None and number not in self._workloads:
                continue
            own = self.columns.ready[self.pods & (self.columns.pod_workload == number)]
            if not is_time:
                found.append(float(np.count_nonzero(~np.isnan(own))))
                continue
            one = Part(self.run, self.case, self.columns, self.finished, {"workload": workload.name})
            if one.missing:
                found.append(np.nan)
            elif len(own):
                found.append(float(own.max()))
        return found

    def _of_disks(self, metric: str) -> Times:
        of = self.columns
        here = self.nodes[of.disk_node]
        if metric == "peak_utilisation":
            return of.peak[here].max(keepdims=True) if here.any() else np.zeros(0)
        if not len(of.kept):
            return np.zeros(0)
        if metric == "collected_bytes":
            return np.array([of.collected[here].sum()])
        kept = of.kept[self.nodes]
        kept = kept[~np.isnan(kept)]
        match metric:
            case "fleet_bytes":
                return np.array([kept.sum()])
            case "bytes_per_node":
                return np.array([kept.mean() if len(kept) else 0.0])
        return np.array([kept.max(initial=0.0)])
