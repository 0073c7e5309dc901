"""Why a case lasted as long as it did: the causes on the critical path of its last pod, and on all pods' paths.

Along the last pod's path they add up to the rollout time: what takes half of that path takes half of the rollout. Over
all pods they say what the fleet waited for, which may be something else. In words a cause is the object of `waits for`,
or a sentence of its own.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from rolloutsim.results.time.split import (
    CONNECTION_CAP,
    DISK,
    LAYER_SLOT,
    NIC,
    OTHER_PULL,
    RATE_LIMITED,
    REGISTRY_QUEUE,
    REQUESTS,
    RETRY,
    STARTUP,
    UNPACK,
)
from rolloutsim.results.time.steps import CONTROLLER_PACING, FAILED_PULL, NODE_DOWN, SCHEDULE, TERMINATION
from rolloutsim.results.why.critical import last_path
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords
    from rolloutsim.results.metrics import CaseSummary


TAKES_TIME = {
    NIC: "the nodes' NICs",
    DISK: "the nodes' disks",
    UNPACK: "decompression",
    CONNECTION_CAP: "the limit of each connection",
    REGISTRY_QUEUE: "the queue for registry connections",
    LAYER_SLOT: "the wait for download slots",
    REQUESTS: "requests and runtime overhead",
    OTHER_PULL: "layers that another pull of the node brings",
    STARTUP: "the start of the containers",
    RETRY: "requests that fail and are sent again",
    RATE_LIMITED: "the registry's rate limit",
    SCHEDULE: "the times set by the scenario",
    CONTROLLER_PACING: "the controller's pacing",
    TERMINATION: "the termination of old pods",
    "controller": "the overhead of each replaced pod",
    "kubelet_queue": "the kubelets' queues of pulls",
    "qps": "the kubelets' limit on pulls a second",
    "backoff": "back-off after failed pulls",
    FAILED_PULL: "pulls that fail",
    NODE_DOWN: "nodes that are down",
}
SENTENCES = {
    CONNECTION_CAP: "every connection runs at its own limit",
    REGISTRY_QUEUE: "pulls queue for the registry's connections",
    LAYER_SLOT: "layers wait for download slots that other pulls of their node hold",
    REQUESTS: "requests and the runtime's own steps take longer than the bytes",
    OTHER_PULL: "pulls wait for layers that another pull of their node brings",
    STARTUP: "containers take longer to start than their images to arrive",
    RETRY: "requests fail and are sent again",
    RATE_LIMITED: "the registry's rate limit refuses requests",
    SCHEDULE: "pulls begin as late as the scenario says",
    CONTROLLER_PACING: "the controller lets pods wait for their turn",
    TERMINATION: "pods wait until the old ones are gone",
    "controller": "creating and scheduling pods takes longer than their images",
    "kubelet_queue": "pulls wait in their kubelet's queue for others of the node",
    "qps": "kubelets refuse pulls beyond registry_pull_qps, and their pods back off",
    "backoff": "pods back off after failed pulls",
    FAILED_PULL: "time goes into pulls that fail",
    NODE_DOWN: "pods wait for nodes that are down",
}


@struct(frozen=True)
class Cause:
    """A cause and what it took.

    Parameters
    ----------
    cause : str
        A shared link's name, or a word of `rolloutsim.results.time.split`.
    seconds : float
        On the last pod's path [s].
    share : float
        Of the rollout time [1].
    over_all_s : float
        On all pods' paths, summed over them [s].
    """

    cause: str
    seconds: float
    share: float
    over_all_s: float


def cause_columns(case: CaseRecords, summary: CaseSummary) -> dict[str, list[Any]]:
    """The same as `causes`, column by column."""
    found = causes(case, summary)
    return {field.name: [getattr(one, field.name) for one in found] for field in fields(Cause)}


def causes(case: CaseRecords, summary: CaseSummary) -> tuple[Cause, ...]:
    """The causes of a case's rollout time, the largest on the last pod's path first; none if it did not finish.

    Those that only other pods met come last, the largest first.

    Parameters
    ----------
    case : CaseRecords
        What happened.
    summary : CaseSummary
        Its figures; with several replications, their means.
    """
    over_all = summary.time_split_s
    if not case.finished:
        return ()
    seconds: dict[str, float] = {}
    for cause, length in last_path(case):
        seconds[cause] = seconds.get(cause, 0.0) + length
    whole = sum(seconds.values())
    found = [
        Cause(
            cause, seconds.get(cause, 0.0), seconds.get(cause, 0.0) / whole if whole else 0.0, over_all.get(cause, 0.0)
        )
        for cause in dict.fromkeys((*seconds, *over_all))
    ]
    return tuple(sorted(found, key=lambda one: (-one.seconds, -one.over_all_s)))
