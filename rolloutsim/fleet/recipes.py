"""How a node pulls an image: the ways to the sources that have it, and what each layer costs.

Nodes of a group in one rack go the same ways, so all that can be worked out beforehand (kinds of flows, round trips,
sizes) is worked out once per route and image, in a `Recipe`.

Which layers a node holds stands in words of `WORD` bits, of which it has those that are not zero: what it costs to
ask grows with the layers of the node's own images, not with those of the case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Final

from rolloutsim.fleet.sources.source import Cold, Source
from rolloutsim.network.links import Kind

if TYPE_CHECKING:
    from rolloutsim.fleet.lazy import ReadingKinds
    from rolloutsim.fleet.timeouts import Limits

# Small enough for the quickest of Python's integers (assumed: with two of their digits).
WORD: Final = 60

# Layers of a case: number of the word → its bits.
Layers = dict[int, int]


class Way:
    """The way from a node to one source of an image; its round trips are those without queues.

    Parameters
    ----------
    source : Source
        Where it leads.
    kinds, stored : tuple of Kind
        Of a layer's fetch, by the source's replica; `stored` for layers that do not compress.
    round_trip : float
        There and back [s].
    before_first_byte : float
        The time from a connection to a layer's first byte, slow start left out [s].
    layer_trips : float
        Round trips in `before_first_byte`.
    resolve_time : float
        From asking to the first layer request [s].
    resolve_trips : float
        Round trips in `resolve_time`.
    buffered : bool
        Whether a link on it has a queue.
    nic_wait : float
        In the queue of the node's NIC while that binds [s].
    keeps : int
        Connections that a pull keeps idle for its next layers.
    set_up : float
        What a kept one saves of `before_first_byte` [s].
    set_up_trips : float
        Round trips in `set_up` that meet the queues of the way.
    cold_kinds, cold_stored : tuple of Kind
        The same of layers that are cold where their bytes come from; empty: none is.
    limits : Limits or None
        How long its clients wait; None: as long as it takes, which is never too long.
    number : int
        Of the outlet from which the bytes come, in `rolloutsim.scenario.routes.outlets`; -1: the source's own.
    exits : tuple of tuple of str
        The shared links that bytes cross before they leave the source, by its replica; needed where it is a cache's.
    index_time : float
        The time for the request about a partial layer's table of contents [s].
    reading : ReadingKinds or None
        How lazy layers come after they are mounted; None: there are none.
    store_and_forward : bool
        Whether the runtime gets a layer from a program on its node when that has all of it, and not as it comes.
    keeps_copy : bool
        Whether such a program writes the layer to the node's disk, beside the runtime.
    before : Way or None
        The way by which what a cache passes on comes to it; None: bytes come from the source itself.
    """

    __slots__ = (
        "before_first_byte", "buffered", "cold", "cold_kinds", "cold_stored", "exits", "fallible", "handler",
        "index_time", "keeps", "keeps_copy", "kinds", "layer_trips", "limits", "nic_wait", "number", "reading",
        "resolve_time", "resolve_trips", "round_trip", "set_up", "set_up_trips", "source", "store_and_forward",
        "stored", "unlimited",
    )  # fmt: skip

    def __init__(
        self,
        source: Source,
        kinds: tuple[Kind, ...],
        stored: tuple[Kind, ...],
        round_trip: float,
        before_first_byte: float,
        layer_trips: float,
        resolve_time: float,
        resolve_trips: float,
        buffered: bool,
        nic_wait: float,
        keeps: int = 0,
        set_up: float = 0.0,
        set_up_trips: float = 0.0,
        cold_kinds: tuple[Kind, ...] = (),
        cold_stored: tuple[Kind, ...] = (),
        limits: Limits | None = None,
        number: int = -1,
        exits: tuple[tuple[str, ...], ...] = (),
        index_time: float = 0.0,
        reading: ReadingKinds | None = None,
        store_and_forward: bool = False,
        keeps_copy: bool = False,
        before: Way | None = None,
    ) -> None:
        self.source = source
        # What each request asks of the source, which never changes, stands here, where it is quick to read.
        self.number = source.index if number < 0 else number
        self.handler = source.handler
        self.exits = exits
        self.fallible = source.fallible or (limits is not None and limits.on_requests)
        self.unlimited = source.unlimited and limits is None
        self.limits = limits
        self.kinds = kinds
        self.stored = stored
        self.round_trip = round_trip
        self.before_first_byte = before_first_byte
        self.layer_trips = layer_trips
        self.resolve_time = resolve_time
        self.resolve_trips = resolve_trips
        self.buffered = buffered
        self.nic_wait = nic_wait
        self.keeps = keeps
        self.set_up = set_up
        self.set_up_trips = set_up_trips
        self.cold: Cold | None = source.cold if before is None else before.cold
        self.cold_kinds = cold_kinds
        self.cold_stored = cold_stored
        self.index_time = index_time
        self.reading = reading
        self.store_and_forward = store_and_forward
        self.keeps_copy = keeps_copy

    def kind(self, step: LayerStep, replica: int) -> Kind:
        """The kind of a layer's fetch that begins now."""
        if self.cold is None or not self.cold.is_cold(step.layer):
            return (self.stored if step.stored else self.kinds)[replica]
        return (self.cold_stored if step.stored else self.cold_kinds)[replica]

    def first_byte(self, layer: int) -> float:
        """The time from a connection to a layer's first byte, slow start left out, if it is asked for now [s]."""
        if self.cold is None or not self.cold.is_cold(layer):
            return self.before_first_byte
        return self.before_first_byte + self.cold.time


class LayerStep:
    """One layer of an image.

    Parameters
    ----------
    layer : int
        Its number in the case.
    compressed, unpacked : float
        Its sizes [B].
    unpack : Kind or None
        Of its unpacking; None: that takes no time.
    write_time : float
        What its unpacked files take of the disk [s].
    stored : bool
        Whether it does not compress.
    later : float
        Of a lazy layer, the bytes that come when its index is there, which is what `compressed` is the size of [B].
    has_index : bool
        Whether its table of contents is asked for before the parts of it that are fetched.
    """

    __slots__ = (
        "bit", "compressed", "has_index", "later", "layer", "stored", "unpack", "unpacked", "word", "write_time",
    )  # fmt: skip

    def __init__(
        self,
        layer: int,
        compressed: float,
        unpacked: float,
        unpack: Kind | None,
        write_time: float,
        stored: bool,
        later: float = 0.0,
        has_index: bool = False,
    ) -> None:
        self.layer = layer
        self.word = layer // WORD
        self.bit = 1 << layer % WORD
        self.compressed = compressed
        self.unpacked = unpacked
        self.unpack = unpack
        self.write_time = write_time
        self.stored = stored
        self.later = later
        self.has_index = has_index


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a node pulls one image."""

    image: int  # number in the case
    steps: tuple[LayerStep, ...]
    ways: tuple[Way, ...]  # to the sources that have it, in the order of preference
    finish_time: float  # from the last layer to the image being ready [s]
    unpacks: bool  # whether layers are unpacked at all
    layers: frozenset[int]  # numbers of its layers in the case
    over: Callable[[Kind], Kind] | None = None  # the kind of its layers' flows over a link that only they cross
    needed: float = 0.0  # share of its lazy bytes that containers wait for [1]
    read_from: Way | None = None  # where lazy layers come from, all of which are mounted at the same time; None: none


def words(layers: Iterable[int]) -> Layers:
    """Layers by their numbers, as nodes hold them."""
    found: Layers = {}
    for layer in layers:
        word = layer // WORD
        found[word] = found.get(word, 0) | 1 << layer % WORD
    return found


def expected_rate(kind: Kind, private: tuple[float, ...], flows_on_host: int) -> float:
    """The share that a new flow can expect now: the tightest of its links, its cap and its host's NIC.

    Only slow start asks for it; an estimate suffices, since slow start's delay grows with the logarithm
    of the share.
    """
    rate = kind.cap
    for link in kind.links:
        share = link.level if link.level < inf else link.capacity
        if share < rate:
            rate = share
    for place, _ in kind.usage:
        share = private[place] / (flows_on_host + 1)
        if share < rate:
            rate = share
    return rate
