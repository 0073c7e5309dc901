"""The keys of a scenario, a page for those that are read together."""

from __future__ import annotations

from collections.abc import Iterator

from rolloutsim.scenario.reference import part_of_key_reference

# By page: the keys on top of a scenario that it explains.
PAGES = {
    "scenario": ("rolloutsim", "name", "description", "model", "seed", "replications"),
    "nodes": ("nodes",),
    "network": ("network",),
    "registries": ("registry", "registries", "mirrors", "caches", "peers"),
    "images": ("images", "push", "pushes", "prepulls"),
    "workloads": ("workloads", "rollout", "controller_manager"),
    "traffic-and-failures": ("background", "failures"),
    "planning": ("thresholds", "sweep", "variants", "prices", "calibrated", "assumed"),
}


def lines(page: str) -> Iterator[str]:
    """The keys of a page."""
    pages = {top: f"{name}.md" for name, tops in PAGES.items() for top in tops}
    yield part_of_key_reference(PAGES[page], pages)
