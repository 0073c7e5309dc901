"""How long each pod of a case takes on its node until it is ready: what a simulator of the control plane lacks."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords


@struct
class Delay:
    """A pod's.

    Parameters
    ----------
    node : str
        Where it runs.
    images : tuple of str
        What it runs, as the scenario calls them.
    seconds : float
        From the kubelet's first request for its images until it is ready [s].
    """

    node: str
    images: tuple[str, ...]
    seconds: float


def delays(case: CaseRecords, startup: bool = True) -> tuple[tuple[Delay, ...], int]:
    """The delays of the pods that became ready, and how many did not.

    Parameters
    ----------
    case : CaseRecords
        What happened.
    startup : bool
        Whether the time from the container's start until the pod is ready belongs to it.
    """
    pods, workloads = case.pods, case.orchestration.workloads
    found, never = [], 0
    rows = zip(
        pods.node.tolist(), pods.workload.tolist(), pods.pull.tolist(), pods.asked.tolist(),
        (pods.ready if startup else pods.started).tolist(), strict=True,
    )  # fmt: skip
    for node, workload, pull, asked, ended in rows:
        if isnan(asked) or isnan(ended):
            never += 1
            continue
        images = workloads[workload].images if workload >= 0 else (case.images[case.pulls.image[pull]].name,)
        found.append(Delay(case.node_names[node], images, ended - asked))
    return tuple(found), never
