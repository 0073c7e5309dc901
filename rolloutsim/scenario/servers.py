"""Racks and sites of a document, its registries, and the caches and mirrors that stand there, one by one.

A key of `caches` or `mirrors` makes one server of its own name, or one in each rack or site, `<name>-<rack>`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from rolloutsim.scenario.copied import BEFORE
from rolloutsim.scenario.model import REGISTRY, CacheSpec, Document, GroupSpec, MirrorSpec, RegistrySpec
from rolloutsim.scenario.model.caches import IN_CORE, IN_EACH
from rolloutsim.scenario.places import Path
from rolloutsim.scenario.swarms import SWARMS
from rolloutsim.structs import struct


@struct
class Server:
    """A cache or mirror: its name, that of its key, the rack where it stands (None: the core), and what it has."""

    name: str
    called: str
    rack: str | None
    spec: CacheSpec | MirrorSpec
    path: Path


def registries(document: Document) -> dict[str, RegistrySpec]:
    """The registries by name; a scenario that gives none has one with all defaults."""
    return document.registries or {REGISTRY: document.registry or _with_all_defaults()}


@lru_cache(1)
def _with_all_defaults() -> RegistrySpec:
    return RegistrySpec()


def registry_path(document: Document, name: str) -> Path:
    """Where the registry stands in the file."""
    return ("registries", name) if document.registries is not None else ("registry",)


def asks_swarm(group: GroupSpec, document: Document) -> bool:
    """Whether a group's nodes have a swarm among their hosts."""
    return any(host in document.peers and document.peers[host].profile in SWARMS for host in group.hosts)


def racks_of(name: str, group: GroupSpec) -> tuple[str, ...]:
    """The racks over which a group's nodes are spread; sites are racks, far away."""
    if isinstance(group.sites, int):
        digits = max(3, len(str(group.sites - 1)))
        return tuple(f"{name}-site-{number:0{digits}d}" for number in range(group.sites))
    return group.sites or group.racks


def racks(document: Document) -> list[str]:
    """The racks that the groups name, in their order; sites are others."""
    return list(dict.fromkeys(rack for group in document.nodes.values() for rack in group.racks))


def sites(document: Document) -> list[str]:
    """The sites of the groups, in their order."""
    spread = (racks_of(name, group) for name, group in document.nodes.items() if group.sites is not None)
    return list(dict.fromkeys(site for several in spread for site in several))


def specs(document: Document) -> Iterator[tuple[Path, CacheSpec | MirrorSpec]]:
    """What is said of each mirror and cache, and where."""
    for name, mirror in document.mirrors.items():
        yield ("mirrors", name), mirror
    for name, cache in document.caches.items():
        yield ("caches", name), cache


def instances(document: Document) -> dict[str, Server]:
    """Every mirror, then every cache, by name."""
    return {server.name: server for server in each_server(document)}


def each_server(document: Document) -> Iterator[Server]:
    """Every mirror, then every cache; of a document that is not checked, two may have one name."""
    each: Mapping[str, list[str]] = {}
    if document.mirrors or document.caches:
        each = dict(zip(IN_EACH, (racks(document), sites(document)), strict=True))
    for path, spec in specs(document):
        name = str(path[-1])
        if spec.place in each:
            for rack in each[spec.place]:
                yield Server(f"{name}-{rack}", name, rack, spec, path)
        else:
            yield Server(name, name, None if spec.place == IN_CORE else spec.place, spec, path)


def server_spec(name: str, document: Document) -> RegistrySpec | None:
    """What is said of the registry, cache or mirror of a name; None: there is none."""
    found = registries(document).get(name)
    if found is None and (server := instances(document).get(name)) is not None:
        return server.spec
    return found


def takes_in(spec: CacheSpec | MirrorSpec) -> bool:
    """Whether images come to a server while the simulation runs: to a cache, or to a mirror that is copied to."""
    return isinstance(spec, CacheSpec) or (spec.copied is not None and spec.copied.on != BEFORE)


def upstream(cache: Server, document: Document, known: Mapping[str, Server]) -> str | None:
    """The registry, mirror or cache that a cache asks, by its own name; None: there is none that it could.

    Of servers of which there is one in each rack it is that of its own.
    """
    named = cache.spec.upstream if isinstance(cache.spec, CacheSpec) else None
    registry = registry_of(named, document)
    if registry is not None or named is None:
        return registry
    for likely in [named] if cache.rack is None else [named, f"{named}-{cache.rack}"]:
        if (found := known.get(likely)) is not None and found.called == named:
            return likely
    there = {server.rack: server.name for server in known.values() if server.called == named}
    return there.get(cache.rack, next(iter(there.values())) if len(there) == 1 else None)


def registry_of(named: str | None, document: Document) -> str | None:
    """The registry of a name, or the only one if there is no name; None: there is no such registry."""
    known = registries(document)
    if named is None:
        return next(iter(known)) if len(known) == 1 else None
    return named if named in known else None


def served(server: Server, document: Document, known: Mapping[str, Server]) -> tuple[str, ...]:
    """The registries whose images a server is asked for: a mirror's own, or those where a cache's upstream ends."""
    seen = {server.name}
    while isinstance(server.spec, CacheSpec):
        above = upstream(server, document, known)
        if above is None or above in seen:
            return ()
        if above not in known:
            return (above,)
        seen.add(above)
        server = known[above]
    of = server.spec.of
    if of is not None:
        return of
    only = registry_of(None, document)
    return () if only is None else (only,)
