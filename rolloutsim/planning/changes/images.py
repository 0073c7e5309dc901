"""Other images: a smaller one of the scenario instead, or layers that every node holds beforehand."""

from __future__ import annotations

from collections.abc import Iterator

from rolloutsim.planning.changes.situation import Candidate, Situation, change
from rolloutsim.scenario.places import Path
from rolloutsim.scenario.resolved import Image
from rolloutsim.units import plain_text

# An image counts as really smaller if it has at most this share of the bytes (assumed: a difference to work for).
_SMALLER = 0.5
_EVERY_NODE = "100%"


def image_changes(situation: Situation) -> Iterator[Candidate]:
    """The image that the last pod waited for, exchanged for a smaller one, or there in part."""
    if situation.image:
        image = situation.scenario.images[situation.image]
        yield from _smaller(situation, image)
        yield from _cached(situation, image)


def _smaller(situation: Situation, image: Image) -> Iterator[Candidate]:
    """The largest image that is really smaller, and the next smaller one."""
    sizes = {
        name: one.compressed for name, one in situation.scenario.images.items() if one.compressed < image.compressed
    }
    really = {name: size for name, size in sizes.items() if size <= _SMALLER * image.compressed}
    largest = dict.fromkeys(max(found, key=lambda name: found[name]) for found in (really, sizes) if found)
    for number, name in enumerate(largest):
        registry = situation.document.images[name].registry
        value = {"base": name} | ({} if registry is None else {"registry": registry})
        words = f"{name} instead of {image.name}"
        # It is the first thing to think of, whatever took the time.
        yield change("a smaller image", words, {("images", image.name): value}, 1.0, number == 0, image=name)


def _cached(situation: Situation, image: Image) -> Iterator[Candidate]:
    """The layers of its base, or its lowest layer, on every node before the rollout."""
    added: dict[Path, object] = {}
    base = _base(situation, image)
    is_image = base is not None
    if base is not None:
        words = f"{base} on every node beforehand"
    else:
        base, words = f"{image.name} (base)", f"the base layer of {image.name} on every node beforehand"
        if len(image.layers) < 2 or base in situation.scenario.images:
            return
        lowest = image.layers[0]
        layer = {
            "digest": lowest.digest,
            "compressed": plain_text("size", lowest.compressed),
            "unpacked": plain_text("size", lowest.unpacked),
        }
        registry = {} if situation.document.registries is None else {"registry": image.registry}
        added = {("images", base): {**registry, "layers": {"base": layer}}}
    nodes = situation.document.nodes
    lacking = [group.name for group in situation.groups if nodes[group.name].cached.get(base) != _EVERY_NODE]
    if lacking:
        held: dict[Path, object] = {("nodes", name, "cached", base): _EVERY_NODE for name in lacking}
        yield change("a base held beforehand", words, added | held, situation.largest_share, is_image)


def _base(situation: Situation, image: Image) -> str | None:
    """The largest other image whose layers are all layers of this one."""
    own = {layer.digest for layer in image.layers}
    inside = {
        name: one.compressed
        for name, one in situation.scenario.images.items()
        if one.layers and {layer.digest for layer in one.layers} < own
    }
    return max(inside, key=lambda name: inside[name], default=None)
