"""The resolved scenario: every default filled in, every name looked up, every number in SI base units.

This is the only form of a scenario that the simulation reads. It is plain frozen data: a thing that
exists here has passed validation, and `model: ideal` has already been applied (no efficiency loss, no
latency, no requests, no disk, no unpacking, no start-up).

Kubernetes' words mean what they mean there. Units are the package's own (see `rolloutsim.units`): bytes, seconds,
bytes per second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, fields, replace
from functools import cache
from typing import Any, Literal

from rolloutsim.scenario.copied import Copied
from rolloutsim.scenario.distribution import Distribution
from rolloutsim.scenario.orchestration import Again, ApiCalls, Kubelet, Workload
from rolloutsim.scenario.prepulls import Behaviour, Prepuller
from rolloutsim.scenario.runtimes import Runtime, Snapshotter
from rolloutsim.scenario.swarms import SwarmProfile
from rolloutsim.structs import struct

LinkKind = Literal["registry_uplink", "registry_storage", "rack", "site", "link", "nic", "disk", "unpack"]
Model = Literal["real", "ideal"]
Queue = Literal["drop_tail", "fq_codel"]
CongestionControl = Literal["cubic", "bbr"]
Per = Literal["account", "address"]
Counted = Literal["requests", "pulls"]
LimitKind = Literal["token_bucket", "fixed_window"]
Comparison = Literal["<", "<=", ">", ">="]
Severity = Literal["error", "warn"]
Coalescing = Literal["none", "lock", "stream"]
Finds = Literal["first", "random"]

# Unpacked / compressed bytes up to which a layer does not compress (assumed: gzip adds 5 bytes to a stored block of up
# to 65,535; RFC 1951).
STORED = 1.01

LARGEST_SEED = 2**63 - 1  # what fits into 64 bits with a sign, so that other programs can store it (assumed)


# ---- what limits rollouts, and what goes wrong on the way ----------------------------------------------


@struct
class RateLimit:
    """A token bucket: `rate` tokens per second, at most `burst` of them; with a `window`, `burst` in each of these."""

    rate: float  # [1/s]
    burst: float
    per: Per = "account"
    counts: Counted = "requests"  # pulls: GET of a manifest; layers are free
    window: float | None = None  # how long a window is [s]; None: a token bucket
    used: float = 0.0  # of the burst, at the rollout's start
    resets_after: float | None = None  # when the window that runs at the rollout's start ends [s]; None: it begins then


@struct
class Redirect:
    """Object storage that serves the bytes of layers in the registry's place."""

    path: tuple[str, ...] = ()  # names of shared links that its bytes cross instead of the registry's own
    connection_cap: float | None = None  # [B/s]
    ttfb: float = 0.0  # [s]


@struct
class FirstFetch:
    """How a layer comes that nobody has read yet: a connection's cap [B/s], and more time to the first byte [s]."""

    connection_cap: float | None = None
    time: float = 0.0


@struct
class Disk:
    """What is on each node's disk before the rollout."""

    capacity: float  # [B]
    used: float = 0.0  # by what no garbage collection can remove [B]
    old_images: float = 0.0  # unused images, which garbage collection removes [B]
    least_free: float = 0.15  # of a node with less a kubelet says that it has DiskPressure; 0: never [1]


@struct
class Prices:
    """Money per GB (10^9 bytes) and month, in any currency; None: not given."""

    ssd: float | None = None
    hdd: float | None = None


@struct
class Fault:
    """Something goes wrong.

    Parameters
    ----------
    kind : str
        `node`: all nodes named crash; `registry`, `link`: capacity is `remaining` of the nominal one, a registry
        at 0 breaks its connections and refuses new ones; `requests`: each request to the registry fails with
        `probability`.
    target : str
        A node (web-007), a node group (one of its nodes at random), a registry, cache or mirror, or a shared link.
    at : float or None
        When [s]; None: at random, `rate` times a second.
    back_after : float or None
        Until it works again [s]; None: never.
    """

    name: str
    kind: Literal["node", "registry", "link", "requests"]
    target: str
    at: float | None = 0.0
    rate: float | None = None
    back_after: float | None = None
    remaining: float = 0.0
    probability: float = 0.0
    silent: bool = field(default=False, metadata={"unless_empty": True})  # what is down does not even refuse


@struct
class Push:
    """Images uploaded to their registries: the layers that a registry does not hold yet, `parallel` at a time.

    `at` None: before the rollout, which begins at 0 s when it is complete.
    """

    name: str  # of what pushes: `ci`
    link: str  # name of its shared link
    images: tuple[str, ...]
    held: tuple[str, ...] = ()  # images whose layers the registry holds already
    at: float | None = None
    parallel: int = 5
    via: tuple[str, ...] = ()


@struct
class Prepull:
    """Images that nodes pull before the rollout.

    Parameters
    ----------
    name : str
        What it is called.
    by : str
        What makes the nodes pull.
    images : tuple of str
        In this order, where a node pulls one after another.
    groups : tuple of str
        Whose nodes pull; those that join during the rollout do not.
    behaviour : Behaviour
        What it does.
    at : float or None
        When it begins, from the rollout's start on: 0 or less; None: so that it ends as the rollout begins [s].
    spread : Distribution
        When each node begins after that [s].
    link : str or None
        The shared link that all its bytes cross, beside those on their way; None: there is none.
    """

    name: str
    by: Prepuller
    images: tuple[str, ...]
    groups: tuple[str, ...]
    behaviour: Behaviour
    at: float | None
    spread: Distribution
    link: str | None = None


# ---- the network, the nodes, and the whole -------------------------------------------------------------


@struct
class Link:
    """A shared link: its payload capacity [B/s], line rate [B/s] and one-way latency [s]."""

    name: str
    kind: LinkKind
    capacity: float
    line_rate: float
    latency: float = 0.0
    buffer: float = 0.0  # how long a full queue holds a packet back [s]; 0: no queue is modelled
    queue: Queue = "drop_tail"


@struct
class Layer:
    """A layer: `compressed` bytes cross the network, `unpacked` bytes are produced from them."""

    digest: str
    compressed: float
    unpacked: float
    files: int | None = None  # None: by its unpacked size

    @property
    def is_stored(self) -> bool:
        """Whether it does not compress, so that its deflate blocks are stored."""
        return self.unpacked <= STORED * self.compressed


@struct
class Image:
    """An image and the registry that serves it; layers from the base to the top."""

    name: str
    registry: str
    layers: tuple[Layer, ...]
    # Share of its bytes that containers read before they are ready, where these come when read; None: as of any image.
    needed: float | None = field(default=None, metadata={"unless_none": True})
    # Share of each layer that nodes have in other layers, if it is compressed as zstd:chunked; None: it is not.
    reuse: float | None = field(default=None, metadata={"unless_none": True})

    @property
    def compressed(self) -> float:
        """Bytes on the wire for a node that holds none of the layers [B]."""
        return sum(layer.compressed for layer in self.layers)


@struct
class Caching:
    """What a pull-through cache does with what it does not hold; round trips are those to its upstream.

    Parameters
    ----------
    upstream : str
        The server that it asks.
    into : tuple of str
        The shared links that bytes cross on their way from the network's core into the cache, in order.
    coalesce : str
        What becomes of a request for a layer that is being fetched already: `none`: it is fetched once more; `lock`:
        the request waits until the layer is there; `stream`: the client gets it as it comes.
    streams : bool
        Whether the client that is first gets bytes as they come; if not, when the whole layer is stored.
    own_copy : bool
        Whether what clients get is not kept, and the cache fetches a copy of its own for its store.
    whole_images : bool
        Whether the answer about a manifest waits until all layers of the image are stored.
    ignores_ranges : bool
        Whether a request for a range of a layer that the cache lacks is answered with all of it.
    lock_timeout : float or None
        A request that has waited so long is fetched for itself, and not kept; None: it waits as long as it takes [s].
    lock_age : float or None
        When a fetch has taken so long, one of those that wait begins another; None: none does [s].
    poll : float
        How often a request that waits looks whether the layer is there [s]; 0: it is told.
    most_waiting : int or None
        With so many waiting for a layer, another request is refused (503); None: any number may wait.
    per_repository : bool
        Whether a layer that came for one repository has to be fetched again for another.
    per_replica : bool
        Whether each replica has a store and a memory of its own.
    tag_age : float or None
        A tag that was checked at the upstream so long ago is checked again: 0: with each request; None: never [s].
    check_trips, manifest_trips, layer_trips : float
        Round trips for checking a tag, and until a manifest or a layer's first byte is there that the cache lacks.
    pings : bool
        Whether it asks the upstream how to authenticate before each request, one request at a time.
    stale : bool
        Whether it serves a manifest that it cannot check, since the upstream does not answer.
    manifest_late : float
        For how long after an image's first pull its manifests still come from the upstream [s].
    ttl : float or None
        How long after it was stored a layer is dropped; None: never [s].
    renews : bool
        Whether each request for it begins that time anew.
    capacity : float or None
        What its disk holds: layers that were not asked for longest make room; None: everything [B].
    profile : str
        The product that it is like, for words only.
    """

    upstream: str
    into: tuple[str, ...] = ()
    coalesce: Coalescing = "none"
    streams: bool = True
    own_copy: bool = False
    whole_images: bool = False
    ignores_ranges: bool = False
    lock_timeout: float | None = None
    lock_age: float | None = None
    poll: float = 0.0
    most_waiting: int | None = None
    per_repository: bool = False
    per_replica: bool = False
    tag_age: float | None = 0.0
    check_trips: float = 1.0
    manifest_trips: float = 1.0
    layer_trips: float = 1.0
    pings: bool = False
    stale: bool = True
    manifest_late: float = 0.0
    ttl: float | None = None
    renews: bool = False
    capacity: float | None = None
    profile: str = field(default="", metadata={"unless_empty": True})


_REFUSES = {"refuses": True}  # of a field: what it holds may make a registry refuse a request
_UNLESS_EMPTY = {"unless_empty": True}


@struct
class Registry:
    """A registry: the shared links that its bytes cross first, in order, and how it answers.

    Caches and mirrors are registries to those who ask them: `caching` says what a cache does with what it lacks, and
    `holds` what there is of each image at the beginning, as digests of layers; None: everything. `called` is the name
    of the key that it comes from, of which there may be one in each rack; `rack` is where it stands, and None the
    network's core.
    """

    name: str
    path: tuple[str, ...]  # names of shared links: storage (if finite), uplink, then `via`
    max_connections: int | None = None  # None: unlimited
    ttfb: float = 0.0  # the server's time to first byte per request [s]
    manifest_ttfb: float | None = None  # of requests about manifests [s]; None: as of all others
    connection_cap: float | None = None  # [B/s]
    tls: bool = False
    # The uplinks of its replicas, one of which each connection crosses in turn in place of the first of them in
    # `path`; one replica: just that.
    replicas: tuple[str, ...] = ()
    rate_limits: tuple[RateLimit, ...] = field(default=(), metadata=_REFUSES)
    redirect: Redirect | None = None  # where the bytes of layers come from, if not from the registry itself
    first_fetch: FirstFetch | None = None  # None: a layer comes to its first readers as to all others
    # (connections, share): what of its uplink a replica fills with so many; straight lines from (1, 1.0) on.
    efficiency: tuple[tuple[int, float], ...] = ()
    inbound: tuple[str, ...] = ()  # names of shared links that a push crosses into the registry, in order
    tcp_window: float | None = None  # the most that a connection has on its way [B]; None: unlimited
    called: str = field(default="", metadata=_UNLESS_EMPTY)
    rack: str | None = field(default=None, metadata=_UNLESS_EMPTY)
    # Of a mirror, the registries whose images it is asked for; of a cache, those where its upstream ends.
    mirrors: tuple[str, ...] = field(default=(), metadata=_UNLESS_EMPTY)
    holds: Mapping[str, tuple[str, ...]] | None = field(default=None, metadata={"unless_none": True})
    caching: Caching | None = field(default=None, metadata=_UNLESS_EMPTY)
    # Of a mirror, what is copied to it beside what it holds at the beginning.
    copied: Copied | None = field(default=None, metadata={"unless_none": True})

    @property
    def may_refuse(self) -> bool:
        """Whether it answers requests with "not now" even if nothing breaks."""
        return any(getattr(self, name) for name in _limits())

    def without_limits(self) -> Registry:
        """The same, as one client alone meets it."""
        return replace(self, **_limits())


@cache
def _limits() -> dict[str, Any]:
    """What can make a registry refuse requests: fields, and the values with which they do not."""
    return {one.name: one.default for one in fields(Registry) if one.metadata == _REFUSES}


@struct
class Peers:
    """Nodes that hand layers to one another: those whose groups have them among their hosts.

    Parameters
    ----------
    name : str
        What they are called.
    finds : str
        Which of the holders of a layer a look-up finds: `first`, always those that had it first; `random`, any.
    found : int
        How many holders it finds at the most.
    look_up : float
        What one takes that finds some [s].
    timeout : float
        After which one that finds none is given up [s].
    remembers, remembers_nobody : float
        For how long a node remembers whom one found, if these were `found`, or none; of fewer the shorter of both [s].
    hedge : float or None
        After which another holder is asked, where nothing is known of how fast they answer [s]; None: none is.
    announce : float
        From a layer's commit until a look-up finds it there [s].
    per_rack : bool
        Whether holders in the node's own rack come first.
    connections : int or None
        Layers that a node serves at a time; None: any number.
    upload, download : float or None
        What a node's uploads, or downloads, may take together [B/s]; None: its NIC.
    manifests : bool
        Whether they hand over manifests as well; if not, these come from the next host.
    swarm : SwarmProfile or None
        How they hand over pieces; None: whole layers.
    piece : float
        Size of a piece [B].
    store_and_forward : bool
        Whether runtimes get a layer when all of it is on the node's disk, and not as its pieces come.
    seeds : int
        Of a swarm's own.
    """

    name: str
    finds: Finds = "random"
    found: int = 3
    look_up: float = 0.0
    timeout: float = 0.0
    announce: float = 0.0
    per_rack: bool = False
    connections: int | None = None
    upload: float | None = None
    manifests: bool = True
    remembers: float = field(default=0.0, metadata=_UNLESS_EMPTY)
    remembers_nobody: float = field(default=0.0, metadata=_UNLESS_EMPTY)
    hedge: float | None = field(default=None, metadata=_UNLESS_EMPTY)
    download: float | None = field(default=None, metadata=_UNLESS_EMPTY)
    swarm: SwarmProfile | None = field(default=None, metadata=_UNLESS_EMPTY)
    piece: float = field(default=0.0, metadata=_UNLESS_EMPTY)
    store_and_forward: bool = field(default=False, metadata=_UNLESS_EMPTY)
    seeds: int = field(default=0, metadata=_UNLESS_EMPTY)


@struct
class PlannedPull:
    """A node's request for an image at a (possibly random) time after the rollout's start."""

    image: str
    at: Distribution


@struct
class Join:
    """Nodes that join during the rollout: the first is asked for `at`, each other `every` so long after the one before;
    each is a node of the cluster when its `provision` is over [s].
    """

    at: float = 0.0
    every: float = 0.0
    provision: float = 0.0

    def time(self, index: int) -> float:
        """When node `index` of the group joins [s]."""
        return self.asked(index) + self.provision

    def asked(self, index: int) -> float:
        """When it is asked for [s]."""
        return self.at + index * self.every


@struct
class VolumeSnapshot:
    """What brings the cached images of a group's nodes: a volume made of a snapshot, whose blocks come when read.

    Parameters
    ----------
    rate : float
        How fast they come [B/s].
    needed : float
        Share of an image's unpacked bytes that its containers read before they are ready; an image may have one of
        its own [1].
    background : bool
        Whether blocks that nobody has read come as well.
    """

    rate: float
    needed: float
    background: bool


@struct
class NodeGroup:
    """`count` equal nodes; node i is in rack `racks[i % len(racks)]`.

    `nic`, `disk`, `unpack_rate`, `pull_cap` are None where that link has no limit.
    """

    name: str
    count: int
    runtime: Runtime
    racks: tuple[str, ...] = ()
    via: tuple[str, ...] = ()  # names of shared links between core and group, in order
    nic: float | None = None  # goodput [B/s], each direction
    nic_line_rate: float | None = None  # [B/s]
    nic_buffer: float = 0.0  # of the NIC and of the port towards it, as in Link [s]
    nic_queue: Queue = "drop_tail"
    disk: float | None = None  # writing [B/s]
    disk_iops: float | None = None  # operations [1/s]
    disk_sync: float = 0.0  # what a synchronous write takes [s]
    dirty_limit: float = 0.0  # unwritten bytes in memory beyond which writers wait [B]
    unpack_rate: float | None = None  # compressed bytes read per second and core [B/s]
    stored_rate: float | None = None  # the same of layers that do not compress [B/s]
    unpack_cores: int = 1
    pull_cap: float | None = None  # of all layers that a node fetches together [B/s]
    connection_cap: float | None = None  # [B/s]
    cached: Mapping[str, int] = field(default_factory=dict)  # image -> how many of the nodes hold it
    kubelet: Kubelet = field(default_factory=Kubelet)
    storage: Disk | None = None  # what fits on the disk; None: everything
    stagger: float = 0.0  # within which nodes ask one after the other that are to ask at once [s]
    shared_address: bool = False  # all its nodes reach registries from one address (NAT)
    again: Again = field(default_factory=Again)  # of pulls that are no pods'
    join: Join | None = field(default=None, metadata={"unless_empty": True})  # None: they are there from the beginning
    # Caches, mirrors, peers and registries in the order in which nodes ask them; none: the image's registry.
    hosts: tuple[str, ...] = field(default=(), metadata={"unless_empty": True})
    # Whether a pull stays with the first of them that had its manifest; if not, each request begins at the first.
    host_per_image: bool = field(default=False, metadata={"unless_empty": True})
    snapshotter: Snapshotter | None = field(default=None, metadata={"unless_none": True})  # None: it is not lazy
    # None: what is cached can be read at once.
    volume_snapshot: VolumeSnapshot | None = field(default=None, metadata={"unless_none": True})

    def node_name(self, index: int) -> str:
        """The name of node `index`: `web-007`; at least three digits, as many as the last node needs."""
        return f"{self.name}-{index:0{self._digits}d}"

    def node_names(self) -> list[str]:
        """The names of all its nodes."""
        digits = self._digits
        return [f"{self.name}-{index:0{digits}d}" for index in range(self.count)]

    @property
    def _digits(self) -> int:
        return max(3, len(str(self.count - 1)))


@struct
class Case:
    """One simulation in a run: which pulls each node group asks for, or which workloads roll out together."""

    name: str
    pulls: Mapping[str, tuple[PlannedPull, ...]]  # by group name; one pod a pull
    workloads: tuple[Workload, ...] = ()  # if there are any, `pulls` is empty


@struct
class Request:
    """A request/response service: `size` bytes come back `every` so often, after `round_trips`."""

    size: float  # [B]
    every: float  # [s]
    round_trips: float = 1.0


@struct
class Fairness:
    """How unevenly TCP connections share a saturated link.

    `sigma` is that of the lognormal distribution of their weights, redrawn every `memory` seconds (inf: once a
    connection); `conquest` says whether newcomers win their share from established flows only gradually.
    """

    sigma: float
    memory: float
    conquest: bool = True


@struct
class Background:
    """Traffic of other applications on links.

    A transfer (`size`, or `connections` without a rate: bulk without an end), a constant rate (`rate`), or a
    request/response service (`request`, with `rate` or without).

    `links` may name private links of nodes (`web-007.nic.in`) beside shared ones.
    """

    name: str
    links: tuple[str, ...]
    size: float | None = None  # [B]
    at: float = 0.0  # [s]
    cap: float | None = None  # [B/s]
    rate: float | None = None  # goodput [B/s]
    start: float = 0.0  # `from` in the file [s]
    until: float | None = None  # None: to the end [s]
    connections: int = 1  # elastic flows of a transfer
    request: Request | None = None  # a service whose latency is reported


@struct(frozen=True)
class Threshold:
    """A condition on a metric: `rollout_time{image=builder}: max < 60 s`."""

    metric: str
    selectors: Mapping[str, str]
    statistic: str | None  # max, p95, mean, ...; None: the metric's own value
    comparison: Comparison
    value: float  # SI base units; a share is 0 to 1
    check: str  # the condition as written, e.g. "max < 60 s"
    severity: Severity = "error"
    # File and line where it stands, for annotations; thresholds that say the same are equal, wherever they stand.
    place: tuple[str, int] | None = field(default=None, compare=False)


@struct(frozen=True)
class ResolvedScenario:
    """What `simulate` runs."""

    name: str
    description: str | None
    model: Model
    seed: int
    groups: tuple[NodeGroup, ...]
    links: Mapping[str, Link]  # shared links by name
    path_latency: float  # one way, on every path beside its links' own [s]
    registries: Mapping[str, Registry]
    images: Mapping[str, Image]
    cases: tuple[Case, ...]
    startup: Distribution
    background: tuple[Background, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    sha256: str = ""  # of the canonical JSON of the resolved scenario, seed left out
    notes: tuple[str, ...] = ()  # what was assumed, for the output: e.g. unpacked sizes from a ratio
    faults: tuple[Fault, ...] = ()
    pushes: tuple[Push, ...] = ()
    prices: Prices = field(default_factory=Prices)
    horizon: float = 86400.0  # a rollout with retries that is not over by then is given up [s]
    replications: int = 1
    fairness: Fairness | None = None
    congestion_control: CongestionControl = "cubic"
    tcp_window: float | None = None  # of connections other than a registry's [B]; None: unlimited
    # The file that it was resolved from, as JSON in its long form; "": made without one.
    document: str = field(default="", compare=False)
    # Of the controllers of workloads; None: their calls pass at once, as in the ideal model.
    api_calls: ApiCalls | None = field(default=None, metadata={"unless_empty": True})
    # Which parts of it are not the file's own: path, as `--set` takes it → `--set`, `with_`, or `variant`.
    overrides: Mapping[str, str] = field(default_factory=dict, compare=False, metadata={"unless_empty": True})
    # Which of the file's variants it is; "": the file itself.
    variant: str = field(default="", compare=False, metadata={"unless_empty": True})
    # Caches and mirrors, each one in each rack where there is one, by name; a mirror comes before those that ask it.
    mirrors: Mapping[str, Registry] = field(default_factory=dict, metadata={"unless_empty": True})
    caches: Mapping[str, Registry] = field(default_factory=dict, metadata={"unless_empty": True})
    # What nodes pull before the rollout.
    prepulls: tuple[Prepull, ...] = field(default=(), metadata={"unless_empty": True})
    peers: Mapping[str, Peers] = field(default_factory=dict, metadata={"unless_empty": True})

    @property
    def servers(self) -> Mapping[str, Registry]:
        """All that can be asked by name: registries, then mirrors, then caches."""
        return {**self.registries, **self.mirrors, **self.caches}

    def server(self, name: str) -> Registry:
        """One of them; KeyError if there is none of this name."""
        # Not by putting all together: there may be one in each of thousands of racks, each of which is looked up.
        found = self.registries.get(name) or self.mirrors.get(name) or self.caches.get(name)
        if found is None:
            raise KeyError(name)
        return found

    @property
    def title(self) -> str:
        """Its name, and behind it that of the variant that it is."""
        return f"{self.name} · {self.variant}" if self.variant else self.name
