"""The links of a scenario: their names, which exist, who owns each, and which lie between two endpoints.

Built-in links are `<registry>.uplink` (`<registry>-0.uplink`, … of several replicas), `<registry>.storage`, `<rack>.up`
and `<rack>.down` (towards the nodes); `network.links` adds others. A node's own links are `<node>.nic.in`, `.nic.out`,
`.disk` and `.unpack`. Where something goes into a registry there is `<registry>.uplink.in`, and what pushes has a link
`<pusher>.uplink`. Caches and mirrors have the links of registries; a cache always has one in, a mirror where images are
copied to it, and `<cache>.disk` is there where a cache writes at a rate. Sites have the links of racks. The rate that a
pre-pull keeps to is a link `<prepull>.rate`, which only its bytes cross. A swarm's own seeds have links
`<peers>.seeds.uplink` and `.uplink.in`, each as wide as all of them together.

A link of `via` or `network.links` has no direction; a rack's and a node's own links have one each way. Traffic between
two nodes of one rack turns in the rack; below that, it turns where their ways to the core part.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice

from rolloutsim.scenario.hints import MOST_COMPARED, MOST_LISTED, did_you_mean, intended, listing
from rolloutsim.scenario.model import (
    BackgroundSpec,
    CacheSpec,
    Document,
    GroupSpec,
    LinkSpec,
    PushSpec,
    RegistrySpec,
)
from rolloutsim.scenario.places import Path, Problem, dotted
from rolloutsim.scenario.resolved import LinkKind
from rolloutsim.scenario.resources import PARTS, PULLED, LinkName, Resource
from rolloutsim.scenario.routes import seeds_inbound, seeds_uplink
from rolloutsim.scenario.servers import (
    instances,
    racks,
    racks_of,
    registries,
    registry_path,
    server_spec,
    sites,
    takes_in,
)
from rolloutsim.scenario.swarms import SWARMS
from rolloutsim.structs import struct

CORE = "core"
_CROSSED = [part for part, resource in PARTS.items() if resource.crossed]  # of a node, by background traffic


@struct
class Line:
    """A shared link, where it is made in the file, and its line rate [B/s]; `spec` is what the file says of it only.

    `latency` is that of a rack's or site's link, one way [s].
    """

    name: str
    path: Path
    kind: LinkKind
    rate: float
    spec: LinkSpec | None = None
    latency: float = 0.0


@struct
class Endpoint:
    """An end of traffic: a node (`group`, `index`), a registry, cache or mirror, or the core (neither)."""

    name: str
    group: GroupSpec | None = None
    index: int = 0
    registry: RegistrySpec | None = None
    stands: str | None = None  # the rack of a cache or mirror

    @property
    def rack(self) -> str | None:
        """The rack that it is in."""
        if self.group is None:
            return self.stands
        racks = racks_of(self.name.rpartition("-")[0], self.group)
        return racks[self.index % len(racks)] if racks else None

    @property
    def via(self) -> tuple[str, ...]:
        """The shared links between the core and the place, from the core on."""
        if self.group is not None:
            return self.group.via
        return tuple(reversed(self.registry.via)) if self.registry is not None else ()


def place(name: str, document: Document) -> Endpoint | None:
    """The place of a name, None where there is none; a group stands for its first node."""
    known = registries(document)
    if name == CORE:
        return Endpoint(name)
    if name in known:
        return Endpoint(name, registry=known[name])
    if (server := instances(document).get(name)) is not None:
        return Endpoint(name, registry=server.spec, stands=server.rack)
    if name in document.nodes:
        return Endpoint(node_name(name, 0, document.nodes[name].count), document.nodes[name])
    return node(name, document)


def node(name: str, document: Document) -> Endpoint | None:
    """The node of a name, None where there is none."""
    group, _, digits = name.rpartition("-")
    spec = document.nodes.get(group)
    if spec is None or not digits.isdecimal() or not digits.isascii() or int(digits) >= spec.count:
        return None
    return Endpoint(name, spec, int(digits)) if name == node_name(group, int(digits), spec.count) else None


def node_name(group: str, index: int, count: int) -> str:
    """The name of a node, as `rolloutsim.scenario.resolved.NodeGroup` has it."""
    return f"{group}-{index:0{max(3, len(str(count - 1)))}d}"


def node_ranges(document: Document) -> str:
    """The nodes of each group, for a message: `web-000 to web-179`."""
    ends = [
        (node_name(group, 0, spec.count), node_name(group, spec.count - 1, spec.count))
        for group, spec in islice(document.nodes.items(), MOST_LISTED)
    ]
    shown = [first if first == last else f"{first} to {last}" for first, last in ends]
    return listing(shown, separator=", ", more=len(document.nodes) - len(shown))


def node_help(link: LinkName, document: Document, others: Iterable[str] = ()) -> str | None:
    """What is likely meant by a node or its link that is not there, or which is its group's last node.

    `others` may stand there beside a node.
    """
    stem, _, digits = link.owner.rpartition("-")
    group = stem if stem in document.nodes else intended(stem, document.nodes)
    if not (digits.isdecimal() and digits.isascii()):
        others = [*others, *(str(LinkName(one, link.part)) for one in _first_nodes(document))]
    elif group is not None:
        count = document.nodes[group].count
        if int(digits) < count:
            return f"did you mean '{LinkName(node_name(group, int(digits), count), link.part)}'?"
        if group == stem:
            return f"the last node of group '{group}' is {node_name(group, count - 1, count)}"
    return did_you_mean(str(link), others)


def _first_nodes(document: Document) -> list[str]:
    """A node of each group; not of more groups than a misspelt name is compared with."""
    groups = islice(document.nodes.items(), MOST_COMPARED + 1)
    return [node_name(group, 0, spec.count) for group, spec in groups]


def uplinks(name: str, registry: RegistrySpec) -> tuple[str, ...]:
    """The names of the uplinks of a registry's replicas."""
    if registry.replicas == 1:
        return (f"{name}.uplink",)
    return tuple(f"{name}-{number}.uplink" for number in range(registry.replicas))


def inbound(name: str) -> str:
    """The name of the link into a registry."""
    return f"{name}.uplink.in"


def rate_link(prepull: str) -> str:
    """The name of the link that stands for the rate of what is pulled before the rollout."""
    return f"{prepull}.rate"


def line_rate(own: float | None, document: Document) -> float | None:
    """The line rate of a NIC or a registry's uplink [B/s]: its own, or the network's; None: the file gives none."""
    return own if own is not None else document.network.rate


def is_unlimited(rate: float | None) -> bool:
    """Whether a rate of the file [B/s] is no limit; None: the file gives none."""
    return rate is not None and math.isinf(rate)


def shared_links(document: Document) -> Iterator[Line]:
    """Every shared link; a name that comes twice is an error, and so is a rate that is missing: 0 here."""
    taking = takers(document)
    for name, registry in registries(document).items():
        yield from _serving(name, registry, registry_path(document, name), document, name in taking)
    for name, server in instances(document).items():
        yield from _serving(name, server.spec, server.path, document, name in taking)
        if isinstance(server.spec, CacheSpec) and not math.isinf(server.spec.disk.rate):
            yield Line(f"{name}.disk", server.path, "registry_storage", server.spec.disk.rate)
    for path, name, push in pushes(document):
        yield Line(f"{name}.uplink", path, "link", line_rate(push.link, document) or 0.0)
    for name, prepull in document.prepulls.items():
        if prepull.rate is not None:
            yield Line(rate_link(name), ("prepulls", name), "link", prepull.rate)
    for name, peers in document.peers.items():
        if peers.seeds is not None and peers.profile in SWARMS:
            rate = line_rate(peers.seeds.uplink, document) or 0.0
            if not math.isinf(rate):
                path = ("peers", name, "seeds")
                yield Line(seeds_uplink(name), path, "link", rate * peers.seeds.count)
                yield Line(seeds_inbound(name), path, "link", rate * peers.seeds.count)
    network = document.network
    latency = 0.0 if network.racks is None else network.racks.latency
    for rack, rate in _rack_rates(document).items():
        yield Line(f"{rack}.up", ("network", "racks"), "rack", rate, latency=latency)
        yield Line(f"{rack}.down", ("network", "racks"), "rack", rate, latency=latency)
    if (far := network.sites) is not None:
        for site in sites(document):
            yield Line(f"{site}.up", ("network", "sites"), "site", far.uplink, latency=far.latency)
            yield Line(f"{site}.down", ("network", "sites"), "site", far.uplink, latency=far.latency)
    for name, spec in document.network.links.items():
        yield Line(name, ("network", "links", name), "link", spec.capacity, spec)


def _serving(name: str, spec: RegistrySpec, path: Path, document: Document, takes: bool) -> Iterator[Line]:
    """The links of a registry, cache or mirror, into which something goes or not."""
    rate = line_rate(spec.uplink, document) or 0.0
    if not math.isinf(spec.storage):
        yield Line(f"{name}.storage", path, "registry_storage", spec.storage)
    if not math.isinf(rate):
        for uplink in uplinks(name, spec):
            yield Line(uplink, path, "registry_uplink", rate)
        if takes:
            # Replicas take connections in turn; one link for all of them is as wide as they are together.
            yield Line(inbound(name), path, "registry_uplink", rate * spec.replicas)


def _rack_rates(document: Document) -> dict[str, float]:
    """The line rate of each rack's uplink [B/s]."""
    spec = document.network.racks
    if spec is None:
        return {}
    if spec.uplink is not None:
        return dict.fromkeys(racks(document), spec.uplink)
    below = dict.fromkeys(racks(document), 0.0)
    for group in document.nodes.values():
        rate = line_rate(group.nic, document) or 0.0
        for number, rack in enumerate(group.racks):
            nodes, rest = divmod(group.count, len(group.racks))
            below[rack] += rate * (nodes + (number < rest))
    return {rack: rate / (spec.oversubscription or 1.0) for rack, rate in below.items()}


def pushes(document: Document) -> Iterator[tuple[Path, str, PushSpec]]:
    """Every push: where it stands, the name of what pushes, and what it says."""
    if document.push is not None:
        yield ("push",), document.push.source, document.push
    for name, push in (document.pushes or {}).items():
        yield ("pushes", name), name, push


def takers(document: Document) -> set[str]:
    """The servers into which something goes: a push, background traffic, what a cache lacks, or what is copied."""
    known = registries(document)
    servers = instances(document)
    only = next(iter(known)) if len(known) == 1 else ""
    pushed = [image for _, _, push in pushes(document) for image in push.images]
    found = {document.images[image].registry or only for image in pushed if image in document.images}
    ends = (flow.between[-1] for flow in document.background.values() if flow.between)
    found.update(end for end in ends if end in known or end in servers)
    return found.union(name for name, server in servers.items() if takes_in(server.spec))


def private_link(name: str, document: Document) -> tuple[GroupSpec, Resource] | None:
    """The group of a node's own link, and which of its resources that is, None where no node has that name."""
    link = LinkName.of(name)
    owner = node(link.owner, document) if link.part in PARTS else None
    return (owner.group, PARTS[link.part]) if owner is not None and owner.group is not None else None


def private_rate(group: GroupSpec, resource: Resource, document: Document) -> float:
    """The rate [B/s] of a node's own link as the file gives it, infinite where it has no limit."""
    return line_rate(resource.given(group), document) or math.inf


def group_links(document: Document) -> Iterator[str]:
    """The rows of the groups' own links that results have: `web.nic.in`, each the mean over the group's nodes."""
    sending = _sending(document)
    for name, group in document.nodes.items():
        for part, resource in PARTS.items():
            if _has(group, resource, document) and (resource in PULLED or id(group) in sending):
                yield f"{name}.{part}"


def _sending(document: Document) -> set[int]:
    """The identities of the groups by whose NICs background traffic leaves; nothing else does."""
    links = (private_link(link, document) for flow in document.background.values() for link in crossed(flow, document))
    return {id(found[0]) for found in links if found is not None and found[1] not in PULLED}


def is_counted(name: str, document: Document) -> bool:
    """Whether results can tell how busy a node's own link is."""
    found = private_link(name, document)
    if found is None or not _has(*found, document):
        return False
    return found[1] in PULLED or any(name in crossed(flow, document) for flow in document.background.values())


def _has(group: GroupSpec, resource: Resource, document: Document) -> bool:
    """Whether a group's nodes have a link that can be full; the ideal model has neither disks nor unpacking."""
    exists = document.model != "ideal" or resource.is_network
    return exists and not math.isinf(private_rate(group, resource, document))


def crossed(flow: BackgroundSpec, document: Document) -> tuple[str, ...]:
    """The links that background traffic crosses: those that it names, or those between its two places."""
    if flow.between is None or len(flow.between) != 2:
        return flow.links or ()
    start, end = (place(name, document) for name in flow.between)
    return () if start is None or end is None else links_between(start, end, document)


def links_between(start: Endpoint, end: Endpoint, document: Document) -> tuple[str, ...]:
    """The names of the links from one place to another, in order; links without a limit are left out."""
    if start.group is not None and end.group is not None and start.rack is not None and start.rack == end.rack:
        return (*_out(start, document), *_into(end, document))
    shared = 0
    for ours, theirs in zip(start.via, end.via, strict=False):
        if ours != theirs:
            break
        shared += 1
    up = () if start.rack is None else (f"{start.rack}.up",)
    down = () if end.rack is None else (f"{end.rack}.down",)
    return (
        *_out(start, document),
        *up,
        *reversed(start.via[shared:]),
        *end.via[shared:],
        *down,
        *_into(end, document),
    )


def _out(place: Endpoint, document: Document) -> Iterator[str]:
    """The place's own links on the way out."""
    if place.group is not None and _is_limited(place.group.nic, document):
        yield f"{place.name}.nic.out"
    if place.registry is not None:
        if not math.isinf(place.registry.storage):
            yield f"{place.name}.storage"
        if _is_limited(place.registry.uplink, document):
            yield uplinks(place.name, place.registry)[0]


def _into(place: Endpoint, document: Document) -> Iterator[str]:
    """The place's own links on the way in."""
    if place.group is not None and _is_limited(place.group.nic, document):
        yield f"{place.name}.nic.in"
    if place.registry is not None and _is_limited(place.registry.uplink, document):
        yield inbound(place.name)


def _is_limited(own: float | None, document: Document) -> bool:
    return not math.isinf(line_rate(own, document) or math.inf)


def replica_help(link: str, document: Document) -> str | None:
    """What to write for a registry's uplink where each of its replicas has one; None for any other link."""
    name = LinkName.of(link)
    registry = server_spec(name.owner, document) if name.part == "uplink" else None
    if registry is None or registry.replicas == 1:
        return None
    first, *_, last = uplinks(name.owner, registry)
    return f"{name.owner} has {registry.replicas} replicas, each with an uplink of its own: {first} to {last}"


def link_problems(document: Document) -> Iterator[Problem]:
    """Links that are named twice, never defined, or crossed twice by one path."""
    owners: dict[str, Path] = {}
    of_groups = {f"{group}.{part}" for group in document.nodes for part in PARTS}
    for line in shared_links(document):
        name, path = line.name, line.path
        if name in owners:
            message = f"link '{name}' is named twice: by {dotted(path)} and by {dotted(owners[name]) or 'the registry'}"
            yield Problem(path, message, at="key", related=(owners[name],))
        elif private_link(name, document) is not None or name in of_groups:
            message = f"link '{name}' is named twice: it is a link of a node already; choose another name"
            yield Problem(path, message, at="key", related=(("nodes",),))
        owners.setdefault(name, path)
    used: set[str] = set()
    for name, registry in registries(document).items():
        here = registry_path(document, name)
        before = {f"{name}.storage", *uplinks(name, registry)}
        yield from _via_problems((*here, "via"), registry.via, owners, before)
        used.update((*before, *registry.via))
        if registry.redirect is not None:
            yield from _via_problems((*here, "redirect", "via"), registry.redirect.via, owners, ())
            used.update(registry.redirect.via)
    for server in instances(document).values():
        spec = server.spec
        before = {f"{server.name}.storage", *uplinks(server.name, spec), f"{server.rack}.up", f"{server.rack}.down"}
        yield from _via_problems((*server.path, "via"), spec.via, owners, before)
        used.update(spec.via)
        if spec.redirect is not None:
            yield from _via_problems((*server.path, "redirect", "via"), spec.redirect.via, owners, ())
            used.update(spec.redirect.via)
    for name, group in document.nodes.items():
        down = {f"{rack}.down" for rack in racks_of(name, group)} if group.via else ()
        yield from _via_problems(("nodes", name, "via"), group.via, owners, down, used)
    for path, name, push in pushes(document):
        taken = {f"{name}.uplink", *map(inbound, registries(document))}
        yield from _via_problems((*path, "via"), push.via, owners, taken)
    for name, flow in document.background.items():
        here = ("background", name, "links")
        if flow.links == ():
            yield Problem(here, f"{dotted(here)} is empty; give at least one link", at="key")
        seen: set[str] = set()
        for number, link in enumerate(flow.links or ()):
            if link in seen:
                yield Problem((*here, number), f"link '{link}' is crossed twice by {dotted(here[:2])}; name it once")
            elif link not in owners:
                yield from _private_problems((*here, number), link, document, owners)
            seen.add(link)


def _via_problems(
    path: Path, via: tuple[str, ...], owners: Mapping[str, Path], *before: Collection[str]
) -> Iterator[Problem]:
    """Links of `via` that are not there, or stand in it twice or in what was crossed before."""
    seen: set[str] = set()
    for number, link in enumerate(via):
        if link not in owners:
            message = f"link '{link}' is never defined; known: {listing(owners)}"
            help = did_you_mean(link, owners)
            yield Problem((*path, number), message, help, related=(("network", "links", link),))
        elif link in seen or any(link in links for links in before):
            message = f"link '{link}' is crossed twice on the way from the registry; name it once"
            yield Problem((*path, number), message)
        seen.add(link)


def _private_problems(path: Path, link: str, document: Document, owners: Mapping[str, Path]) -> Iterator[Problem]:
    found, name = private_link(link, document), LinkName.of(link)
    group: Path = () if name.group in (None, name.owner) else ("nodes", name.group)
    if found is None:
        message = f"link '{link}' is never defined; known: {listing(owners)}, and {listing(_CROSSED)} of "
        message += node_ranges(document)
        help = replica_help(link, document)
        if help is None and name.part in PARTS:
            help = node_help(name, document, owners)
        elif help is None:
            help = did_you_mean(link, [*owners, *(f"{_first_nodes(document)[0]}.{part}" for part in _CROSSED)])
        related: tuple[Path, ...] = (("network", "links", link), (*group, "count") if group else ())
        yield Problem(path, message, help, related=related)
    elif not found[1].crossed:
        message = f"background traffic does not cross '{link}'; what it crosses of a node: {listing(_CROSSED)}"
        rate = (*group, *found[1].key)
        yield Problem(path, message, f"to leave pulls less of it, lower {dotted(rate)}", related=(rate, rate[:-1]))
    elif math.isinf(private_rate(*found, document)):
        message = f"'{link}' has no limit, so nothing shares it; give its group a rate, or leave it out"
        yield Problem(path, message, related=((*group, found[1].key[0]), ("network", "rate")))
