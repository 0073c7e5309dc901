"""What a container runtime does as it pulls, as the simulation takes it: its requests, its slots, and its patience."""

from __future__ import annotations

from dataclasses import field
from typing import Final, Literal

from rolloutsim.structs import struct

# The last requests before the layers: HEAD of the tag, GET of the index, of the platform's manifest, and of the config;
# the others get tokens. containerd core/remotes/docker/resolver.go, core/images/handlers.go.
AFTER_TOKENS: Final = 4
ABOUT_MANIFESTS: Final = AFTER_TOKENS - 1


@struct
class Retry:
    """How a runtime reacts to requests that fail.

    `delays` are the waits before the second, third, ... attempt [s]; when they are used up the pull fails.
    """

    rate_limited: tuple[float, ...] = ()  # after 429
    server_error: tuple[float, ...] = ()  # after 500, 502, 503, 504
    broken: tuple[float, ...] = ()  # after a refused or broken connection
    resumes: bool = True  # a broken body goes on where it broke (Range), else from its beginning
    keeps_partial: bool = True  # a failed pull's unfinished layers are there for the next attempt


@struct
class Timeouts:
    """How long a runtime's HTTP client waits, which then gives the request up; None: as long as it takes [s]."""

    dial: float | None = None  # for TCP's connection
    tls: float | None = None  # from there for the TLS handshake
    header: float | None = None  # from a request that is sent for the header of its answer


@struct
class Runtime:
    """How a node's container runtime pulls: slots, requests and fixed times."""

    name: str
    parallel_layers: int
    slots_per: Literal["node", "image"]  # scope of parallel_layers
    resolve_round_trips: float  # round trips before the first layer request
    resolve_time: float  # the client's own time before the first layer request [s]
    layer_round_trips: float  # round trips before a layer's first byte, set-up included
    layer_time: float  # the client's own time per layer before its first byte [s]
    finish_time: float  # after the last layer is unpacked, before the image is ready [s]
    resolve_requests: int = 6  # manifests, token, config; layers come on top
    recheck_requests: int = 3  # of these the first, which tell whether an image that is there is the newest
    retry: Retry = field(default_factory=Retry)
    layer_fetch_buffer: float | None = None  # a layer is fetched in ranges of this size [B]; None: in one piece
    parallel_unpacks: int = 1  # layers of an image that are unpacked at a time; they are committed in order
    keeps_compressed: bool = True  # whether compressed layers stay on the node's disk
    kept_connections: int = 0  # idle ones that a pull keeps for its next layers; 0: each layer sets up its own
    shares_pulls: bool = False  # pulls of an image that are asked for at the same time are one
    syncs_blobs: bool = True  # whether a layer's bytes are on the disk before it is unpacked
    layer_syncs: int = 0  # synchronous writes that a layer costs besides its own bytes
    decompresses_on_arrival: bool = False  # a body is read only as fast as a core decompresses and hashes it
    timeouts: Timeouts = field(default_factory=Timeouts)
    # The longest sleep between two looks for a layer that another pull of the node fetches [s]; 0: who waits is told.
    ingest_poll: float = field(default=0.0, metadata={"unless_empty": True})
    # Of layers that are compressed as zstd:chunked, only the files that no other layer of the node has are fetched.
    partial_images: bool = field(default=False, metadata={"unless_empty": True})


@struct
class Snapshotter:
    """How a lazy snapshotter mounts layers by their indexes, lets containers read on demand, and fetches the rest.

    Parameters
    ----------
    kind : str
        The product.
    needed : float
        Share of an image's bytes that its containers read before they are ready; an image may have one of its own [1].
    read_size : float
        What one read on demand fetches, compressed [B].
    parallel_reads : int
        Reads on demand that are under way at a time.
    index : float
        Bytes of a layer's index / bytes of the layer [1].
    least_layer : float
        Smaller layers are pulled as without it [B].
    prefetched : float
        Share of the needed bytes that come in one piece, before the others [1].
    background : bool
        Whether the rest is fetched at all.
    background_after : float
        For how long it waits; what from, `pauses` says [s].
    background_rate : float or None
        The most that it takes [B/s]; None: as much as there is.
    background_reads : int
        Requests of it that are under way at a time.
    pauses : str
        When it waits anew: `reads`: after each read on demand and each mount on the node; `mounts`: after each mount
        only; empty: it waits once for each image.
    whole_layers : bool
        Whether one of its requests brings a whole layer, and not `read_size`.
    """

    kind: str
    needed: float
    read_size: float
    parallel_reads: int
    index: float
    least_layer: float
    prefetched: float
    background: bool
    background_after: float
    background_rate: float | None
    background_reads: int
    pauses: Literal["reads", "mounts", ""]
    whole_layers: bool
