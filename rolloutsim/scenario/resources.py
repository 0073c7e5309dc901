"""What each node has for itself and pulls pass through, declared once, and how its links and others are named.

The place of a resource in `RESOURCES` is its place in the profile of a host on the network; those that no pull uses
come last, and are there for background traffic only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from rolloutsim.scenario.causes import DISK as DISK_CAUSE
from rolloutsim.scenario.causes import NIC as NIC_CAUSE
from rolloutsim.scenario.causes import PULL_CAP as PULL_CAP_CAUSE
from rolloutsim.scenario.causes import UNPACK as UNPACK_CAUSE
from rolloutsim.scenario.causes import Cause
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.scenario.model import GroupSpec
    from rolloutsim.scenario.places import Path
    from rolloutsim.scenario.resolved import Layer, NodeGroup


@struct
class Resource:
    """One resource of a node.

    Parameters
    ----------
    part : str
        What follows a node's name in the name of this link: `web-007.nic.in`.
    cause : Cause
        What it is where it limits a rate.
    noun : str
        One of it in words.
    key : tuple of str
        Where its rate stands in a group of the file.
    given : callable
        That rate [B/s]; None: as the network's.
    is_network : bool
        Whether it is a part of the network: the ideal model has it, and people give its rate in bits.
    capacity : callable
        Its capacity on the nodes of a group [B/s]; None: no limit.
    fetched : bool
        Whether the bytes of a layer pass through it as they arrive.
    unpacked : callable
        The bytes that pass through it when a layer is unpacked [B].
    crossed : bool
        Whether background traffic can cross it, which shares it byte for byte: a decompressor reads fewer bytes
        than the flow that unpacks a layer moves.
    """

    part: str
    cause: Cause
    noun: str
    key: tuple[str, ...]
    given: Callable[[GroupSpec], float | None]
    is_network: bool
    capacity: Callable[[NodeGroup], float | None]
    fetched: bool
    unpacked: Callable[[Layer], float]
    crossed: bool = True


def _decompressor(group: NodeGroup) -> float | None:
    return None if group.unpack_rate is None else group.unpack_rate * group.unpack_cores


_NIC = Resource(
    "nic.in", NIC_CAUSE, "NIC", ("nic",), lambda spec: spec.nic, True, lambda group: group.nic, True, lambda layer: 0.0
)
RESOURCES = (
    _NIC,
    Resource(
        "disk", DISK_CAUSE, "disk", ("disk",), lambda spec: spec.disk.rate, False,
        lambda group: group.disk, True, lambda layer: layer.unpacked,
    ),
    Resource(
        "unpack", UNPACK_CAUSE, "core", ("unpack", "rate"), lambda spec: spec.unpack.rate, False,
        _decompressor, False, lambda layer: layer.compressed, False,
    ),
    Resource(
        "pull_cap", PULL_CAP_CAUSE, "pull cap", ("pull_cap",), lambda spec: spec.pull_cap, True,
        lambda group: group.pull_cap, True, lambda layer: 0.0, False,
    ),
    replace(_NIC, part="nic.out", fetched=False),
)  # fmt: skip
NIC_IN, DISK, UNPACK, PULL_CAP, NIC_OUT = range(len(RESOURCES))
PULLED = RESOURCES[:NIC_OUT]  # what pulls use
PARTS = {one.part: one for one in sorted(RESOURCES, key=lambda one: not one.is_network)}  # of a node's own links

# The keys of other rates that people give in bytes: of storage, and of one connection.
_IN_BYTES = ("storage", "connection_cap")
_OF_SOURCES = (("first_fetch", "rate"), ("volume_snapshot", "rate"))


def in_bytes(path: Path) -> bool:
    """Whether people give the rate at a path of the file in bytes; the others are a network's, in bits."""
    parts = (one.key[0] for one in RESOURCES if not one.is_network)
    if path[-2:] in _OF_SOURCES:
        return True
    owners = path[0] in ("nodes", "caches")  # of disks
    return path[-1] in _IN_BYTES or owners and any(part in path[2:] for part in parts)


@struct
class LinkName:
    """The name of a link, taken apart: `web-007.nic.in` is the part `nic.in` of the owner `web-007`.

    Parameters
    ----------
    owner : str
        A node or its group, a rack or site, a registry or its replica, or what pushes; the name of any other link.
    part : str
        Which of the owner's links; empty for any other link.
    """

    owner: str
    part: str = ""

    @classmethod
    def of(cls, name: str) -> LinkName:
        """The link of a name."""
        owner, _, last = name.rpartition(".")
        before, _, middle = owner.rpartition(".")
        for start, part in ((before, f"{middle}.{last}"), (owner, last)):
            if part in _ALL_PARTS and name != part:
                return cls(start, part)
        return cls(name)

    def __str__(self) -> str:
        return f"{self.owner}.{self.part}" if self.part else self.owner

    @property
    def group(self) -> str | None:
        """The group that a node's or a group's own link is named after, None for any other link."""
        return re.sub("(?<=.)-[0-9]+$", "", self.owner) if self.part in PARTS else None


# Kinds of links to where nodes stand: each rack and each site has one in either direction.
PLACES = ("rack", "site")
_ALL_PARTS = frozenset((*PARTS, "uplink", "uplink.in", "storage", "up", "down"))
