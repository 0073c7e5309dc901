"""Contradictions in caches and mirrors, and in the order in which nodes ask them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping

from rolloutsim.scenario.checks.common import image_list_problems
from rolloutsim.scenario.hints import did_you_mean, listing
from rolloutsim.scenario.links import CORE
from rolloutsim.scenario.model import CacheSpec, CopiedSpec, Document, GroupSpec, MirrorSpec
from rolloutsim.scenario.model.caches import IN_EACH
from rolloutsim.scenario.places import Path, Problem, dotted, unknown
from rolloutsim.scenario.servers import (
    Server,
    each_server,
    instances,
    racks,
    racks_of,
    registries,
    registry_path,
    served,
    sites,
    specs,
    takes_in,
    upstream,
)


def server_problems(document: Document) -> Iterator[Problem]:
    """What is wrong with caches and mirrors as a whole."""
    if not document.caches and not document.mirrors:
        return
    yield from _name_problems(document)
    known = instances(document)
    for path, spec in specs(document):
        yield from _place_problems((*path, "in"), spec.place, document)
        if isinstance(spec, MirrorSpec):
            yield from _mirror_problems(path, spec, document)
        else:
            yield from _upstream_problems(path, spec, document, known)
    yield from _circle_problems(document, known)


def _name_problems(document: Document) -> Iterator[Problem]:
    """Two things of one name, of which hosts, links and failures could not say which they mean."""
    owners: dict[str, tuple[str, Path]] = {CORE: ("the network's core", ())}
    owners |= {name: ("a registry", registry_path(document, name)) for name in registries(document)}
    owners |= {name: ("a group of nodes", ("nodes", name)) for name in document.nodes}
    owners |= dict.fromkeys(racks(document), ("a rack", ("nodes",)))
    owners |= dict.fromkeys(sites(document), ("a site", ("nodes",)))
    kinds = {"mirrors": "a mirror", "caches": "a cache", "peers": "peers"}
    for path in (*(path for path, _ in specs(document)), *(("peers", name) for name in document.peers)):
        name, what = str(path[-1]), kinds[str(path[0])]
        if name in owners:
            other, place = owners[name]
            message = f"'{name}' is {what} here, and the name of {other} as well; choose another name"
            yield Problem(path, message, at="key", related=(place,) if place else ())
        owners.setdefault(name, (what, path))
    for server in each_server(document):
        if server.name == server.called:
            continue
        other, place = owners.setdefault(server.name, ("another one", server.path))
        if place != server.path:
            message = (
                f"{dotted(server.path)} makes '{server.name}' in '{server.rack}', which is the name of {other} as "
                "well; choose another name"
            )
            yield Problem(server.path, message, at="key", related=(place,))


def _place_problems(path: Path, place: str, document: Document) -> Iterator[Problem]:
    of_racks, of_sites = racks(document), sites(document)
    each = dict(zip(IN_EACH, (of_racks, of_sites), strict=True))
    there = (("nodes",), *(("nodes", name, key) for name in document.nodes for key in ("racks", "sites")))
    if place in each:
        if not each[place]:
            message = f"{dotted(path)} is {place}, and no group of nodes has {place}s; add '{place}s' to one"
            yield Problem(path, message, "or say in: core", related=there)
    elif place != CORE and place not in of_racks and place not in of_sites:
        known = [CORE, *IN_EACH, *of_racks, *of_sites]
        message = f"no rack or site is named '{place}'; allowed: {listing(known)}"
        yield Problem(path, message, did_you_mean(place, known), related=there)


def _mirror_problems(path: Path, spec: MirrorSpec, document: Document) -> Iterator[Problem]:
    known = registries(document)
    if spec.of is None and len(known) > 1:
        message = f"{dotted(path)} says of no registry that it mirrors it, and there are several; add 'of': "
        yield Problem(path, message + listing(known), at="key", related=(("registries",), (*path, "of")))
    seen: set[str] = set()
    for number, name in enumerate(spec.of or ()):
        where = (*path, "of", number)
        if name not in known:
            yield unknown("registry", name, known, where, ("registries", name))
        elif name in seen:
            yield Problem(where, f"registry '{name}' stands twice in {dotted(path)}.of; name it once")
        seen.add(name)
    yield from _held_problems((*path, "images"), spec.images or {}, spec.of or tuple(known), document)
    if spec.copied is not None:
        yield from _copied_problems(path, spec, spec.copied, document)


def _copied_problems(path: Path, spec: MirrorSpec, copied: CopiedSpec, document: Document) -> Iterator[Problem]:
    """What is wrong with how images come to a mirror."""
    here = (*path, "copied")
    for key in ("at", "every"):
        if getattr(copied, key) is not None and copied.on != "schedule":
            message = f"'{key}' does not go with on: {copied.on}; it goes with on: schedule"
            yield Problem((*here, key), message, "leave it out", at="key", related=((*here, "on"),))
    if takes_in(spec):
        for image, share in (spec.images or {}).items():
            if share < 1.0:
                message = (
                    f"{dotted((*path, 'images'))} has shares, and with 'copied' images come whole; list their names"
                )
                help = f"what is there at the beginning is {dotted((*here, 'held'))}"
                yield Problem((*path, "images", image), message, help, related=(here,))
                break
    yield from image_list_problems((*here, "held"), copied.held, document)
    known = [image for image in copied.held if image in document.images]
    for number, image in enumerate(copied.held):
        if image in (spec.images or {}):
            message = f"image '{image}' is in {dotted(here)}.held, so nothing of it is copied; take it out of one list"
            yield Problem((*here, "held", number), message, related=((*path, "images"),))
    origins = spec.of or tuple(registries(document))
    for problem in _held_problems((*path, "images"), known, origins, document):
        yield dataclasses.replace(problem, path=(*here, "held", copied.held.index(str(problem.path[-1]))), at="value")


def _held_problems(
    path: Path, images: Iterable[str], origins: tuple[str, ...], document: Document
) -> Iterator[Problem]:
    """Images that a server is said to have, and that are not there, or from another registry than it is asked for."""
    known = registries(document)
    for image in images:
        spec = document.images.get(image)
        if spec is None:
            yield unknown("image", image, document.images, (*path, image), ("images", image), at="key")
            continue
        registry = spec.registry or next(iter(known))
        if origins and registry in known and registry not in origins:
            message = (
                f"image '{image}' is from registry '{registry}', and {dotted(path[:-1])} is asked for those of "
                f"{listing(origins)}; take it out"
            )
            related = (("images", image), (*path[:-1], "of"), (*path[:-1], "upstream"))
            yield Problem((*path, image), message, at="key", related=related)


def _upstream_problems(
    path: Path, spec: CacheSpec, document: Document, known: Mapping[str, Server]
) -> Iterator[Problem]:
    where, here = (*path, "upstream"), dotted(path)
    may = [*registries(document), *document.mirrors, *document.caches]
    of_racks = (("nodes",), (*path, "in"))
    if spec.upstream is None:
        if len(registries(document)) > 1:
            message = f"{here} names no upstream, and there are several registries; add 'upstream': {listing(may)}"
            yield Problem(path, message, at="key", related=(("registries",), where))
        return
    if spec.upstream not in may:
        message = f"no registry, mirror or cache is named '{spec.upstream}'; known: {listing(may)}"
        related: tuple[Path, ...] = tuple((key, spec.upstream) for key in ("registries", "mirrors", "caches"))
        yield Problem(where, message, did_you_mean(spec.upstream, may), related=related)
        return
    for server in known.values():
        if server.called == path[-1] and upstream(server, document, known) is None:
            there = [one.rack for one in known.values() if one.called == spec.upstream and one.rack is not None]
            if there:
                place = "the core" if server.rack is None else f"'{server.rack}'"
                message = (
                    f"{server.name} stands in {place}, and there is a '{spec.upstream}' in each of {listing(there)}, "
                    "of which it can ask none: caches in racks ask that of their own; name another upstream, or "
                    "another 'in'"
                )
                above = "caches" if spec.upstream in document.caches else "mirrors"
                yield Problem(where, message, related=(*of_racks, (above, spec.upstream, "in")))
                return


def _circle_problems(document: Document, known: Mapping[str, Server]) -> Iterator[Problem]:
    """Caches that ask each other, and none a registry or mirror."""
    walked: set[str] = set()
    for name in document.caches:
        lineage: dict[str, None] = {}
        above: str | None = name
        while above is not None and above in document.caches and above not in lineage and above not in walked:
            lineage[above] = None
            above = document.caches[above].upstream
        walked.update(lineage)
        if above in lineage:
            order = list(document.caches)
            ring = list(lineage)[list(lineage).index(above) :]
            start = ring.index(min(ring, key=order.index))
            cycle = " → ".join([*ring[start:], *ring[: start + 1]])
            message = f"the upstreams go in a circle: {cycle}; let one of them have a registry or mirror"
            yield Problem(("caches", ring[start], "upstream"), message)
    for path, spec in specs(document):
        if isinstance(spec, CacheSpec):
            origins = next((served(one, document, known) for one in known.values() if one.path == path), ())
            yield from _held_problems((*path, "holds"), spec.holds, origins, document)


def hosts_problems(
    path: Path, name: str, group: GroupSpec, document: Document, known: Mapping[str, Server]
) -> Iterator[Problem]:
    """What is wrong with the order in which a group's nodes ask; `known` are the caches and mirrors by name."""
    may = [*document.caches, *document.mirrors, *document.peers, *registries(document)]
    seen: set[str] = set()
    for number, host in enumerate(group.hosts):
        where = (*path, "hosts", number)
        if host not in may:
            message = f"no cache, mirror, peers or registry is named '{host}'; known: {listing(may)}"
            help = did_you_mean(host, may)
            if host in known:
                server = known[host]
                help = f"name {server.called}: nodes ask that of their own rack or site"
            related: tuple[Path, ...] = tuple((key, host) for key in ("caches", "mirrors", "peers", "registries"))
            yield Problem(where, message, help, related=related)
        elif host in seen:
            yield Problem(where, f"'{host}' stands twice in {dotted(path)}.hosts; name it once")
        elif host not in registries(document) and host not in document.peers:
            yield from _reach_problems(where, host, name, group, document, known)
        seen.add(host)


def _reach_problems(
    where: Path, host: str, name: str, group: GroupSpec, document: Document, known: Mapping[str, Server]
) -> Iterator[Problem]:
    """A host of which there is one in each rack, and none in those of a group."""
    key = "caches" if host in document.caches else "mirrors"
    spec = document.caches[host] if key == "caches" else document.mirrors[host]
    there = [server.rack for server in known.values() if server.called == host]
    own = racks_of(name, group)
    if spec.place in IN_EACH and there and not set(there).intersection(own):
        its = f"is in {'sites' if group.sites else 'racks'} {listing(own)}" if own else f"is in no {spec.place}s"
        message = (
            f"there is a '{host}' in each {spec.place}, {listing(map(str, there))}, and nodes.{name} {its}: it can ask "
            "none; leave it out of 'hosts', or say where it stands in 'in'"
        )
        related = (("nodes", name, "racks"), ("nodes", name, "sites"), (key, host, "in"))
        yield Problem(where, message, related=related)
