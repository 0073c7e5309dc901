"""The names of links: which exist, and who owns each.

Built-in links are `<registry>.uplink` (`<registry>-0.uplink`, … of several replicas), `<registry>.storage`, `<rack>.up`
and `<rack>.down` (towards the nodes); `network.links` adds others. A node's own links are `<node>.nic.in`, `.nic.out`,
`.disk` and `.unpack`. Where something goes into a registry there is `<registry>.uplink.in`, and what pushes has a link
`<pusher>.uplink`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping

from rolloutsim.scenario.endpoints import inbound, links_between, node_help, node_name, node_ranges, place, uplinks
from rolloutsim.scenario.hints import did_you_mean, listing
from rolloutsim.scenario.model import REGISTRY, BackgroundSpec, Document, GroupSpec, RegistrySpec
from rolloutsim.scenario.places import Path, Problem, dotted
from rolloutsim.scenario.resources import PULLED, RESOURCES, Resource

_PARTS = {one.part: one for one in sorted(RESOURCES, key=lambda one: not one.is_network)}
_ANY_PART = "|".join(map(re.escape, _PARTS))
_PRIVATE = rf"(?P<group>.+)-(?P<index>[0-9]+)\.(?P<part>{_ANY_PART})"


def registries(document: Document) -> dict[str, RegistrySpec]:
    """The registries by name; a scenario that gives none has one with all defaults."""
    return document.registries or {REGISTRY: document.registry or RegistrySpec()}


def registry_path(document: Document, name: str) -> Path:
    """Where the registry stands in the file."""
    return ("registries", name) if document.registries is not None else ("registry",)


def racks(document: Document) -> list[str]:
    """The racks that the groups name, in their order."""
    return list(dict.fromkeys(rack for group in document.nodes.values() for rack in group.racks))


def shared_links(document: Document) -> Iterator[tuple[str, Path]]:
    """Every shared link's name and what makes it; a name that comes twice is an error."""
    for name, registry in registries(document).items():
        path = registry_path(document, name)
        if not math.isinf(registry.storage):
            yield f"{name}.storage", path
        if not is_unlimited(uplink_rate(registry, document)):
            for uplink in uplinks(name, registry):
                yield uplink, path
            if name in takers(document):
                yield inbound(name), path
    if document.push is not None:
        yield f"{document.push.source}.uplink", ("push",)
    if document.network.racks is not None:
        for rack in racks(document):
            yield f"{rack}.up", ("network", "racks")
            yield f"{rack}.down", ("network", "racks")
    for name in document.network.links:
        yield name, ("network", "links", name)


def link_problems(document: Document) -> Iterator[Problem]:
    """Links that are named twice, never defined, or crossed twice by one path."""
    owners: dict[str, Path] = {}
    nodes = {f"{group}.{part}" for group in document.nodes for part in _PARTS}
    for name, path in shared_links(document):
        if name in owners:
            message = f"link '{name}' is named twice: by {dotted(path)} and by {dotted(owners[name]) or 'the registry'}"
            yield Problem(path, message, at="key", related=(owners[name],))
        elif private_link(name, document) is not None or name in nodes:
            message = f"link '{name}' is named twice: it is a link of a node already; choose another name"
            yield Problem(path, message, at="key", related=(("nodes",),))
        owners.setdefault(name, path)
    used: set[str] = set()
    for name, registry in registries(document).items():
        here = registry_path(document, name)
        before = [f"{name}.storage", *uplinks(name, registry)]
        yield from _via_problems((*here, "via"), registry.via, owners, before)
        used.update(registry.via)
        if registry.redirect is not None:
            yield from _via_problems((*here, "redirect", "via"), registry.redirect.via, owners, [])
            used.update(registry.redirect.via)
    for name, group in document.nodes.items():
        down = [f"{rack}.down" for rack in group.racks]
        yield from _via_problems(("nodes", name, "via"), group.via, owners, [*down, *used])
    if document.push is not None:
        taken = [f"{document.push.source}.uplink", *map(inbound, registries(document))]
        yield from _via_problems(("push", "via"), document.push.via, owners, taken)
    for name, flow in document.background.items():
        here = ("background", name, "links")
        if flow.links == ():
            yield Problem(here, f"{dotted(here)} is empty; give at least one link", at="key")
        for number, link in enumerate(flow.links or ()):
            if link not in owners:
                yield from _private_problems((*here, number), link, document, owners)
            elif link in (flow.links or ())[:number]:
                yield Problem((*here, number), f"link '{link}' is crossed twice by {dotted(here[:2])}; name it once")


def private_link(name: str, document: Document) -> tuple[GroupSpec, Resource] | None:
    """The group of a node's own link, and which of its resources that is, None where no node has that name."""
    match = re.fullmatch(_PRIVATE, name)
    group = document.nodes.get(match["group"]) if match else None
    if match is None or group is None or int(match["index"]) >= group.count:
        return None
    if len(match["index"]) != max(3, len(str(group.count - 1))):
        return None
    return group, _PARTS[match["part"]]


def private_rate(group: GroupSpec, resource: Resource, document: Document) -> float:
    """The rate [B/s] of a node's own link as the file gives it, infinite where it has no limit."""
    given = resource.given(group)
    return (document.network.rate if given is None else given) or math.inf


def replica_help(link: str, document: Document) -> str | None:
    """What to write for a registry's uplink where each of its replicas has one; None for any other link."""
    name = link.removesuffix(".uplink")
    registry = registries(document).get(name) if name != link else None
    if registry is None or registry.replicas == 1:
        return None
    first, *_, last = uplinks(name, registry)
    return f"{name} has {registry.replicas} replicas, each with an uplink of its own: {first} to {last}"


def crossed(flow: BackgroundSpec, document: Document) -> tuple[str, ...]:
    """The links that background traffic crosses: those that it names, or those between its two places."""
    if flow.between is None or len(flow.between) != 2:
        return flow.links or ()
    ends = [place(name, document, registries(document)) for name in flow.between]
    if ends[0] is None or ends[1] is None:
        return ()
    return links_between(ends[0], ends[1], document)


def takers(document: Document) -> set[str]:
    """The registries into which something goes: a push, or background traffic."""
    known = registries(document)
    only = next(iter(known)) if len(known) == 1 else ""
    pushed = document.push.images if document.push is not None else ()
    found = {document.images[image].registry or only for image in pushed if image in document.images}
    ends = (flow.between[-1] for flow in document.background.values() if flow.between)
    return found.union(end for end in ends if end in known)


def group_links(document: Document) -> Iterator[str]:
    """The rows of the groups' own links that results have: `web.nic.in`, each the mean over the group's nodes."""
    for name, group in document.nodes.items():
        for part, resource in _PARTS.items():
            if _has(group, resource, document) and (resource in PULLED or _sends(group, document)):
                yield f"{name}.{part}"


def _sends(group: GroupSpec, document: Document) -> bool:
    """Whether background traffic leaves by a NIC of the group; nothing else does."""
    links = (private_link(link, document) for flow in document.background.values() for link in crossed(flow, document))
    return any(found is not None and found[0] is group and found[1] not in PULLED for found in links)


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


def owner(link: str) -> str | None:
    """The group that a node's or a group's own link is named after, None for any other name."""
    match = re.fullmatch(rf"(.+?)(?:-[0-9]+)?\.(?:{_ANY_PART})", link)
    return match[1] if match else None


def nic_rate(group: GroupSpec, document: Document) -> float | None:
    """The line rate of a group's NICs [B/s], None where the file gives none."""
    return group.nic if group.nic is not None else document.network.rate


def uplink_rate(registry: RegistrySpec, document: Document) -> float | None:
    """The line rate of a registry's uplink [B/s], None where the file gives none."""
    return registry.uplink if registry.uplink is not None else document.network.rate


def is_unlimited(rate: float | None) -> bool:
    """Whether a rate of the file [B/s] is no limit; None: the file gives none."""
    return rate is not None and math.isinf(rate)


def _via_problems(path: Path, via: tuple[str, ...], owners: Mapping[str, Path], before: list[str]) -> Iterator[Problem]:
    for number, link in enumerate(via):
        if link not in owners:
            message = f"link '{link}' is never defined; known: {listing(owners)}"
            help = did_you_mean(link, owners)
            yield Problem((*path, number), message, help, related=(("network", "links", link),))
        elif link in via[:number] or link in before:
            message = f"link '{link}' is crossed twice on the way from the registry; name it once"
            yield Problem((*path, number), message)


def _private_problems(path: Path, link: str, document: Document, owners: Mapping[str, Path]) -> Iterator[Problem]:
    found = private_link(link, document)
    match = re.fullmatch(_PRIVATE, link)
    owner: Path = ("nodes", match["group"]) if match else ()
    if found is None:
        nodes = listing(node_ranges(document), separator=", ")
        message = f"link '{link}' is never defined; known: {listing(owners)}, and {listing(_PARTS)} of {nodes}"
        part = next((f".{part}" for part in _PARTS if link.endswith(f".{part}")), "")
        help = replica_help(link, document)
        if help is None and part:
            help = node_help(link.removesuffix(part), document, owners, part)
        elif help is None:
            name, group = next(iter(document.nodes.items()))
            first = node_name(name, 0, group.count)
            help = did_you_mean(link, [*owners, *(f"{first}.{part}" for part in _PARTS)])
        related: tuple[Path, ...] = (("network", "links", link), (*owner, "count") if owner else ())
        yield Problem(path, message, help, related=related)
    elif math.isinf(private_rate(*found, document)):
        message = f"'{link}' has no limit, so nothing shares it; give its group a rate, or leave it out"
        yield Problem(path, message, related=((*owner, found[1].key[0]), ("network", "rate")))
