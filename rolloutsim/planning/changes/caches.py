"""Who hands layers over: a cache near the nodes where the way to a registry is too narrow, and caches that coalesce.

The way to a registry ends at the nodes: what is narrow may be the links of their racks or sites as well.

The cache that is tried is one that coalesces requests and streams, as varnish does: of those that are known it takes
the fewest copies from its upstream. What a change does to the bytes that registries send is told beside its gain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import isfinite

from rolloutsim.planning.changes.situation import Candidate, Situation, change
from rolloutsim.results.load.supply import families
from rolloutsim.results.numerals import show_rate
from rolloutsim.scenario.causes import CACHE_FILL, OTHER_FILL
from rolloutsim.scenario.places import Path
from rolloutsim.scenario.servers import instances, registries
from rolloutsim.units import plain_text

_WORTH_A_TRY = 0.05  # a way that takes a smaller share of the time is left alone (assumed)
_HERDS = 1.5  # copies of a layer, from which on a cache could do better (assumed)
_LIKE = "varnish"  # `coalesce: stream`, measured: 1.00 copy, and all nodes end with the fetch
_WHERE = {"rack": "in each rack", "site": "at each site", "core": "beside the nodes"}


def cache_changes(situation: Situation) -> Iterator[Candidate]:
    """A cache where there is none, and caches that let one copy of a layer come."""
    yield from _near(situation)
    yield from _coalescing(situation)


def _near(situation: Situation) -> Iterator[Candidate]:
    """A cache of the registry that the last pod's image comes from, between what is narrow and the nodes."""
    name = situation.scenario.images[situation.image].registry if situation.image else ""
    if not name:
        return
    registry, document = situation.scenario.registries[name], situation.document
    links = situation.scenario.links
    place = _place(situation)
    # What a cache saves: the ways of the registry up to the network's core, and from there to where it stands.
    crossed = (
        *registry.path, *registry.replicas, *(registry.redirect.path if registry.redirect is not None else ()),
        *situation.of_places(place),
    )  # fmt: skip
    share = situation.share(dict.fromkeys(crossed))
    if _is_there(situation, place, name):
        return
    beyond = [link for link in crossed if link in links and links[link].kind == "link"]
    if share < _WORTH_A_TRY or (place == "core" and not situation.share(beyond)):
        return
    taken = {
        *registries(document), *instances(document), *document.mirrors, *document.caches, *document.peers,
        *document.nodes,
    }  # fmt: skip
    cache = next(
        one for one in (f"{place}-cache", *(f"{place}-cache-{n}" for n in range(len(taken)))) if one not in taken
    )
    rate = _uplink(situation, place)
    spec: dict[str, object] = {"in": place, "profile": _LIKE, "upstream": name}
    if rate is not None:
        spec["uplink"] = plain_text("rate", rate, bits=True)
    values: dict[Path, object] = {("caches", cache): spec}
    values |= {("nodes", group.name, "hosts"): [cache, *group.hosts] for group in situation.groups}
    speed = "" if rate is None else f", {show_rate(rate)}"
    words = f"a cache {_WHERE[place]} (coalesces, as {_LIKE}{speed})"
    yield replace(change(f"a cache {_WHERE[place]}", words, values, share), moves_sources=True)


def _place(situation: Situation) -> str:
    """Where a cache is nearest to all nodes that pull."""
    nodes = [situation.document.nodes[group.name] for group in situation.groups]
    if all(spec.sites is not None for spec in nodes):
        return "site"
    return "rack" if all(spec.racks for spec in nodes) else "core"


def _is_there(situation: Situation, place: str, registry: str) -> bool:
    """Whether all nodes ask a cache of a registry in such a place already."""
    there = {
        spec.called
        for spec in situation.scenario.caches.values()
        if registry in spec.mirrors and (spec.rack is None) == (place == "core")
    }
    return all(there.intersection(group.hosts) for group in situation.groups)


def _uplink(situation: Situation, place: str) -> float | None:
    """As fast as the rack's uplink, the network, or the fastest NIC, whichever is given; None: without a limit.

    Where a rack's uplink is what is narrow, a cache behind it is no slower than the fastest NIC.
    """
    network = situation.document.network
    rates = [group.nic_line_rate for group in situation.groups]
    nics = max((one for one in rates if one is not None), default=None) if None not in rates else None
    of_rack = network.racks.uplink if place == "rack" and network.racks is not None else None
    if of_rack is not None and nics is not None and situation.share(situation.of_places(place)) > 0.0:
        of_rack = max(of_rack, nics)
    rate = next((one for one in (of_rack, network.rate, nics) if one is not None), None)
    return rate if rate is not None and isfinite(rate) else None


def _coalescing(situation: Situation) -> Iterator[Candidate]:
    """Caches that let more copies come than one coalesce."""
    supply = situation.summary.supply
    for one in families(supply) if supply is not None else ():
        copies = one.upstream_copies
        if not one.caches or copies is None or copies.mean <= _HERDS or one.called not in situation.document.caches:
            continue
        here: Path = ("caches", one.called)
        specs = [spec for spec in situation.scenario.caches.values() if spec.called == one.called]
        values: dict[Path, object] = {}
        for caching in (spec.caching for spec in specs):
            if caching is None:
                continue
            values |= {(*here, "coalesce"): "stream"} if caching.coalesce != "stream" else {}
            values |= {(*here, "own_copy"): False} if caching.own_copy else {}
            values |= {} if caching.streams else {(*here, "serve"): "streaming"}
        if not values:
            # Each replica has a store of its own, or each repository.
            values = {(*here, "memory"): "shared", (*here, "store"): "shared"}
        upward = [
            link
            for spec in specs
            if spec.caching is not None
            for link in (*spec.caching.into, *situation.scenario.server(spec.caching.upstream).path)
        ]
        share = situation.share([*dict.fromkeys(upward), CACHE_FILL, OTHER_FILL])
        words = f"{one.called} coalesces requests (coalesce: stream, as {_LIKE})"
        if len(values) and (*here, "memory") in values:
            words = f"{one.called} shares one store (memory and store: shared)"
        yield replace(change(f"coalescing of {one.called}", words, values, share, True), moves_sources=True)
