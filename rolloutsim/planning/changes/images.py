"""Other images: a smaller one of the scenario instead, or layers that every node holds beforehand."""

from __future__ import annotations

from collections.abc import Iterator

from rolloutsim.planning.changes.situation import Candidate, Situation, assign
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


def smaller_images(situation: Situation) -> list[str]:
    """The images that are tried in place of the case's: the largest that is really smaller, and the next smaller."""
    size = situation.scenario.images[situation.image].compressed
    sizes = {name: one.compressed for name, one in situation.scenario.images.items() if one.compressed < size}
    really = {name: other for name, other in sizes.items() if other <= _SMALLER * size}
    chosen = [max(found, key=lambda name: found[name]) for found in (really, sizes) if found]
    return list(dict.fromkeys(chosen))


def _smaller(situation: Situation, image: Image) -> Iterator[Candidate]:
    for number, name in enumerate(smaller_images(situation)):
        value = {"base": name}
        registry = situation.document.images[name].registry
        if registry is not None:
            value["registry"] = registry
        words = f"{name} instead of {image.name}"
        # It is the first thing to think of, whatever took the time.
        yield Candidate("a smaller image", words, (assign(("images", image.name), value),), 1.0, number == 0)


def _cached(situation: Situation, image: Image) -> Iterator[Candidate]:
    """The layers of its base, or its lowest layer, on every node before the rollout."""
    share = max(situation.shares.values(), default=0.0)
    groups = [group.name for group in situation.groups]
    base = _base(situation, image)
    added: tuple[str, ...] = ()
    is_image = base is not None
    if base is not None:
        words = f"{base} on every node beforehand"
    elif len(image.layers) > 1:
        base, words = f"{image.name} (base)", f"the base layer of {image.name} on every node beforehand"
        if base in situation.scenario.images:
            return
        lowest = image.layers[0]
        layer = {
            "digest": lowest.digest,
            "compressed": plain_text("size", lowest.compressed),
            "unpacked": plain_text("size", lowest.unpacked),
        }
        value = {"registry": image.registry, "layers": {"base": layer}}
        if situation.document.registries is None:
            del value["registry"]
        added = (assign(("images", base), value),)
    else:
        return
    holding = [
        name for name in groups if situation.document.nodes[name].cached.get(base) != _EVERY_NODE
    ]  # where all hold it already nothing would change
    if holding:
        overrides = (*added, *(assign(("nodes", name, "cached", base), _EVERY_NODE) for name in holding))
        yield Candidate("a base held beforehand", words, overrides, share, is_image)


def _base(situation: Situation, image: Image) -> str | None:
    """The largest other image whose layers are all layers of this one."""
    own = {layer.digest for layer in image.layers}
    inside = {
        name: one.compressed
        for name, one in situation.scenario.images.items()
        if one.layers and {layer.digest for layer in one.layers} < own
    }
    return max(inside, key=lambda name: inside[name]) if inside else None
