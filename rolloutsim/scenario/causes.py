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
    meaning : str
        When a second is counted as it.
    keys : tuple of str
        Of the scenario, those that change it most directly.
    number : int
        Of a step that pods of workloads go through, in the records' `Steps`: kept for the sake of stored results.
    pods, waits : str
        Such pods in words (`3 waiting for their turn`), and what one of them waits (`for its turn`).
    """

    name: str
    noun: str
    sentence: str
    look: Look
    meaning: str
    keys: tuple[str, ...]
    number: int = -1
    pods: str = ""
    waits: str = ""


# ---- of the bytes of a layer ---------------------------------------------------------------------------

NIC = Cause(
    "nic",
    "the nodes' NICs",
    "",
    Look(1, "node NICs", "yellow"),
    "bytes moved, and the network interface of their node was what kept them from moving faster",
    ("nodes.<group>.nic",),
)
DISK = Cause(
    "disk",
    "the nodes' disks",
    "",
    Look(2, "node disks", "red"),
    "the node's disk was written to: blobs until they are synced, and files beyond what memory may hold unwritten",
    ("nodes.<group>.disk.rate", "nodes.<group>.disk.iops", "nodes.<group>.disk.sync", "nodes.<group>.memory"),
)
UNPACK = Cause(
    "unpack",
    "decompression",
    "",
    Look(3, "decompression", "orange"),
    "a layer was decompressed, or waited for another one of its node to be",
    ("nodes.<group>.unpack.rate", "nodes.<group>.unpack.cores", "nodes.<group>.parallel_unpacks"),
)
PULL_CAP = Cause(
    "pull_cap",
    "the limit of all pulls of a node",
    "",
    Look(24, "limit of a node's pulls", "pink", "\\\\\\\\"),
    "bytes moved as fast as all that their node pulls may move together",
    ("nodes.<group>.pull_cap",),
)
CONNECTION_CAP = Cause(
    "connection_cap",
    "the limit of each connection",
    "every connection runs at its own limit",
    Look(4, "limit per connection", "pink"),
    "bytes moved as fast as one connection may",
    (
        "registries.<registry>.connection_cap",
        "nodes.<group>.connection_cap",
        "registries.<registry>.redirect.connection_cap",
        "nodes.<group>.layer_fetch_buffer",
    ),
)

TCP_WINDOW = Cause(
    "tcp_window",
    "the TCP window over a long round trip",
    "every connection moves a TCP window per round trip",
    Look(25, "TCP window", "yellow", "\\\\"),
    "bytes moved as fast as TCP's window allows over the round trip of their connection: a window a round trip",
    ("network.tcp_window", "registries.<registry>.tcp_window", "network.latency", "nodes.<group>.layer_fetch_buffer"),
)

# ---- of a pull -----------------------------------------------------------------------------------------

REGISTRY_QUEUE = Cause(
    "registry_queue",
    "the queue for registry connections",
    "pulls queue for the registry's connections",
    Look(5, "queue at the registry", "pink", "////"),
    "a layer waited for one of the connections that the registry serves at a time",
    ("registries.<registry>.max_connections", "registries.<registry>.replicas"),
)
LAYER_SLOT = Cause(
    "layer_slot",
    "the wait for download slots",
    "layers wait for download slots that other pulls of their node hold",
    Look(8, "download slots", "yellow", "////"),
    "a layer waited for a download slot that other pulls of its node held",
    ("nodes.<group>.parallel_layers", "nodes.<group>.slots_per"),
)
REQUESTS = Cause(
    "requests",
    "requests and runtime overhead",
    "pulls wait longest for requests and the runtime's own steps",
    Look(19, "requests, set-up", "grey"),
    "requests for manifests, set-up of connections, round trips, the server's first byte, the runtime's own times",
    (
        "network.latency",
        "registries.<registry>.ttfb",
        "nodes.<group>.resolve_time",
        "nodes.<group>.layer_round_trips",
        "nodes.<group>.kept_connections",
        "nodes.<group>.finish_time",
    ),
)
OTHER_PULL = Cause(
    "other_pull",
    "layers that another pull of the node brings",
    "pulls wait for layers that another pull of their node brings",
    Look(9, "another pull", "grey", "////"),
    "another pull of the node fetched or unpacked a layer; or a pod waited for a pull that another one had begun",
    ("nodes.<group>.shares_pulls", "nodes.<group>.parallel_layers"),
    9,
    "waiting for another pod's pull",
    "for a pull that another pod of its node had begun",
)
STARTUP = Cause(
    "startup",
    "the start of the containers",
    "pods wait longest for their containers to start",
    Look(20, "start of the pod", "grey", "\\\\\\\\"),
    "the image was there, and the pod not ready yet",
    ("rollout.startup", "workloads.<workload>.startup"),
    11,
    "starting",
    "for its container to start",
)
ON_DEMAND = Cause(
    "on_demand",
    "reads on demand",
    "pods wait longest for reads on demand, one after another",
    Look(32, "reads on demand", "sky", "\\\\\\\\"),
    "a container of a lazy image read what it needs, as fast as one read after another allows: parallel_reads × "
    "read_size a round trip; where a link or a core was slower, that is the cause",
    (
        "nodes.<group>.snapshotter.read_size",
        "nodes.<group>.snapshotter.parallel_reads",
        "nodes.<group>.snapshotter.needed",
        "images.<image>.needed",
        "network.latency",
    ),
    15,
    "reading their images on demand",
    "for what it reads of its image on demand",
)
INITIALISATION = Cause(
    "initialisation",
    "the initialisation of volumes",
    "pods wait longest for their nodes' volumes, which are made of snapshots, to be initialised where they read",
    Look(33, "volume initialisation", "green", "\\\\"),
    "a container read files of its image for the first time, on a volume that had to get them from its snapshot",
    ("nodes.<group>.volume_snapshot.rate", "nodes.<group>.volume_snapshot.needed", "images.<image>.needed"),
    16,
    "reading their images from volumes that are being initialised",
    "for its node's volume to be initialised where it reads",
)
RETRY = Cause(
    "retry",
    "requests that fail and are sent again",
    "requests fail and are sent again",
    Look(7, "retries", "red", "////"),
    "a request failed or a connection broke: the waits and repetitions that this cost",
    ("nodes.<group>.retry", "failures.<failure>.flaky"),
)
RATE_LIMITED = Cause(
    "rate_limited",
    "the registry's rate limit",
    "the registry's rate limit refuses requests",
    Look(6, "rate limit", "ink"),
    "a registry's rate limit refused requests: the waits of the runtime after them, and the back-off of a pod",
    ("registries.<registry>.rate_limit", "nodes.<group>.retry.rate_limited", "nodes.<group>.image_backoff"),
    5,
    "held back by a registry's rate limit",
    "in back-off after a rate limit",
)

# ---- of a pod ------------------------------------------------------------------------------------------

CONTROLLER_PACING = Cause(
    "controller_pacing",
    "the controller's pacing",
    "the controller lets pods wait for their turn",
    Look(10, "controller's pacing", "sky", "////"),
    "a pod was not created, or not deleted in favour of the new one, since its turn had not come",
    ("rollout.max_surge", "rollout.max_unavailable", "rollout.waves", "rollout.min_ready", "rollout.strategy"),
    0,
    "waiting for their turn",
    "for its turn",
)
API_CALLS = Cause(
    "api_calls",
    "the controller manager's limit on calls a second",
    "the controller manager's calls of the API server wait for one another (controller_manager.qps)",
    Look(21, "controller's calls", "sky", "xxxx"),
    "a pod was to be created or deleted, and the controller manager's call of the API server had not passed",
    ("controller_manager.qps", "controller_manager.burst"),
    12,
    "waiting for the controller manager's calls",
    "for the controller manager to call the API server",
)
TERMINATION = Cause(
    "termination",
    "the termination of old pods",
    "pods wait until the old ones are gone",
    Look(12, "old pods to end", "orange", "////"),
    "a pod could not be created, since the one that it replaces was not gone",
    ("rollout.termination", "workloads.<workload>.termination", "rollout.max_surge"),
    1,
    "waiting for the pod before them to end",
    "for the pod that it replaces to be gone",
)
CONTROLLER = Cause(
    "controller",
    "the overhead of each replaced pod",
    "pods wait longest to be created and scheduled",
    Look(13, "overhead of each pod", "yellow", "xxxx"),
    "a pod was created, and its node had not asked for its images yet",
    ("rollout.step_overhead",),
    2,
    "waiting for the controller",
    "for its node to ask for its images",
)
KUBELET_QUEUE = Cause(
    "kubelet_queue",
    "the kubelets' queues of pulls",
    "pulls wait in their kubelet's queue for others of the node",
    Look(14, "queue at the kubelet", "green", "////"),
    "a pull waited in its kubelet for others of the node, which pulls one at a time or only so many",
    ("nodes.<group>.serialize_image_pulls", "nodes.<group>.max_parallel_image_pulls"),
    3,
    "waiting for their kubelet",
    "for other pulls of its node",
)
QPS = Cause(
    "qps",
    "the kubelets' limit on pulls a second",
    "kubelets refuse pulls beyond registry_pull_qps, and their pods back off",
    Look(15, "kubelet's rate limit", "green", "xxxx"),
    "the kubelet refused to start one more pull a second, and the pod backed off",
    ("nodes.<group>.registry_pull_qps", "nodes.<group>.registry_burst", "nodes.<group>.image_backoff"),
    4,
    "held back by registry_pull_qps",
    "in back-off after too many pulls a second (registry_pull_qps)",
)
BACKOFF = Cause(
    "backoff",
    "back-off after failed pulls",
    "pods back off after failed pulls",
    Look(16, "back-off", "pink", "xxxx"),
    "a pod backed off after a pull that failed, for another reason than a limit",
    ("nodes.<group>.image_backoff",),
    6,
    "in image back-off",
    "in back-off after a failed pull",
)
FAILED_PULL = Cause(
    "failed_pull",
    "pulls that fail",
    "time goes into pulls that fail",
    Look(17, "pulls that fail", "red", "xxxx"),
    "a pull was under way that failed in the end",
    (
        "nodes.<group>.pull_progress_timeout",
        "nodes.<group>.pull_timeout",
        "nodes.<group>.retry.keeps_partial",
        "nodes.<group>.disk.capacity",
        "failures",
    ),
    7,
    "failing to pull",
    "for nothing any more: its pull failed",
)
NODE_DOWN = Cause(
    "node_down",
    "nodes that are down",
    "nodes are down",
    Look(18, "node down", "ink", "////"),
    "the node was away, or its pod had been ready already before it crashed",
    ("failures.<failure>.back_after",),
    10,
    "on a node that is down",
    "for its node, which is down",
)
NODE_JOIN = Cause(
    "node_join",
    "nodes that have not joined yet",
    "nodes are still to join the cluster",
    Look(23, "node to join", "ink", "xxxx"),
    "the node had not joined the cluster yet",
    ("nodes.<group>.join",),
    14,
    "on a node that has not joined",
    "for its node to join the cluster",
)
DISK_PRESSURE = Cause(
    "disk_pressure",
    "nodes that take no pods since their disks are too full",
    "nodes take no pods, since their disks are too full (DiskPressure)",
    Look(22, "DiskPressure", "red", "\\\\"),
    "the node took no pods, since too little of its disk was free",
    ("nodes.<group>.disk.capacity", "nodes.<group>.eviction_hard", "nodes.<group>.image_gc"),
    13,
    "refused by a node under DiskPressure",
    "for its node's DiskPressure to end",
)
SCHEDULE = Cause(
    "schedule",
    "the times set by the scenario",
    "pulls begin as late as the scenario says",
    Look(11, "its time had not come", "orange", "xxxx"),
    "the time that the scenario sets for the pull had not come",
    ("nodes.<group>.start", "nodes.<group>.stagger", "nodes.<group>.pulls"),
)
PULL = Cause(
    "pull",
    "",
    "",
    Look(0, "", ""),
    "",
    (),
    8,
    "pulling",
    "for its pull",
)

# ---- of layers that their source does not have ------------------------------------------------------------

CACHE_FILL = Cause(
    "cache_fill",
    "layers that a cache does not have yet",
    "pulls wait for a cache that has to get layers itself",
    Look(26, "fill of a cache", "orange", "\\\\\\\\"),
    "a cache had not got all of a layer that it fetched for this request",
    ("caches.<cache>.holds", "caches.<cache>.uplink", "caches.<cache>.serve"),
)
OTHER_FILL = Cause(
    "other_fill",
    "layers that a cache is fetching for others",
    "pulls wait for layers that a cache is fetching for others",
    Look(27, "another's fill of a cache", "orange", "++++"),
    "a request waited at a cache for a layer that it was fetching for somebody else already",
    ("caches.<cache>.coalesce", "caches.<cache>.lock", "caches.<cache>.holds"),
)
PEER_UPLINK = Cause(
    "peer_uplink",
    "the uploads of nodes that serve others",
    "nodes that serve others send as much as their NICs or limits on uploads let them",
    Look(30, "uploads of nodes", "pink", "++++"),
    "bytes moved as fast as nodes that serve others send over their NICs, or may send",
    ("nodes.<group>.nic", "peers.<peers>.upload", "peers.<peers>.finds"),
)
SEEDS = Cause(
    "seeds",
    "what the seeds of a swarm have not sent yet",
    "members of a swarm wait for what its seeds have not sent yet",
    Look(31, "new pieces from the seeds", "blue", "\\\\"),
    "a member of a swarm had all that had left the seeds, or lacked the last pieces only",
    ("registries.<registry>.uplink", "registries.<registry>.replicas"),
)
LOOK_UP = Cause(
    "look_up",
    "the look-up of peers",
    "pulls wait for the look-up of peers",
    Look(28, "look-up of peers", "grey", "xxxx"),
    "a node looked for others that have a layer, or waited for one that did not answer",
    ("peers.<peers>.timeout", "peers.<peers>.hedge"),
)
FALLBACK = Cause(
    "fallback",
    "hosts that do not deliver",
    "pulls lose time with hosts that do not deliver",
    Look(29, "hosts that do not deliver", "red", "++++"),
    "a host that is not the last one refused, had nothing, or did not answer in time: until the next one was asked",
    ("nodes.<group>.hosts", "nodes.<group>.timeouts"),
)

_ALL = [value for value in list(globals().values()) if isinstance(value, Cause)]
CAUSES = {cause.name: cause for cause in _ALL if cause is not PULL}
STEPS = tuple(sorted((cause for cause in _ALL if cause.number >= 0), key=lambda cause: cause.number))
