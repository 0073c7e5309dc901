"""Contradictions in the network and the registries."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from rolloutsim.scenario.checks.common import one_of
from rolloutsim.scenario.hints import listing
from rolloutsim.scenario.links import line_rate, private_rate
from rolloutsim.scenario.model import Document, GroupSpec, RateLimitSpec, RegistrySpec
from rolloutsim.scenario.places import Path, Problem, dotted, unknown
from rolloutsim.scenario.resources import PULLED
from rolloutsim.scenario.servers import racks, registries, registry_path, sites, specs
from rolloutsim.scenario.strategies import wanted
from rolloutsim.scenario.swarms import SWARMS


def network_problems(document: Document) -> Iterator[Problem]:
    """Contradictions in `network`."""
    network = document.network
    if network.mtu is not None and network.efficiency is not None:
        message = "network has both 'mtu' and 'efficiency'; the mtu sets the efficiency: give one of them"
        yield Problem(("network", "efficiency"), message, at="key", related=(("network", "mtu"),))
    if network.sites is not None and not sites(document):
        message = "network.sites is given, but no group of nodes names its sites; add 'sites' to one"
        related = tuple(("nodes", name, "sites") for name in document.nodes)
        yield Problem(("network", "sites"), message, at="key", related=related)
    for site in set(sites(document)).intersection(racks(document)):
        message = f"'{site}' is both a rack and a site of nodes; give one of them another name"
        related = tuple(("nodes", name, key) for name in document.nodes for key in ("racks", "sites"))
        yield Problem(("nodes",), message, at="key", related=related)
    if network.racks is None:
        return
    path: Path = ("network", "racks")
    yield from one_of(path, network.racks, "uplink", "oversubscription", " of them")
    if not racks(document):
        message = "network.racks is given, but no group of nodes names its racks; add 'racks' to one"
        yield Problem(path, message, at="key", related=_racks_of_groups(document))
    if network.racks.oversubscription is not None:
        yield from _oversubscription_problems(document)


def _oversubscription_problems(document: Document) -> Iterator[Problem]:
    for name, group in document.nodes.items():
        if group.racks and math.isinf(line_rate(group.nic, document) or 0.0):
            message = f"nodes.{name} has NICs without limit; its racks' oversubscription needs a rate"
            yield Problem(("nodes", name, "nic"), message)
    filled = {
        rack for group in document.nodes.values() for rack in group.racks[: group.count]
    }  # node i is in rack i, so the first `count` racks have nodes
    for rack in racks(document):
        if rack not in filled:
            message = f"rack '{rack}' has no node, so its oversubscription means nothing; leave it out of 'racks'"
            related = (*_racks_of_groups(document), *(("nodes", name, "count") for name in document.nodes))
            yield Problem(("nodes",), message, at="key", related=related)


def _racks_of_groups(document: Document) -> tuple[Path, ...]:
    """Where each group's racks stand, or would stand."""
    return tuple(("nodes", name, "racks") for name in document.nodes)


def registry_problems(document: Document) -> Iterator[Problem]:
    """Contradictions in the registries, and images without one."""
    if document.registry is not None and document.registries is not None:
        message = "both 'registry' and 'registries' are given; use 'registries' alone"
        yield Problem(("registry",), message, at="key", related=(("registries",),))
    known = registries(document)
    every = [("registry", registry_path(document, name), name, spec) for name, spec in known.items()]
    kinds = {"mirrors": "mirror", "caches": "cache"}
    every += [(kinds[str(path[0])], path, str(path[-1]), spec) for path, spec in specs(document)]
    for name, peers in document.peers.items():
        own = peers.seeds if peers.profile in SWARMS else None
        if own is not None and own.uplink is None and document.network.rate is None:
            message = (
                f"the seeds of '{name}' have no uplink rate; add 'network: 1 Gbit/s' for them and all NICs, or give "
                f"peers.{name}.seeds.uplink"
            )
            yield Problem(("peers", name, "seeds"), message, at="key", related=(("network", "rate"),))
    for kind, here, name, registry in every:
        if registry.uplink is None and document.network.rate is None:
            message = (
                f"{kind} '{name}' has no uplink rate; add 'network: 1 Gbit/s' for it and all NICs, or give "
                f"{dotted((*here, 'uplink'))}"
            )
            yield Problem(here, message, at="key", related=(("network", "rate"),))
        yield from _efficiency_problems(here, registry, document)
        if registry.rate_limit is not None and registry.rate_limits is not None:
            message = f"{dotted(here)} has both 'rate_limit' and 'rate_limits'; use 'rate_limits' alone"
            yield Problem((*here, "rate_limit"), message, at="key", related=((*here, "rate_limits"),))
        if registry.rate_limit is not None:
            yield from _limit_problems((*here, "rate_limit"), registry.rate_limit)
        for limit_name, limit in (registry.rate_limits or {}).items():
            yield from _limit_problems((*here, "rate_limits", limit_name), limit)
    for image, spec in document.images.items():
        path: Path = ("images", image)
        if spec.registry is None and len(known) > 1:
            message = f"{dotted(path)} names no registry, and there are several; add 'registry': {listing(known)}"
            yield Problem(path, message, at="key", related=(("registries",),))
        elif spec.registry is not None and spec.registry not in known:
            yield unknown("registry", spec.registry, known, (*path, "registry"), ("registries", spec.registry))


def _efficiency_problems(path: Path, registry: RegistrySpec, document: Document) -> Iterator[Problem]:
    """A curve that is about no numbers of connections, or about an uplink that cannot be full."""
    where = (*path, "efficiency_at")
    for number in registry.efficiency_at:
        if not number.isdecimal() or int(number) < 2:
            message = f"'{number}' is no number of connections from 2 on; write them so: {{200: 90%, 1000: 60%}}"
            yield Problem((*where, number), message, at="key")
    if registry.efficiency_at and registry.redirect is not None:
        message = f"{dotted(where)} is about the uplink, and with 'redirect' no layer comes over it; leave it out"
        yield Problem(where, message, at="key", related=((*path, "redirect"),))
    if registry.efficiency_at and math.isinf(line_rate(registry.uplink, document) or 0.0):
        message = f"{dotted(path)} has an uplink without limit, of which nothing is a share; give it a rate"
        yield Problem(where, message, at="key", related=((*path, "uplink"),))


def _limit_problems(path: Path, limit: RateLimitSpec) -> Iterator[Problem]:
    """Contradictions in a rate limit."""
    here = dotted(path)
    if limit.kind == "fixed_window":
        if limit.burst is not None:
            message = f"'burst' does not go with kind: fixed_window in {here}: a window has room for what its rate says"
            yield Problem((*path, "burst"), message, at="key", related=((*path, "kind"),))
        if limit.rate.count < 1:
            message = f"{here} has no room for one in a window; give so long a time that it has, such as 1/min"
            yield Problem((*path, "rate"), message, related=((*path, "kind"),))
        if limit.resets_after is not None and limit.resets_after > limit.rate.period:
            message = f"{dotted((*path, 'resets_after'))} is longer than a window of {limit.rate}"
            yield Problem((*path, "resets_after"), message, related=((*path, "rate"),))
    elif limit.resets_after is not None:
        message = f"'resets_after' goes with kind: fixed_window only, and {here} is a token bucket"
        yield Problem((*path, "resets_after"), message, at="key", related=((*path, "kind"),))
    if limit.used > limit.most:
        message = f"{dotted((*path, 'used'))} is more than the {limit.most:g} that {here} accepts at once"
        yield Problem((*path, "used"), message, related=((*path, "burst"), (*path, "rate")))


def unlimited_problems(document: Document) -> Iterator[Problem]:
    """Fetches that nothing limits: neither a link nor a connection's cap."""
    known = registries(document)
    unlimited = {name: registry for name, registry in known.items() if not _sends_limited(registry)}
    groups = {name: group for name, group in document.nodes.items() if unlimited and not _is_limited(group, document)}
    asking = _registries_asked(groups, document)
    for name, registry in unlimited.items():
        here = registry_path(document, name)
        for group_name in groups:
            if name in asking[group_name]:
                path: Path = ("nodes", group_name)
                disks = "" if document.model == "ideal" else f", {dotted((*path, 'disk'))}"
                also = "; the ideal model has no disks" if document.model == "ideal" else ""
                cap = dotted((*path, "connection_cap"))
                first = "uplink" if registry.redirect is None else "redirect"
                message = (
                    f"nothing limits a fetch from registry '{name}' by {dotted(path)}{also}; give a rate to "
                    f"{dotted((*here, first))}, {dotted((*path, 'nic'))}{disks} or {cap}"
                )
                related = ((*path, "disk"), (*here, first), ("network", "rate"), ("model",))
                yield Problem((*path, "nic"), message, at="key", related=related)


def _sends_limited(registry: RegistrySpec) -> bool:
    """Whether the way from where layers come from to the network's core has a finite link or a cap."""
    if registry.redirect is not None:
        return bool(registry.redirect.via) or not math.isinf(registry.redirect.connection_cap)
    finite = not (math.isinf(registry.storage) and registry.uplink is not None and math.isinf(registry.uplink))
    return finite or bool(registry.via) or registry.connection_cap is not None


def _registries_asked(groups: Mapping[str, GroupSpec], document: Document) -> dict[str, set[str]]:
    """The registries of the images that groups may pull, by group."""
    known = registries(document)
    only = next(iter(known)) if len(known) == 1 else ""
    serves = {image: spec.registry or only for image, spec in document.images.items()}
    if document.workloads is not None:
        asked: dict[str, set[str]] = {name: set() for name in groups}
        for workload in wanted(document):
            for name in workload.groups if groups else ():
                if name in asked:
                    asked[name].update(serves[image] for image in workload.images if image in serves)
        return asked
    if document.rollout.strategy == "schedule":
        return {
            name: {serves[pull.image] for pull in group.pulls or () if pull.image in serves}
            for name, group in groups.items()
        }
    every = set(serves.values())
    return dict.fromkeys(groups, every)


def _is_limited(group: GroupSpec, document: Document) -> bool:
    """Whether the way from the network's core to a node's disk has a finite link or a cap."""
    real = document.model != "ideal"
    own = (private_rate(group, one, document) for one in PULLED if one.fetched and (real or one.is_network))
    return bool(group.racks or group.sites or group.via) or not all(
        map(math.isinf, (*own, group.connection_cap or math.inf))
    )
