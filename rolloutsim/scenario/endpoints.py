"""The links between two endpoints: from a node, a registry or the core to another.

A link of `via` or `network.links` has no direction; a rack's and a node's own links have one each way. Traffic between
two nodes of one rack turns in the rack; below that, it turns where their ways to the core part.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import isinf

from rolloutsim.scenario.hints import did_you_mean, intended
from rolloutsim.scenario.model import Document, GroupSpec, RegistrySpec
from rolloutsim.structs import struct

CORE = "core"


@struct
class Endpoint:
    """An end of traffic: a node (`group`, `index`), a registry, or the core (neither)."""

    name: str
    group: GroupSpec | None = None
    index: int = 0
    registry: RegistrySpec | None = None

    @property
    def rack(self) -> str | None:
        """The node's rack."""
        racks = self.group.racks if self.group is not None else ()
        return racks[self.index % len(racks)] if racks else None

    @property
    def via(self) -> tuple[str, ...]:
        """The shared links between the core and the place, from the core on."""
        if self.group is not None:
            return self.group.via
        return tuple(reversed(self.registry.via)) if self.registry is not None else ()


def place(name: str, document: Document, registries: dict[str, RegistrySpec]) -> Endpoint | None:
    """The place of a name, None where there is none; a group stands for its first node."""
    if name == CORE:
        return Endpoint(name)
    if name in registries:
        return Endpoint(name, registry=registries[name])
    if name in document.nodes:
        return Endpoint(node_name(name, 0, document.nodes[name].count), document.nodes[name])
    group, _, digits = name.rpartition("-")
    spec = document.nodes.get(group)
    if spec is None or not digits.isdecimal() or not digits.isascii() or int(digits) >= spec.count:
        return None
    return Endpoint(name, spec, int(digits)) if name == node_name(group, int(digits), spec.count) else None


def node_name(group: str, index: int, count: int) -> str:
    """The name of a node, as `rolloutsim.scenario.resolved.NodeGroup` has it."""
    return f"{group}-{index:0{max(3, len(str(count - 1)))}d}"


def node_ranges(document: Document) -> list[str]:
    """The nodes of each group, for a message: `web-000 to web-179`."""
    ends = [
        (node_name(group, 0, spec.count), node_name(group, spec.count - 1, spec.count))
        for group, spec in document.nodes.items()
    ]
    return [first if first == last else f"{first} to {last}" for first, last in ends]


def node_help(name: str, document: Document, others: Iterable[str] = (), part: str = "") -> str | None:
    """What is likely meant by the name of a node that is not there, or which is its group's last node.

    Parameters
    ----------
    name : str
        The name.
    document : Document
        The scenario.
    others : iterable of str
        What may stand there beside a node.
    part : str
        What follows the node's name: `.disk`.
    """
    stem, _, digits = name.rpartition("-")
    group = stem if stem in document.nodes else intended(stem, document.nodes)
    if not (digits.isdecimal() and digits.isascii()):
        others = [*others, *(f"{node_name(group, 0, spec.count)}{part}" for group, spec in document.nodes.items())]
    elif group is not None:
        count = document.nodes[group].count
        if int(digits) < count:
            return f"did you mean '{node_name(group, int(digits), count)}{part}'?"
        if group == stem:
            return f"the last node of group '{group}' is {node_name(group, count - 1, count)}"
    return did_you_mean(f"{name}{part}", others)


def links_between(start: Endpoint, end: Endpoint, document: Document) -> tuple[str, ...]:
    """The names of the links from one place to another, in order; links without a limit are left out."""
    if start.group is not None and end.group is not None and start.rack is not None and start.rack == end.rack:
        return (*_out(start, document), *_into(end, document))
    shared = 0
    for ours, theirs in zip(start.via, end.via, strict=False):
        if ours != theirs:
            break
        shared += 1
    up = () if start.rack is None else (f"{start.rack}.up",)
    down = () if end.rack is None else (f"{end.rack}.down",)
    return (
        *_out(start, document),
        *up,
        *reversed(start.via[shared:]),
        *end.via[shared:],
        *down,
        *_into(end, document),
    )


def _out(place: Endpoint, document: Document) -> Iterator[str]:
    """The place's own links on the way out."""
    if place.group is not None and not _unlimited(place.group.nic, document):
        yield f"{place.name}.nic.out"
    if place.registry is not None:
        if not isinf(place.registry.storage):
            yield f"{place.name}.storage"
        if not _unlimited(place.registry.uplink, document):
            yield uplinks(place.name, place.registry)[0]


def _into(place: Endpoint, document: Document) -> Iterator[str]:
    """The place's own links on the way in."""
    if place.group is not None and not _unlimited(place.group.nic, document):
        yield f"{place.name}.nic.in"
    if place.registry is not None and not _unlimited(place.registry.uplink, document):
        yield inbound(place.name)


def uplinks(name: str, registry: RegistrySpec) -> tuple[str, ...]:
    """The names of the uplinks of a registry's replicas."""
    if registry.replicas == 1:
        return (f"{name}.uplink",)
    return tuple(f"{name}-{number}.uplink" for number in range(registry.replicas))


def inbound(name: str) -> str:
    """The name of the link into a registry."""
    return f"{name}.uplink.in"


def _unlimited(rate: float | None, document: Document) -> bool:
    given = rate if rate is not None else document.network.rate
    return given is None or isinf(given)
