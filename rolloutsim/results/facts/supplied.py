"""What caches, peers and copies to mirrors did, and whom nodes asked, in columns as those of `records`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from rolloutsim.results.facts.columns import Codes, Counts, Flags, Ids, Shorts, Times, empty
from rolloutsim.structs import struct


@struct(eq=False)
class Fills:
    """One row a layer that a cache fetched for its store, or that was copied to a mirror.

    One that passed to a client is a fetch of that client.
    """

    cache: Ids  # or mirror: index into CaseRecords.sources, as `upstream`
    upstream: Ids  # that it came from: what the upstream has, or passed on
    layer: Ids
    asked: Times
    started: Times
    ended: Times  # when all of it was there, or it was cut
    bytes: Times


@struct(eq=False)
class Waited:
    """Seconds in which a source did not have what it was asked for, by cause.

    Of a fetch they lie in connected..started, of a pull in asked..resolved: its manifests were waited for.
    """

    is_fetch: Flags
    activity: Ids
    cause: Codes  # index into CaseRecords.causes
    seconds: Times


@struct(eq=False)
class CacheRecords:
    """One row a cache: requests for layers and their bytes."""

    source: Ids  # index into CaseRecords.sources
    hits: Counts
    hit_bytes: Times
    misses: Counts
    missed_bytes: Times
    waits: Counts  # of the misses, those that waited for a fetch that ran already
    evicted: Times  # bytes that made room for others


@struct(eq=False)
class CacheRequests:
    """One row a request of a cache to its upstream, refused ones included."""

    cache: Ids  # index into CaseRecords.sources, as `upstream`
    upstream: Ids
    what: Shorts  # index into UPSTREAM
    time: Times


# What a cache asks its upstream for: the tag's manifest by HEAD, ..., and how to authenticate.
UPSTREAM = ("tags", "manifests", "configs", "layers", "pings", "heads")


@struct(eq=False)
class Uploads:
    """One row a fetch that another node served; a fetch has several where one node after the other did."""

    fetch: Ids
    source: Ids  # index into CaseRecords.sources: the peers that the node is one of
    node: Ids
    bytes: Times  # that came from this node


@struct(eq=False)
class Outlets:
    """One row a source: who is asked for what comes from there, and which source it comes from to who does not have it.

    Both are indices into CaseRecords.sources; an origin of -1: it is there.
    """

    server: Ids
    origin: Ids


@struct(eq=False)
class HostRequests:
    """One row a pull and host that it asked for manifests, token and config.

    A pull without a row asked the registry of its image.
    """

    pull: Ids
    source: Ids  # index into CaseRecords.sources
    count: Ids


@struct(eq=False)
class Parts:
    """One row a connection of a fetch that broke: the bytes that had come, maybe not from where the rest came."""

    fetch: Ids
    source: Ids  # index into CaseRecords.sources
    bytes: Times


@struct(eq=False)
class CopyRecords:
    """One row an image that is to be copied to a mirror while the simulation runs."""

    mirror: Ids  # index into CaseRecords.sources
    image: Ids  # index into CaseRecords.images
    began: Times  # when it was first asked for; NaN: never
    complete: Times  # when its manifest was there; NaN: not by the rollout's end
    bytes: Times  # that came for it, broken streams included
    failures: Ids  # of its blobs and manifests
    given_up: Flags  # it failed for good

    def __bool__(self) -> bool:
        return len(self.mirror) > 0


@struct(eq=False)
class Supply:
    """What caches and peers did, whom nodes asked before the last of their hosts; empty where there are none."""

    fills: Fills
    waited: Waited
    caches: CacheRecords
    cache_requests: CacheRequests = field(default_factory=lambda: empty(CacheRequests))
    asked: HostRequests = field(default_factory=lambda: empty(HostRequests))
    parts: Parts = field(default_factory=lambda: empty(Parts))
    outlets: Outlets = field(default_factory=lambda: empty(Outlets))
    uploads: Uploads = field(default_factory=lambda: empty(Uploads))
    nobody: Mapping[str, int] = field(default_factory=dict)  # by peers: look-ups that found nobody
    copied: CopyRecords = field(default_factory=lambda: empty(CopyRecords), metadata={"unless_empty": True})

    def __bool__(self) -> bool:
        return len(self.outlets.server) > 0


NO_SUPPLY = Supply(empty(Fills), empty(Waited), empty(CacheRecords))
