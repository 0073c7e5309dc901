"""What is served otherwise, and how.

Images: a smaller one of the scenario instead, or layers that every node holds beforehand. Registries: more replicas,
connections and requests, faster connections.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import inf

from rolloutsim.planning.changes.situation import Candidate, Situation, change
from rolloutsim.results.numerals import show_byte_rate
from rolloutsim.scenario.causes import (
    BACKOFF,
    CONNECTION_CAP,
    FAILED_PULL,
    RATE_LIMITED,
    REGISTRY_QUEUE,
    REQUESTS,
    RETRY,
    TCP_WINDOW,
)
from rolloutsim.scenario.fields import Frequency
from rolloutsim.scenario.places import Path
from rolloutsim.scenario.resolved import Image, Registry
from rolloutsim.scenario.servers import registries, registry_path
from rolloutsim.units import parse_size, plain_text

_TWICE = 2.0
_MUCH = 10
# What half of `tcp_rmem` is from Linux 6.16 on, of at most 32 MB; Documentation/networking/ip-sysctl.rst.
_WIDE = "16 MiB"
_ANY = 1_000_000_000  # the most that the format knows
# An image counts as really smaller if it has at most this share of the bytes (assumed: a difference to work for).
_SMALLER = 0.5
_EVERY_NODE = "100%"
_WORTH_A_TRY = 0.05  # a cause with a smaller share of the time is left alone (assumed)
_MORE_THAN_ONE = 2  # replicas, from which on each has an uplink of its own name


def registry_changes(situation: Situation) -> Iterator[Candidate]:
    """Everything that the keys of the case's registries can change, apart from speeds."""
    for name in situation.registries:
        registry, here = situation.scenario.registries[name], registry_path(situation.document, name)
        yield from _replicas(situation, registry, here)
        yield from _connections(situation, registry, here)
        yield from _answers(situation, registry, here)
        yield from _limits(situation, registry, here)


def _replicas(situation: Situation, registry: Registry, here: Path) -> Iterator[Candidate]:
    links = situation.scenario.links
    crossed = (*registry.replicas, *registry.path)
    uplinks = [one for one in crossed if one in links and links[one].kind == "registry_uplink"]
    replicas = max(1, len(registry.replicas)) + 1
    words = f"{replicas} replicas of {registry.name}"
    values: dict[Path, object] = {(*here, "replicas"): replicas}
    if replicas == _MORE_THAN_ONE:
        values |= _renamed(situation, registry)
    share = situation.share([*uplinks, REGISTRY_QUEUE])
    yield replace(change(f"replicas of {registry.name}", words, values, share), buys=True)


def _renamed(situation: Situation, registry: Registry) -> dict[Path, object]:
    """The thresholds, where one names the uplink of a registry that gets several: it is that of the first replica."""
    only, first = f"{registry.name}.uplink", f"{registry.name}-0.uplink"
    thresholds = situation.document.thresholds
    if not any(f"={only}" in metric for metric in thresholds):
        return {}
    renamed: dict[str, object] = {}
    for metric, conditions in thresholds.items():
        every = [
            one.check if one.severity == "error" else {"check": one.check, "severity": one.severity}
            for one in conditions
        ]
        renamed[metric.replace(f"={only}", f"={first}")] = every if len(every) > 1 else every[0]
    return {("thresholds",): renamed}


def _connections(situation: Situation, registry: Registry, here: Path) -> Iterator[Candidate]:
    if registry.max_connections is not None:
        share = situation.share([REGISTRY_QUEUE])
        subject, key = f"connections to {registry.name}", (*here, "max_connections")
        yield change(subject, f"no limit on {subject}", {key: "unlimited"}, share, True)
        if share > 0.0 and registry.max_connections:
            more = int(_TWICE) * registry.max_connections
            yield change(subject, f"{more} {subject}", {key: more}, share)
    if registry.connection_cap is not None:
        cap = _TWICE * registry.connection_cap
        words = f"{show_byte_rate(cap)} for each connection to {registry.name}"
        values = {(*here, "connection_cap"): plain_text("rate", cap)}
        share = situation.share([CONNECTION_CAP])
        subject, relieves = f"connection cap of {registry.name}", [CONNECTION_CAP.name]
        yield change(subject, words, values, share, True, None, relieves)
    share = situation.share([TCP_WINDOW])
    if share > 0.0 and (registry.tcp_window or inf) < parse_size(_WIDE):
        words = f"TCP windows of {_WIDE} towards {registry.name}"
        subject, relieves = f"TCP window towards {registry.name}", [TCP_WINDOW.name]
        yield change(subject, words, {(*here, "tcp_window"): _WIDE}, share, True, None, relieves)


def _answers(situation: Situation, registry: Registry, here: Path) -> Iterator[Candidate]:
    """A registry that answers after half the time, where its answers take more than next to nothing."""
    scenario, links = situation.scenario, situation.document.network.links
    times = {"ttfb": registry.ttfb, "manifest_ttfb": registry.manifest_ttfb}
    values = {(*here, key): plain_text("time", time / _TWICE) for key, time in times.items() if time}
    # The rest of what a request takes is on its way there and back.
    thinks = max(time or 0.0 for time in times.values())
    way = _TWICE * (scenario.path_latency + sum(link.latency for link in links.values()))
    share = situation.share([REQUESTS]) * (thinks / (thinks + way) if thinks else 0.0)
    if scenario.model == "real" and share >= _WORTH_A_TRY:
        words = f"{registry.name} answers after half the time ({' / '.join(dict.fromkeys(values.values()))})"
        yield change(f"answers of {registry.name}", words, values, share, True)


def _limits(situation: Situation, registry: Registry, here: Path) -> Iterator[Candidate]:
    """Rate limits ten times as high, or none; addresses of their own where a limit counts addresses."""
    spec = registries(situation.document)[registry.name]
    limits = {(*here, "rate_limits", name): limit for name, limit in (spec.rate_limits or {}).items()}
    limits |= {} if spec.rate_limit is None else {(*here, "rate_limit"): spec.rate_limit}
    share = situation.share([RATE_LIMITED, RETRY, BACKOFF, FAILED_PULL])
    subject = f"rate limits of {registry.name}"
    higher: dict[Path, object] = {}
    none: dict[Path, object] = {}
    for path, limit in limits.items():
        higher[*path, "rate"] = str(Frequency(limit.rate.count * _MUCH, limit.rate.period))
        if limit.burst is not None:
            higher[*path, "burst"] = limit.burst * _MUCH
        if limit.kind == "fixed_window":
            none[*path, "rate"] = str(Frequency(float(_ANY), limit.rate.period))
        else:
            none |= {(*path, "rate"): f"{_ANY}/s", (*path, "burst"): _ANY}
    yield change(subject, f"{_MUCH} times the {subject}", higher, share)
    yield change(subject, f"no rate limit at {registry.name}", none, share, True)
    if any(limit.per == "address" for limit in limits.values()):
        behind = [group.name for group in situation.groups if group.shared_address]
        values = {("nodes", name, "shared_address"): False for name in behind}
        yield change("addresses", "an address for each node", values, share)


def image_changes(situation: Situation) -> Iterator[Candidate]:
    """The image that the last pod waited for, exchanged for a smaller one, or there in part."""
    if situation.image:
        image = situation.scenario.images[situation.image]
        yield from _smaller(situation, image)
        yield from _cached(situation, image)


def _smaller(situation: Situation, image: Image) -> Iterator[Candidate]:
    """The largest image that is really smaller, and the next smaller one."""
    sizes = {
        name: one.compressed
        for name, one in situation.scenario.images.items()
        if one.compressed < image.compressed and _may_replace(situation, name, image.name)
    }
    really = {name: size for name, size in sizes.items() if size <= _SMALLER * image.compressed}
    largest = dict.fromkeys(max(found, key=lambda name: found[name]) for found in (really, sizes) if found)
    for number, name in enumerate(largest):
        registry = situation.document.images[name].registry
        value = {"base": name} | ({} if registry is None else {"registry": registry})
        words = f"{name} instead of {image.name}"
        # It is the first thing to think of, whatever took the time.
        yield change("a smaller image", words, {("images", image.name): value}, 1.0, number == 0, image=name)


def _may_replace(situation: Situation, name: str, other: str) -> bool:
    """Whether an image may do another one's work.

    Where each image is a case of its own, all of them are there to be compared. Where workloads run them, it is another
    tag of the same repository, or one that nothing else is there for: no workload, image or node names it.
    """
    document = situation.document
    if not situation.case.workloads or document.workloads is None:
        return True
    if _repository(name) == _repository(other):
        return True
    named = {image for workload in document.workloads.values() for image in workload.images}
    named |= {image.base for image in document.images.values() if image.base is not None}
    named |= {image for group in document.nodes.values() for image in group.cached}
    return name not in named


def _repository(image: str) -> str:
    """A reference without its tag and digest."""
    name, _, _ = image.partition("@")
    before, _, tag = name.rpartition(":")
    return before if before and "/" not in tag else name


def _cached(situation: Situation, image: Image) -> Iterator[Candidate]:
    """The layers of its base, or its lowest layer, on every node before the rollout."""
    added: dict[Path, object] = {}
    base = _base(situation, image)
    is_image = base is not None
    if base is not None:
        words = f"{base} on every node beforehand"
    else:
        base, words = f"{image.name} (base)", f"the base layer of {image.name} on every node beforehand"
        if len(image.layers) < 2 or base in situation.scenario.images:
            return
        lowest = image.layers[0]
        layer = {
            "digest": lowest.digest,
            "compressed": plain_text("size", lowest.compressed),
            "unpacked": plain_text("size", lowest.unpacked),
        }
        registry = {} if situation.document.registries is None else {"registry": image.registry}
        added = {("images", base): {**registry, "layers": {"base": layer}}}
    nodes = situation.document.nodes
    lacking = [group.name for group in situation.groups if nodes[group.name].cached.get(base) != _EVERY_NODE]
    if lacking:
        held: dict[Path, object] = {("nodes", name, "cached", base): _EVERY_NODE for name in lacking}
        yield change("a base held beforehand", words, added | held, situation.largest_share, is_image)


def _base(situation: Situation, image: Image) -> str | None:
    """The largest other image whose layers are all layers of this one."""
    own = {layer.digest for layer in image.layers}
    inside = {
        name: one.compressed
        for name, one in situation.scenario.images.items()
        if one.layers and {layer.digest for layer in one.layers} < own
    }
    return max(inside, key=lambda name: inside[name], default=None)
