"""Sizes of images without a manifest: what `docker history` tells of layers, and what others tell of the whole.

What a size counts: Docker's own image store, podman and CRI-O the unpacked files; containerd's CRI plugin the
compressed content (internal/cri/store/image), and so does `docker image inspect` with containerd's image store (moby
daemon/containerd/image_inspect.go), where `docker images` adds both (image_list.go).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from rolloutsim.errors import UnreadableError
from rolloutsim.imports.documents import Document
from rolloutsim.imports.found import Found, FoundImage, FoundLayer, FoundTotal
from rolloutsim.imports.shapes import mapping, maps, part, text
from rolloutsim.manifests import layers as told_by

# docker/go-units size.go, HumanSizeWithPrecision: decimal, three digits for Docker, a blank before the unit for podman.
_HUMAN = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,4})?) ?(B|[kKMGTP]B)", re.ASCII)
_UNITS = {"B": 0, "kB": 1, "KB": 1, "MB": 2, "GB": 3, "TB": 4, "PB": 5}
_LARGEST = 10**15  # bytes of an image: more than any disk
_ROUNDED = "rounded, as printed for people"


def is_history(content: Any) -> bool:
    """Whether a document is a line of `docker history --format json`, or the list that podman or the API gives."""
    several = content if isinstance(content, list) else [content]
    return bool(several) and all(
        isinstance(one, Mapping) and {"createdby", "size"} <= {str(key).lower() for key in one} for one in several
    )


def histories(documents: Sequence[Document]) -> Iterator[FoundImage]:
    """The images of histories, with the unpacked size of each layer.

    Parameters
    ----------
    documents : sequence of Document
        Of each file its lines, the top of the image first.

    Raises
    ------
    UnreadableError
        If one has no layers, or a size is none.
    """
    lines: dict[str, list[tuple[Document, Mapping[str, Any]]]] = {}
    for one in documents:
        several = one.content if isinstance(one.content, list) else [one.content]
        lines.setdefault(one.origin, []).extend((one, line) for line in several)
    for several in lines.values():
        first = several[0][0]
        sizes = [_size(next(value for key, value in line.items() if str(key).lower() == "size"), one.place)
                 for one, line in several]  # fmt: skip
        layers = [FoundLayer("", None, "", size) for size, _ in reversed(sizes) if size]
        if not layers:
            raise UnreadableError(
                f"{first.origin}: a history without a layer that has a size; print it again: "
                "docker history --human=false --format json IMAGE"
            )
        if len(layers) > told_by.MOST_LAYERS:
            raise UnreadableError(
                f"{first.origin}: {len(layers):,} layers; at most {told_by.MOST_LAYERS:,} are read, and "
                "runtimes take 127"
            )
        is_rounded = any(is_rounded for _, is_rounded in sizes)
        remarks = (f"sizes {_ROUNDED}; docker history --human=false tells all digits",) if is_rounded else ()
        yield FoundImage(first.name, first.is_named, first.label, tuple(layers), remarks)


def is_total(content: Any) -> bool:
    """Whether a document tells sizes of images as a whole."""
    return _of_crictl(content) is not None or _of_docker(content) is not None


def totals(one: Document, found: Found) -> None:
    """Take in the images of a list, or the one that is inspected."""
    for image in _of_crictl(one.content) or ():
        size, _ = _size(image["size"], f"{one.place}: image {text(image, 'id') or '?'}")
        names = _names(one, image, "repoTags", "repoDigests")
        _take(found, FoundTotal(names, one.name, one.label, size, None), one)
    for image in _of_docker(one.content) or ():
        size, is_rounded = _size(image["Size"], f"{one.place}: image {text(image, 'Id') or text(image, 'ID') or '?'}")
        remarks = [_ROUNDED] if is_rounded else []
        is_line = "Repository" in image
        if is_line:
            parts = [text(image, key) or "<none>" for key in ("Repository", "Tag")]
            names = _given(one) or (() if "<none>" in parts else (":".join(parts),))
        else:
            names = _names(one, image, "RepoTags", "Names", "RepoDigests")
            keys = ("os", "architecture", "variant")
            platform = told_by.platform_of({key: image.get(key.capitalize()) for key in keys})
            remarks += [f"of {platform}"] if platform else []
            if platform and not told_by.is_wanted(platform, found.platform):
                found.notes.append(f"{one.label} is of {platform}, not of {found.platform}: its size may be another")
        # Of Docker's image stores only containerd's has a descriptor for an image; its lists do not say which it is.
        is_unpacked = not mapping(image, "Descriptor")
        _take(found, FoundTotal(names, one.name, one.label, size, is_unpacked, tuple(remarks), is_guess=is_line), one)


def _take(found: Found, total: FoundTotal, one: Document) -> None:
    """An image, if it may be named: by itself, or as the only one of a file."""
    if total.size and (total.names or not _are_several(one)):
        found.totals.append(total)
    else:
        kind = "image without a tag" if total.size else "image of size 0"
        found.unused[kind] = found.unused.get(kind, 0) + 1


def _are_several(one: Document) -> bool:
    return one.of > 1 or len(_of_crictl(one.content) or _of_docker(one.content) or ()) > 1


def _of_crictl(content: Any) -> list[Mapping[str, Any]] | None:
    """The images of `crictl images -o json`, or of `crictl inspecti`: one, or several in a list."""
    if isinstance(part(content, "images"), list):
        images = list(maps(content, "images"))
    else:
        several = content if isinstance(content, list) else [content]
        images = [mapping(one, "status") for one in several]
    return images if images and all("size" in one and "repoTags" in one for one in images) else None


def _of_docker(content: Any) -> list[Mapping[str, Any]] | None:
    """The images of `docker image inspect`, of podman's lists, or a line of `docker images --format json`."""
    several = content if isinstance(content, list) else [content]
    is_one = all(
        isinstance(one, Mapping)
        and "Size" in one
        and (("Id" in one and "RepoTags" in one) or ("Repository" in one and "Tag" in one))
        for one in several
    )
    return several if several and is_one else None


def _names(one: Document, image: Mapping[str, Any], *keys: str) -> tuple[str, ...]:
    """What an image is called: as was given for the only one of a file, or all its names, tags first."""
    return _given(one) or tuple(
        dict.fromkeys(
            name
            for key in keys
            if isinstance(found := image.get(key), list)
            for name in found
            if isinstance(name, str) and name and "<none>" not in name
        )
    )


def _given(one: Document) -> tuple[str, ...]:
    if one.is_named and _are_several(one):
        raise UnreadableError(
            f"{one.origin}: several images; a name stands before a file of one: leave {one.name}= out"
        )
    return (one.name,) if one.is_named else ()


def _size(value: Any, place: str) -> tuple[int, bool]:
    """Bytes of a number, of its digits, or of what is printed for people; and whether it is rounded."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LARGEST:
        return value, False
    told = value if isinstance(value, str) else ""
    if told.isascii() and told.isdigit() and len(told) < 16:
        return int(told), False
    if match := _HUMAN.fullmatch(told):
        return int(Decimal(match[1]) * 1000 ** _UNITS[match[2]]), match[2] != "B"
    raise UnreadableError(f"{place}: its size is {value!r:.60}; allowed: bytes, or a number and kB, MB or GB")
