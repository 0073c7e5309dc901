"""What the model alone cannot see: keys that exclude each other, and names that must exist."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rolloutsim.scenario.conditions import thresholds
from rolloutsim.scenario.hints import did_you_mean, listing
from rolloutsim.scenario.images import image_problems
from rolloutsim.scenario.links import (
    group_links,
    link_problems,
    nic_rate,
    racks,
    registries,
    registry_path,
    shared_links,
)
from rolloutsim.scenario.model import MOST_NODES, BackgroundSpec, DistributionSpec, Document, GroupSpec
from rolloutsim.scenario.places import Path, Problem, dotted
from rolloutsim.units import parse_share

SCHEDULE_CASE = "all"


def check(document: Document) -> Iterator[Problem]:
    """Every contradiction and dangling name of a document."""
    yield from _network_problems(document)
    yield from link_problems(document)
    yield from _registry_problems(document)
    yield from image_problems(document)
    for name, group in document.nodes.items():
        yield from _group_problems(("nodes", name), group, document)
    yield from _unlimited_problems(document)
    yield from _rollout_problems(document)
    for name, flow in document.background.items():
        yield from _background_problems(("background", name), flow)
    total = sum(group.count for group in document.nodes.values())
    if total > MOST_NODES:
        yield Problem(
            ("nodes",), f"{total:,} nodes are too many; the most is {MOST_NODES:,} in all groups together", at="key"
        )
    for found in thresholds(document, names(document)):
        if isinstance(found, Problem):
            yield found


def names(document: Document) -> dict[str, frozenset[str]]:
    """What a threshold's selectors can name, by label; a link may be one node's own, too."""
    scheduled = document.rollout.strategy == "schedule"
    images = frozenset(document.images)
    return {
        "image": frozenset() if scheduled else images,
        "case": frozenset({SCHEDULE_CASE}) if scheduled else images,
        "link": frozenset((*(name for name, _ in shared_links(document)), *group_links(document))),
    }


def cached_nodes(value: int | str, count: int) -> int:
    """How many of `count` nodes hold an image; a share is rounded down."""
    if isinstance(value, int):
        return value
    # A share such as 29 % is not exact in binary: 0.29 * 100 is 28.999999999999996.
    return math.floor(round(parse_share(value) * count, 6))


def _network_problems(document: Document) -> Iterator[Problem]:
    network = document.network
    if network.mtu is not None and network.efficiency is not None:
        message = "network has both 'mtu' and 'efficiency'; the mtu sets the efficiency: give one of them"
        yield Problem(("network", "efficiency"), message, at="key", related=(("network", "mtu"),))
    if network.racks is None:
        return
    path: Path = ("network", "racks")
    given = (network.racks.uplink is not None) + (network.racks.oversubscription is not None)
    if given != 1:
        also = "both 'uplink' and 'oversubscription'" if given else "neither 'uplink' nor 'oversubscription'"
        parts = ((*path, "uplink"), (*path, "oversubscription"))
        yield Problem(path, f"network.racks has {also}; give one of them", at="key", related=parts)
    if not racks(document):
        message = "network.racks is given, but no group of nodes names its racks; add 'racks' to one"
        yield Problem(path, message, at="key", related=_racks_of_groups(document))
    if network.racks.oversubscription is not None:
        yield from _oversubscription_problems(document)


def _oversubscription_problems(document: Document) -> Iterator[Problem]:
    for name, group in document.nodes.items():
        if group.racks and math.isinf(nic_rate(group, document) or 0.0):
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


def _registry_problems(document: Document) -> Iterator[Problem]:
    if document.registry is not None and document.registries is not None:
        message = "both 'registry' and 'registries' are given; use 'registries' alone"
        yield Problem(("registry",), message, at="key", related=(("registries",),))
    known = registries(document)
    for name, registry in known.items():
        if registry.uplink is None and document.network.rate is None:
            message = (
                f"registry '{name}' has no uplink rate; add 'network: 1 Gbit/s' for it and all NICs, or give "
                f"{dotted((*registry_path(document, name), 'uplink'))}"
            )
            yield Problem(registry_path(document, name), message, at="key", related=(("network", "rate"),))
    for image, spec in document.images.items():
        path: Path = ("images", image)
        if spec.registry is None and len(known) > 1:
            message = f"{dotted(path)} names no registry, and there are several; add 'registry': {listing(known)}"
            yield Problem(path, message, at="key", related=(("registries",),))
        elif spec.registry is not None and spec.registry not in known:
            message = f"no registry is named '{spec.registry}'; known: {listing(known)}"
            help = did_you_mean(spec.registry, known)
            yield Problem((*path, "registry"), message, help, related=(("registries", spec.registry),))


def _unlimited_problems(document: Document) -> Iterator[Problem]:
    """Fetches that nothing limits: neither a link nor a connection's cap."""
    known = registries(document)
    scheduled = document.rollout.strategy == "schedule"
    for name, registry in known.items():
        finite = not (math.isinf(registry.storage) and registry.uplink is not None and math.isinf(registry.uplink))
        if finite or registry.via or registry.connection_cap is not None:
            continue
        served = {
            image
            for image, spec in document.images.items()
            if (spec.registry or (name if len(known) == 1 else "")) == name
        }
        here = registry_path(document, name)
        for group_name, group in document.nodes.items():
            asked = {pull.image for pull in group.pulls or ()} if scheduled else served
            if asked & served and not _is_limited(group, document):
                path: Path = ("nodes", group_name)
                disks = "" if document.model == "ideal" else f", {dotted((*path, 'disk'))}"
                also = "; the ideal model has no disks" if document.model == "ideal" else ""
                cap = dotted((*path, "connection_cap"))
                message = (
                    f"nothing limits a fetch from registry '{name}' by {dotted(path)}{also}; give a rate to "
                    f"{dotted((*here, 'uplink'))}, {dotted((*path, 'nic'))}{disks} or {cap}"
                )
                related = ((*path, "disk"), (*here, "uplink"), ("network", "rate"), ("model",))
                yield Problem((*path, "nic"), message, at="key", related=related)


def _is_limited(group: GroupSpec, document: Document) -> bool:
    """Whether the way from the network's core to a node's disk has a finite link or a cap."""
    disk = math.inf if document.model == "ideal" else group.disk
    nic = nic_rate(group, document)
    rates = (math.inf if nic is None else nic, disk, group.connection_cap or math.inf)
    return bool(group.racks or group.via) or not all(map(math.isinf, rates))


def _racks_of_groups(document: Document) -> tuple[Path, ...]:
    """Where each group's racks stand, or would stand."""
    return tuple(("nodes", name, "racks") for name in document.nodes)


def _group_problems(path: Path, group: GroupSpec, document: Document) -> Iterator[Problem]:
    here = dotted(path)
    if nic_rate(group, document) is None:
        message = f"{here} has no NIC rate; add 'nic' to it, or 'network: 1 Gbit/s' for all NICs and registries"
        yield Problem((*path, "count"), message, at="key", related=(("network", "rate"), (*path, "nic")))
    if group.racks and document.network.racks is None:
        message = f"{here} is in racks, but network.racks gives them no uplink"
        help = "add network.racks: {uplink: 40 Gbit/s}, or {oversubscription: 2.5}"
        yield Problem((*path, "racks"), message, help, at="key")
    for number, rack in enumerate(group.racks):
        if rack in group.racks[:number]:
            yield Problem((*path, "racks", number), f"rack '{rack}' stands twice in {here}.racks; name it once")
    for image, value in group.cached.items():
        nodes = cached_nodes(value, group.count)
        if image not in document.images:
            yield _no_image((*path, "cached", image), image, document, at_key=True)
        elif nodes > group.count:
            message = f"'{image}' is cached on {nodes} nodes, but {here} has only {group.count}"
            yield Problem((*path, "cached", image), message)
    for number, pull in enumerate(group.pulls or ()):
        if pull.image not in document.images:
            yield _no_image((*path, "pulls", number, "image"), pull.image, document)
        yield from _time_problems((*path, "pulls", number, "at"), pull.at)
    yield from _time_problems((*path, "start"), group.start)


def _rollout_problems(document: Document) -> Iterator[Problem]:
    scheduled = document.rollout.strategy == "schedule"
    yield from _time_problems(("rollout", "startup"), document.rollout.startup)
    for name, group in document.nodes.items():
        if group.pulls is not None and not scheduled:
            message = f"nodes.{name} has 'pulls', which need 'rollout: {{strategy: schedule}}'"
            yield Problem(("nodes", name, "pulls"), message, at="key", related=(("rollout", "strategy"),))
        if group.start is not None and scheduled:
            message = f"nodes.{name} has 'start', which a schedule does not use; put the times in 'pulls' as 'at'"
            yield Problem(("nodes", name, "start"), message, at="key", related=(("rollout", "strategy"),))
    if scheduled and not any(group.pulls for group in document.nodes.values()):
        message = "the strategy is schedule, but no group of nodes has 'pulls'; add [{image: …, at: 0 s}] to one"
        yield Problem(("rollout", "strategy"), message, related=(("nodes",),))


def _background_problems(path: Path, flow: BackgroundSpec) -> Iterator[Problem]:
    here = dotted(path)
    if (flow.size is None) == (flow.rate is None):
        also = "both 'size' and 'rate'" if flow.size is not None else "neither 'size' nor 'rate'"
        yield Problem(path, f"{here} has {also}; give one: a transfer has a size, constant traffic a rate", at="key")
        return
    owner, others = ("size", ("start", "until")) if flow.size is not None else ("rate", ("at", "cap"))
    for attribute in others:
        if getattr(flow, attribute) is not None:
            key = "from" if attribute == "start" else attribute
            allowed = "at cap" if owner == "size" else "from until"
            message = f"'{key}' does not go with '{owner}' in {here}; allowed with it: {allowed}"
            yield Problem((*path, key), message, at="key")
    if flow.rate is not None and flow.until is not None and flow.until <= (flow.start or 0.0):
        yield Problem((*path, "until"), f"{here} ends before it starts; 'until' must be after 'from'")


def _time_problems(path: Path, time: DistributionSpec | None) -> Iterator[Problem]:
    if time is None:
        return
    bounds = (time.min, time.max)
    quantiles = (time.p50, time.p95)
    here = dotted(path)
    if (None in bounds) + (None in quantiles) != 1 or bounds.count(None) == 1 or quantiles.count(None) == 1:
        yield Problem(path, f"{here} must be a time, {{min, max}} for uniform, or {{p50, p95}} for lognormal", at="key")
    elif time.min is not None and time.max is not None and time.min > time.max:
        yield Problem((*path, "min"), f"'min' is larger than 'max' in {here}")
    elif time.p50 is not None and time.p95 is not None and not 0 < time.p50 <= time.p95:
        yield Problem((*path, "p50"), f"'p50' must be more than 0 s and at most 'p95' in {here}")


def _no_image(path: Path, image: str, document: Document, at_key: bool = False) -> Problem:
    message = f"no image is named '{image}'; known: {listing(document.images)}"
    help = did_you_mean(image, document.images)
    return Problem(path, message, help, "key" if at_key else "value", related=(("images", image),))
