"""Scenarios of a few lines that would be too large to hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rolloutsim.scenario.model import MOST_NODES, Document, ImageSpec
from rolloutsim.scenario.model.caches import IN_EACH
from rolloutsim.scenario.places import Path, Problem
from rolloutsim.scenario.servers import registries, specs

# The most that there may be in all (assumed: ten times the largest rollout that is tested; a link or a layer takes up
# to 1 kB).
MOST_LINKS = 200_000  # of registries, caches, mirrors, racks and sites
MOST_LAYERS = 500_000  # of all images together, those of their bases among them


def size_problems(document: Document) -> Iterator[Problem]:
    """What there is too much of, counted before any of it is made."""
    nodes = sum(group.count for group in document.nodes.values())
    if nodes > MOST_NODES:
        message = f"{nodes:,} nodes are too many; the most is {MOST_NODES:,} in all groups together"
        yield Problem(("nodes",), message, at="key")
    links, most = 0, 0
    largest: Path = ("nodes",)
    for path, number in _links(document):
        links += number
        if number > most:
            most, largest = number, path
    if links > MOST_LINKS:
        message = (
            f"{links:,} links are too many; the most is {MOST_LINKS:,}, of all racks, sites, and replicas of "
            "registries, caches and mirrors together"
        )
        yield Problem(largest, message, at="key")
    layers = sum(_layers(document.images).values())
    if layers > MOST_LAYERS:
        message = (
            f"{layers:,} layers are too many; the most is {MOST_LAYERS:,}, of all images together with those of their "
            "bases"
        )
        yield Problem(("images",), message, at="key")


def _links(document: Document) -> Iterator[tuple[Path, int]]:
    """How many links each part makes: up and down, in and out."""
    places = {
        "rack": sum(len(group.racks) for group in document.nodes.values()),
        "site": sum(
            group.sites if isinstance(group.sites, int) else len(group.sites or ()) for group in document.nodes.values()
        ),
    }
    for name, group in document.nodes.items():
        number = group.sites if isinstance(group.sites, int) else len(group.sites or group.racks)
        yield ("nodes", name, "racks" if group.sites is None else "sites"), 2 * number
    for name, registry in registries(document).items():
        yield (("registries", name) if document.registries is not None else ("registry",)), registry.replicas
    for path, spec in specs(document):
        each = places[spec.place] if spec.place in IN_EACH else 1
        yield path, 2 * each * spec.replicas


def _layers(images: Mapping[str, ImageSpec]) -> dict[str, int]:
    """How many layers each image has, with those of its bases; none if these go in a circle."""
    found: dict[str, int] = {}
    for name in images:
        lineage: dict[str, None] = {}
        above: str | None = name
        while above is not None and above in images and above not in found and above not in lineage:
            lineage[above] = None
            above = images[above].base
        below, is_circle = found.get(above or "", 0), above in lineage
        for one in reversed(lineage):
            own = images[one]
            below += len(own.layers) if own.layers is not None else own.equal_layers or 1
            found[one] = 0 if is_circle else below
    return found
