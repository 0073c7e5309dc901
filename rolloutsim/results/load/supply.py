"""Where the bytes came from: what each registry, mirror, cache and peer sent, and what crossed the upstreams of caches.

bytes by source
    What nodes received, by the kind of the source (`rolloutsim.scenario.sources`): of a body that broke, each part
    counts where it came from; of what came in pieces, what registries sent as seeds counts as theirs.
sent bytes
    All layers that left a server: to nodes, to caches that passed them on, to caches for their stores, and as a seed of
    swarms. Of a registry that is its egress.
hit ratio
    Of the requests for layers that reached caches, those for layers that were in the store; and the same of bytes. A
    request that waits for a layer that is being fetched is none.
upstream copies
    Bytes of a layer that came into a cache / its size, over all layers of which any came: 1 is the least that a cache
    without it can do. Each layer counts alike, whatever its size; how many bytes came is `upstream_bytes`.

All of it is exact: counted in the simulation, and summed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.results.facts.intervals import mean
from rolloutsim.results.facts.records import derived, known, ratio
from rolloutsim.results.load.again import comes_again
from rolloutsim.results.load.peers import Seeding, Uploads, seeded, uploads_of
from rolloutsim.results.load.requests import Asked, by_status
from rolloutsim.results.load.throughput import received_by
from rolloutsim.scenario.routes import outlets
from rolloutsim.scenario.sources import PEER, REGISTRY, SOURCE_KINDS, has_hosts, kind_of
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.columns import Times
    from rolloutsim.results.facts.grouped import Rows
    from rolloutsim.results.facts.records import CaseRecords, Run
    from rolloutsim.results.facts.supplied import Outlets
    from rolloutsim.scenario.resolved import Peers, Registry, ResolvedScenario


@struct
class Copies:
    """How often layers crossed a place, in copies: the mean over those that did, each counting alike, and the most."""

    mean: float
    max: float


@struct
class ServerSummary:
    """What a registry, mirror or cache was asked, and what it sent."""

    server: str
    kind: str  # `registry`, `mirror`, `cache` or `peers`
    called: str  # the key of the scenario that it comes from, of which there may be one in each rack or site
    requests: int  # to it, of nodes and of caches, refused ones included
    bytes: float  # that nodes received from it, or through it [B]
    # Of these, what it did not pass on: a cache had it, or was fetching it for its store; of peers, what did not come
    # from seeds [B].
    held_bytes: float
    sent_bytes: float  # all of layers that left it, to caches and swarms and for lazy reads as well [B]
    refused: Mapping[str, int]  # requests by answer, as in `registries`
    lost_s: float  # what pulls lost with it until they asked the next host, all together [s]
    lacks: tuple[str, ...]  # of the images that nodes pull, those of which a mirror does not have all
    cache: CacheSummary | None = None  # what only a cache has; left out of others
    uploads: Uploads | None = None  # what only peers have that hand over whole layers
    seeding: Seeding | None = None  # what only peers have that hand over pieces
    copied: CopiedSummary | None = None  # what came to a mirror while the simulation ran; left out of others

    @property
    def seeded_bytes(self) -> float | None:
        """What its seeds sent; None: it is no swarm [B]."""
        return None if self.seeding is None else self.seeding.seeded_bytes


@struct
class CacheSummary:
    """What came out of a cache's store, and into it."""

    hits: int  # requests for layers that were in the store
    misses: int  # the others
    waits: int  # of the misses, those that waited for a layer that was being fetched already
    hit_ratio: float | None  # hits / requests for layers [1]; None: there were none
    byte_hit_ratio: float | None  # the same of bytes [1]
    upstream_requests: int  # its own, for tags, manifests, configs, layers
    upstream_bytes: float  # that came from its upstream, kept or passed on [B]
    upstream_copies: Copies | None  # None: nothing came
    distinct_bytes: float  # of these, one copy of each layer [B]
    evicted_bytes: float  # that made room for others [B]
    profile: str  # the product that it is like
    coalesce: str  # what becomes of requests for a layer that is being fetched: `none`, `lock`, `stream`
    upstream: str  # the server that it asks
    comes_again: Mapping[str, float]  # limits for which layers came again: `rolloutsim.results.load.again`


@struct
class CopiedImage:
    """An image that was to be copied to a mirror; times are from the rollout's start on."""

    image: str
    began_s: float | None  # when it was first asked for [s]; None: never
    complete_s: float | None  # when the mirror began to serve its tag [s]; None: not by the rollout's end
    bytes: float  # that came for it, broken streams included [B]
    failures: int  # of its blobs and manifests
    given_up: bool  # it failed for good


@struct
class CopiedSummary:
    """How images came to a mirror while the simulation ran."""

    complete_s: float | None  # when all of them were there [s]; None: not by the rollout's end
    copy_time_s: float | None  # from when the first was asked for until then [s]
    bytes: float  # that came [B]
    images: tuple[CopiedImage, ...]


@struct
class ImageCopies:
    """How often the layers of an image left its registry."""

    image: str
    copies: Copies | None  # None: none of them did


@struct
class SupplySummary:
    """Where the bytes of a case came from."""

    bytes_by_source: Mapping[str, float]  # that nodes received, by kind of source [B]
    hit_ratio: float | None  # over all caches [1]; None: they were asked for no layer
    byte_hit_ratio: float | None
    upstream_copies: Copies | None  # over the layers that came into each cache; None: none did
    servers: tuple[ServerSummary, ...]  # registries, then mirrors, then caches, then peers
    images: tuple[ImageCopies, ...]

    @property
    def egress(self) -> float:
        """All layers that left registries [B]."""
        return sum(one.sent_bytes for one in self.servers if one.kind == "registry")


def supply_summary(run: Run, case: CaseRecords) -> SupplySummary | None:
    """Where the bytes of a case came from; None where they came from registries alone, and only to nodes."""
    if not case.supply or not (has_hosts(run.scenario) or case.supply.copied):
        return None
    found, asked = flows_of(case), Asked(case)
    scenario, caches = run.scenario, case.supply.caches
    hits, misses = int(caches.hits.sum()), int(caches.misses.sum())
    registries = {name: number for number, name in enumerate(scenario.registries)}
    layer = {one.digest: number for number, one in enumerate(case.layers)}
    return SupplySummary(
        bytes_by_source=_by_kind(scenario, case, found),
        hit_ratio=_share(hits, misses),
        byte_hit_ratio=_share(float(caches.hit_bytes.sum()), float(caches.missed_bytes.sum())),
        upstream_copies=found.copies(found.entering[caches.source]),
        servers=(
            *(_server(case, found, asked, number, name, scenario) for number, name in enumerate(scenario.servers)),
            *(_peers(scenario, case, found, asked, spec) for spec in scenario.peers.values()),
        ),
        images=tuple(
            ImageCopies(
                image.name, found.copies_of(registries[image.registry], [layer[d.digest] for d in image.layers])
            )
            for image in case.images
        ),
    )


class Flows:
    """The bytes of a case's fetches, caches' fills, and copies for mirrors: tables of sources, or servers, by layer.

    Parameters
    ----------
    case : CaseRecords
        The case; what is worked out of it does not hold it.
    """

    def __init__(self, case: CaseRecords) -> None:
        supply, fetches, parts = case.supply, case.fetches, case.supply.parts
        count, layers = len(case.sources), len(case.layers)
        self.server = supply.outlets.server
        self.sizes = np.array([layer.compressed for layer in case.layers])
        # What came over connections that broke counts where it came from.
        rest = fetches.bytes_done - np.bincount(parts.fetch, parts.bytes, len(fetches.pull))
        source: Rows = np.append(fetches.source, parts.source).astype(np.int64)
        layer: Rows = np.append(fetches.layer, fetches.layer[parts.fetch])
        some = source >= 0
        cells = source[some] * layers + layer[some]
        moved = np.bincount(cells, np.append(rest, parts.bytes)[some], count * layers).astype(np.float64)
        self.fetched: Times = moved.reshape(count, layers)  # that nodes received, by source
        self.leaving: Times = np.zeros((count, layers))  # a server, to nodes and caches
        self.entering: Times = np.zeros((count, layers))  # a cache, kept or passed on; or a mirror
        chains = [_chain(supply.outlets, source) for source in range(count)]
        for number, chain in enumerate(chains):
            self._enter(chain, self.fetched[number])
        fills = supply.fills
        self.seeded = seeded(case, count, layers)  # into swarms, by their source
        self.read = read_from(case)  # on demand and in the background, of layers that are mounted; by registry
        ways, way = np.unique(fills.cache.astype(np.int64) * count + fills.upstream, return_inverse=True)
        filled = np.bincount(way.astype(np.int64) * layers + fills.layer, fills.bytes, len(ways) * layers)
        for each, sizes in zip(ways.tolist(), filled.astype(np.float64).reshape(len(ways), layers), strict=True):
            cache, number = divmod(each, count)
            self.entering[cache] += sizes
            self._enter(chains[number], sizes)

    @property
    def from_seeds(self) -> Times:
        """Of what nodes received from swarms, what came from seeds; these may send what members give up, too."""
        return np.minimum(self.seeded, self.fetched)

    def _enter(self, chain: Sequence[int], sizes: Times) -> None:
        """Bytes leave servers, the last of which has them; the others are caches that pass them on."""
        for place, server in enumerate(chain):
            self.leaving[server] += sizes
            if place + 1 < len(chain):
                self.entering[server] += sizes

    def copies(self, moved: Times) -> Copies | None:
        """Bytes by layer, of one server or several, in copies of the layers of which there are any."""
        some = (moved > 0.0) & (self.sizes > 0.0)
        if not some.any():
            return None
        every = moved[some] / np.broadcast_to(self.sizes, moved.shape)[some]
        return Copies(mean(every.tolist()), float(every.max()))

    def copies_of(self, server: int, layers: Sequence[int]) -> Copies | None:
        """How often some layers left a server."""
        moved = np.zeros(len(self.sizes))
        moved[layers] = self.leaving[server, layers]
        return self.copies(moved)


def read_from(case: CaseRecords) -> Times:
    """What lazy pulls had read by the end of the rollout, from the registries of their images [B]; shape (sources,)."""
    number = {name: place for place, name in enumerate(case.sources)}
    registry = np.array([number.get(image.registry, 0) for image in case.images], np.int64)
    whose = registry[case.pulls.image[case.reads.pull]]
    return np.bincount(whose, case.reads.moved, len(case.sources)).astype(np.float64)


def _chain(found: Outlets, source: int) -> list[int]:
    """The servers that the bytes of a source leave, the one first that is asked for them."""
    chain = []
    while source >= 0:
        chain.append(int(found.server[source]))
        source = int(found.origin[source])
    return chain


@derived
def flows_of(case: CaseRecords) -> Flows:
    """The bytes of a case, by source and layer."""
    return Flows(case)


def sent_by_registries(case: CaseRecords, registries: int) -> float:
    """All of layers that left a scenario's registries, which are the first so many of a case's sources [B]."""
    read = float(case.reads.moved.sum())
    if not case.supply:
        return float(case.fetches.bytes_done.sum()) + read
    return float(flows_of(case).leaving[:registries].sum()) + read


def received_by_kind(scenario: ResolvedScenario, case: CaseRecords, edges: Times) -> dict[str, Times]:
    """The bytes that nodes had received from each kind of source by each of m moments; estimated as `received_by`.

    Of what came in pieces, seeds have the same share at any moment (assumed).
    """
    found, done = flows_of(case), received_by(case, edges)
    seeds = ratio(found.from_seeds.sum(axis=1), found.fetched.sum(axis=1), missing=0.0)
    sums: dict[str, Times] = {}
    for number, outlet in enumerate(outlets(scenario)):
        kind, size = kind_of(scenario, outlet), done[number]
        if kind is PEER:
            sums[REGISTRY.name] = sums.get(REGISTRY.name, 0.0) + seeds[number] * size
            size = (1.0 - seeds[number]) * size
        sums[kind.name] = sums.get(kind.name, 0.0) + size
    return {name: sums[name] for name in SOURCE_KINDS if name in sums}


def _by_kind(scenario: ResolvedScenario, case: CaseRecords, found: Flows) -> dict[str, float]:
    """What nodes received by kind of source, of all kinds that the scenario has [B]."""
    sums: dict[str, float] = {}
    kinds = [kind_of(scenario, outlet) for outlet in outlets(scenario)]
    columns = (found.fetched.sum(axis=1).tolist(), found.from_seeds.sum(axis=1).tolist())
    for kind, size, of_seeds in zip(kinds, *columns, strict=False):
        of_seeds = of_seeds if kind is PEER else 0.0
        sums[kind.name] = sums.get(kind.name, 0.0) + size - of_seeds
        sums[REGISTRY.name] = sums.get(REGISTRY.name, 0.0) + of_seeds
    if case.reads:
        sums[REGISTRY.name] = sums.get(REGISTRY.name, 0.0) + float(found.read.sum())
    return {name: sums[name] for name in SOURCE_KINDS if name in sums}


def _server(
    case: CaseRecords, found: Flows, asked: Asked, number: int, name: str, scenario: ResolvedScenario
) -> ServerSummary:
    read = float(found.read[number])
    return ServerSummary(
        server=name,
        kind="registry" if name in scenario.registries else "mirror" if name in scenario.mirrors else "cache",
        called=scenario.server(name).called or name,
        requests=asked.count(number),
        bytes=float(found.fetched[found.server == number].sum()) + read,
        held_bytes=float(found.fetched[number].sum()) + read,
        sent_bytes=float(found.leaving[number].sum()) + read,
        refused=by_status(asked.refusals, asked.refused.of(number)),
        lost_s=_lost(case, number),
        lacks=_lacking(case, scenario.server(name)),
        cache=_cache(case, found, number, scenario.server(name)),
        copied=_copied(case, number),
    )


def _copied(case: CaseRecords, number: int) -> CopiedSummary | None:
    """What came to a mirror; None: nothing was to come."""
    rows = case.supply.copied
    own = np.flatnonzero(rows.mirror == number)
    if not len(own):
        return None
    images = tuple(
        CopiedImage(
            image=case.images[rows.image[row]].name,
            began_s=known(rows.began[row]),
            complete_s=known(rows.complete[row]),
            bytes=float(rows.bytes[row]),
            failures=int(rows.failures[row]),
            given_up=bool(rows.given_up[row]),
        )
        for row in own.tolist()
    )
    complete = known(float(rows.complete[own].max()))
    return CopiedSummary(
        complete_s=complete,
        copy_time_s=None if complete is None else complete - float(rows.began[own].min()),
        bytes=float(rows.bytes[own].sum()),
        images=images,
    )


def _peers(scenario: ResolvedScenario, case: CaseRecords, found: Flows, asked: Asked, spec: Peers) -> ServerSummary:
    number = case.sources.index(spec.name)
    members = np.array([spec.name in group.hosts for group in scenario.groups], np.bool_)[case.node_group]
    swarm, got = spec.swarm, float(found.fetched[number].sum())
    own = got if swarm is None else got - float(found.from_seeds[number].sum())
    return ServerSummary(
        server=spec.name,
        kind="peers",
        called=spec.name,
        requests=asked.count(number),
        bytes=got,
        held_bytes=own,
        sent_bytes=own,
        refused=by_status(asked.refusals, asked.refused.of(number)),
        lost_s=_lost(case, number),
        lacks=(),
        uploads=uploads_of(case, number, spec, members) if swarm is None else None,
        seeding=None if swarm is None else _seeding(case, found, number),
    )


def _seeding(case: CaseRecords, found: Flows, number: int) -> Seeding:
    requests = case.supply.cache_requests
    return Seeding(float(found.seeded[number].sum()), int(np.count_nonzero(requests.cache == number)))


def _lost(case: CaseRecords, number: int) -> float:
    lost = case.orchestration.lost
    return float(lost.seconds[lost.host == number].sum()) if len(lost.host) else 0.0


def _lacking(case: CaseRecords, server: Registry) -> tuple[str, ...]:
    """Images of a case of which a mirror does not have all layers, nor gets them."""
    if server.holds is None or server.caching is not None:
        return ()
    comes = () if server.copied is None else server.copied.images
    pulled = [case.images[image] for image in np.unique(case.pulls.image).tolist()]
    held = {digest for digests in server.holds.values() for digest in digests}
    return tuple(
        image.name
        for image in pulled
        if image.registry in server.mirrors
        and image.name not in comes
        and (image.name not in server.holds or any(layer.digest not in held for layer in image.layers))
    )


def _cache(case: CaseRecords, found: Flows, number: int, server: Registry) -> CacheSummary | None:
    spec = server.caching
    if spec is None:
        return None
    caches, entered = case.supply.caches, found.entering[number]
    for row in np.flatnonzero(caches.source == number).tolist():
        evicted = float(caches.evicted[row])
        return CacheSummary(
            hits=int(caches.hits[row]),
            misses=int(caches.misses[row]),
            waits=int(caches.waits[row]),
            hit_ratio=_share(int(caches.hits[row]), int(caches.misses[row])),
            byte_hit_ratio=_share(float(caches.hit_bytes[row]), float(caches.missed_bytes[row])),
            upstream_requests=int(np.count_nonzero(case.supply.cache_requests.cache == number)),
            upstream_bytes=float(entered.sum()),
            upstream_copies=found.copies(entered),
            distinct_bytes=float(found.sizes[entered > 0.0].sum()),
            evicted_bytes=evicted,
            profile=spec.profile,
            coalesce=spec.coalesce,
            upstream=spec.upstream,
            comes_again=comes_again(case, number, server, spec, entered, found.sizes, evicted),
        )
    return None


def _share(part: float, rest: float) -> float | None:
    return part / (part + rest) if part + rest else None


@struct
class FamilySummary:
    """Servers of one key, one in each rack or site, together; one that stands alone is a family, too."""

    called: str
    kind: str
    servers: int
    caches: tuple[CacheSummary, ...]
    lacks: tuple[str, ...]
    requests: float
    bytes: float
    held_bytes: float
    sent_bytes: float
    refused: Mapping[str, float]
    lost: float  # [s]
    hit_ratio: float | None
    upstream_bytes: float | None  # None: they are no caches
    upstream_copies: Copies | None  # the mean over them, and the most of one
    uploads: Uploads | None = None  # of peers, as of a server
    seeding: Seeding | None = None
    copied: tuple[CopiedSummary, ...] = ()  # of mirrors that are copied to

    @property
    def words(self) -> str:
        """What it is called: `rack-cache (40 caches)`."""
        if self.kind == "registry":
            return self.called
        if self.kind == "peers":
            return f"{self.called} (peers)"
        return f"{self.called} ({self.kind if self.servers == 1 else f'{self.servers} {self.kind}s'})"


def families(summary: SupplySummary) -> tuple[FamilySummary, ...]:
    """The servers of a case put together by their keys."""
    members: dict[tuple[str, str], list[ServerSummary]] = {}
    for one in summary.servers:
        members.setdefault((one.kind, one.called), []).append(one)
    return tuple(_family(kind, called, several) for (kind, called), several in members.items())


def _family(kind: str, called: str, several: Sequence[ServerSummary]) -> FamilySummary:
    caches = [one.cache for one in several if one.cache is not None]
    copies = [one.upstream_copies for one in caches if one.upstream_copies is not None]
    refused: dict[str, float] = {}
    for one in several:
        for status, count in one.refused.items():
            refused[status] = refused.get(status, 0) + count
    return FamilySummary(
        called=called,
        kind=kind,
        servers=len(several),
        caches=tuple(caches),
        copied=tuple(one.copied for one in several if one.copied is not None),
        lacks=tuple(dict.fromkeys(image for one in several for image in one.lacks)),
        requests=sum(one.requests for one in several),
        bytes=sum(one.bytes for one in several),
        held_bytes=sum(one.held_bytes for one in several),
        sent_bytes=sum(one.sent_bytes for one in several),
        refused=refused,
        lost=sum(one.lost_s for one in several),
        hit_ratio=_share(sum(one.hits for one in caches), sum(one.misses for one in caches)) if caches else None,
        upstream_bytes=sum(one.upstream_bytes for one in caches) if caches else several[0].seeded_bytes,
        upstream_copies=Copies(mean([one.mean for one in copies]), max(one.max for one in copies)) if copies else None,
        uploads=several[0].uploads,
        seeding=several[0].seeding,
    )
