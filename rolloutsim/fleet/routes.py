"""Where the bytes of a pull pass, and what each layer of an image costs there.

Nodes of a group in one rack take the same route from a registry, so all that can be worked out beforehand
(kinds of flows, round trips, sizes) is worked out once per route and image, in a `Recipe`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from rolloutsim.fleet.registry import Connections
from rolloutsim.fleet.service import Service
from rolloutsim.network.links import Kind

# Places of a node's private links in its host's profile.
NIC_IN, DISK, UNPACK = 0, 1, 2


@dataclass(frozen=True, slots=True)
class LayerStep:
    """One layer of an image on one route.

    `before_first_byte` is the time from a connection to the first byte, slow start left out [s];
    `unpack` is None where unpacking takes no time.
    """

    layer: int  # index in the case's layers
    compressed: float
    unpacked: float
    before_first_byte: float
    fetch: Kind
    unpack: Kind | None
    others: tuple[Kind, ...] = ()  # of fetches by the registry's second, third, ... replica
    round_trips: float = 0.0  # of those in `before_first_byte`


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a node on one route pulls one image."""

    image: int  # index in the case's images
    steps: tuple[LayerStep, ...]
    connections: Connections
    resolve_time: float  # from asking to the first layer request [s]
    round_trip: float  # [s]
    finish_time: float  # from the last layer to the image being ready [s]
    unpacks: bool  # whether layers are unpacked at all
    layers: int  # bit i: layer i of the case is one of the image's
    service: Service | None = None  # the registry, where its requests can fail
    resolve_trips: float = 0.0  # round trips in `resolve_time`
    nic_wait: float = 0.0  # in the queue of the node's NIC while that binds [s]


def expected_rate(kind: Kind, private: tuple[float, ...], flows_on_host: int) -> float:
    """The share that a new flow can expect now: the tightest of its links, its cap and its host's NIC.

    Only slow start asks for it; an estimate suffices, since slow start's delay grows with the logarithm
    of the share.
    """
    rate = kind.cap
    for link in kind.links:
        share = link.level if link.level < inf else link.capacity
        rate = min(rate, share)
    for place, _ in kind.usage:
        rate = min(rate, private[place] / (flows_on_host + 1))
    return rate
