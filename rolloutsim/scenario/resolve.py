"""A valid document to the form that is simulated: defaults filled in, names looked up, goodput computed.

`model: ideal` is applied here: no protocol overhead, no latency, no requests, no disk, no unpacking, no start-up
time and no connection limit. What stays is bandwidth (storage included), layer slots, caches, caps and background.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterator
from typing import Literal

from rolloutsim.scenario import links as names_of_links
from rolloutsim.scenario.checks import SCHEDULE_CASE, cached_nodes, names
from rolloutsim.scenario.conditions import thresholds
from rolloutsim.scenario.images import Layers, layers
from rolloutsim.scenario.model import DistributionSpec, Document, GroupSpec, NetworkSpec, RegistrySpec
from rolloutsim.scenario.profiles import PROFILES, runtime
from rolloutsim.scenario.resolved import (
    Background,
    Case,
    Distribution,
    Image,
    Link,
    LinkKind,
    NodeGroup,
    PlannedPull,
    Registry,
    ResolvedScenario,
    Threshold,
)

DEFAULT_MTU = 1500  # [B]
UNNAMED = "unnamed scenario"

_FRAMING = 38  # Ethernet with preamble and gap, IEEE 802.3 [B]
_HEADERS = 52  # IP, TCP and its time stamps inside the MTU; RFC 791, 9293, 7323 [B]
_NAMED = 3  # images that a note names (assumed: what fits a line)


def resolve(document: Document) -> ResolvedScenario:
    """The scenario that `simulate` runs, of a document that has passed every check."""
    ideal = document.model == "ideal"
    line_share = 1.0 if ideal else efficiency(document.network)
    sizes = layers(document)
    resolved = ResolvedScenario(
        name=document.name or UNNAMED,
        description=document.description,
        model=_model(document.model),
        seed=document.seed,
        groups=tuple(_group(name, group, document, ideal, line_share) for name, group in document.nodes.items()),
        links={link.name: link for link in _links(document, ideal, line_share)},
        path_latency=0.0 if ideal else document.network.latency,
        registries={
            name: _registry(name, registry, ideal) for name, registry in names_of_links.registries(document).items()
        },
        images={name: _image(name, document, sizes) for name in document.images},
        cases=_cases(document),
        startup=_NOW if ideal else _distribution(document.rollout.startup),
        background=tuple(_background(document, ideal, line_share)),
        thresholds=tuple(one for one in thresholds(document, names(document)) if isinstance(one, Threshold)),
        notes=() if ideal else tuple(_notes(sizes)),
    )
    return dataclasses.replace(resolved, sha256=fingerprint(resolved))


def efficiency(network: NetworkSpec) -> float:
    """The share of a line's rate that is payload: as given, or from the MTU; 1448 / 1538 at 1500."""
    if network.efficiency is not None:
        return network.efficiency
    mtu = network.mtu or DEFAULT_MTU
    return (mtu - _HEADERS) / (mtu + _FRAMING)


def fingerprint(resolved: ResolvedScenario) -> str:
    """SHA-256 of the resolved scenario's canonical JSON; the seed is no part of it."""
    data = dataclasses.asdict(resolved)
    del data["seed"], data["sha256"]
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _model(text: str) -> Literal["real", "ideal"]:
    return "ideal" if text == "ideal" else "real"


def _links(document: Document, ideal: bool, line_share: float) -> Iterator[Link]:
    for name, registry in names_of_links.registries(document).items():
        if not math.isinf(registry.storage):
            yield Link(f"{name}.storage", "registry_storage", registry.storage, registry.storage)
        uplink = document.network.rate if registry.uplink is None else registry.uplink
        if uplink is not None and not math.isinf(uplink):
            yield _line(f"{name}.uplink", "registry_uplink", uplink, line_share)
    for rack, rate in _rack_rates(document).items():
        yield _line(f"{rack}.up", "rack", rate, line_share)
        yield _line(f"{rack}.down", "rack", rate, line_share)
    for name, link in document.network.links.items():
        yield _line(name, "link", link.capacity, line_share, 0.0 if ideal else link.latency)


def _line(name: str, kind: LinkKind, rate: float, line_share: float, latency: float = 0.0) -> Link:
    return Link(name, kind, rate * line_share, rate, latency)


def _rack_rates(document: Document) -> dict[str, float]:
    """The line rate of each rack's uplink [B/s]."""
    racks = document.network.racks
    if racks is None:
        return {}
    if racks.uplink is not None:
        return dict.fromkeys(names_of_links.racks(document), racks.uplink)
    below = dict.fromkeys(names_of_links.racks(document), 0.0)
    for group in document.nodes.values():
        rate = names_of_links.nic_rate(group, document) or 0.0
        for number, rack in enumerate(group.racks):
            nodes, rest = divmod(group.count, len(group.racks))
            below[rack] += rate * (nodes + (number < rest))
    return {rack: rate / (racks.oversubscription or 1.0) for rack, rate in below.items()}


def _registry(name: str, spec: RegistrySpec, ideal: bool) -> Registry:
    storage = [] if math.isinf(spec.storage) else [f"{name}.storage"]
    uplink = [] if spec.uplink is not None and math.isinf(spec.uplink) else [f"{name}.uplink"]
    return Registry(
        name=name,
        path=(*storage, *uplink, *spec.via),
        max_connections=None if ideal or math.isinf(spec.max_connections) else int(spec.max_connections),
        ttfb=0.0 if ideal else spec.ttfb,
        connection_cap=spec.connection_cap,
        tls=spec.tls and not ideal,
    )


def _image(name: str, document: Document, sizes: Layers) -> Image:
    registry = document.images[name].registry or next(iter(names_of_links.registries(document)))
    return Image(name, registry, sizes.of[name])


def _group(name: str, spec: GroupSpec, document: Document, ideal: bool, line_share: float) -> NodeGroup:
    own = {field: getattr(spec, field) for field in PROFILES[spec.runtime] if getattr(spec, field) is not None}
    nic = _limit(names_of_links.nic_rate(spec, document))
    return NodeGroup(
        name=name,
        count=spec.count,
        runtime=runtime(spec.runtime, own, ideal),
        racks=tuple(spec.racks),
        via=tuple(spec.via),
        nic=None if nic is None else nic * line_share,
        nic_line_rate=nic,
        disk=None if ideal else _limit(spec.disk),
        unpack_rate=None if ideal else _limit(spec.unpack.rate),
        unpack_cores=spec.unpack.cores,
        connection_cap=spec.connection_cap,
        cached={image: cached_nodes(value, spec.count) for image, value in spec.cached.items()},
    )


def _limit(rate: float | None) -> float | None:
    return None if rate is None or math.isinf(rate) else rate


def _cases(document: Document) -> tuple[Case, ...]:
    """One case for each image, in the file's order; one case for everything where there is a schedule."""
    if document.rollout.strategy == "schedule":
        pulls = {
            name: tuple(PlannedPull(pull.image, _distribution(pull.at)) for pull in group.pulls or ())
            for name, group in document.nodes.items()
        }
        return (Case(SCHEDULE_CASE, pulls),)
    return tuple(
        Case(image, {name: (PlannedPull(image, _distribution(group.start)),) for name, group in document.nodes.items()})
        for image in document.images
    )


_NOW = Distribution()


def _distribution(spec: DistributionSpec | None) -> Distribution:
    if spec is None:
        return _NOW
    return Distribution(low=spec.min or 0.0, high=spec.max or 0.0, p50=spec.p50, p95=spec.p95)


def _background(document: Document, ideal: bool, line_share: float) -> Iterator[Background]:
    for name, spec in document.background.items():
        links = tuple(link for link in spec.links if not ideal or not _left_out(link, document))
        if links:
            yield Background(
                name=name,
                links=links,
                size=spec.size,
                at=spec.at or 0.0,
                cap=spec.cap,
                rate=None if spec.rate is None else spec.rate * line_share,
                start=spec.start or 0.0,
                until=spec.until,
            )


def _left_out(link: str, document: Document) -> bool:
    """Whether the ideal model has no such link: it has neither disks nor unpacking."""
    private = names_of_links.private_link(link, document)
    return private is not None and private[1] in ("disk", "unpack")


def _notes(sizes: Layers) -> Iterator[str]:
    if sizes.estimated:
        several = len(sizes.ratios) > 1
        ratios = (f"{ratio:g} × compressed{_of(images) if several else ''}" for ratio, images in sizes.ratios.items())
        yield (
            f"Unpacked sizes are estimated for {sizes.estimated} of {sizes.total} layers: "
            f"unpacked = {', '.join(ratios)}."
        )


def _of(images: tuple[str, ...]) -> str:
    """Which images have such layers; not all of very many."""
    more = len(images) - _NAMED
    return f" (layers of {', '.join(images[:_NAMED])}{f' and {more} more' if more > 0 else ''})"
