"""How long layers take of a node's disk, worked out beforehand: what `rolloutsim.fleet.writing` simulates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolloutsim.scenario.defaults import FILE_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rolloutsim.scenario.resolved import Layer, NodeGroup


def disk_time(group: NodeGroup, layers: Iterable[Layer]) -> float:
    """About how long some layers wait for the disk: until blobs are synced, and for files that memory cannot hold [s].

    Nothing of a blob is written while it arrives, and all files come at once.
    """
    if group.disk is None:
        return 0.0
    waited, size, work = 0.0, 0.0, 0.0
    for layer in layers:
        waited += group.runtime.layer_syncs * group.disk_sync
        waited += layer.compressed / group.disk if group.runtime.syncs_blobs else 0.0
        size += layer.unpacked
        work += write_time(group, layer)
    return waited + (work * max(1.0 - group.dirty_limit / size, 0.0) if size else work)


def write_time(group: NodeGroup, layer: Layer) -> float:
    """What the unpacked files of a layer take of the disk: an operation each, at least [s]."""
    if group.disk is None:
        return 0.0
    files = layer.unpacked / FILE_SIZE if layer.files is None else layer.files
    return max(layer.unpacked / group.disk, 0.0 if group.disk_iops is None else files / group.disk_iops)
