"""The scenario file's format as a strict, frozen model in its long form.

Descriptions, units, defaults and their sources live in the fields' metadata; `explain`, the JSON Schema and the
errors are made from it. What spans several parts (names that refer to others, keys that exclude each other) is
checked in `rolloutsim.scenario.checks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from rolloutsim.scenario.fields import (
    Cached,
    Efficiency,
    Lines,
    LinkRate,
    Name,
    Number,
    OnOff,
    Quantity,
    Rate,
    RateLimit,
    Short,
    Size,
    Time,
    UnpackedSize,
    Version,
    Whole,
    Word,
    Words,
    fault,
    is_long,
    key,
    short,
)
from rolloutsim.scenario.frozen import Spec
from rolloutsim.scenario.profiles import DEFAULT_RUNTIME, PROFILES, default_source, shown_default
from rolloutsim.scenario.resolved import LARGEST_SEED

MOST_NODES = 1_000_000  # in all groups together (assumed: ten times the largest rollout that is tested)
GROUP = "node"  # the group that `nodes: 20` stands for
REGISTRY = "registry"  # the registry that `registry:` stands for, and the one of a scenario that names none

COMPRESSION_RATIO = 2.67  # the source stands at ImageSpec.ratio


class DistributionSpec(Spec):
    """A random time: uniform from `min` to `max`, or lognormal with the quantiles `p50` and `p95`."""

    min: Time | None = key(None, unit="time", description="least value of a uniform distribution")
    max: Time | None = key(None, unit="time", description="largest value of a uniform distribution")
    p50: Time | None = key(None, unit="time", description="median of a lognormal distribution")
    p95: Time | None = key(None, unit="time", description="95 % quantile of a lognormal distribution")


def _both_bounds(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        raise fault("a list is not allowed here; allowed: time, or a map {min, max} or {p50, p95}")
    return value if is_long(value) else {"min": value, "max": value}


_TIME = Quantity("time", zero=True)
RandomTime = Annotated[DistributionSpec, Short(_both_bounds, _TIME.words(), lambda long: [_TIME.schema()])]


class UnpackSpec(Spec):
    """How fast a node unpacks layers."""

    rate: RateLimit = key(
        135e6, unit="rate", shown="135 MB/s",
        description="compressed bytes that one core reads per second while it decompresses",
        source="containerd PR 13560, Go standard library on NVIDIA Grace, an image of 1.8 GiB: 135 MiB/s of input; "
        "rounded down to 135 MB/s, 5 % less (assumed: most cores are slower)",
    )  # fmt: skip
    cores: Annotated[int, Whole(1, 1024)] = key(
        1, description="cores that unpack; one layer uses one of them",
        source="containerd plugins/transfer/plugin.go L284: one layer of an image is unpacked at a time, and gzip "
        "is decompressed by one core",
    )  # fmt: skip


class PullSpec(Spec):
    """One pull of a schedule."""

    image: Words = key(description="the image's name in `images`")
    at: RandomTime | None = key(
        None, unit="time", shown="0 s",
        description="when the nodes ask for it, after the rollout's start", source="assumed",
    )  # fmt: skip


def _runtime_key(field: str, unit: str, description: str) -> Any:
    return key(None, unit=unit, description=description, shown=shown_default(field), source=default_source(field))


class GroupSpec(Spec):
    """A group of equal nodes."""

    count: Annotated[int, Whole(1, MOST_NODES)] = key(unit="nodes", description="number of nodes")
    racks: tuple[Name, ...] = key((), description="racks over which the nodes are spread evenly, one after the other")
    nic: RateLimit | None = key(
        None, unit="rate", shown="network.rate",
        description="line rate of each node's network interface, in each direction",
    )  # fmt: skip
    disk: RateLimit = key(
        125 * 2.0**20, unit="rate", shown="125 MiB/s", description="write rate of each node's disk",
        source="AWS EBS gp3 without provisioned throughput: 125 MiB/s; EBS volume types page",
    )  # fmt: skip
    unpack: Annotated[UnpackSpec, short("rate", Quantity("rate", unlimited=True))] = key(
        UnpackSpec(),
        description="how fast a node decompresses layers",
        shown="{rate: 135 MB/s, cores: 1}",
        source="those of rate and cores",
    )
    runtime: Annotated[str, Word(tuple(PROFILES))] = key(
        DEFAULT_RUNTIME,
        source="assumed",
        description="container runtime: a profile of sourced defaults. cri-o decompresses twice, but the first time "
        "while it fetches and on a core of its own, which delays nothing here",
    )
    parallel_layers: Annotated[int, Whole(1, 1000)] | None = _runtime_key(
        "parallel_layers", "layers", "layers that are fetched at a time"
    )
    slots_per: Annotated[str, Word(("node", "image"))] | None = _runtime_key(
        "slots_per", "", "whether parallel_layers counts for the whole node, or for each pull of an image"
    )
    resolve_round_trips: Annotated[float, Number(0, most=1000)] | None = _runtime_key(
        "resolve_round_trips", "round trips", "round trips before the first layer request, TLS left out"
    )
    resolve_time: Time | None = _runtime_key(
        "resolve_time", "time", "the client's own time before the first layer request"
    )
    layer_round_trips: Annotated[float, Number(0, most=1000)] | None = _runtime_key(
        "layer_round_trips", "round trips", "round trips before a layer's first byte, TLS left out"
    )
    layer_time: Time | None = _runtime_key(
        "layer_time", "time", "the client's own time for a layer before its first byte"
    )
    finish_time: Time | None = _runtime_key("finish_time", "time", "from the last layer's end until the image is ready")
    cached: dict[str, Cached] = key(
        {}, name="image", unit="share or nodes",
        description="image → the nodes that hold it already; a share of the nodes is rounded down",
    )  # fmt: skip
    start: RandomTime | None = key(
        None, unit="time", shown="0 s", description="when each node asks for its image, after the rollout's start",
        source="assumed: all at once",
    )  # fmt: skip
    via: tuple[Name, ...] = key((), description="shared links between the network's core and the group, in order")
    connection_cap: Rate | None = key(
        None, unit="rate", shown="none",
        description="largest rate of one connection, in payload (no protocol overhead is taken off)",
    )  # fmt: skip
    pulls: tuple[PullSpec, ...] | None = key(
        None, description="what the nodes pull and when, with rollout.strategy: schedule"
    )


class RacksSpec(Spec):
    """The links between each rack and the core: `<rack>.up` and `<rack>.down`."""

    uplink: Rate | None = key(None, unit="rate", description="line rate of each rack's uplink, in each direction")
    oversubscription: Annotated[float, Number(0, equal=False)] | None = key(
        None, unit="ratio", description="line rates of a rack's NICs together / line rate of its uplink"
    )


class LinkSpec(Spec):
    """A shared link."""

    capacity: LinkRate = key(
        unit="rate", description="line rate; 0 bit/s is a link that is down: what needs it never finishes"
    )
    latency: Time = key(0.0, unit="time", description="one way, beside network.latency", source="assumed", shown="0 s")


class NetworkSpec(Spec):
    """The network between registries and nodes."""

    rate: Rate | None = key(
        None, unit="rate", description="line rate of every registry uplink and NIC that gives none of its own"
    )
    mtu: Annotated[int, Whole(576, 65535)] | None = key(
        None, unit="bytes", shown="1500",
        description="largest packet; sets the efficiency: (mtu - 52) / (mtu + 38) of a line's rate is payload",
        source="IEEE 802.3; 38 B Ethernet framing with preamble and gap, 40 B IP and TCP, 12 B timestamps",
    )  # fmt: skip
    efficiency: Efficiency | None = key(
        None,
        unit="share",
        shown="94.1% (from mtu: 1500)",
        description="share of a line's rate that is payload",
        source="1448 / 1538: IEEE 802.3, as for mtu",
    )
    latency: Time = key(
        1e-4, unit="time", shown="0.1 ms", description="one way, on every path, beside its links' own",
        source="assumed: within one data centre",
    )  # fmt: skip
    racks: Annotated[RacksSpec, short("uplink", Quantity("rate"))] | None = key(
        None, description="uplinks of the racks that the node groups name"
    )
    links: dict[Name, Annotated[LinkSpec, short("capacity", Quantity("rate", zero=True))]] = key(
        {}, name="link", description="other shared links, by name"
    )


class RegistrySpec(Spec):
    """A registry."""

    uplink: RateLimit | None = key(
        None, unit="rate", shown="network.rate", description="line rate of the registry's own link"
    )
    via: tuple[Name, ...] = key((), description="shared links between the registry and the network's core, in order")
    storage: RateLimit = key(
        float("inf"), unit="rate", shown="unlimited", description="read rate of the registry's storage",
        source="assumed: layers come from memory",
    )  # fmt: skip
    max_connections: Annotated[float, Whole(0, 1_000_000, unlimited=True)] = key(
        float("inf"), unit="connections", shown="unlimited", source="assumed",
        description="layers served at a time, others wait in line; 0: none is ever served",
    )  # fmt: skip
    ttfb: Time = key(
        1e-3, unit="time", shown="1 ms", description="the server's time until the first byte of each answer",
        source="measured on docker-registry 2.8.2, data in page cache: 1 ms for each request of a plain HTTP client",
    )  # fmt: skip
    connection_cap: Rate | None = key(
        None, unit="rate", shown="none",
        description="largest rate of one connection, in payload (no protocol overhead is taken off)",
    )  # fmt: skip
    tls: OnOff = key(False, description="one more round trip for each new connection", source="assumed")


class LayerSpec(Spec):
    """A layer."""

    digest: Words | None = key(
        None, shown="<image>/<layer>", description="what makes layers the same: equal digests are fetched once"
    )
    compressed: Size | None = key(None, unit="size", shown="unpacked / ratio", description="bytes on the wire")
    unpacked: UnpackedSize | None = key(
        None, unit="size", shown="compressed * ratio", description="bytes that unpacking makes"
    )


def _layers_by_name(value: Any) -> Any:
    """A list of layers as a map of their positions."""
    if isinstance(value, (list, tuple)):
        return {str(number): layer for number, layer in enumerate(value)}
    if not isinstance(value, Mapping):
        raise fault("layers must be a list of sizes, or a map of names to layers")
    return value


_LAYER = Annotated[LayerSpec, short("compressed", Quantity("size"), whole=True)]


class ImageSpec(Spec):
    """An image: a base's layers and its own, or one layer."""

    base: Words | None = key(None, description="the image whose layers come first")
    layers: (
        Annotated[
            dict[Words, _LAYER],
            Short(
                _layers_by_name,
                "list of layers",
                lambda long: [{"type": "array", "items": next(iter(long["patternProperties"].values()))}],
            ),
        ]
        | None
    ) = key(None, name="layer", description="the image's own layers, from the base to the top")
    ratio: Annotated[float, Number(0.01, most=1000)] | None = key(
        None, unit="ratio", shown=str(COMPRESSION_RATIO),
        description="unpacked / compressed bytes, for layers that give only one of the two",
        source="median of nine published pairs, 2.35 to 3.45: docker-library/repo-info, accelerated-container-image "
        "docs/TURBO_OCI.md",
    )  # fmt: skip
    registry: Name | None = key(
        None, shown="the only registry", description="the registry that serves it; needed where there are several"
    )
    digest: Words | None = key(None, shown="<image>/0", description="digest of an image of one layer")
    compressed: Size | None = key(None, unit="size", description="bytes on the wire of an image of one layer")
    unpacked: UnpackedSize | None = key(
        None, unit="size", description="bytes that unpacking an image of one layer makes"
    )


class RolloutSpec(Spec):
    """Who pulls when, and when it is ready."""

    strategy: Annotated[str, Word(("all_at_once", "schedule"))] = key(
        "all_at_once",
        description="all_at_once: each image is a case, pulled by every node at its group's start; schedule: one "
        "case, with the groups' pulls",
        source="assumed",
    )
    startup: RandomTime | None = key(
        None, unit="time", shown="0 s", description="from the image's readiness until the pod is ready",
        source="assumed: the application's own affair",
    )  # fmt: skip


class BackgroundSpec(Spec):
    """Traffic of other applications: a transfer of `size`, or a constant `rate`."""

    links: tuple[Name, ...] = key(description="the links that it crosses, in order; a node's own too: web-007.nic.in")
    size: Size | None = key(None, unit="size", description="bytes of a finite transfer")
    at: Time | None = key(None, unit="time", shown="0 s", description="when the transfer starts", source="assumed")
    cap: Rate | None = key(None, unit="rate", shown="none", description="largest rate of the transfer, in payload")
    rate: Rate | None = key(None, unit="rate", description="constant rate on the line, protocol overhead included")
    start: Time | None = key(
        None, alias="from", unit="time", shown="0 s", description="when the rate starts", source="assumed"
    )
    until: Time | None = key(None, unit="time", shown="the rollout's end", description="when the rate ends")


class ThresholdSpec(Spec):
    """A condition that a metric must meet."""

    check: Words = key(description="[statistic] comparison value, for example max < 60 s")
    severity: Annotated[str, Word(("error", "warn"))] = key(
        "error", description="error: a miss ends the run with exit code 3; warn: it is only shown", source="assumed"
    )


def _conditions(value: Any) -> Any:
    """One condition, or a list of them, as a list of maps."""
    values = value if isinstance(value, (list, tuple)) else [value]
    return [{"check": one} if not is_long(one) else one for one in values]


def _condition_schemas(long: dict[str, Any]) -> list[dict[str, Any]]:
    check = {"type": "string", "minLength": 1}
    return [check, long["items"], {"type": "array", "items": {"anyOf": [check, long["items"]]}}]


Conditions = Annotated[
    tuple[ThresholdSpec, ...], Short(_conditions, "condition, or a list of them", _condition_schemas)
]


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
_REGISTRY = Annotated[RegistrySpec, short("uplink", Quantity("rate", unlimited=True))]


_IMAGE = Annotated[
    ImageSpec, short("compressed", Quantity("size"), whole=True, hint="several layers are {layers: [3 MB, 12 MB]}")
]


class Document(Spec):
    """A scenario file."""

    rolloutsim: Annotated[int, Version(1)] = key(
        1, description="format version; the first line of every scenario", source="the format's first version"
    )
    name: Words | None = key(None, shown="unnamed scenario", description="title of the scenario")
    description: Lines | None = key(None, description="the question that it asks")
    model: Annotated[str, Word(("real", "ideal"))] = key(
        "real",
        description="ideal: only bandwidth sharing, layer slots and caches; no protocol overhead, latency, requests, "
        "disk, unpacking, start-up or connection limit",
        source="assumed",
    )
    seed: Annotated[int, Whole(0, LARGEST_SEED)] = key(1, description="of all random numbers", source="assumed")
    nodes: Annotated[
        dict[Name, Annotated[GroupSpec, short("count", _COUNT)]],
        Short(_one_group, _COUNT.words(), lambda long: [_COUNT.schema()]),
    ] = key(name="group", min_length=1, description="the nodes that pull, in groups by name")
    network: Annotated[NetworkSpec, short("rate", Quantity("rate"))] = key(
        NetworkSpec(), description="the network between registries and nodes", shown="no rate"
    )
    registry: _REGISTRY | None = key(
        None, description="the only registry, named registry", shown="one with all defaults"
    )
    registries: dict[Name, _REGISTRY] | None = key(
        None, name="registry", min_length=1, description="registries, by name"
    )
    images: dict[Words, _IMAGE] = key(name="image", min_length=1, description="images, by name")
    rollout: Annotated[RolloutSpec, short("strategy", Word(("all_at_once", "schedule")))] = key(
        RolloutSpec(), description="who pulls when", shown="all_at_once"
    )
    background: dict[Name, BackgroundSpec] = key({}, name="flow", description="traffic of other applications, by name")
    thresholds: dict[str, Conditions] = key(
        {}, name="metric", description="conditions on metrics; a miss ends the run with exit code 3"
    )
