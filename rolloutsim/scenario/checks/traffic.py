"""Contradictions in background traffic and in what is pushed."""

from __future__ import annotations

from collections.abc import Iterator

from rolloutsim.scenario.checks.common import image_list_problems
from rolloutsim.scenario.hints import listing
from rolloutsim.scenario.links import CORE, crossed, node_help, node_ranges, place, registries
from rolloutsim.scenario.model import BackgroundSpec, Document, PushSpec
from rolloutsim.scenario.places import Path, Problem, dotted
from rolloutsim.scenario.resources import LinkName

# What goes with each kind of traffic, beside its links.
_KINDS = {
    "size": ("at", "cap", "connections", "from", "until"),
    "rate": ("from", "until", "request"),
    "request": ("from", "until", "rate"),
    "connections": ("cap", "from", "until", "size"),
}
_KEYS = ("size", "connections", "at", "cap", "rate", "request", "from", "until")


def background_problems(path: Path, flow: BackgroundSpec, document: Document) -> Iterator[Problem]:
    """What is wrong with one flow in the background."""
    yield from _place_problems(path, flow, document)
    here = dotted(path)
    given = [key for key in _KEYS if getattr(flow, "start" if key == "from" else key) is not None]
    kind = next((kind for kind in _KINDS if kind in given), None)
    if kind is None:
        message = f"{here} has none of 'size', 'connections', 'rate' and 'request'; it is a transfer of a size, bulk "
        message += "connections, a constant rate or a service: give one"
        yield Problem(path, message, at="key")
        return
    if kind == "size" and "rate" in given:
        message = f"{here} has both 'size' and 'rate'; give one: a transfer has a size, constant traffic a rate"
        yield Problem(path, message, at="key")
        return
    for key in given:
        if key != kind and key not in _KINDS[kind]:
            message = f"'{key}' does not go with '{kind}' in {here}; allowed with it: {listing(_KINDS[kind])}"
            yield Problem((*path, key), message, at="key", related=((*path, kind),))
    if flow.at is not None and flow.start is not None:
        message = f"{here} has both 'at' and 'from', which mean the same for a transfer; give one"
        yield Problem((*path, "at"), message, at="key", related=((*path, "from"),))
    start = flow.start if flow.start is not None else flow.at or 0.0
    if flow.until is not None and flow.until <= start:
        key = "at" if flow.at is not None else "from"
        message = f"{here} ends before it starts; 'until' must be after '{key}'"
        yield Problem((*path, "until"), message, related=((*path, key),))


def _place_problems(path: Path, flow: BackgroundSpec, document: Document) -> Iterator[Problem]:
    here = dotted(path)
    if (flow.links is None) == (flow.between is None):
        also = "both 'links' and 'between'" if flow.links is not None else "neither 'links' nor 'between'"
        message = f"{here} has {also}; give one: the links that it crosses, or the two places"
        yield Problem(path, message, at="key", related=((*path, "links"), (*path, "between")))
    if flow.between is None:
        return
    where = (*path, "between")
    if len(flow.between) != 2:
        yield Problem(where, f"{dotted(where)} has {len(flow.between)} places; give two, [from, to]")
        return
    known = [*registries(document), *document.nodes, CORE]
    ends = [place(name, document) for name in flow.between]
    for number, name in enumerate(flow.between):
        if ends[number] is None:
            message = f"no place is named '{name}'; known: {listing(known)}, and the nodes {node_ranges(document)}"
            related: tuple[Path, ...] = (("nodes", name.rpartition("-")[0] or name), ("registries", name))
            yield Problem((*where, number), message, node_help(LinkName(name), document, known), related=related)
    if None not in ends:
        first, second = flow.between
        if ends[0] == ends[1]:
            yield Problem(where, f"{dotted(where)} names one place twice; traffic goes from one to another")
        elif not crossed(flow, document):
            message = f"no link with a limit lies between {first} and {second}, so nothing is shared; leave it out"
            yield Problem(where, message, related=(("network", "rate"), ("nodes",), ("registries",), ("registry",)))


def push_problems(push: PushSpec, document: Document) -> Iterator[Problem]:
    """What is wrong with the push as a whole."""
    if push.link is None and document.network.rate is None:
        message = "push has no 'link' rate; add link: 1 Gbit/s, or 'network: 1 Gbit/s' for all lines"
        yield Problem(("push",), message, at="key", related=(("network", "rate"), ("push", "link")))
    yield from image_list_problems(("push", "images"), push.images, document)
    yield from image_list_problems(("push", "held"), push.held, document)
    for number, image in enumerate(push.held):
        if image in push.images:
            message = f"image '{image}' is in push.held, so nothing of it is pushed; take it out of one of the lists"
            yield Problem(("push", "held", number), message, related=(("push", "images"),))
