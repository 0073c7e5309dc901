"""The images of manifests, as `crane`, `skopeo` and `docker` print them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rolloutsim.imports.documents import Document
from rolloutsim.imports.found import FoundImage
from rolloutsim.manifests import layers as told_by

PLATFORM = told_by.PLATFORM
shape = told_by.shape


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
    by_digest = {one.digest: one for one in documents if shape(one.content) == told_by.MANIFEST}
    named = {
        digest for one in documents if shape(one.content) == told_by.INDEX for digest in told_by.children(one.content)
    }
    for one in documents:
        kind = shape(one.content)
        if kind == told_by.MANIFEST and one.digest in named:
            continue
        said = told_by.reference(one.content, platform)
        name = one.name if one.is_named or said is None else said
        is_named = one.is_named or said is not None
        shown = name if is_named else told_by.IMAGE
        asked = told_by.Asked(one.place, shown, f" | rolloutsim import {shown}=-", "with --platform", platform)
        source = by_digest.get(told_by.child(one.content, asked), one) if kind == told_by.INDEX else one
        told = told_by.layers(source.content, replace(asked, place=source.place))
        yield FoundImage(name, is_named, source.label, told.layers, told.remarks)
