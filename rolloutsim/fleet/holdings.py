"""What nodes hold at the beginning."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rolloutsim.scenario.resolved import NodeGroup


def cached_images(group: NodeGroup) -> list[tuple[str, ...]]:
    """The cached images that each node of a group holds from the beginning; the `count` with one lie evenly."""
    if all(count == group.count for count in group.cached.values()):
        return [tuple(group.cached)] * group.count
    held: list[list[str]] = [[] for _ in range(group.count)]
    for image, count in group.cached.items():
        for number in range(1, count + 1):
            held[-(-number * group.count // count) - 1].append(image)
    same: dict[tuple[str, ...], tuple[str, ...]] = {}
    return [same.setdefault(images, images) for images in map(tuple, held)]
