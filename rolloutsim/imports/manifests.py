"""The images of manifests, as `crane`, `skopeo` and `docker` print them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rolloutsim.imports.documents import Document
from rolloutsim.imports.found import FoundImage
from rolloutsim.manifests import layers as told_by
from rolloutsim.manifests.shapes import text


def images(documents: Sequence[Document], platform: str) -> Iterator[FoundImage]:
    """The images of manifests.

    Parameters
    ----------
    documents : sequence of Document
        Manifests and indexes; the manifests that an index names are found by their digests.
    platform : str
        Which manifest of an index: `linux/arm64/v8`.

    Raises
    ------
    UnreadableError
        If a document has no sizes of layers, or none of that platform.
    """
    by_digest = {one.digest: one for one in documents if told_by.shape(one.content) == told_by.MANIFEST}
    named = {
        digest
        for one in documents
        if told_by.shape(one.content) == told_by.INDEX
        for digest in told_by.children(one.content)
    }
    for one in documents:
        kind = told_by.shape(one.content)
        if kind == told_by.MANIFEST and one.digest in named:
            continue
        said = told_by.reference(one.content, platform)
        name = one.name if one.is_named or said is None else said
        is_named = one.is_named or said is not None
        source = one
        if kind == told_by.INDEX:
            digest = text(chosen(one, platform), "digest") or ""
            source = by_digest.get(digest, one)
        yield image(source, source.content, name, is_named, platform)


def chosen(one: Document, platform: str) -> Mapping[str, Any]:
    """The entry of a platform in an index.

    Raises
    ------
    UnreadableError
        If there is none.
    """
    return told_by.entry(one.content, _asked(one, one.name, one.is_named, platform))


def image(one: Document, content: Any, name: str, is_named: bool, platform: str = told_by.PLATFORM) -> FoundImage:
    """The image of a manifest.

    Parameters
    ----------
    one : Document
        Where it stands.
    content : object
        The manifest.
    name : str
        What the image is called.
    is_named : bool
        Whether that is its reference, rather than a file's name.
    platform : str
        Which one is wanted, where the content tells of several.

    Raises
    ------
    UnreadableError
        If it has no layers with digests and sizes.
    """
    told = told_by.layers(content, _asked(one, name, is_named, platform))
    return FoundImage(name, is_named, one.label, told.layers, told.remarks)


def _asked(one: Document, name: str, is_named: bool, platform: str) -> told_by.Asked:
    shown = name if is_named else told_by.IMAGE
    into = f" | rolloutsim import {shlex.quote(f'{shown}=-')}"
    return told_by.Asked(one.place, shlex.quote(shown), into, "with --platform", platform)
