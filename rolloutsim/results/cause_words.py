"""The causes of waiting in words: as the object of `waits for`, and as a sentence of their own."""

from __future__ import annotations

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
