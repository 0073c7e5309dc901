"""Groups of nodes: their lines and disks, their container runtime, their kubelet."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, get_args

from rolloutsim.scenario.defaults import (
    DEFAULT_RUNTIME,
    PROFILES,
    SERIAL_PULLS,
    STAGGER,
    default_source,
    serial_pulls_source,
    shown_default,
    shown_serial_pulls,
)
from rolloutsim.scenario.fields import (
    NamesOrCount,
    Number,
    Quantity,
    ShareOrCount,
    Short,
    Whole,
    Word,
    fault,
    is_long,
    key,
    short,
)
from rolloutsim.scenario.model.kinds import (
    BYTE_RATE,
    Also,
    AnyRate,
    LastingTime,
    Name,
    Names,
    OnOff,
    RandomTime,
    Rate,
    Share,
    Size,
    SizeOrNone,
    Spec,
    Time,
    Trips,
    Words,
    only_with,
    ruled,
    says,
)
from rolloutsim.scenario.model.machines import DiskSpec, InstanceType, UnpackSpec, equipped
from rolloutsim.scenario.model.volumes import VolumeSnapshotSpec
from rolloutsim.scenario.orchestration import Requeue
from rolloutsim.scenario.presets import sources, volumes
from rolloutsim.scenario.snapshotters import NEEDED, SNAPSHOTTERS
from rolloutsim.scenario.snapshotters import default_source as snapshotter_source
from rolloutsim.scenario.snapshotters import shown_default as shown_snapshotter

MOST_NODES = 1_000_000  # in all groups together (assumed: ten times the largest rollout that is tested)
GROUP = "node"  # the group that `nodes: 20` stands for

WITH_SNAPSHOTTERS = ("containerd", "containerd-1")  # runtimes
OF_CONTAINERD = {"layer_fetch_buffer": "2.1", "parallel_unpacks": "2.2"}  # keys, and since when

_KUBELET_TYPES = "kubelet config/v1beta1/types.go"


class _System(Word):
    """The nodes' operating system, of which one is known."""

    def read(self, value: Any) -> str:
        if isinstance(value, str) and "windows" in value.lower():
            message = (
                f"'{value}': Windows nodes are not simulated: nothing is known here of how long they unpack and "
                "commit layers; allowed: linux"
            )
            raise fault(message, "leave these nodes out; other nodes are simulated without them")
        return super().read(value)


class PullSpec(Spec):
    """One pull of a schedule."""

    image: Words = key(description="the image's name in `images`")
    at: RandomTime | None = key(
        None, unit="time", shown="0 s",
        description="when the nodes ask for it, after the rollout's start", source="assumed",
    )  # fmt: skip


class BackoffSpec(Spec):
    """How long the kubelet waits after a failed pull, doubled each time."""

    initial: LastingTime = key(
        10.0, unit="time", shown="10 s", description="wait after the first failure",
        source="kubernetes pkg/kubelet/kubelet.go imageBackOffPeriod",
    )  # fmt: skip
    max: LastingTime = key(
        300.0, unit="time", shown="300 s", description="longest wait",
        source="kubernetes pkg/kubelet/kubelet.go MaxImageBackOff",
    )  # fmt: skip
    jitter: Annotated[float, Quantity("share", zero=True, most=10.0)] = key(
        0.0, unit="share", shown="0%",
        description="the back-off itself is lengthened by up to this share of it, at random; what requeue adds comes "
        "on top",
        source="kubernetes pkg/kubelet/kubelet.go: flowcontrol.NewBackOff without jitter",
    )  # fmt: skip
    requeue: Annotated[str, Word(get_args(Requeue))] = key(
        "fixed", shown="fixed (exact in the ideal model)",
        description="when the kubelet looks at a pod in back-off; the first look at or after its end pulls again. "
        "fixed: 10 to 15 s after each failed sync, at random; expiry: after what is left of the back-off, 60 s at "
        "most, and up to half of that more, at random; exact: when the back-off ends, which no kubelet does",
        source="kubernetes pkg/kubelet/pod_workers.go completeWork: Jitter(10 s, 0.5), or Jitter(time left, at most "
        "resyncInterval 1 min, 0.5) where the error tells when its back-off ends",
    )  # fmt: skip


class ImageGcSpec(Spec):
    """When the kubelet removes unused images."""

    high: Share = key(
        0.85, unit="share", shown="85%", description="share of the disk above which it begins; 100%: never",
        source=f"{_KUBELET_TYPES} imageGCHighThresholdPercent",
    )  # fmt: skip
    low: Share = key(
        0.80, unit="share", shown="80%", description="share of the disk below which it ends",
        source=f"{_KUBELET_TYPES} imageGCLowThresholdPercent",
    )  # fmt: skip
    period: LastingTime = key(
        300.0, unit="time", shown="5m", description="time between two looks at the disk",
        source="kubernetes pkg/kubelet/kubelet.go ImageGCPeriod",
    )  # fmt: skip


class EvictionSpec(Spec):
    """How much of the disk must be free: with less, a node has DiskPressure."""

    imagefs: Share = key(
        0.15, unit="share", shown="15%", description="of the file system of images, here the disk; 0%: no limit",
        source=f"{_KUBELET_TYPES} evictionHard imagefs.available",
    )  # fmt: skip
    nodefs: Share = key(
        0.10, unit="share", shown="10%",
        description="of the node's file system, here the same disk: the larger of both counts; 0%: no limit",
        source=f"{_KUBELET_TYPES} evictionHard nodefs.available",
    )  # fmt: skip


class JoinSpec(Spec):
    """When nodes join the cluster, one after another."""

    at: Time = key(
        0.0, unit="time", shown="0 s", description="when the first node is asked for, after the rollout's start",
        source="assumed",
    )  # fmt: skip
    every: Time = key(
        0.0, unit="time", shown="0 s", description="from one node to the next", source="assumed: all at once"
    )
    provision: Time = key(
        0.0, unit="time", shown="0 s", source="assumed",
        description="from asking for a node until it can run pods: the machine's start, the kubelet's",
    )  # fmt: skip


def _runtime_key(field: str, unit: str, description: str, **more: Any) -> Any:
    return key(
        None, unit=unit, description=description, shown=shown_default(field), source=default_source(field), **more
    )


class RetrySpec(Spec):
    """How a runtime reacts to requests that fail, and a client outside Kubernetes to pulls that its runtime gave up.

    A list has the waits before the second, third, … attempt.
    """

    rate_limited: tuple[Time, ...] | None = _runtime_key("rate_limited", "time", "after 429")
    server_error: tuple[Time, ...] | None = _runtime_key("server_error", "time", "after 500, 502, 503 or 504")
    broken: tuple[Time, ...] | None = _runtime_key(
        "broken", "time", "after a connection that was refused, broke, or took longer than timeouts allows"
    )
    resumes: OnOff | None = _runtime_key(
        "resumes", "", "whether a broken layer goes on where it broke (Range), or from its beginning"
    )
    keeps_partial: OnOff | None = _runtime_key(
        "keeps_partial", "", "whether the parts of layers that a failed pull has fetched are there for the next one"
    )
    times: Annotated[int, Whole(0, 1000)] = key(
        0, unit="pulls", source="assumed: docker pull, ctr and CI jobs end with an error",
        description="how often a client outside Kubernetes pulls again after its runtime gave the pull up; then it has "
        "failed and stays so. Not for pods: see image_backoff. OpenKruise's ImagePullJob: 3",
    )  # fmt: skip
    after: Time = key(
        0.0, unit="time", shown="0 s", source="assumed", description="wait before it does; OpenKruise's: 1 s"
    )
    growth: Annotated[float, Number(1)] = key(
        1.0, unit="factor", shown="1", source="assumed",
        description="how many times as long each further wait is; OpenKruise's: 2",
    )  # fmt: skip
    jitter: Annotated[float, Quantity("share", zero=True, most=10.0)] = key(
        0.0, unit="share", shown="0%", source="assumed",
        description="each wait is lengthened by up to this share of it, at random",
    )  # fmt: skip


_PATIENCE = Quantity("time", unlimited=True)
_Patience = Annotated[float, _PATIENCE]


class TimeoutsSpec(Spec):
    """How long a runtime's HTTP client waits; what takes longer fails, and is sent again as `retry.broken` says."""

    dial: _Patience | None = _runtime_key(
        "dial", "time", "for TCP's connection: what waits for it are new connections over a link that a failure has "
        "left no capacity",
    )  # fmt: skip
    tls: _Patience | None = _runtime_key(
        "tls", "time", "for the TLS handshake from there on: what waits for it are new connections to a registry with "
        "tls that serves its max_connections",
    )  # fmt: skip
    header: _Patience | None = _runtime_key(
        "header", "time", "for the first byte of an answer, from its request on: what waits for it are requests that "
        "the registry answers slowly (ttfb, first_fetch.time), or those that it has not taken, since it serves its "
        "max_connections and has no tls, or the connection is a kept one",
    )  # fmt: skip


def _all_three(value: Any) -> Any:
    if is_long(value):
        return value
    if value != "unlimited":
        raise fault("allowed: unlimited, or a map {dial, tls, header}")
    return dict.fromkeys(TimeoutsSpec.model_fields, value)


def _snapshotter_key(field: str, unit: str, description: str, **more: Any) -> Any:
    return key(
        None, unit=unit, description=description, shown=shown_snapshotter(field), source=snapshotter_source(field),
        **more,
    )  # fmt: skip


class _Lazy(Word):
    """The kind of a lazy snapshotter."""

    def read(self, value: Any) -> str:
        if value in _NOT_LAZY:
            message = f"'{value}' is not lazy: it has all of an image before containers start, as without 'snapshotter'"
            raise fault(f"{message}; allowed: {' '.join(SNAPSHOTTERS)}", "leave it out")
        return super().read(value)


_NOT_LAZY = ("overlayfs", "overlay", "overlay2", "native", "btrfs", "zfs", "devmapper", "blockfile", "erofs")
_KIND = _Lazy(tuple(SNAPSHOTTERS))


class SnapshotterSpec(Spec):
    """A snapshotter that mounts layers by their indexes: containers start at once and read on demand.

    A pod is ready when what it needs has been read and its start-up is over. The rest comes in the background, also
    when the rollout is over; the registry is needed until then.
    """

    kind: Annotated[str, _KIND] = key(
        description="the product: a profile of sourced defaults. soci is its lazy mode; its parallel mode pulls all of "
        "an image before containers start, as layer_fetch_buffer and parallel_unpacks do"
    )
    needed: Share = key(
        NEEDED.value, unit="share", shown=NEEDED.shown, source=NEEDED.source,
        description="share of an image's bytes that its containers read before they are ready; images may have a "
        "`needed` of their own. A model or data that is read whole at start is needed whole",
    )  # fmt: skip
    read_size: Size | None = _snapshotter_key(
        "read_size", "size", "what one read on demand fetches, compressed: reads move parallel_reads of these a round "
        "trip at the most",
    )  # fmt: skip
    parallel_reads: Annotated[int, Whole(1, 1000)] | None = _snapshotter_key(
        "parallel_reads", "reads", "reads on demand that are under way at a time"
    )
    index: Share | None = _snapshotter_key(
        "index", "share", "bytes of a layer's index (TOC, zTOC, bootstrap) / its bytes; pulling a layer fetches its "
        "index, all layers at the same time",
    )  # fmt: skip
    least_layer: SizeOrNone | None = _snapshotter_key(
        "least_layer", "size", "smaller layers have no index, and are pulled as without a snapshotter"
    )
    prefetched: Share | None = _snapshotter_key(
        "prefetched", "share", "share of the needed bytes that the image marks: they come in one piece, for at most "
        "10 s before all others",
    )  # fmt: skip
    background: OnOff | None = _snapshotter_key(
        "background", "", "whether the rest of an image is fetched in the background"
    )
    background_after: Time | None = _snapshotter_key(
        "background_after", "time", "how long the background waits: stargz after the last mount and the last read of "
        "the node, soci after its last mount, the others after each image's mount",
    )  # fmt: skip
    background_rate: AnyRate | None = _snapshotter_key(
        "background_rate", "rate", "the most that the background takes of a node's line"
    )
    background_reads: Annotated[int, Whole(1, 1000)] | None = _snapshotter_key(
        "background_reads", "reads", "requests of the background that are under way at a time: of whole layers with "
        "stargz, of read_size with the others",
    )  # fmt: skip


class GroupSpec(Spec):
    """A group of equal nodes."""

    model_config = ruled(
        {"dependentSchemas": {"sites": {"properties": {"racks": {"maxItems": 0}}}}},
        only_with(says("runtime", *WITH_SNAPSHOTTERS, default=DEFAULT_RUNTIME), "snapshotter"),
        only_with(says("runtime", "containerd", default=DEFAULT_RUNTIME), *OF_CONTAINERD),
        {"if": says("partial_images", True), "then": says("runtime", "cri-o")},
        {
            "if": says("serialize_image_pulls", True),
            "then": {"properties": {"max_parallel_image_pulls": {"maximum": 1}}},
        },
    )

    count: Annotated[int, Whole(1, MOST_NODES)] = key(unit="nodes", description="number of nodes")
    racks: Names = key((), description="racks over which the nodes are spread evenly, one after the other")
    sites: Annotated[int | tuple[Name, ...], NamesOrCount(1, MOST_NODES)] | None = key(
        None, shown="none",
        description="sites over which the nodes are spread evenly, one after the other, each behind a link of its own "
        "(network.sites): their names, or a number of them, <group>-site-000 and so on; racks that are far away",
    )  # fmt: skip
    hosts: Names = key(
        (), shown="none: the image's registry",
        description="whom the nodes ask for an image, in this order: caches, mirrors and registries; the image's "
        "registry comes last where it is not named; others are asked only if they are for that registry",
    )  # fmt: skip
    preset: Annotated[str, InstanceType()] | None = key(
        None, shown="none",
        description="the nodes' machine, an instance type of AWS, Google Cloud or Azure: what the group itself says "
        "nothing of, nic, disk.rate, disk.iops, memory and unpack.cores, is as that machine has it. nic is the rate "
        "that lasts, since bursts are not simulated; disk.rate the lower of what the machine moves to its disks and of "
        "the volume that nodes have where nobody asks for another one",
        source=f"{sources()}. Volumes: {volumes()}",
    )  # fmt: skip
    nic: AnyRate | None = key(
        None, unit="rate", shown="network.rate",
        description="line rate of each node's network interface, in each direction",
    )  # fmt: skip
    disk: Annotated[DiskSpec, short("rate", BYTE_RATE)] = key(
        DiskSpec(), description="each node's disk: how fast it writes and what fits on it",
        shown="{rate: 125 MiB/s, sync: 2 ms, dirty_ratio: 20%}", source="those of its keys",
    )  # fmt: skip
    memory: Size = key(
        16 * 2.0**30, unit="size", shown="16 GiB", source="assumed",
        description="memory of each node; how much unpacked data waits there for the disk is disk.dirty_ratio",
    )  # fmt: skip
    unpack: Annotated[UnpackSpec, short("rate", BYTE_RATE)] = key(
        UnpackSpec(),
        description="how fast a node decompresses layers",
        shown="{rate: 135 MB/s}",
        source="those of its keys",
    )
    os: Annotated[str, _System(("linux",))] = key(
        "linux", source="assumed", description="operating system; Windows nodes are not simulated"
    )
    runtime: Annotated[str, Word(tuple(PROFILES))] = key(
        DEFAULT_RUNTIME,
        source="assumed",
        description="container runtime: a profile of sourced defaults; containerd is 2.x, containerd-1 is 1.x. "
        "cri-o, of whose library podman makes use as well, decompresses twice: what arrives, as fast as one core can, "
        "and at its commit",
    )
    parallel_layers: Annotated[int, Whole(1, 1000)] | None = _runtime_key(
        "parallel_layers", "layers", "layers that are fetched at a time"
    )
    slots_per: Annotated[str, Word(("node", "image"))] | None = _runtime_key(
        "slots_per", "", "whether parallel_layers counts for the whole node, or for each pull of an image"
    )
    resolve_requests: Annotated[int, Whole(1, 1000)] | None = _runtime_key(
        "resolve_requests", "requests", "requests before the first layer, as a registry counts them"
    )
    recheck_requests: Annotated[int, Whole(1, 1000)] | None = _runtime_key(
        "recheck_requests", "requests", "of these the first, after which a runtime knows that the image it has is the "
        "newest (pull_policy: always); no more than resolve_requests",
    )  # fmt: skip
    resolve_round_trips: Trips | None = _runtime_key(
        "resolve_round_trips", "round trips", "round trips before the first layer request, TLS left out"
    )
    resolve_time: Time | None = _runtime_key(
        "resolve_time", "time", "the client's own time before the first layer request"
    )
    layer_round_trips: Trips | None = _runtime_key(
        "layer_round_trips", "round trips", "round trips before a layer's first byte, TLS left out"
    )
    layer_time: Time | None = _runtime_key(
        "layer_time", "time", "the client's own time for a layer before its first byte"
    )
    kept_connections: Annotated[int, Whole(0, 1000)] | None = _runtime_key(
        "kept_connections", "connections", "idle connections that a pull keeps for its next layers, which neither set "
        "up nor start slowly again; 0: a new one for each layer",
    )  # fmt: skip
    finish_time: Time | None = _runtime_key("finish_time", "time", "from the last layer's end until the image is ready")
    layer_syncs: Annotated[int, Whole(0, 10_000)] | None = _runtime_key(
        "layer_syncs", "writes", "synchronous writes that each layer costs besides its own bytes; see disk.sync"
    )
    syncs_blobs: OnOff | None = _runtime_key(
        "syncs_blobs", "", "whether a layer's compressed bytes are on the disk before it is unpacked"
    )
    decompresses_on_arrival: OnOff | None = _runtime_key(
        "decompresses_on_arrival", "", "whether a layer is fetched only as fast as a core decompresses and hashes it"
    )
    layer_fetch_buffer: Annotated[float, Quantity("size", least=512.0)] | None = key(
        None, unit="size", shown="none: a layer is fetched in one piece",
        description="a layer is fetched in ranges of this size side by side, each of which takes one of "
        "parallel_layers; at most 10,000 for a layer; from a cache that ignores_ranges in one piece, until it has the "
        "layer; containerd 2.1 and later",
        source="containerd core/remotes/docker/fetcher.go: concurrent_layer_fetch_buffer, 0",
    )  # fmt: skip
    parallel_unpacks: Annotated[int, Whole(1, 1000)] | None = key(
        None, unit="layers", shown="1",
        description="layers of an image that are unpacked at a time, each on a core of unpack.cores; containerd 2.2 "
        "and later",
        source="containerd plugins/transfer/plugin.go L284: max_concurrent_unpacks, 1",
    )  # fmt: skip
    ingest_poll: Time | None = key(
        None, unit="time", shown="0 s",
        description="longest sleep between two looks of a pull for a layer that another pull of its node is fetching: "
        "sleeps are random, the longest possible one doubles from 16 ms on; 2.048 s in containerd",
        source="assumed: it is told at once; containerd core/content/helpers.go OpenWriter sleeps",
    )  # fmt: skip
    partial_images: OnOff = key(
        False,
        description="whether of layers that are compressed as zstd:chunked only that is fetched which no other layer "
        "of the node has, the `reuse` of their image; CRI-O and Podman (runtime: cri-o)",
        source="container-libs storage/pkg/chunked/storage_linux.go: enable_partial_images, false",
    )
    snapshotter: Annotated[SnapshotterSpec, short("kind", _KIND)] | None = key(
        None, shown="none: layers are there before containers start",
        description="a snapshotter that pulls lazily, of containerd; the images are taken to be in its format",
    )  # fmt: skip
    keeps_compressed: OnOff | None = _runtime_key(
        "keeps_compressed", "", "whether compressed layers stay on the disk beside the unpacked ones"
    )
    shares_pulls: OnOff | None = _runtime_key(
        "shares_pulls", "", "whether pods that ask for an image at the same time share one pull of it, and its requests"
    )
    host_per: Annotated[str, Word(("request", "image"))] | None = _runtime_key(
        "host_per", "", "request: each request begins at the first of hosts; image: a pull stays with the first that "
        "has the image's manifest",
    )  # fmt: skip
    retry: RetrySpec | None = key(
        None, shown="the runtime's", source="those of its keys",
        description="how the runtime reacts to requests that fail",
    )  # fmt: skip
    timeouts: Annotated[
        TimeoutsSpec, Short(_all_three, "unlimited", lambda long: [{"const": "unlimited"}])
    ] | None = key(
        None, shown="the runtime's", source="those of its keys",
        description="how long the runtime's HTTP client waits for a connection, for TLS, and for an answer",
    )  # fmt: skip
    pull_progress_timeout: Annotated[float, Quantity("time", unlimited=True, word="off")] | None = _runtime_key(
        "pull_progress_timeout", "time", "a pull to which no byte has come for so long is cancelled"
    )
    pull_timeout: Annotated[float, Quantity("time", unlimited=True, word="off")] = key(
        math.inf, unit="time", shown="off",
        description="a pull that lasts so long is cancelled, whether bytes come or not; it counts from when the "
        "runtime is asked. Nomad has 5m (image_pull_timeout), OpenKruise's ImagePullJob 600 s",
        source="kubelet config/v1beta1/types.go runtimeRequestTimeout: all requests but image pulls",
    )  # fmt: skip
    cached: dict[str, Annotated[int | str, ShareOrCount()]] = key(
        {}, name="image", unit="share or nodes",
        description="image → the nodes that hold it already; a share of the nodes is rounded down",
    )  # fmt: skip
    volume_snapshot: Annotated[VolumeSnapshotSpec, short("rate", BYTE_RATE)] | None = key(
        None, shown="none: what is cached can be read at once",
        description="the snapshot or machine image that brings what is `cached`, whose blocks are initialised first",
    )  # fmt: skip
    start: RandomTime | None = key(
        None, unit="time", shown="0 s", description="when each node asks for its image, after the rollout's start; "
        "not for pods: their controllers decide",
        source="assumed: all at once",
    )  # fmt: skip
    stagger: Time = key(
        STAGGER.value, unit="time", shown=STAGGER.shown, source=STAGGER.source,
        description="nodes that are to ask at the same moment do so one after the other, evenly within this time",
    )  # fmt: skip
    join: Annotated[JoinSpec, short("at", Quantity("time", zero=True))] | None = key(
        None, shown="none: they are there from the beginning",
        description="when the nodes join during the rollout; a DaemonSet gets a pod on each when it joins, and start "
        "counts from then",
    )  # fmt: skip
    via: Names = key((), description="shared links between the network's core and the group, in order")
    pull_cap: AnyRate = key(
        float("inf"), unit="rate", shown="unlimited",
        description="bandwidth limit of each node's pulls: largest rate of all layers that it fetches together, in "
        "payload (no protocol overhead is taken off)",
        source="assumed: neither kubelet nor runtime has one; it is what a download agent or traffic shaping sets",
    )  # fmt: skip
    connection_cap: Rate | None = key(
        None, unit="rate", shown="none",
        description="largest rate of one connection, in payload (no protocol overhead is taken off); a pull has up "
        "to parallel_layers of them at a time: the limit of all together is pull_cap",
    )  # fmt: skip
    shared_address: OnOff = key(
        False, source="assumed",
        description="whether the group reaches registries from one address (NAT), which their limits count",
    )  # fmt: skip
    kubelet: Annotated[str, Word(tuple(SERIAL_PULLS))] = key(
        "upstream", source="assumed",
        description="whose kubelet configuration: a profile of sourced defaults, of serialize_image_pulls; eks is that "
        "of Amazon Linux 2023, aks that of scale sets (VMSS); what else providers ship is Kubernetes' own",
    )  # fmt: skip
    serialize_image_pulls: OnOff | None = key(
        None, shown=f"{shown_serial_pulls()}; false where max_parallel_image_pulls is above 1",
        description="whether the kubelet pulls one image after another",
        source=serial_pulls_source(),
    )  # fmt: skip
    max_parallel_image_pulls: Annotated[int, Whole(1, 100_000)] | None = key(
        None, unit="images", shown="none",
        description="images that the kubelet pulls at a time; without it all that are wanted, unless "
        "serialize_image_pulls is true",
        source=f"{_KUBELET_TYPES} maxParallelImagePulls: nil",
    )  # fmt: skip
    registry_pull_qps: Annotated[float, Number(0)] = key(
        5.0, unit="pulls per second", shown="5",
        description="pulls that the kubelet starts in the long run; one too many fails and waits for "
        "image_backoff; 0: unlimited",
        source=f"{_KUBELET_TYPES} registryPullQPS",
    )  # fmt: skip
    registry_burst: Annotated[int, Whole(1, 1_000_000)] = key(
        10, unit="pulls", description="pulls that the kubelet starts at once; not used with registry_pull_qps: 0",
        source=f"{_KUBELET_TYPES} registryBurst",
    )  # fmt: skip
    image_backoff: Annotated[BackoffSpec, short("initial", Quantity("time"))] = key(
        BackoffSpec(), description="how long the kubelet waits after a failed pull, doubled each time",
        shown="{initial: 10 s, max: 300 s, jitter: 0%, requeue: fixed}", source="those of its keys",
    )  # fmt: skip
    image_gc: ImageGcSpec = key(
        ImageGcSpec(), description="when the kubelet removes unused images; only with disk.capacity",
        shown="{high: 85%, low: 80%, period: 5m}", source="those of its keys",
    )  # fmt: skip
    eviction_hard: EvictionSpec = key(
        EvictionSpec(), shown="{imagefs: 15%, nodefs: 10%}", source="those of its keys",
        description="how much of the disk must be free; with less, a node takes no pods for 5 min or more, removes "
        "unused images and then evicts pods; only with disk.capacity",
    )  # fmt: skip
    pulls: tuple[PullSpec, ...] | None = key(
        None, description="what the nodes pull and when, with rollout.strategy: schedule"
    )

    def model_post_init(self, context: Any, /) -> None:
        """Put in what the preset has, as defaults: nothing counts as given but what was."""
        super().model_post_init(context)
        if self.preset is not None:
            self.__dict__.update(equipped(self.preset, self.__dict__, self.model_fields_set))


def _one_group(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        raise fault("a list is not allowed here; allowed: a number of nodes, or a map of groups by name")
    if not isinstance(value, Mapping):
        return {GROUP: {"count": value}}
    for name, group in value.items():
        if name in GroupSpec.model_fields and not is_long(group):
            message = f"'{name}' is a key of a group, and 'nodes' holds groups by name"
            raise fault(message, f"give the group a name: nodes: {{{GROUP}: {{{name}: …}}}}")
    return value


_COUNT = Whole(1, MOST_NODES)
Groups = Annotated[
    dict[Name, Annotated[GroupSpec, short("count", _COUNT)]],
    Also(allOf=[{"patternProperties": {f"^({'|'.join(GroupSpec.model_fields)})$": {"type": "object"}}}]),
    Short(_one_group, _COUNT.words(), lambda long: [_COUNT.schema()]),
]
