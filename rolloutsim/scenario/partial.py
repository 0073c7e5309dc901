"""What of a layer a pull fetches (all of it, its index only, or what no other layer of the node has), and what of an
image its containers read before they are ready.

A lazy snapshotter mounts a layer by its index; what containers read comes on demand, and the rest later. With partial
images (zstd:chunked) a layer's files that the node has in other layers are copied from there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rolloutsim.scenario.resolved import Image, Layer, NodeGroup


def is_lazy(group: NodeGroup, layer: Layer) -> bool:
    """Whether the nodes of a group mount a layer by its index."""
    snapshotter = group.snapshotter
    return snapshotter is not None and layer.compressed >= snapshotter.least_layer


def is_partial(group: NodeGroup, image: Image) -> bool:
    """Whether the nodes of a group ask for the table of contents of an image's layers, and fetch what they lack."""
    return group.runtime.partial_images and image.reuse is not None


def fetched_size(group: NodeGroup, image: Image, layer: Layer) -> float:
    """What a pull fetches of a layer that the node does not hold [B]."""
    if group.snapshotter is not None and is_lazy(group, layer):
        return layer.compressed * group.snapshotter.index
    if is_partial(group, image):
        return layer.compressed * (1.0 - (image.reuse or 0.0))
    return layer.compressed


def read_first(group: NodeGroup, image: Image) -> float:
    """The share of an image's files on a volume made of a snapshot that its containers read before they are ready [1].

    Those of other volumes can be read at once.
    """
    if group.volume_snapshot is None:
        return 0.0
    return group.volume_snapshot.needed if image.needed is None else image.needed


def needed_share(group: NodeGroup, image: Image) -> float:
    """The share of an image's lazy bytes that its containers read before they are ready [1]."""
    if group.snapshotter is None:
        return 0.0
    return group.snapshotter.needed if image.needed is None else image.needed
