"""Contradictions in background traffic, in what is pushed, and in failures."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from rolloutsim.scenario import links
from rolloutsim.scenario.checks.common import image_list_problems, one_of
from rolloutsim.scenario.hints import did_you_mean, listing
from rolloutsim.scenario.model import BackgroundSpec, Document, FailureSpec, RegistrySpec
from rolloutsim.scenario.places import Path, Problem, dotted
from rolloutsim.scenario.resources import LinkName
from rolloutsim.scenario.servers import instances, registries, registry_path, specs

# What goes with each kind of traffic, beside its links.
_KINDS = {
    "size": ("at", "cap", "connections", "from", "until"),
    "rate": ("from", "until", "request"),
    "request": ("from", "until", "rate"),
    "connections": ("cap", "from", "until", "size"),
}
SERVERS = ("registry", "cache", "mirror")
TARGETS = ("node", "group", *SERVERS, "link")  # of a failure
_SERVERS = "'registry', 'cache' or 'mirror'"
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
    yield from one_of(path, flow, "links", "between", ": the links that it crosses, or the two places")
    if flow.between is None:
        return
    where = (*path, "between")
    if len(flow.between) != 2:
        yield Problem(where, f"{dotted(where)} has {len(flow.between)} places; give two, [from, to]")
        return
    ends = [links.place(name, document) for name in flow.between]
    for number, name in enumerate(flow.between):
        if ends[number] is None:
            known = [*registries(document), *instances(document), *document.nodes, links.CORE]
            message = f"no place is named '{name}'; known: {listing(known)}, and the nodes "
            message += links.node_ranges(document)
            related: tuple[Path, ...] = (("nodes", name.rpartition("-")[0] or name), ("registries", name))
            related += (("caches", name), ("mirrors", name))
            yield Problem((*where, number), message, links.node_help(LinkName(name), document, known), related=related)
    if None not in ends:
        first, second = flow.between
        if ends[0] == ends[1]:
            yield Problem(where, f"{dotted(where)} names one place twice; traffic goes from one to another")
        elif not links.crossed(flow, document):
            message = f"no link with a limit lies between {first} and {second}, so nothing is shared; leave it out"
            yield Problem(where, message, related=(("network", "rate"), ("nodes",), ("registries",), ("registry",)))


def push_problems(document: Document) -> Iterator[Problem]:
    """What is wrong with pushes as a whole."""
    if document.push is not None and document.pushes:
        message = "the scenario has both 'push' and 'pushes'; put all of them into 'pushes', by name"
        yield Problem(("push",), message, at="key", related=(("pushes",),))
    for path, name, push in links.pushes(document):
        here = dotted(path)
        if push.link is None and document.network.rate is None:
            message = f"{here} has no 'link' rate; add link: 1 Gbit/s, or 'network: 1 Gbit/s' for all lines"
            yield Problem(path, message, at="key", related=(("network", "rate"), (*path, "link")))
        if path[0] == "pushes" and "source" in push.model_fields_set:
            message = f"{here} has 'from', and what pushes is called '{name}' there already; leave it out"
            yield Problem((*path, "from"), message, at="key")
        yield from image_list_problems((*path, "images"), push.images, document)
        yield from image_list_problems((*path, "held"), push.held, document)
        pushed = set(push.images)
        for number, image in enumerate(push.held):
            if image in pushed:
                message = (
                    f"image '{image}' is in {here}.held, so nothing of it is pushed; take it out of one of the lists"
                )
                yield Problem((*path, "held", number), message, related=((*path, "images"),))


def failure_problems(
    path: Path, failure: FailureSpec, document: Document, shared: Mapping[str, links.Line]
) -> Iterator[Problem]:
    """What is wrong with a failure as a whole; `shared` are the shared links by name."""
    here = dotted(path)
    given = [key for key in TARGETS if getattr(failure, key) is not None]
    if len(given) != 1:
        also = f"'{given[0]}' and '{given[1]}'" if given else f"none of {listing(TARGETS)}"
        yield Problem(path, f"{here} has {also}; it is about one of them", at="key", related=_parts(path, given))
        return
    yield from _target_problems((*path, given[0]), given[0], getattr(failure, given[0]), document, shared)
    if failure.at is not None and failure.rate is not None:
        yield from one_of(path, failure, "at", "rate", ": at: 45 s, or rate: 2/h for random times")
    if failure.flaky is not None and given[0] not in SERVERS:
        message = f"'flaky' goes with {_SERVERS} only, and {here} has '{given[0]}'"
        yield Problem((*path, "flaky"), message, at="key", related=_parts(path, given))
    if failure.capacity is not None and given[0] in ("node", "group"):
        message = f"'capacity' does not go with '{given[0]}' in {here}: a node that crashes does nothing"
        yield Problem((*path, "capacity"), message, at="key", related=_parts(path, given))
    if failure.silent:
        yield from _silent_problems(path, failure, given[0])
    target = getattr(failure, given[0])
    if failure.capacity and given[0] in SERVERS and target in _failing(given[0], document):
        yield from _unlimited_problems(path, given[0], target, document)
    if failure.capacity is not None and failure.flaky is not None:
        message = f"{here} has both 'capacity' and 'flaky'; make two failures of it"
        yield Problem((*path, "flaky"), message, at="key", related=_parts(path, ["capacity"]))


def _silent_problems(path: Path, failure: FailureSpec, kind: str) -> Iterator[Problem]:
    """What says nothing, and is no server that is down."""
    if kind not in SERVERS:
        message = f"'silent' goes with {_SERVERS} only, and {dotted(path)} has '{kind}'"
        yield Problem((*path, "silent"), message, at="key", related=_parts(path, [kind]))
    for key in ("capacity", "flaky"):
        if getattr(failure, key):
            message = f"{dotted(path)} has both 'silent' and '{key}'; what is silent is down: leave one of them out"
            yield Problem((*path, "silent"), message, at="key", related=_parts(path, [key]))


def _failing(kind: str, document: Document) -> Mapping[str, tuple[Path, RegistrySpec]]:
    """What a failure of a kind of servers may name: where it stands in the file, and what is said of it."""
    if kind == "registry":
        return {name: (registry_path(document, name), spec) for name, spec in registries(document).items()}
    key = "caches" if kind == "cache" else "mirrors"
    found = {str(path[-1]): (path, spec) for path, spec in specs(document) if path[0] == key}
    return found | {one.name: (one.path, one.spec) for one in instances(document).values() if one.path[0] == key}


def _unlimited_problems(path: Path, kind: str, name: str, document: Document) -> Iterator[Problem]:
    """A share of a server's capacity, where it has no limit."""
    here, registry = _failing(kind, document)[name]
    if links.is_unlimited(links.line_rate(registry.uplink, document)) and links.is_unlimited(registry.storage):
        message = (
            f"{kind} '{name}' has no limit of which {dotted(path)} could leave a share; give "
            f"{dotted((*here, 'uplink'))} a rate, or leave 'capacity' out: the {kind} is down then"
        )
        yield Problem((*path, "capacity"), message, at="key", related=((*here, "uplink"), here, ("network", "rate")))


def _target_problems(
    path: Path, kind: str, name: str, document: Document, shared: Mapping[str, links.Line]
) -> Iterator[Problem]:
    known: Collection[str]
    if kind == "node":
        if name in document.nodes:
            first = links.node_name(name, 0, document.nodes[name].count)
            message = f"'{name}' is a group of nodes; name one node, {first}, or say group: {name}"
            yield Problem(path, message, related=(("nodes", name),))
            return
        if links.node(name, document) is not None:
            return
        known = ()
    elif kind == "group":
        known = document.nodes
    elif kind in SERVERS:
        known = _failing(kind, document)
    else:
        known = shared
        if links.private_link(name, document) is not None:
            message = f"link '{name}' is one node's own; a failure is of a shared link: {listing(known)}"
            yield Problem(path, message, f"crash the node: node: {LinkName.of(name).owner}")
            return
    if name not in known:
        what = "node group" if kind == "group" else kind
        group = name.rpartition("-")[0]
        related: tuple[Path, ...] = (
            ("nodes", group if group else name),
            ("registries", name),
            ("caches", name),
            ("mirrors", name),
            ("network", "links", name),
        )
        if kind == "node":
            shown, help = links.node_ranges(document), links.node_help(LinkName(name), document)
        else:
            shown = listing(known)
            help = (links.replica_help(name, document) if kind == "link" else None) or did_you_mean(name, known)
            other = next((one for one in SERVERS if kind in SERVERS and name in _failing(one, document)), None)
            help = help if other is None else f"'{name}' is a {other}: write {other}: {name}"
        yield Problem(path, f"no {what} is named '{name}'; known: {shown}", help, related=related)


def _parts(path: Path, keys: list[str]) -> tuple[Path, ...]:
    return tuple((*path, key) for key in keys)
