"""How a node pulls an image: the ways to the sources that have it, and what each layer costs.

Nodes of a group in one rack go the same ways, so all that can be worked out beforehand (kinds of flows, round trips,
sizes) is worked out once per route and image, in a `Recipe`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from rolloutsim.fleet.sources.source import Source
from rolloutsim.network.links import Kind


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """The way from a node to one source of an image; its round trips are those without queues.

    `before_first_byte` is the time from a connection to a layer's first byte, slow start left out [s].
    """

    source: Source
    kinds: tuple[Kind, ...]  # of a layer's fetch, by the source's replica
    round_trip: float  # [s]
    before_first_byte: float
    layer_trips: float  # round trips in `before_first_byte`
    resolve_time: float  # from asking to the first layer request [s]
    resolve_trips: float  # round trips in `resolve_time`
    buffered: bool  # whether a link on it has a queue
    nic_wait: float  # in the queue of the node's NIC while that binds [s]


@dataclass(frozen=True, slots=True)
class LayerStep:
    """One layer of an image; `unpack` is None where unpacking takes no time."""

    layer: int  # index in the case's layers
    compressed: float
    unpacked: float
    unpack: Kind | None


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a node pulls one image."""

    image: int  # index in the case's images
    steps: tuple[LayerStep, ...]
    ways: tuple[Way, ...]  # to the sources that have it, in the order of preference
    finish_time: float  # from the last layer to the image being ready [s]
    unpacks: bool  # whether layers are unpacked at all
    layers: int  # bit i: layer i of the case is one of the image's


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
