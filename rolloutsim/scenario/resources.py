"""What each node has for itself and pulls pass through, declared once: its NIC, its disk, its decompressor.

The place of a resource in `RESOURCES` is its place in the profile of a host on the network; those that no pull uses
come last, and are there for background traffic only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.scenario.resolved import Layer, NodeGroup


@struct
class Resource:
    """One resource of a node.

    Parameters
    ----------
    part : str
        What follows a node's name in the name of this link: `web-007.nic.in`.
    cause : str
        What it is called where it limits a rate.
    capacity : callable
        Its capacity on the nodes of a group [B/s]; None: no limit.
    fetched : bool
        Whether the bytes of a layer pass through it as they arrive.
    unpacked : callable
        The bytes that pass through it when a layer is unpacked [B].
    """

    part: str
    cause: str
    capacity: Callable[[NodeGroup], float | None]
    fetched: bool
    unpacked: Callable[[Layer], float]


def _decompressor(group: NodeGroup) -> float | None:
    return None if group.unpack_rate is None else group.unpack_rate * group.unpack_cores


RESOURCES = (
    Resource("nic.in", "nic", lambda group: group.nic, True, lambda layer: 0.0),
    Resource("disk", "disk", lambda group: group.disk, True, lambda layer: layer.unpacked),
    Resource("unpack", "unpack", _decompressor, False, lambda layer: layer.compressed),
    Resource("nic.out", "nic", lambda group: group.nic, False, lambda layer: 0.0),
)
NIC_IN, DISK, UNPACK, NIC_OUT = range(len(RESOURCES))
PULLED = RESOURCES[:NIC_OUT]  # what pulls use
