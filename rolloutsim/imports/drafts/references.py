"""References of images: hosts, short forms, and which manifest is whose."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from rolloutsim.errors import UnreadableError
from rolloutsim.imports.found import Found, FoundImage, FoundLayer

_GROWS, _HEAD = 1.01, 1024  # what compressing adds at most, and bytes (RFC 1951: 5 for 65,535; zstd: 3 for 131,072)


def references(found: Found) -> list[str]:
    """The images that roll out, as their workloads call them."""
    named = [image for workload in found.workloads for image in workload.images]
    return list(dict.fromkeys([*named, *(prepull.image for prepull in found.prepulls)]))


@lru_cache(100_000)
def full(reference: str) -> str:
    """A reference with its host and its tag, as distribution/reference writes it out."""
    name, at, digest = reference.partition("@")
    host, slash, rest = name.partition("/")
    if not slash or not ("." in host or ":" in host or host == "localhost"):
        host, rest = "docker.io", name
    if host in ("index.docker.io", "registry-1.docker.io"):
        host = "docker.io"
    if host == "docker.io" and "/" not in rest:
        rest = f"library/{rest}"
    if at:
        return f"{host}/{rest.rpartition(':')[0] if ':' in rest else rest}@{digest}"
    return f"{host}/{rest}" if ":" in rest else f"{host}/{rest}:latest"


def registries(references: Sequence[str]) -> dict[str, str]:
    """Hosts of images, and what their registries are called here."""
    return {host: name_of(host) for host in dict.fromkeys(full(one).partition("/")[0] for one in references)}


def name_of(text: str) -> str:
    """A name that a key of a scenario may have."""
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-").lower() or "unnamed"


def by_reference(images: Sequence[FoundImage], references: Sequence[str], notes: list[str]) -> dict[str, FoundImage]:
    """Manifests, by the name that their image has in the scenario."""
    sizes: dict[str, FoundImage] = {}
    for image in images:
        like = [one for one in references if full(one) == full(image.name)]
        if not like and not image.is_named:
            like = [one for one in references if may_be(image.name, one)]
            if len(like) > 1:
                raise UnreadableError(
                    f"{image.origin}: may be {' or '.join(like)}; say which: rolloutsim import "
                    f"{shlex.quote(f'{like[0]}={image.origin}')}"
                )
        name = like[0] if like else next((one for one in sizes if full(one) == full(image.name)), image.name)
        both = _together(sizes[name], image, notes) if name in sizes else image
        if both is None:
            raise UnreadableError(
                f"{image.origin}: another manifest of {name} than {sizes[name].origin}; leave one of them out, or give "
                f"it another name: rolloutsim import NAME={shlex.quote(image.origin.partition(' (sha256:')[0])}"
            )
        sizes[name] = both
        if like and not image.is_named:
            notes.append(f"{image.origin} is taken to be {name}, by its name")
    return sizes


def _together(first: FoundImage, second: FoundImage, notes: list[str]) -> FoundImage | None:
    """What two files tell of one image: of one what its layers are on the wire, of both what they unpack to.

    None if they contradict each other.
    """
    main, other = (second, first) if _rank(second) > _rank(first) else (first, second)
    if main.layers == other.layers:
        return second
    if not _is_unpacked_only(other):
        if [(one.digest, one.compressed) for one in main.layers] != [
            (one.digest, one.compressed) for one in other.layers
        ]:
            return None
    elif len(main.layers) == len(other.layers) and any(map(_cannot_be, main.layers, other.layers)):
        return None
    elif len(main.layers) != len(other.layers):
        notes.append(
            f"{other.origin} is not used: it has {len(other.layers)} layers, and {main.origin} has {len(main.layers)}"
        )
        return main
    layers = tuple(
        FoundLayer(one.digest, one.compressed, one.media_type, also.unpacked if one.unpacked is None else one.unpacked)
        for one, also in zip(main.layers, other.layers, strict=True)
    )
    if layers == main.layers:
        if other.layers != tuple(replace(one, digest="") for one in main.layers):
            notes.append(f"{other.origin} is not used: {main.origin} tells its layers already")
        return main
    remarks = (*main.remarks, f"unpacked sizes from {other.origin}")
    return FoundImage(main.name, main.is_named, main.origin, layers, remarks)


def _rank(image: FoundImage) -> tuple[bool, bool]:
    """How much an image tells: what its layers are on the wire, and their digests."""
    return not _is_unpacked_only(image), all(layer.digest for layer in image.layers)


def _cannot_be(wire: FoundLayer, tar: FoundLayer) -> bool:
    """Whether a layer is larger compressed than the tar is that is to be in it; what history sums up is no tar's."""
    if wire.compressed is None or tar.unpacked is None or not tar.digest:
        return False
    return wire.compressed > tar.unpacked * _GROWS + _HEAD


def _is_unpacked_only(image: FoundImage) -> bool:
    return any(layer.compressed is None for layer in image.layers)


def may_be(file: str, reference: str) -> bool:
    """Whether a file's name, without its suffix, may stand for an image."""
    return name_of(file) in short_names(reference)


def short_names(reference: str) -> set[str]:
    """What a file with an image's manifest may be called: `api`, `api-1.2`, `team-api-1.2`."""
    whole = full(reference).partition("@")[0]
    path = whole.partition("/")[2]
    last = path.rpartition("/")[2]
    return {name_of(one) for one in (whole, path, last, path.partition(":")[0], last.partition(":")[0], reference)}
