"""The kinds of sources that layers come from, declared once: their names in results, their words, their look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.scenario.resolved import ResolvedScenario
    from rolloutsim.scenario.routes import Outlet


@struct
class SourceKind:
    """A kind of sources.

    Parameters
    ----------
    name : str
        In results and conditions.
    words : str
        In figures and tables.
    meaning : str
        Which bytes count as its.
    colour, hatch : str
        In figures: a colour of `rolloutsim.report.plots.colours`, and Matplotlib's signs for a hatch.
    """

    name: str
    words: str
    meaning: str
    colour: str
    hatch: str = ""


REGISTRY = SourceKind("registry", "registries, directly", "a registry sent them to the node", "blue")
MIRROR = SourceKind("mirror", "mirrors", "a mirror sent them", "orange")
CACHE = SourceKind("cache", "caches", "a cache had them, or was fetching them for its store", "green")
PASSED_ON = SourceKind(
    "passed_on", "passed on by caches", "a cache passed them on from its upstream as they came", "green", "////"
)
PEER = SourceKind("peer", "peers", "another node sent them", "pink")

# In the order of results.
SOURCE_KINDS: Mapping[str, SourceKind] = {kind.name: kind for kind in (REGISTRY, MIRROR, CACHE, PASSED_ON, PEER)}


def kind_of(scenario: ResolvedScenario, outlet: Outlet) -> SourceKind:
    """The kind of what comes out of an outlet."""
    if outlet.origin is not None:
        return PASSED_ON
    if outlet.server in scenario.caches:
        return CACHE
    if outlet.server in scenario.mirrors:
        return MIRROR
    return REGISTRY if outlet.server in scenario.registries else PEER


def has_hosts(scenario: ResolvedScenario) -> bool:
    """Whether nodes ask others than the registries of their images."""
    return any(group.hosts for group in scenario.groups)
