"""Layers and their sizes, of manifests as `crane`, `skopeo` and `docker` print them."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rolloutsim.errors import UnreadableError
from rolloutsim.imports.documents import Document
from rolloutsim.imports.found import FoundImage, FoundLayer
from rolloutsim.imports.shapes import maps, part, text, whole

PLATFORM = "linux/amd64"
MOST_LAYERS = 1000  # of an image (assumed: eight times what Docker's graph drivers allow)
DIGEST = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]{1,128}")  # OCI image-spec, descriptor.md
# What a reference of an attestation looks like: moby/buildkit docs/attestations/attestation-storage.md.
_REFERENCE = "vnd.docker.reference.type"
_INDEX, _MANIFEST, _SKOPEO, _VERBOSE = "index", "manifest", "skopeo", "verbose"


def shape(content: Any) -> str | None:
    """Which kind of manifest a document is, None if it is none."""
    if isinstance(content, list):
        return _VERBOSE if content and all(_is_verbose(one) for one in content) else None
    if not isinstance(content, Mapping):
        return None
    if _is_verbose(content):
        return _VERBOSE
    if "Layers" in content and ("Digest" in content or "LayersData" in content):
        return _SKOPEO
    if "apiVersion" in content:
        return None
    if isinstance(content.get("manifests"), list):
        return _INDEX
    return _MANIFEST if isinstance(content.get("layers"), list) or "fsLayers" in content else None


def _is_verbose(content: Any) -> bool:
    return (
        isinstance(content, Mapping)
        and "Ref" in content
        and any(key in content for key in ("SchemaV2Manifest", "OCIManifest", "Raw", "Descriptor"))
    )


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
    by_digest = {one.digest: one for one in documents if shape(one.content) == _MANIFEST}
    children = {digest for one in documents if shape(one.content) == _INDEX for digest in _children(one.content)}
    for one in documents:
        kind = shape(one.content)
        if kind == _INDEX:
            yield _of_index(one, by_digest, platform)
        elif kind == _VERBOSE:
            yield _of_verbose(one, platform)
        elif kind == _SKOPEO:
            yield _of_skopeo(one)
        elif kind == _MANIFEST and one.digest not in children:
            yield image(one, one.content, one.name, one.is_named)


def _children(index: Any) -> Iterator[str]:
    return (digest for one in maps(index, "manifests") if (digest := text(one, "digest")))


def is_attestation(entry: Mapping[str, Any]) -> bool:
    """Whether an entry of an index is of an attestation, which no runtime pulls."""
    return part(entry, "annotations", _REFERENCE) is not None or text(entry, "platform", "os") == "unknown"


def platform_of(entry: Any) -> str:
    """A platform as people write it: `linux/arm64/v8`."""
    steps = (text(entry, "os"), text(entry, "architecture"), text(entry, "variant"))
    return "/".join(step for step in steps if step)


def is_wanted(platform: str, wanted: str) -> bool:
    """Whether a platform is the one that is asked for."""
    # A variant that is not asked for does not matter: arm64 is arm64/v8.
    return platform == wanted or platform.startswith(f"{wanted}/") or f"{platform}/v8" == wanted


def chosen(one: Document, platform: str) -> Mapping[str, Any]:
    """The entry of a platform in an index.

    Raises
    ------
    UnreadableError
        If there is none.
    """
    entries = [entry for entry in maps(one.content, "manifests") if not is_attestation(entry)]
    wanted = [entry for entry in entries if is_wanted(platform_of(part(entry, "platform")), platform)]
    if not wanted:
        raise UnreadableError(
            f"{one.place}: an index without {platform}; its platforms: {_platforms(one.content)}; choose one of them "
            "with --platform"
        )
    return wanted[0]


def _platforms(index: Any) -> str:
    """The platforms of an index, for people."""
    entries = (entry for entry in maps(index, "manifests") if not is_attestation(entry))
    return ", ".join(dict.fromkeys(platform_of(part(entry, "platform")) or "none named" for entry in entries)) or "none"


def _of_index(one: Document, by_digest: Mapping[str, Document], platform: str) -> FoundImage:
    child = by_digest.get(text(chosen(one, platform), "digest") or "")
    if child is None:
        name, there = one.name if one.is_named else "IMAGE", _platforms(one.content)
        raise UnreadableError(
            f"{one.place}: an index, which has no layers (platforms: {there}); give the manifest of one: "
            f"crane manifest --platform {platform} {name} | rolloutsim import {name}=-"
        )
    return image(child, child.content, one.name, one.is_named)


def _of_verbose(one: Document, platform: str) -> FoundImage:
    """What `docker manifest inspect -v` prints: one of both generations, or a list of platforms."""
    entries = one.content if isinstance(one.content, list) else [one.content]
    found = []
    for entry in entries:
        own = part(entry, "Descriptor", "platform") or part(entry, "Platform")
        if not (len(entries) == 1 and own is None) and not is_wanted(platform_of(own), platform):
            found.append(platform_of(own) or "none named")
            continue
        content = part(entry, "SchemaV2Manifest") or part(entry, "OCIManifest") or _raw(entry, one)
        reference = text(entry, "Ref")
        name = one.name if one.is_named or reference is None else reference.partition("@")[0]
        return image(one, content, name, one.is_named or reference is not None)
    raise UnreadableError(
        f"{one.place}: no manifest of {platform}; there are: {', '.join(dict.fromkeys(found))}; "
        "choose one with --platform"
    )


def _raw(entry: Any, one: Document) -> Any:
    try:
        return json.loads(base64.b64decode(text(entry, "Raw") or "", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        raise UnreadableError(
            f"{one.place}: 'Raw' holds no manifest; print it again: docker manifest inspect -v IMAGE"
        ) from None


def _of_skopeo(one: Document) -> FoundImage:
    name = text(one.content, "Name")
    shown = name or (one.name if one.is_named else "IMAGE")
    layers = [
        {"digest": layer.get("Digest"), "size": layer.get("Size"), "mediaType": layer.get("MIMEType")}
        for layer in maps(one.content, "LayersData")
    ]
    if not layers or any(layer["size"] == -1 for layer in layers):
        raise UnreadableError(
            f"{one.place}: no sizes of layers, as older versions of skopeo print it; print the manifest itself: "
            f"skopeo inspect --raw docker://{shown} | rolloutsim import {shown}=-"
        )
    return image(
        one, {"layers": layers}, one.name if one.is_named or name is None else name, one.is_named or name is not None
    )


def _layer(digest: str, size: int, media_type: str) -> FoundLayer:
    return FoundLayer(digest, size, media_type, size if media_type.endswith(".tar") else None)


def image(one: Document, content: Any, name: str, is_named: bool) -> FoundImage:
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

    Raises
    ------
    UnreadableError
        If it has no layers with digests and sizes.
    """
    place = one.place
    if part(content, "fsLayers") is not None:
        raise UnreadableError(
            f"{place}: a manifest of schema 1, which has no sizes; print the image's manifest of today: "
            f"crane manifest {name if is_named else 'IMAGE'}"
        )
    given = part(content, "layers")
    if not isinstance(given, list) or not given:
        raise UnreadableError(f"{place}: a manifest without layers; give an image's manifest: crane manifest IMAGE")
    if len(given) > MOST_LAYERS:
        raise UnreadableError(
            f"{place}: {len(given):,} layers; at most {MOST_LAYERS:,} are read, and runtimes take 127"
        )
    layers: dict[str, FoundLayer] = {}
    empty = others = 0
    for number, layer in enumerate(given):
        where = f"{place}: layer {number}"
        size, digest, kind = whole(layer, where, "size"), text(layer, "digest"), text(layer, "mediaType") or ""
        if size is None or digest is None:
            raise UnreadableError(
                f"{where} has no {'size' if size is None else 'digest'}; is this an image's manifest?"
            )
        if not DIGEST.fullmatch(digest):
            raise UnreadableError(f"{where}: {digest!r:.80} is no digest; allowed: sha256:…")
        if kind and "tar" not in kind and "layer" not in kind:
            others += 1  # of an artifact, or a signature: no runtime unpacks it
        elif not size:
            empty += 1
        elif layers.setdefault(digest, _layer(digest, size, kind)).compressed != size:
            raise UnreadableError(
                f"{where}: {digest} is {size} B here and {layers[digest].compressed} B before; a layer has one size"
            )
    if not layers:
        raise UnreadableError(
            f"{place}: no layer that a runtime unpacks; give an image's manifest: crane manifest IMAGE"
        )
    remarks = [f"{empty} of size 0 left out"] if empty else []
    remarks += [f"{others} that are no layers left out"] if others else []
    return FoundImage(name, is_named, one.label, tuple(layers.values()), tuple(remarks))
