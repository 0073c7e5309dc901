"""What a byte, a pull or a pod can wait for, declared once: its name in results, its words, its look in figures.

Bytes also wait for shared links; such a cause has the link's name. The order is that of results. Which seconds go to
which cause is worked out in `rolloutsim.results.time`.
"""

from __future__ import annotations

from rolloutsim.structs import struct


@struct
class Look:
    """How a cause is drawn.

    Parameters
    ----------
    place : int
        Its place in bars and legends, behind the shared links.
    legend : str
        Its name there.
    colour, hatch : str
        A colour of `rolloutsim.report.plots.colours`, and Matplotlib's signs for a hatch.
    """

    place: int
    legend: str
    colour: str
    hatch: str = ""


@struct(eq=False)
class Cause:
    """What takes time.

    Parameters
    ----------
    name : str
        In results and conditions.
    noun : str
        As the object of `waits for`.
    sentence : str
        As a sentence of its own; of links of the nodes it is said instead how busy they are.
    look : Look
        In figures.
    number : int
        Of a step that pods of workloads go through, in the records' `Steps`: kept for the sake of stored results.
    pods, waits : str
        Such pods in words (`3 waiting for their turn`), and what one of them waits (`for its turn`).
    """

    name: str
    noun: str
    sentence: str
    look: Look
    number: int = -1
    pods: str = ""
    waits: str = ""


# ---- of the bytes of a layer ---------------------------------------------------------------------------

# They moved, and this link of their node was the bottleneck.
NIC = Cause("nic", "the nodes' NICs", "", Look(1, "node NICs", "yellow"))
DISK = Cause("disk", "the nodes' disks", "", Look(2, "node disks", "red"))
# The node's cores, or another unpack in front.
UNPACK = Cause("unpack", "decompression", "", Look(3, "decompression", "orange"))
# All that the node pulls moved as fast as it may together.
PULL_CAP = Cause(
    "pull_cap", "the limit of all pulls of a node", "", Look(24, "limit of a node's pulls", "pink", "\\\\\\\\")
)  # fmt: skip
# They moved as fast as one connection may.
CONNECTION_CAP = Cause(
    "connection_cap", "the limit of each connection", "every connection runs at its own limit",
    Look(4, "limit per connection", "pink"),
)  # fmt: skip

# They moved as fast as TCP's window allows over the connection's round trip.
TCP_WINDOW = Cause(
    "tcp_window", "the TCP window over a long round trip", "every connection moves a TCP window per round trip",
    Look(25, "TCP window", "yellow", "\\\\"),
)  # fmt: skip

# ---- of a pull -----------------------------------------------------------------------------------------

# It waited for a connection at the registry.
REGISTRY_QUEUE = Cause(
    "registry_queue", "the queue for registry connections", "pulls queue for the registry's connections",
    Look(5, "queue at the registry", "pink", "////"),
)  # fmt: skip
# For a download slot that other pulls of the node held.
LAYER_SLOT = Cause(
    "layer_slot", "the wait for download slots", "layers wait for download slots that other pulls of their node hold",
    Look(8, "download slots", "yellow", "////"),
)  # fmt: skip
# Manifests, set-up, round trips, the server's time to first byte, fixed client times.
REQUESTS = Cause(
    "requests", "requests and runtime overhead", "pulls wait longest for requests and the runtime's own steps",
    Look(19, "requests, set-up", "grey"),
)  # fmt: skip
# For a layer that another pull of the node fetched or unpacked; of a pod, for a pull that another one had begun.
OTHER_PULL = Cause(
    "other_pull", "layers that another pull of the node brings",
    "pulls wait for layers that another pull of their node brings", Look(9, "another pull", "grey", "////"),
    9, "waiting for another pod's pull", "for a pull that another pod of its node had begun",
)  # fmt: skip
# The image was there, the pod not yet ready.
STARTUP = Cause(
    "startup", "the start of the containers", "pods wait longest for their containers to start",
    Look(20, "start of the pod", "grey", "\\\\\\\\"), 11, "starting", "for its container to start",
)  # fmt: skip
# A request failed or a connection broke: the waits and repetitions that this cost.
RETRY = Cause(
    "retry", "requests that fail and are sent again", "requests fail and are sent again",
    Look(7, "retries", "red", "////"),
)  # fmt: skip
# The same after a refusal by a rate limit; of a pod, its back-off after one.
RATE_LIMITED = Cause(
    "rate_limited", "the registry's rate limit", "the registry's rate limit refuses requests",
    Look(6, "rate limit", "ink"), 5, "held back by a registry's rate limit", "in back-off after a rate limit",
)  # fmt: skip

# ---- of a pod ------------------------------------------------------------------------------------------

# It was not created, or not deleted in favour of it: its turn had not come.
CONTROLLER_PACING = Cause(
    "controller_pacing", "the controller's pacing", "the controller lets pods wait for their turn",
    Look(10, "controller's pacing", "sky", "////"), 0, "waiting for their turn", "for its turn",
)  # fmt: skip
# It was to be created, or the one that it replaces deleted, and the call of the API server had not passed.
API_CALLS = Cause(
    "api_calls", "the controller manager's limit on calls a second",
    "the controller manager's calls of the API server wait for one another (controller_manager.qps)",
    Look(21, "controller's calls", "sky", "xxxx"),
    12, "waiting for the controller manager's calls", "for the controller manager to call the API server",
)  # fmt: skip
# It could not be created, since the pod that it replaces was not gone.
TERMINATION = Cause(
    "termination", "the termination of old pods", "pods wait until the old ones are gone",
    Look(12, "old pods to end", "orange", "////"),
    1, "waiting for the pod before them to end", "for the pod that it replaces to be gone",
)  # fmt: skip
# It was created, and its node had not asked for its images yet.
CONTROLLER = Cause(
    "controller", "the overhead of each replaced pod", "pods wait longest to be created and scheduled",
    Look(13, "overhead of each pod", "yellow", "xxxx"),
    2, "waiting for the controller", "for its node to ask for its images",
)  # fmt: skip
# It waited for other pulls: its node pulls serially, or only so many images at a time.
KUBELET_QUEUE = Cause(
    "kubelet_queue", "the kubelets' queues of pulls", "pulls wait in their kubelet's queue for others of the node",
    Look(14, "queue at the kubelet", "green", "////"),
    3, "waiting for their kubelet", "for other pulls of its node",
)  # fmt: skip
# It was refused by the token bucket of its kubelet, and backed off.
QPS = Cause(
    "qps", "the kubelets' limit on pulls a second",
    "kubelets refuse pulls beyond registry_pull_qps, and their pods back off",
    Look(15, "kubelet's rate limit", "green", "xxxx"),
    4, "held back by registry_pull_qps", "in back-off after too many pulls a second (registry_pull_qps)",
)  # fmt: skip
# It backed off after an attempt that failed otherwise.
BACKOFF = Cause(
    "backoff", "back-off after failed pulls", "pods back off after failed pulls", Look(16, "back-off", "pink", "xxxx"),
    6, "in image back-off", "in back-off after a failed pull",
)  # fmt: skip
# It was busy with an attempt that failed.
FAILED_PULL = Cause(
    "failed_pull", "pulls that fail", "time goes into pulls that fail", Look(17, "pulls that fail", "red", "xxxx"),
    7, "failing to pull", "for nothing any more: its pull failed",
)  # fmt: skip
# Its node was away, or it had been ready already before a crash of its node.
NODE_DOWN = Cause(
    "node_down", "nodes that are down", "nodes are down", Look(18, "node down", "ink", "////"),
    10, "on a node that is down", "for its node, which is down",
)  # fmt: skip
# Its node was not there yet.
NODE_JOIN = Cause(
    "node_join", "nodes that have not joined yet", "nodes are still to join the cluster",
    Look(23, "node to join", "ink", "xxxx"), 14, "on a node that has not joined", "for its node to join the cluster",
)  # fmt: skip
# Its node refused it: so little of the disk was free that the node took no pods.
DISK_PRESSURE = Cause(
    "disk_pressure", "nodes that take no pods since their disks are too full",
    "nodes take no pods, since their disks are too full (DiskPressure)",
    Look(22, "DiskPressure", "red", "\\\\"),
    13, "refused by a node under DiskPressure", "for its node's DiskPressure to end",
)  # fmt: skip
# It had a time of its own in the scenario, which had not come (all at once: nothing else paces).
SCHEDULE = Cause(
    "schedule", "the times set by the scenario", "pulls begin as late as the scenario says",
    Look(11, "its time had not come", "orange", "xxxx"),
)  # fmt: skip
# A successful pull, in place of which stands what that waited for.
PULL = Cause("pull", "", "", Look(0, "", ""), 8, "pulling", "for its pull")

_ALL = [value for value in list(globals().values()) if isinstance(value, Cause)]
CAUSES = {cause.name: cause for cause in _ALL if cause is not PULL}
STEPS = tuple(sorted((cause for cause in _ALL if cause.number >= 0), key=lambda cause: cause.number))
