"""What images take on disks, and what that costs: on the nodes, and once in their registry.

A node keeps the unpacked layers of the images that it pulled, and their compressed layers too if its runtime does
(`Runtime.keeps_compressed`: containerd does, dockerd and CRI-O do not); a layer of several images counts once. A
registry keeps each compressed layer once. Prices are per GB and month.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.structs import struct
from rolloutsim.units import parse_size

if TYPE_CHECKING:
    import numpy.typing as npt

    from rolloutsim.results.facts.records import CaseRecords, Run
    from rolloutsim.scenario.resolved import Layer, Prices

_GB = parse_size("1 GB")


@struct
class ImageDisk:
    """What one image takes.

    Parameters
    ----------
    image : str
        Its name.
    nodes : int
        Nodes that pulled it.
    compressed_bytes, unpacked_bytes : float
        Its size as it is transferred, and as it is used [B].
    bytes_per_node : float
        What a node keeps of it, the mean over these nodes [B].
    fleet_bytes : float
        What all nodes keep of it [B]; layers that other images have as well are counted with each.
    cost_per_month : mapping of str to float
        Of `fleet_bytes` and the registry's compressed layers, by kind of disk (`ssd`, `hdd`) whose price is given.
    """

    image: str
    nodes: int
    compressed_bytes: float
    unpacked_bytes: float
    bytes_per_node: float
    fleet_bytes: float
    cost_per_month: Mapping[str, float]


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
class DiskSummary:
    """What a case's images take on disks.

    Parameters
    ----------
    bytes_per_node, most_bytes_per_node : float
        What a node keeps of the images that it pulled: the mean over nodes that pulled any, and the largest [B].
    fleet_bytes : float
        What all nodes keep of them [B].
    registry_bytes : float
        Their compressed layers [B].
    cost_per_month : mapping of str to float
        Of fleet and registry, by kind of disk (`ssd`, `hdd`) whose price is given.
    peak_utilisation : float or None
        How full the fullest disk was, as a share of its capacity [1]; None: no disk has a capacity.
    collected_bytes : float
        What image garbage collection removed from all disks [B].
    images : tuple of ImageDisk
        Each image.
    nodes : tuple of NodeDisk
        The nodes whose disks have a capacity.
    """

    bytes_per_node: float
    most_bytes_per_node: float
    fleet_bytes: float
    registry_bytes: float
    cost_per_month: Mapping[str, float]
    peak_utilisation: float | None
    collected_bytes: float
    images: tuple[ImageDisk, ...]
    nodes: tuple[NodeDisk, ...]


def disk_summary(run: Run, case: CaseRecords) -> DiskSummary:
    """What the images of a case take on disks.

    Parameters
    ----------
    run : Run
        The case's, whose scenario knows runtimes and prices.
    case : CaseRecords
        What happened.
    """
    prices = run.scenario.prices
    keeps = np.array([group.runtime.keeps_compressed for group in run.scenario.groups], np.bool_)[case.node_group]
    holds = _holds(case)
    kept = np.zeros(len(holds))
    for images, nodes in _alike(holds):
        layers = _distinct(case, images)
        unpacked, compressed = sum(one.unpacked for one in layers), sum(one.compressed for one in layers)
        kept[nodes] = unpacked + np.where(keeps[nodes], compressed, 0.0)
    pulled = holds.any(axis=1)
    registry = sum(layer.compressed for layer in _distinct(case, range(len(case.images))))
    fleet = float(kept.sum())
    nodes_with_capacity = tuple(_nodes(case))
    return DiskSummary(
        bytes_per_node=float(kept[pulled].mean()) if pulled.any() else 0.0,
        most_bytes_per_node=float(kept.max(initial=0.0)),
        fleet_bytes=fleet,
        registry_bytes=registry,
        cost_per_month=_cost(prices, fleet + registry),
        peak_utilisation=max((node.peak_bytes / node.capacity_bytes for node in nodes_with_capacity), default=None),
        collected_bytes=sum(node.collected_bytes for node in nodes_with_capacity),
        images=tuple(_image(case, number, holds[:, number], keeps, prices) for number in range(len(case.images))),
        nodes=nodes_with_capacity,
    )


def _holds(case: CaseRecords) -> npt.NDArray[np.bool_]:
    """Which nodes (rows) pulled which images (columns)."""
    holds = np.zeros((len(case.node_names), len(case.images)), np.bool_)
    done = ~np.isnan(case.pulls.pulled)
    holds[case.pulls.node[done], case.pulls.image[done]] = True
    return holds


def _alike(holds: npt.NDArray[np.bool_]) -> Iterator[tuple[list[int], npt.NDArray[np.intp]]]:
    """Nodes that hold the same images: these, and the nodes."""
    kinds, kind_of = np.unique(holds, axis=0, return_inverse=True)
    kind_of = kind_of.reshape(-1)
    for number, kind in enumerate(kinds):
        yield np.flatnonzero(kind).tolist(), np.flatnonzero(kind_of == number)


def _distinct(case: CaseRecords, images: Sequence[int]) -> list[Layer]:
    return list({layer.digest: layer for number in images for layer in case.images[number].layers}.values())


def _image(
    case: CaseRecords, number: int, holds: npt.NDArray[np.bool_], keeps: npt.NDArray[np.bool_], prices: Prices
) -> ImageDisk:
    layers = _distinct(case, [number])
    compressed, unpacked = sum(one.compressed for one in layers), sum(one.unpacked for one in layers)
    nodes = int(np.count_nonzero(holds))
    fleet = nodes * unpacked + int(np.count_nonzero(holds & keeps)) * compressed
    return ImageDisk(
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


def _nodes(case: CaseRecords) -> Iterator[NodeDisk]:
    d = case.orchestration.disks
    columns = (d.node, d.capacity, d.before, d.peak, d.after, d.collected)
    for node, *rest in zip(*(column.tolist() for column in columns), strict=True):
        yield NodeDisk(case.node_names[node], *rest)
