"""What the model alone cannot see: keys that exclude each other, and names that must exist.

A room for each theme: `network` (and registries), `nodes`, `rollout` (and workloads), `traffic`, `failures`, `sweeps`;
`common` is what they share. Images are checked where they are put together, in `rolloutsim.scenario.images`.
"""

from __future__ import annotations

from collections.abc import Iterator

from rolloutsim.scenario.causes import CAUSES
from rolloutsim.scenario.checks.failures import failure_problems
from rolloutsim.scenario.checks.network import network_problems, registry_problems, unlimited_problems
from rolloutsim.scenario.checks.nodes import cached_nodes, cached_problems, group_problems
from rolloutsim.scenario.checks.rollout import rollout_problems
from rolloutsim.scenario.checks.sweeps import sweep_problems
from rolloutsim.scenario.checks.traffic import background_problems, push_problems
from rolloutsim.scenario.conditions import thresholds
from rolloutsim.scenario.images import image_problems
from rolloutsim.scenario.links import group_links, link_problems, registries, shared_links
from rolloutsim.scenario.model import MOST_NODES, Document
from rolloutsim.scenario.places import Problem
from rolloutsim.scenario.strategies import ALL, is_one_case, wanted

__all__ = ["cached_nodes", "check", "names"]


def check(document: Document) -> Iterator[Problem]:
    """Every contradiction and dangling name of a document."""
    yield from network_problems(document)
    yield from link_problems(document)
    yield from registry_problems(document)
    of_images = list(image_problems(document))
    yield from of_images
    of_nodes = [
        problem
        for name, group in document.nodes.items()
        for problem in group_problems(("nodes", name), group, document)
    ]
    yield from of_nodes
    if not of_images and not of_nodes:
        yield from cached_problems(document)
    yield from unlimited_problems(document)
    yield from rollout_problems(document)
    for name, flow in document.background.items():
        yield from background_problems(("background", name), flow, document)
    if document.push is not None:
        yield from push_problems(document.push, document)
    for name, failure in document.failures.items():
        yield from failure_problems(("failures", name), failure, document)
    total = sum(group.count for group in document.nodes.values())
    if total > MOST_NODES:
        yield Problem(
            ("nodes",), f"{total:,} nodes are too many; the most is {MOST_NODES:,} in all groups together", at="key"
        )
    for found in thresholds(document, names(document)):
        if isinstance(found, Problem):
            yield found
    if document.varied is not None:
        yield from sweep_problems(document.varied, document)


def names(document: Document) -> dict[str, frozenset[str]]:
    """What a threshold's selectors can name, by label; a link may be one node's own, too.

    A label that is missing here may have any value.
    """
    together = is_one_case(document)
    images = frozenset(document.images)
    links = tuple(name for name, _ in shared_links(document))
    return {
        "image": frozenset() if together else images,
        "case": frozenset({ALL}) if together else images,
        "link": frozenset((*links, *group_links(document))),
        "cause": frozenset((*links, *CAUSES)),
        "registry": frozenset(registries(document)),
        "background": frozenset(document.background),
        "workload": frozenset(workload.name for workload in wanted(document)),
    }
