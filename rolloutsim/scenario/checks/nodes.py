"""Contradictions in the groups of nodes."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rolloutsim.scenario.checks.common import time_problems
from rolloutsim.scenario.defaults import PROFILES
from rolloutsim.scenario.images import layers
from rolloutsim.scenario.links import line_rate
from rolloutsim.scenario.model import Document, GroupSpec
from rolloutsim.scenario.model.nodes import OF_CONTAINERD, WITH_SNAPSHOTTERS
from rolloutsim.scenario.peer_profiles import PEER_PROFILES
from rolloutsim.scenario.places import Path, Problem, dotted, unknown
from rolloutsim.scenario.strategies import KUBERNETES, has_pods
from rolloutsim.scenario.swarms import SWARMS
from rolloutsim.units import format_size, parse_share

# What only pods have: nodes that pull on their own have no kubelet.
_KUBELET_KEYS = (
    "kubelet", "serialize_image_pulls", "max_parallel_image_pulls", "registry_pull_qps", "registry_burst",
    "image_backoff", "image_gc", "eviction_hard",
)  # fmt: skip
_CLIENT_KEYS = ("times", "after", "growth", "jitter")  # what only clients without a kubelet have
_MOST_PIECES = 1_000_000  # of a layer (assumed: one of 4 TB in Kraken's pieces; requests for them are counted singly)
_MOST_RANGES = 10_000  # of a layer; the most parts of an object on Amazon S3 (user guide, qfacts)


def cached_nodes(value: int | str, count: int) -> int:
    """How many of `count` nodes hold an image; a share is rounded down."""
    if isinstance(value, int):
        return value
    # A share such as 29 % is not exact in binary: 0.29 * 100 is 28.999999999999996.
    return math.floor(round(parse_share(value) * count, 6))


def group_problems(path: Path, group: GroupSpec, document: Document) -> Iterator[Problem]:
    """What is wrong with a group as a whole."""
    here = dotted(path)
    if line_rate(group.nic, document) is None:
        message = f"{here} has no NIC rate; add 'nic' to it, or 'network: 1 Gbit/s' for all NICs and registries"
        yield Problem(
            (*path, "count"), message, at="key", related=(("network", "rate"), (*path, "nic"), (*path, "preset"))
        )
    if group.racks and document.network.racks is None:
        message = f"{here} is in racks, but network.racks gives them no uplink"
        help = "add network.racks: {uplink: 40 Gbit/s}, or {oversubscription: 2.5}"
        yield Problem((*path, "racks"), message, help, at="key")
    if group.sites is not None and document.network.sites is None:
        message = f"{here} is in sites, but network.sites gives them no uplink"
        help = "add network.sites: {uplink: 100 Mbit/s, latency: 10 ms}"
        yield Problem((*path, "sites"), message, help, at="key")
    if group.sites is not None and group.racks:
        message = f"{here} has both 'racks' and 'sites'; its nodes are in one or the other: give one"
        yield Problem((*path, "sites"), message, at="key", related=((*path, "racks"),))
    seen: set[str] = set()
    for number, site in enumerate(group.sites if isinstance(group.sites, tuple) else ()):
        if site in seen:
            yield Problem((*path, "sites", number), f"site '{site}' stands twice in {here}.sites; name it once")
        seen.add(site)
    for number, rack in enumerate(group.racks):
        if rack in seen:
            yield Problem((*path, "racks", number), f"rack '{rack}' stands twice in {here}.racks; name it once")
        seen.add(rack)
    for image, value in group.cached.items():
        nodes = cached_nodes(value, group.count)
        if image not in document.images:
            yield unknown("image", image, document.images, (*path, "cached", image), ("images", image), at="key")
        elif nodes > group.count:
            message = f"'{image}' is cached on {nodes} nodes, but {here} has only {group.count}"
            yield Problem((*path, "cached", image), message)
    for number, pull in enumerate(group.pulls or ()):
        if pull.image not in document.images:
            where = (*path, "pulls", number, "image")
            yield unknown("image", pull.image, document.images, where, ("images", pull.image))
        yield from time_problems((*path, "pulls", number, "at"), pull.at)
    yield from time_problems((*path, "start"), group.start)
    yield from _disk_problems((*path, "disk"), group, document)
    yield from _kubelet_problems(path, group, document)
    yield from _runtime_problems(path, group)


def _disk_problems(path: Path, group: GroupSpec, document: Document) -> Iterator[Problem]:
    disk, here = group.disk, dotted(path)
    on_it = {key: getattr(disk, key) for key in ("used", "old_images") if getattr(disk, key) is not None}
    if disk.capacity is None:
        for key in on_it:
            message = f"{here} has '{key}' but no 'capacity'; give the disk's size, for example capacity: 100 GB"
            yield Problem((*path, key), message, at="key", related=((*path, "capacity"),))
        for key in ("image_gc", "eviction_hard"):
            if key in group.model_fields_set and has_pods(document):
                message = f"{dotted(path[:-1])} has '{key}', but no {here}.capacity that could fill up; give it one"
                yield Problem((*path[:-1], key), message, at="key", related=(path,))
        return
    for key in ("imagefs", "nodefs"):
        if getattr(group.eviction_hard, key) >= 1.0 and has_pods(document):
            where = (*path[:-1], "eviction_hard", key)
            message = (
                f"{dotted(where)} is 100%, so that the node evicts its pods as soon as anything is on its disk, for "
                "ever; give a smaller share, Kubernetes' is 15% (imagefs) and 10% (nodefs), or 0% for no limit"
            )
            yield Problem(where, message, related=(path,))
    if sum(on_it.values()) > disk.capacity:
        message = (
            f"{here} is overfull before the rollout: {format_size(sum(on_it.values()))} are on it, and its capacity is "
            f"{format_size(disk.capacity)}"
        )
        yield Problem((*path, "capacity"), message, related=tuple((*path, key) for key in on_it))


def cached_problems(document: Document) -> Iterator[Problem]:
    """Disks that do not hold what the scenario puts on them; of images that nothing is wrong with."""
    limited = [
        (name, group, group.disk.capacity)
        for name, group in document.nodes.items()
        if group.cached and group.disk.capacity is not None and document.model != "ideal"
    ]
    layers_of = layers(document).of if limited else {}
    for name, group, capacity in limited:
        # The last node of a group is one of those that hold an image, whatever their number.
        held = [image for image, value in group.cached.items() if cached_nodes(value, group.count)]
        distinct = {layer.digest: layer for image in held for layer in layers_of[image]}
        keeps = group.keeps_compressed
        keeps = PROFILES[group.runtime]["keeps_compressed"].value if keeps is None else keeps
        size = sum(layer.unpacked + (layer.compressed if keeps else 0.0) for layer in distinct.values())
        other = (group.disk.used or 0.0) + (group.disk.old_images or 0.0)
        if other <= capacity < other + size:
            path: Path = ("nodes", name, "disk", "capacity")
            rest = f", beside {format_size(other)} that are on it" if other else ""
            kept = " with their compressed layers, which the runtime keeps" if keeps else ""
            message = (
                f"nodes.{name}.disk is overfull before the rollout: the cached images take {format_size(size)}{kept}"
                f"{rest}, and its capacity is {format_size(capacity)}"
            )
            related = tuple(("nodes", name, "cached", image) for image in held)
            yield Problem(path, message, related=(*related, *(("images", image) for image in held)))


def range_problems(document: Document) -> Iterator[Problem]:
    """Layers in more ranges, or pieces of swarms, than are worth simulating, each with a request of its own."""
    parts = [
        (("nodes", name, "layer_fetch_buffer"), group.layer_fetch_buffer, "ranges", _MOST_RANGES)
        for name, group in document.nodes.items()
        if group.layer_fetch_buffer is not None
    ]
    for name, peers in document.peers.items():
        if peers.profile in SWARMS:
            piece = PEER_PROFILES[peers.profile]["piece"].value if peers.piece is None else peers.piece
            parts.append((("peers", name, "piece"), piece, "pieces", _MOST_PIECES))
    layers_of = layers(document).of if parts else {}
    largest, image = max(
        ((layer.compressed, image) for image, found in layers_of.items() for layer in found), default=(0.0, "")
    )
    for path, size, word, most in parts:
        if largest > most * size:
            least = format_size(1e3 * math.ceil(largest / most / 1e3))
            message = (
                f"{dotted(path)} of {format_size(size)} divides a layer of {format_size(largest)} of '{image}' into "
                f"{math.ceil(largest / size):,} {word}, each of which is simulated; the most is {most:,}: give {least} "
                "or more, or leave it out"
            )
            yield Problem(path, message, related=(("images", image),))


def _kubelet_problems(path: Path, group: GroupSpec, document: Document) -> Iterator[Problem]:
    here = dotted(path)
    most = group.max_parallel_image_pulls
    if group.serialize_image_pulls and most is not None and most > 1:
        message = (
            f"{here} has serialize_image_pulls: true, and max_parallel_image_pulls is {most}; the kubelet allows more "
            "than 1 only with serialize_image_pulls: false"
        )
        at = (*path, "max_parallel_image_pulls")
        yield Problem(at, message, at="key", related=((*path, "serialize_image_pulls"),))
    backoff, gc = group.image_backoff, group.image_gc
    if backoff.initial > backoff.max:
        message = f"'initial' is larger than 'max' in {here}.image_backoff; the first wait is at most the longest"
        yield Problem((*path, "image_backoff", "initial"), message, related=((*path, "image_backoff", "max"),))
    if gc.low >= gc.high:
        message = f"'low' must be below 'high' in {here}.image_gc; Kubernetes' defaults are 80% and 85%"
        yield Problem((*path, "image_gc", "low"), message, related=((*path, "image_gc", "high"),))
    given = set() if group.retry is None else group.retry.model_fields_set
    if has_pods(document):
        for key in (name for name in _CLIENT_KEYS if name in given):
            message = (
                f"{here}.retry has '{key}', which is of clients outside Kubernetes; the pulls of pods are tried again "
                "by their kubelet, as long as it takes: see image_backoff"
            )
            yield Problem((*path, "retry", key), message, at="key", related=(("workloads",), ("rollout", "strategy")))
    else:
        # Who says `times: 0` means it; results have a note on what that leaves without a part.
        for key in (name for name in _CLIENT_KEYS[1:] if name in given and "times" not in given):
            message = (
                f"{here}.retry has '{key}', and no 'times', which is 0 then: a pull that the runtime gives up is not "
                "tried again; add times: 3, or leave it out"
            )
            yield Problem((*path, "retry", key), message, at="key", related=((*path, "retry", "times"),))
        for key in _KUBELET_KEYS:
            if key in group.model_fields_set:
                message = (
                    f"{here} has '{key}', which is the kubelet's, and nodes that pull on their own have none; add "
                    f"'workloads', or a rollout.strategy with pods: {' '.join(KUBERNETES)}"
                )
                yield Problem((*path, key), message, at="key", related=(("workloads",), ("rollout", "strategy")))


def _runtime_problems(path: Path, group: GroupSpec) -> Iterator[Problem]:
    if group.snapshotter is not None and group.runtime not in WITH_SNAPSHOTTERS:
        message = (
            f"{dotted(path)} has a 'snapshotter', which {group.runtime} does not have; allowed with "
            f"runtime: {' '.join(WITH_SNAPSHOTTERS)}"
        )
        help = (
            "layers that CRI-O and Podman fetch in part are partial_images: true" if group.runtime == "cri-o" else None
        )
        yield Problem((*path, "snapshotter"), message, help, at="key", related=((*path, "runtime"),))
    if group.partial_images and group.runtime != "cri-o":
        message = (
            f"{dotted(path)} has 'partial_images', which {group.runtime} cannot do; CRI-O and Podman can "
            "(runtime: cri-o)"
        )
        help = "containerd's way to fetch layers in part is a snapshotter"
        yield Problem((*path, "partial_images"), message, help, at="key", related=((*path, "runtime"),))
    for key, since in OF_CONTAINERD.items():
        if getattr(group, key) is not None and group.runtime != "containerd":
            message = f"{dotted(path)} has '{key}', which {group.runtime} cannot do; containerd {since} and later can"
            yield Problem((*path, key), message, at="key", related=((*path, "runtime"),))
    if group.recheck_requests is not None:
        requests = group.resolve_requests or PROFILES[group.runtime]["resolve_requests"].value
        if group.recheck_requests > requests:
            message = f"{dotted(path)}.recheck_requests are {group.recheck_requests} of {requests} resolve_requests"
            help = f"recheck_requests of at most {requests}, or more resolve_requests"
            yield Problem((*path, "recheck_requests"), message, help, related=((*path, "resolve_requests"),))
