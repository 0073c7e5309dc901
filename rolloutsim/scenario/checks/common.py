"""Checks that several parts of a scenario need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rolloutsim.scenario.model import DistributionSpec, Document
from rolloutsim.scenario.model.kinds import Spec
from rolloutsim.scenario.places import Path, Problem, dotted, unknown


def one_of(path: Path, part: Spec, first: str, second: str, what: str) -> Iterator[Problem]:
    """A part has both of two keys, or neither, and not one of them; `what` it needs ends the message."""
    both = getattr(part, first) is not None
    if both == (getattr(part, second) is not None):
        also = f"both '{first}' and '{second}'" if both else f"neither '{first}' nor '{second}'"
        related = ((*path, first), (*path, second))
        yield Problem(path, f"{dotted(path)} has {also}; give one{what}", at="key", related=related)


def image_list_problems(path: Path, images: Iterable[str], document: Document) -> Iterator[Problem]:
    """Images of a list that are not there, or stand in it twice."""
    seen: set[str] = set()
    for number, image in enumerate(images):
        if image not in document.images:
            yield unknown("image", image, document.images, (*path, number), ("images", image))
        elif image in seen:
            yield Problem((*path, number), f"image '{image}' stands twice in {dotted(path)}; name it once")
        seen.add(image)


def group_list_problems(path: Path, groups: Sequence[str] | None, document: Document) -> Iterator[Problem]:
    """Groups of a part's list that are not there, or stand in it twice."""
    here = dotted(path)
    seen: set[str] = set()
    for number, group in enumerate(groups or ()):
        if group not in document.nodes:
            yield unknown("node group", group, document.nodes, (*path, "groups", number), ("nodes", group))
        elif group in seen:
            yield Problem((*path, "groups", number), f"group '{group}' stands twice in {here}.groups; name it once")
        seen.add(group)


def time_problems(path: Path, time: DistributionSpec | None) -> Iterator[Problem]:
    """What is wrong with a random time."""
    if time is None:
        return
    bounds = (time.min, time.max)
    quantiles = (time.p50, time.p95)
    here = dotted(path)
    if (None in bounds) + (None in quantiles) != 1 or bounds.count(None) == 1 or quantiles.count(None) == 1:
        yield Problem(path, f"{here} must be a time, {{min, max}} for uniform, or {{p50, p95}} for lognormal", at="key")
    elif time.min is not None and time.max is not None and time.min > time.max:
        yield Problem((*path, "min"), f"'min' is larger than 'max' in {here}")
    elif time.p50 is not None and time.p95 is not None and not 0 < time.p50 <= time.p95:
        yield Problem((*path, "p50"), f"'p50' must be more than 0 s and at most 'p95' in {here}")
