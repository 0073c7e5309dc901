"""What the model alone cannot see: keys that exclude each other, and names that must exist.

A room for each theme: `network` (and registries), `servers` (caches and mirrors), `nodes`, `rollout` (and workloads),
`prepulls`, `traffic` (and failures), `sizes` (how much there is), `memory` (how much that takes); `common` is what they
share. Images are checked where they are put together, in `rolloutsim.scenario.images`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, islice

from rolloutsim.errors import MOST_SHOWN, UsageError
from rolloutsim.scenario.assumed import assumed_problems
from rolloutsim.scenario.causes import CAUSES
from rolloutsim.scenario.checks.memory import memory_problems
from rolloutsim.scenario.checks.network import network_problems, registry_problems, unlimited_problems
from rolloutsim.scenario.checks.nodes import cached_nodes, cached_problems, group_problems, range_problems
from rolloutsim.scenario.checks.prepulls import prepull_problems
from rolloutsim.scenario.checks.rollout import rollout_problems
from rolloutsim.scenario.checks.servers import hosts_problems, server_problems
from rolloutsim.scenario.checks.sizes import size_problems
from rolloutsim.scenario.checks.traffic import background_problems, failure_problems, push_problems
from rolloutsim.scenario.conditions import thresholds
from rolloutsim.scenario.images import image_problems
from rolloutsim.scenario.links import group_links, link_problems, shared_links
from rolloutsim.scenario.model import Document, SweepSpec
from rolloutsim.scenario.overrides import Change, apply, parse_path, refuse_idle
from rolloutsim.scenario.places import Path, Places, Problem
from rolloutsim.scenario.servers import instances, racks_of, registries
from rolloutsim.scenario.strategies import ALL, is_one_case, wanted

__all__ = ["MOST_CHECKED", "cached_nodes", "check", "names"]

MOST_CHECKED = 2 * MOST_SHOWN  # contradictions and dangling names that are looked for: each may take milliseconds


def check(document: Document) -> Iterator[Problem]:
    """Every contradiction and dangling name of a document; of one that is too large, only that."""
    too_large = list(size_problems(document))
    if too_large:
        yield from too_large
        return
    yield from network_problems(document)
    yield from link_problems(document)
    yield from registry_problems(document)
    yield from server_problems(document)
    of_images = list(islice(image_problems(document), MOST_CHECKED))
    yield from of_images
    known = instances(document) if any(group.hosts for group in document.nodes.values()) else {}
    each = (
        chain(
            group_problems(("nodes", name), group, document),
            hosts_problems(("nodes", name), name, group, document, known),
        )
        for name, group in document.nodes.items()
    )
    of_nodes = list(islice(chain.from_iterable(each), MOST_CHECKED))
    yield from of_nodes
    if not of_images and not of_nodes:
        yield from cached_problems(document)
        yield from range_problems(document)
    yield from unlimited_problems(document)
    yield from rollout_problems(document)
    for name, flow in document.background.items():
        yield from background_problems(("background", name), flow, document)
    yield from push_problems(document)
    yield from prepull_problems(document)
    shared = {line.name: line for line in shared_links(document)} if document.failures else {}
    for name, failure in document.failures.items():
        yield from failure_problems(("failures", name), failure, document, shared)
    if not of_images and not of_nodes:
        yield from memory_problems(document)
    for found in thresholds(document, names(document)):
        if isinstance(found, Problem):
            yield found
    yield from assumed_problems(document)
    if document.varied is not None:
        yield from _sweep_problems(document.varied, document)


def names(document: Document) -> dict[str, frozenset[str]]:
    """What a threshold's selectors can name, by label; a link may be one node's own, too.

    A label that is missing here may have any value.
    """
    together = is_one_case(document)
    images = frozenset(document.images)
    links = tuple(line.name for line in shared_links(document))
    return {
        "image": images,
        "case": frozenset({ALL}) if together else images,
        "link": frozenset((*links, *group_links(document))),
        "cause": frozenset((*links, *CAUSES)),
        "registry": frozenset(registries(document)),
        "server": frozenset((*registries(document), *instances(document))),
        "background": frozenset(document.background),
        "workload": frozenset(workload.name for workload in wanted(document)),
        "prepull": frozenset(document.prepulls),
        "group": frozenset(document.nodes),
        "rack": frozenset(
            rack for name, group in document.nodes.items() for rack in racks_of(name, group)[: group.count]
        ),
    }


def _sweep_problems(sweep: SweepSpec, document: Document) -> Iterator[Problem]:
    """What is wrong with the sweep; values are checked point by point, when it is run."""
    data = document.model_dump(mode="json", exclude_unset=True, by_alias=True)
    for key, values in sweep.parameters.items():
        path: Path = ("sweep", "parameters", key)
        is_range = isinstance(values, Mapping)
        source = f"sweep {key}"
        try:
            first = values["from"] if is_range else values[0]
            refuse_idle(parse_path(key, "sweep"), source)
            apply(data, Places(source), Change(parse_path(key, "sweep"), first, source))
        except UsageError as error:
            yield Problem(path, str(error).removeprefix(f"{source}: "), at="key", related=_part(key))
        if is_range and sweep.design != "sobol":
            message = f"'{key}' has a range, and design {sweep.design} needs a list of values"
            yield Problem(path, message, "list the values, or say design: sobol", at="key")
    if sweep.points is not None and sweep.design != "sobol":
        message = f"'points' goes with design: sobol; design {sweep.design} has as many as its values make"
        yield Problem(("sweep", "points"), message, at="key", related=(("sweep", "design"),))
    lengths = {key: len(values) for key, values in sweep.parameters.items() if not isinstance(values, Mapping)}
    if sweep.design == "zip" and len(set(lengths.values())) > 1:
        found = ", ".join(f"{key} has {length}" for key, length in lengths.items())
        message = f"design zip takes the values side by side, but {found}; give all the same number of values"
        yield Problem(("sweep", "design"), message, related=(("sweep", "parameters"),))


def _part(key: str) -> tuple[Path, ...]:
    """The part of the scenario that the key is in: where that is faulty, the key may be right."""
    try:
        return (parse_path(key, "sweep"),)
    except UsageError:
        return ()
