"""What images take on disks, and what that costs: on the nodes, and once in their registry.

A node keeps the unpacked layers of the images that it pulled, and their compressed layers too if its runtime does
(`Runtime.keeps_compressed`: containerd does, dockerd and CRI-O do not); a layer of several images counts once. A
registry keeps each compressed layer once. Prices are per GB and month.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.results.facts.grouped import Grouped
from rolloutsim.scenario.partial import is_lazy
from rolloutsim.structs import struct
from rolloutsim.units import parse_size

if TYPE_CHECKING:
    import numpy.typing as npt

    from rolloutsim.results.facts.columns import Times
    from rolloutsim.results.facts.grouped import Rows
    from rolloutsim.results.facts.records import CaseRecords, Run
    from rolloutsim.scenario.resolved import NodeGroup, Prices

_GB = parse_size("1 GB")
_EPSILON = 1e-12  # a share may lack its last bits


@struct
class ImageDisk:
    """What one image takes."""

    image: str
    nodes: int  # that pulled it
    compressed_bytes: float  # as it is transferred [B]
    unpacked_bytes: float  # as it is used [B]
    bytes_per_node: float  # what a node keeps of it, the mean over these nodes [B]
    fleet_bytes: float  # what all nodes keep of it; layers that other images have as well are counted with each [B]
    cost_per_month: Mapping[str, float]  # of fleet and registry, by kind of disk (`ssd`, `hdd`) whose price is given


@struct
class NodeDisk:
    """A node whose disk has a capacity: bytes in use before and after the rollout, the most of them, and what image
    garbage collection removed.
    """

    node: str
    capacity_bytes: float
    before_bytes: float
    peak_bytes: float
    after_bytes: float
    collected_bytes: float


@struct
class DiskPressure:
    """Nodes of whose disks less was free than kubelets ask for (`eviction_hard`), and what came of it."""

    nodes: int
    least_free: float  # of the fullest of them [1]
    first_s: float | None  # when the first of them had DiskPressure; None: no kubelet looked at it in time [s]
    evicted_pods: int
    refused_pods: int  # that waited for it to end


@struct
class DiskSummary:
    """What a case's images take on disks."""

    bytes_per_node: float  # what a node keeps of the images that it pulled, the mean over nodes that pulled any [B]
    most_bytes_per_node: float  # the largest of these [B]
    fleet_bytes: float  # what all nodes keep of them [B]
    registry_bytes: float  # their compressed layers [B]
    cost_per_month: Mapping[str, float]  # as of an image
    peak_utilisation: float | None  # how full the fullest disk was [1]; None: no disk has a capacity
    collected_bytes: float  # what image garbage collection removed from all disks [B]
    images: tuple[ImageDisk, ...]
    nodes: tuple[NodeDisk, ...]  # whose disks have a capacity
    pressure: DiskPressure | None = None  # None: there was enough free everywhere


def disk_summary(run: Run, case: CaseRecords) -> DiskSummary:
    """What the images of a case take on disks; its run's scenario knows runtimes and prices."""
    prices = run.scenario.prices
    kept = kept_by_nodes(run, case)
    kept = kept[~np.isnan(kept)]
    keeps, (holding, held) = _keeps(run, case), _held(case)
    lazily: dict[int, tuple[int, float]] = {}
    if any(group.snapshotter is not None for group in run.scenario.groups):
        lazy = _lazy_group(run, case)
        for node, image in zip(holding.tolist(), held.tolist(), strict=True):
            group = lazy[node]
            if group is not None:
                nodes, size = lazily.get(image, (0, 0.0))
                lazily[image] = nodes + 1, size + _kept_lazily(group, case, [image])
        plain = np.array([lazy[node] is None for node in holding.tolist()], np.bool_)
        holding, held = holding[plain], held[plain]
    registry, _ = _sizes(case, range(len(case.images)))
    fleet = float(kept.sum())
    nodes_with_capacity = tuple(_nodes(case))
    return DiskSummary(
        bytes_per_node=float(kept.mean()) if len(kept) else 0.0,
        most_bytes_per_node=float(kept.max(initial=0.0)),
        fleet_bytes=fleet,
        registry_bytes=registry,
        cost_per_month=_cost(prices, fleet + registry),
        peak_utilisation=max((node.peak_bytes / node.capacity_bytes for node in nodes_with_capacity), default=None),
        collected_bytes=sum(node.collected_bytes for node in nodes_with_capacity),
        images=tuple(_images(case, held, keeps[holding], prices, lazily)),
        nodes=nodes_with_capacity,
        pressure=_pressure(run, case),
    )


def kept_by_nodes(run: Run, case: CaseRecords) -> Times:
    """What each node keeps of the images that it pulled [B]; NaN: it pulled none."""
    keeps, (holding, held) = _keeps(run, case), _held(case)
    kept = np.full(len(keeps), np.nan)
    of_images: dict[tuple[int, ...], tuple[float, float]] = {}
    lazy = _lazy_group(run, case)
    by_node = Grouped(holding, len(keeps))
    for node in np.unique(holding).tolist():
        images = tuple(held[by_node.of(node)].tolist())
        if images not in of_images:
            of_images[images] = _sizes(case, images)
        compressed, unpacked = of_images[images]
        group = lazy[node]
        if group is not None:
            kept[node] = _kept_lazily(group, case, images)
            continue
        kept[node] = unpacked + (compressed if keeps[node] else 0.0)
    return kept


def _keeps(run: Run, case: CaseRecords) -> npt.NDArray[np.bool_]:
    """Whether each node's runtime keeps compressed layers."""
    of_groups = [group.runtime.keeps_compressed for group in run.scenario.groups]
    return np.array(of_groups, np.bool_)[case.node_group]


def _held(case: CaseRecords) -> tuple[Rows, Rows]:
    """Which node pulled which image: their numbers, each pair once, in the order of nodes and images."""
    done, count = ~np.isnan(case.pulls.pulled), len(case.images)
    pairs = np.unique(case.pulls.node[done].astype(np.int64) * count + case.pulls.image[done])
    return pairs // max(count, 1), pairs % max(count, 1)


def _sizes(case: CaseRecords, images: Sequence[int]) -> tuple[float, float]:
    """Compressed and unpacked bytes of the distinct layers of images."""
    layers = {layer.digest: layer for number in images for layer in case.images[number].layers}.values()
    # Not `sum`, which is more exact from Python 3.12 on.
    return reduce(add, (one.compressed for one in layers), 0), reduce(add, (one.unpacked for one in layers), 0)


def _lazy_group(run: Run, case: CaseRecords) -> list[NodeGroup | None]:
    """The group of each node that has lazy layers; None of all others."""
    groups = [None if group.snapshotter is None else group for group in run.scenario.groups]
    return [groups[number] for number in case.node_group.tolist()]


def _kept_lazily(group: NodeGroup, case: CaseRecords, images: Sequence[int]) -> float:
    """What a node keeps of images when all is there: lazy layers as they came, others as all nodes keep them [B]."""
    layers = {layer.digest: layer for number in images for layer in case.images[number].layers}.values()
    keeps = group.runtime.keeps_compressed
    return sum(
        layer.compressed if is_lazy(group, layer) else layer.unpacked + (layer.compressed if keeps else 0.0)
        for layer in layers
    )


def _images(
    case: CaseRecords, held: Rows, keeps: npt.NDArray[np.bool_], prices: Prices, lazily: Mapping[int, tuple[int, float]]
) -> Iterator[ImageDisk]:
    """What each image takes; `held` are those that nodes hold, `keeps` whether the node keeps their layers.

    `lazily` is what nodes keep of lazy images: by image, how many they are and their bytes.
    """
    holding = np.bincount(held, minlength=len(case.images)).tolist()
    keeping = np.bincount(held[keeps], minlength=len(case.images)).tolist()
    for number, (nodes, with_layers) in enumerate(zip(holding, keeping, strict=True)):
        compressed, unpacked = _sizes(case, [number])
        lazy_nodes, lazy_bytes = lazily.get(number, (0, 0.0))
        fleet = nodes * unpacked + with_layers * compressed + lazy_bytes
        nodes += lazy_nodes
        yield ImageDisk(
            image=case.images[number].name,
            nodes=nodes,
            compressed_bytes=compressed,
            unpacked_bytes=unpacked,
            bytes_per_node=fleet / nodes if nodes else 0.0,
            fleet_bytes=fleet,
            cost_per_month=_cost(prices, fleet + compressed),
        )


def _cost(prices: Prices, size: float) -> dict[str, float]:
    given = {"ssd": prices.ssd, "hdd": prices.hdd}
    return {kind: size / _GB * price for kind, price in given.items() if price is not None}


def _pressure(run: Run, case: CaseRecords) -> DiskPressure | None:
    """What of the disks became too full."""
    disks, pressures = case.orchestration.disks, case.orchestration.pressures
    storage = [run.scenario.groups[group].storage for group in case.node_group[disks.node].tolist()]
    asked = np.array([0.0 if one is None else one.least_free for one in storage])
    free = 1.0 - disks.peak / disks.capacity
    low = free < asked - _EPSILON
    if not low.any():
        return None
    return DiskPressure(
        nodes=int(low.sum()),
        least_free=max(float(free[low].min()), 0.0),
        first_s=float(pressures.pressed.min()) if len(pressures.pressed) else None,
        evicted_pods=int(pressures.evicted.sum()),
        refused_pods=int(pressures.refused.sum()),
    )


def _nodes(case: CaseRecords) -> Iterator[NodeDisk]:
    d = case.orchestration.disks
    columns = (d.node, d.capacity, d.before, d.peak, d.after, d.collected)
    for node, *rest in zip(*(column.tolist() for column in columns), strict=True):
        yield NodeDisk(case.node_names[node], *rest)
