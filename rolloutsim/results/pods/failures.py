"""What did not work: pulls that failed and why, pods that are not ready, bytes that had to be fetched again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.results.time.steps import is_ready
from rolloutsim.scenario.causes import FAILED_PULL, PULL, STEPS
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolloutsim.results.facts.records import CaseRecords


@struct
class UnfinishedPod:
    """A pod that is not ready at the end."""

    pod: str
    workload: str | None
    node: str
    waits: str  # for what: `for its turn`, `in back-off after a failed pull`, ...
    reason: str | None  # why its last attempt to pull failed; None: none did


def failed_pulls(case: CaseRecords) -> dict[str, int]:
    """How many pulls failed for each reason, the most frequent first; pulls that were begun again count as well."""
    reason = case.pulls.reason
    counts = np.bincount(reason[reason >= 0], minlength=len(case.reasons)).tolist()
    found = [(name, count) for name, count in zip(case.reasons, counts, strict=True) if count]
    return dict(sorted(found, key=lambda pair: -pair[1]))


def pod_names(case: CaseRecords) -> list[str]:
    """A name for each pod: its workload's and its number among that workload's pods, in the order of creation.

    One without a workload has the names of its node and its image.
    """
    pods = case.pods
    workloads = tuple(one.name for one in case.orchestration.workloads)
    digits = max(3, len(str(len(pods.workload) - 1)))
    seen = dict.fromkeys(workloads, -1)
    names = []
    rows = zip(pods.workload.tolist(), pods.node.tolist(), pods.pull.tolist(), strict=True)
    for workload, node, pull in rows:
        if workload < 0:
            names.append(f"{case.node_names[node]}/{case.images[case.pulls.image[pull]].name}")
        else:
            name = workloads[workload]
            seen[name] += 1
            names.append(f"{name}-{seen[name]:0{digits}d}")
    return names


def unfinished_pods(case: CaseRecords) -> Iterator[UnfinishedPod]:
    """The pods that exist and are not ready at the end, with what they wait for."""
    pods, workloads, steps = case.pods, case.orchestration.workloads, case.orchestration.steps
    missing = np.flatnonzero(np.isnan(pods.deleted) & ~is_ready(case)).tolist()
    if not missing:
        return
    names = pod_names(case)
    last = np.isnan(steps.ended)
    waits = dict(zip(steps.pod[last].tolist(), steps.cause[last].tolist(), strict=True))
    for row in missing:
        workload, reason = int(pods.workload[row]), int(pods.reason[row])
        if reason < 0 and workload < 0 and pods.pull[row] >= 0:
            reason = int(case.pulls.reason[pods.pull[row]])
        yield UnfinishedPod(
            names[row],
            workloads[workload].name if workload >= 0 else None,
            case.node_names[int(pods.node[row])],
            (STEPS[waits[row]] if row in waits else FAILED_PULL if reason >= 0 else PULL).waits,
            case.reasons[reason] if reason >= 0 else None,
        )
