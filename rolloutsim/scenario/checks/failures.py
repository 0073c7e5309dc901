"""Contradictions in failures, and names that must exist."""

from __future__ import annotations

from collections.abc import Iterator

from rolloutsim.scenario.hints import did_you_mean, listing
from rolloutsim.scenario.links import (
    is_unlimited,
    line_rate,
    node,
    node_help,
    node_name,
    node_ranges,
    private_link,
    registries,
    registry_path,
    replica_help,
    shared_links,
)
from rolloutsim.scenario.model import Document, FailureSpec
from rolloutsim.scenario.places import Path, Problem, dotted
from rolloutsim.scenario.resources import LinkName

TARGETS = ("node", "group", "registry", "link")


def failure_problems(path: Path, failure: FailureSpec, document: Document) -> Iterator[Problem]:
    """What is wrong with a failure as a whole."""
    here = dotted(path)
    given = [key for key in TARGETS if getattr(failure, key) is not None]
    if len(given) != 1:
        also = f"'{given[0]}' and '{given[1]}'" if given else f"none of {listing(TARGETS)}"
        yield Problem(path, f"{here} has {also}; it is about one of them", at="key", related=_parts(path, given))
        return
    yield from _target_problems((*path, given[0]), given[0], getattr(failure, given[0]), document)
    if (failure.at is None) == (failure.rate is None) and not (failure.flaky is not None and failure.rate is None):
        also = "both 'at' and 'rate'" if failure.at is not None else "neither 'at' nor 'rate'"
        message = f"{here} has {also}; give one: at: 45 s, or rate: 2/h for random times"
        yield Problem(path, message, at="key", related=_parts(path, ["at", "rate"]))
    if failure.flaky is not None and given != ["registry"]:
        message = f"'flaky' goes with 'registry' only, and {here} has '{given[0]}'"
        yield Problem((*path, "flaky"), message, at="key", related=_parts(path, given))
    if failure.capacity is not None and given[0] in ("node", "group"):
        message = f"'capacity' does not go with '{given[0]}' in {here}: a node that crashes does nothing"
        yield Problem((*path, "capacity"), message, at="key", related=_parts(path, given))
    if failure.capacity and failure.registry in registries(document):
        yield from _unlimited_problems(path, failure.registry, document)
    if failure.capacity is not None and failure.flaky is not None:
        message = f"{here} has both 'capacity' and 'flaky'; make two failures of it"
        yield Problem((*path, "flaky"), message, at="key", related=_parts(path, ["capacity"]))


def _unlimited_problems(path: Path, name: str, document: Document) -> Iterator[Problem]:
    """A share of a registry's capacity, where it has no limit."""
    registry = registries(document)[name]
    if is_unlimited(line_rate(registry.uplink, document)) and is_unlimited(registry.storage):
        here = registry_path(document, name)
        message = (
            f"registry '{name}' has no limit of which {dotted(path)} could leave a share; give "
            f"{dotted((*here, 'uplink'))} a rate, or leave 'capacity' out: the registry is down then"
        )
        yield Problem((*path, "capacity"), message, at="key", related=((*here, "uplink"), here, ("network", "rate")))


def _target_problems(path: Path, kind: str, name: str, document: Document) -> Iterator[Problem]:
    known: list[str]
    if kind == "node":
        if name in document.nodes:
            first = node_name(name, 0, document.nodes[name].count)
            message = f"'{name}' is a group of nodes; name one node, {first}, or say group: {name}"
            yield Problem(path, message, related=(("nodes", name),))
            return
        if node(name, document) is not None:
            return
        known = []
    elif kind == "group":
        known = list(document.nodes)
    elif kind == "registry":
        known = list(registries(document))
    else:
        known = [link for link, _ in shared_links(document)]
        if private_link(name, document) is not None:
            message = f"link '{name}' is one node's own; a failure is of a shared link: {listing(known)}"
            yield Problem(path, message, f"crash the node: node: {LinkName.of(name).owner}")
            return
    if name not in known:
        what = "node group" if kind == "group" else kind
        group = name.rpartition("-")[0]
        related: tuple[Path, ...] = (
            ("nodes", group if group else name),
            ("registries", name),
            ("network", "links", name),
        )
        if kind == "node":
            shown, help = node_ranges(document), node_help(LinkName(name), document)
        else:
            shown = listing(known)
            help = (replica_help(name, document) if kind == "link" else None) or did_you_mean(name, known)
        yield Problem(path, f"no {what} is named '{name}'; known: {shown}", help, related=related)


def _parts(path: Path, keys: list[str]) -> tuple[Path, ...]:
    return tuple((*path, key) for key in keys)
