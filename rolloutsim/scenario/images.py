"""Images to their layers: bases put in front, digests made, missing sizes taken from the ratio.

A layer is its digest: images that share a digest share the layer. A layer without a digest gets one of its own,
`<image>/<layer>`. A digest that stands twice in one image counts once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rolloutsim.scenario.model import COMPRESSION_RATIO, Document, ImageSpec
from rolloutsim.scenario.places import Path, Problem, dotted, unknown
from rolloutsim.scenario.resolved import Layer
from rolloutsim.structs import struct
from rolloutsim.units import format_size


@struct
class _Mention:
    """A layer as one image describes it."""

    path: Path
    digest: str
    compressed: float | None
    unpacked: float | None
    files: int | None
    ratio: float | None


@struct
class Layers:
    """The layers of every image, and how many of them have a size from a ratio."""

    of: Mapping[str, tuple[Layer, ...]]
    ratios: Mapping[float, tuple[str, ...]]  # that were used → images with such layers
    estimated: int
    total: int


def layers(document: Document) -> Layers:
    """The layers of a document that `image_problems` finds nothing wrong with."""
    mentions = {name: list(_mentions(name, spec)) for name, spec in document.images.items()}
    merged: dict[str, Layer] = {}
    ratios: dict[str, float] = {}
    for digest, same in _by_digest(mentions).items():
        first = same[0]
        ratio, compressed, unpacked, files = first.ratio, first.compressed, first.unpacked, first.files
        for other in same[1:]:
            ratio = other.ratio if ratio is None else ratio
            compressed = other.compressed if compressed is None else compressed
            unpacked = other.unpacked if unpacked is None else unpacked
            files = other.files if files is None else files
        given = COMPRESSION_RATIO if ratio is None else ratio
        if compressed is None or unpacked is None:
            ratios[digest] = given
        if compressed is None:
            compressed = (unpacked or 0.0) / given
        merged[digest] = Layer(digest, compressed, compressed * given if unpacked is None else unpacked, files)
    of = {
        name: tuple(merged[digest] for digest in dict.fromkeys(one.digest for one in _chain(name, document, mentions)))
        for name in document.images
    }
    used: dict[float, dict[str, None]] = {ratio: {} for ratio in sorted(set(ratios.values()))}
    for name, own in of.items():
        for ratio in {ratios[layer.digest] for layer in own if layer.digest in ratios}:
            used[ratio][name] = None
    return Layers(of, {ratio: tuple(images) for ratio, images in used.items()}, len(ratios), len(merged))


def image_problems(document: Document) -> Iterator[Problem]:
    """What is wrong with the images as a whole."""
    for name, spec in document.images.items():
        yield from _shape_problems(("images", name), spec)
        yield from _base_problems(name, document)
    mentions = {name: list(_mentions(name, spec)) for name, spec in document.images.items()}
    for digest, same in _by_digest(mentions).items():
        if len(same) > 1:
            yield from _digest_problems(digest, same)


def _mentions(name: str, spec: ImageSpec) -> Iterator[_Mention]:
    path: Path = ("images", name)
    if spec.layers is None and (spec.compressed is not None or spec.unpacked is not None):
        number = spec.equal_layers or 1
        for place in range(number):
            digest = f"{name}/{place}" if spec.digest is None else f"{spec.digest}/{place}" if place else spec.digest
            yield _Mention(
                path, digest, _part(spec.compressed, number), _part(spec.unpacked, number),
                None if spec.files is None else -(-spec.files // number), spec.ratio,
            )  # fmt: skip
    for layer_name, layer in (spec.layers or {}).items():
        digest = layer.digest or f"{name}/{layer_name}"
        yield _Mention((*path, "layers", layer_name), digest, layer.compressed, layer.unpacked, layer.files, spec.ratio)


def _part(size: float | None, number: int) -> float | None:
    """One of so many equal parts."""
    return None if size is None else size / number


def _by_digest(mentions: Mapping[str, list[_Mention]]) -> dict[str, list[_Mention]]:
    same: dict[str, list[_Mention]] = {}
    for several in mentions.values():
        for mention in several:
            same.setdefault(mention.digest, []).append(mention)
    return same


def _chain(name: str, document: Document, mentions: Mapping[str, list[_Mention]]) -> Iterator[_Mention]:
    lineage = [name]
    while (base := document.images[lineage[-1]].base) is not None:
        lineage.append(base)
    for ancestor in reversed(lineage):
        yield from mentions[ancestor]


def _shape_problems(path: Path, spec: ImageSpec) -> Iterator[Problem]:
    if spec.manifest is not None:  # it tells no layers, which is said already
        return
    sizes = tuple((*path, key) for key in ("compressed", "unpacked"))
    single = [
        key for key in ("digest", "compressed", "unpacked", "files", "equal_layers") if getattr(spec, key) is not None
    ]
    if spec.layers is not None and single:
        message = f"'{single[0]}' describes an image of one layer; {dotted(path)} has 'layers': give each its own"
        yield Problem((*path, single[0]), message, at="key", related=((*path, "layers"),))
    elif single and spec.compressed is None and spec.unpacked is None:
        what = {"digest": "a digest", "files": "files", "equal_layers": "a number of layers"}[single[0]]
        message = f"{dotted(path)} has {what} but no size; add 'compressed'"
        yield Problem((*path, single[0]), message, at="key", related=sizes)
    elif spec.layers is None and spec.base is None and not single:
        message = f"{dotted(path)} has no size; give a size, 'compressed', 'layers', 'base' or 'manifest'"
        yield Problem(path, message, at="key", related=sizes)
    elif spec.layers is not None and not spec.layers:
        yield Problem((*path, "layers"), f"{dotted(path)} has an empty list of layers; give at least one", at="key")
    if spec.platform is not None:  # what has a manifest has lost it with that
        message = f"{dotted(path)} has no manifest of several platforms; give its 'manifest', or leave 'platform' out"
        yield Problem((*path, "platform"), message, at="key")
    for name, layer in (spec.layers or {}).items():
        if layer.compressed is None and layer.unpacked is None:
            message = f"layer '{name}' of {dotted(path)} has no size; add 'compressed'"
            yield Problem((*path, "layers", name), message)


def _base_problems(name: str, document: Document) -> Iterator[Problem]:
    lineage, seen = [name], {name}
    while (base := document.images[lineage[-1]].base) is not None:
        if base not in document.images:
            if len(lineage) == 1:
                known = [other for other in document.images if other != name]
                yield unknown("image", base, known, ("images", name, "base"), ("images", base))
            return
        if base in seen:
            order = list(document.images)
            if base == name and name == min(lineage, key=order.index):
                cycle = " → ".join([*lineage, name])
                message = f"the bases go in a circle: {cycle}; let one of them have no base"
                yield Problem(("images", name, "base"), message)
            return
        lineage.append(base)
        seen.add(base)


def _digest_problems(digest: str, same: list[_Mention]) -> Iterator[Problem]:
    for key in ("compressed", "unpacked"):
        sized = [one for one in same if getattr(one, key) is not None]
        for other in sized[1:]:
            first, second = getattr(sized[0], key), getattr(other, key)
            if first != second:
                message = (
                    f"digest '{digest}' is {_exact(second)} {key} here, but {_exact(first)} in "
                    f"{dotted(sized[0].path)}; a layer has one size"
                )
                yield Problem((*other.path, key), message, related=(sized[0].path,))
    if all(one.unpacked is None for one in same):
        rated = [one for one in same if one.ratio is not None]
        for other in rated[1:]:
            if other.ratio != rated[0].ratio:
                message = (
                    f"digest '{digest}' has ratio {other.ratio:g} here, but {rated[0].ratio:g} in "
                    f"{dotted(rated[0].path)}; a layer has one size"
                )
                yield Problem((*other.path[:2], "ratio"), message, related=(rated[0].path,))


def _exact(size: float) -> str:
    text = format_size(size)
    return text if size < 1e4 or size % 1e3 == 0 else f"{text} ({size:.0f} B)"
