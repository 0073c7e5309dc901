"""The resolved scenario: every default filled in, every name looked up, every number in SI base units.

This is the only form of a scenario that the simulation reads. It is plain frozen data: a thing that
exists here has passed validation, and `model: ideal` has already been applied (no efficiency loss, no
latency, no requests, no disk, no unpacking, no start-up).

Units are the package's own (see `rolloutsim.units`): bytes, seconds, bytes per second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from rolloutsim.scenario.distributions import Distribution as Distribution
from rolloutsim.scenario.resolved_rollout import (
    Disk,
    Fault,
    Kubelet,
    Prices,
    Push,
    RateLimit,
    Redirect,
    Retry,
    Workload,
)
from rolloutsim.structs import struct

LinkKind = Literal["registry_uplink", "registry_storage", "rack", "link", "nic", "disk", "unpack"]
Model = Literal["real", "ideal"]

LARGEST_SEED = 2**63 - 1  # what fits into 64 bits with a sign, so that other programs can store it (assumed)


@struct
class Link:
    """A shared link: its payload capacity [B/s], line rate [B/s] and one-way latency [s]."""

    name: str
    kind: LinkKind
    capacity: float
    line_rate: float
    latency: float = 0.0
    buffer: float = 0.0  # how long a full queue holds a packet back [s]; 0: no queue is modelled
    queue: Literal["drop_tail", "fq_codel"] = "drop_tail"


@struct
class Layer:
    """A layer: `compressed` bytes cross the network, `unpacked` bytes are produced from them."""

    digest: str
    compressed: float
    unpacked: float


@struct
class Image:
    """An image and the registry that serves it; layers from the base to the top."""

    name: str
    registry: str
    layers: tuple[Layer, ...]

    @property
    def compressed(self) -> float:
        """Bytes on the wire for a node that holds none of the layers [B]."""
        return sum(layer.compressed for layer in self.layers)


@struct
class Registry:
    """A registry: the shared links that its bytes cross first, in order, and how it answers."""

    name: str
    path: tuple[str, ...]  # names of shared links: storage (if finite), uplink, then `via`
    max_connections: int | None = None  # None: unlimited
    ttfb: float = 0.0  # the server's time to first byte per request [s]
    connection_cap: float | None = None  # [B/s]
    tls: bool = False
    # The uplinks of its replicas, one of which each connection crosses in turn in place of the first of them in
    # `path`; one replica: just that.
    replicas: tuple[str, ...] = ()
    rate_limits: tuple[RateLimit, ...] = ()
    redirect: Redirect | None = None  # where the bytes of layers come from, if not from the registry itself
    inbound: tuple[str, ...] = ()  # names of shared links that a push crosses into the registry, in order


@struct
class Runtime:
    """How a node's container runtime pulls: slots, requests and fixed times."""

    name: str
    parallel_layers: int
    slots_per: Literal["node", "image"]  # scope of parallel_layers
    resolve_round_trips: float  # round trips before the first layer request
    resolve_time: float  # the client's own time before the first layer request [s]
    layer_round_trips: float  # round trips before a layer's first byte, set-up included
    layer_time: float  # the client's own time per layer before its first byte [s]
    finish_time: float  # after the last layer is unpacked, before the image is ready [s]
    resolve_requests: int = 6  # manifests, token, config; layers come on top
    retry: Retry = field(default_factory=Retry)
    layer_fetch_buffer: float | None = None  # a layer is fetched in ranges of this size [B]; None: in one piece
    parallel_unpacks: int = 1  # layers of an image that are unpacked at a time; they are committed in order
    keeps_compressed: bool = True  # whether compressed layers stay on the node's disk


@struct
class PlannedPull:
    """A node's request for an image at a (possibly random) time after the rollout's start."""

    image: str
    at: Distribution


@struct
class NodeGroup:
    """`count` equal nodes; node i is in rack `racks[i % len(racks)]`.

    `nic`, `disk`, `unpack_rate` are None where that link has no limit.
    """

    name: str
    count: int
    runtime: Runtime
    racks: tuple[str, ...] = ()
    via: tuple[str, ...] = ()  # names of shared links between core and group, in order
    nic: float | None = None  # goodput [B/s], each direction
    nic_line_rate: float | None = None  # [B/s]
    nic_buffer: float = 0.0  # of the NIC and of the port towards it, as in Link [s]
    nic_queue: Literal["drop_tail", "fq_codel"] = "drop_tail"
    disk: float | None = None  # writing [B/s]
    unpack_rate: float | None = None  # compressed bytes read per second and core [B/s]
    unpack_cores: int = 1
    connection_cap: float | None = None  # [B/s]
    cached: Mapping[str, int] = field(default_factory=dict)  # image -> how many of the nodes hold it
    kubelet: Kubelet = field(default_factory=Kubelet)
    storage: Disk | None = None  # what fits on the disk; None: everything
    shared_address: bool = False  # all its nodes reach registries from one address (NAT)

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

    def asked_by(self, group: str) -> set[str]:
        """The images that a group's nodes may pull."""
        pulled = {pull.image for pull in self.pulls.get(group, ())}
        return pulled.union(*(workload.images for workload in self.workloads if group in workload.groups))


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
    comparison: Literal["<", "<=", ">", ">="]
    value: float  # SI base units; a share is 0 to 1
    check: str  # the condition as written, e.g. "max < 60 s"
    severity: Literal["error", "warn"] = "error"
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
    congestion_control: Literal["cubic", "bbr"] = "cubic"
    # The file that it was resolved from, as JSON in its long form; "": made without one.
    document: str = field(default="", compare=False)
    # Which parts of it are not the file's own: path, as `--set` takes it → `--set`, or `with_`.
    overrides: Mapping[str, str] = field(default_factory=dict, compare=False, metadata={"unless_empty": True})
