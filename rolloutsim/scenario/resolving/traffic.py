"""Background traffic, pushes, and what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator

from rolloutsim.scenario.links import crossed, private_link
from rolloutsim.scenario.model import BackgroundSpec, Document, FailureSpec
from rolloutsim.scenario.resolved import Background, Request
from rolloutsim.scenario.resolved_rollout import Fault, Prices, Push


def background(document: Document, line_share: float) -> Iterator[Background]:
    """The flows in the background that cross anything; the ideal model has neither disks nor unpacking."""
    for name, spec in document.background.items():
        links = tuple(
            link for link in crossed(spec, document) if document.model != "ideal" or not _left_out(link, document)
        )
        if links:
            yield _flow(name, spec, links, line_share)


def _flow(name: str, spec: BackgroundSpec, links: tuple[str, ...], line_share: float) -> Background:
    start = spec.start or 0.0
    request = spec.request
    return Background(
        name=name,
        links=links,
        size=spec.size,
        # A transfer of a size starts at a time; anything else has a window.
        at=0.0 if spec.size is None else spec.at or start,
        cap=spec.cap,
        rate=None if spec.rate is None else spec.rate * line_share,
        start=start if spec.size is None else 0.0,
        until=spec.until,
        connections=spec.connections or 1,
        request=None if request is None else Request(request.size, request.every, request.round_trips),
    )


def _left_out(link: str, document: Document) -> bool:
    """Whether the ideal model has no such link."""
    private = private_link(link, document)
    return private is not None and not private[1].is_network


def pushes(document: Document) -> tuple[Push, ...]:
    """What is pushed."""
    spec = document.push
    if spec is None:
        return ()
    link = f"{spec.source}.uplink"
    return (Push(spec.source, link, spec.images, spec.held, spec.at, spec.parallel, spec.via),)


def faults(document: Document) -> tuple[Fault, ...]:
    """What goes wrong."""
    return tuple(_fault(name, spec) for name, spec in document.failures.items())


def _fault(name: str, spec: FailureSpec) -> Fault:
    rate = None if spec.rate is None else spec.rate.rate
    at = None if rate is not None else spec.at or 0.0
    remaining = spec.capacity or 0.0
    node = spec.node or spec.group
    if node is not None:
        return Fault(name, "node", node, at, rate, spec.back_after)
    if spec.link is not None:
        return Fault(name, "link", spec.link, at, rate, spec.back_after, remaining)
    registry = spec.registry or ""
    if spec.flaky is not None:
        return Fault(name, "requests", registry, at, rate, spec.back_after, probability=spec.flaky)
    return Fault(name, "registry", registry, at, rate, spec.back_after, remaining)


def prices(document: Document) -> Prices:
    """What storage costs."""
    return Prices(document.prices.ssd, document.prices.hdd)
