"""What a manifest tells of an image's layers: content of JSON in, layers out, or an error with the next command."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from rolloutsim.errors import UnreadableError
from rolloutsim.manifests.shapes import maps, part, text, whole
from rolloutsim.structs import struct

PLATFORM = "linux/amd64"
A_PLATFORM = re.compile(r"[a-z0-9]+/[a-z0-9_]+(?:/[a-z0-9.]+)?")  # OCI image-spec, image-index.md
MOST_LAYERS = 1000  # of an image (assumed: eight times what Docker's graph drivers allow)
IMAGE = "IMAGE"  # stands for an image's name in commands, where it is not known
DIGEST = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]{1,128}")  # OCI image-spec, descriptor.md
# What a reference of an attestation looks like: moby/buildkit docs/attestations/attestation-storage.md.
_REFERENCE = "vnd.docker.reference.type"

Shape = Literal["index", "manifest", "skopeo", "verbose"]
INDEX: Shape = "index"
MANIFEST: Shape = "manifest"
_SKOPEO: Shape = "skopeo"
_VERBOSE: Shape = "verbose"


@struct
class FoundLayer:
    """A layer of a manifest.

    Parameters
    ----------
    digest : str
        Its digest; empty where nothing tells it.
    compressed, unpacked : int or None
        Bytes on the wire, and on the disk of a node; one of them at least is known.
    media_type : str
        As the manifest says it.
    """

    digest: str
    compressed: int | None
    media_type: str
    unpacked: int | None = None

    @property
    def is_zstd(self) -> bool:
        """Whether it is compressed as zstd, which unpacks faster than gzip."""
        return "zstd" in self.media_type

    @property
    def is_foreign(self) -> bool:
        """Whether it may come from a server of its own: OCI image-spec, layer.md, non-distributable layers."""
        return "foreign" in self.media_type or "nondistributable" in self.media_type


@struct
class Told:
    """The layers of a manifest, and what was left out of it."""

    layers: tuple[FoundLayer, ...]
    remarks: tuple[str, ...] = ()


@struct
class Asked:
    """Who asks for the layers of a manifest: what errors say of it.

    Parameters
    ----------
    place : str
        Where the manifest stands, in front of what is wrong with it; empty: nothing is.
    name : str
        What the image is called in commands.
    into : str
        What follows a command that prints a manifest: ` > api.json`.
    choose : str
        How a platform is chosen: `with --platform`.
    platform : str
        The one that is wanted: `linux/arm64/v8`.
    """

    place: str
    name: str
    into: str
    choose: str
    platform: str = PLATFORM

    def error(self, message: str) -> UnreadableError:
        """An error of the manifest."""
        return UnreadableError(f"{self.place}: {message}" if self.place else message)


def shape(content: Any) -> Shape | None:
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
        return INDEX
    return MANIFEST if isinstance(content.get("layers"), list) or "fsLayers" in content else None


def _is_verbose(content: Any) -> bool:
    return (
        isinstance(content, Mapping)
        and "Ref" in content
        and any(key in content for key in ("SchemaV2Manifest", "OCIManifest", "Raw", "Descriptor"))
    )


def reference(content: Any, platform: str = PLATFORM) -> str | None:
    """What a manifest calls its image, None if it does not say."""
    kind = shape(content)
    if kind == _SKOPEO:
        return text(content, "Name")
    if kind == _VERBOSE:
        entry = _of_platform(content, platform)[0]
        name = text(entry, "Ref") if entry is not None else None
        return name.partition("@")[0] if name is not None else None
    return None


def children(index: Any) -> Iterator[str]:
    """The digests of all that an index names."""
    return (digest for one in maps(index, "manifests") if (digest := text(one, "digest")))


def entry(index: Any, asked: Asked) -> Mapping[str, Any]:
    """What an index says of the manifest of a platform.

    Raises
    ------
    UnreadableError
        If there is none.
    """
    wanted = [one for one in _images(index) if is_wanted(platform_of(part(one, "platform")), asked.platform)]
    if not wanted:
        raise asked.error(
            f"an index without {asked.platform}; its platforms: {_platforms(index)}; choose one of them {asked.choose}"
        )
    return wanted[0]


def layers(content: Any, asked: Asked) -> Told:
    """The layers of an image, from the base to the top, each digest once.

    Parameters
    ----------
    content : object
        A manifest, of OCI or Docker; what `docker manifest inspect -v` prints, of one platform or several; or what
        `skopeo inspect` does.
    asked : Asked
        Who asks, and for which platform.

    Raises
    ------
    UnreadableError
        If it has no sizes of layers, or none of that platform: an index names manifests, and has no layers.
    """
    kind = shape(content)
    if kind == INDEX:
        entry(content, asked)
        raise asked.error(
            f"an index, which has no layers (platforms: {_platforms(content)}); give the manifest of one: "
            f"crane manifest --platform {shlex.quote(asked.platform)} {asked.name}{asked.into}"
        )
    if kind == _VERBOSE:
        return _of_verbose(content, asked)
    if kind == _SKOPEO:
        return _of_skopeo(content, asked)
    return _of_manifest(content, asked)


def _images(index: Any) -> list[Mapping[str, Any]]:
    return [entry for entry in maps(index, "manifests") if not is_attestation(entry)]


def _platforms(index: Any) -> str:
    """The platforms of an index, for people."""
    found = dict.fromkeys(platform_of(part(entry, "platform")) or "none named" for entry in _images(index))
    return ", ".join(found) or "none"


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


def _of_platform(content: Any, platform: str) -> tuple[Any, list[str]]:
    """Of what `docker manifest inspect -v` prints the platform's entry, if there is one, and those before it."""
    entries = content if isinstance(content, list) else [content]
    others: list[str] = []
    for entry in entries:
        own = part(entry, "Descriptor", "platform") or part(entry, "Platform")
        if (len(entries) == 1 and own is None) or is_wanted(platform_of(own), platform):
            return entry, others
        others.append(platform_of(own) or "none named")
    return None, others


def _of_verbose(content: Any, asked: Asked) -> Told:
    """Both generations: the manifest beside its descriptor, or in base64."""
    entry, others = _of_platform(content, asked.platform)
    if entry is None:
        raise asked.error(
            f"no manifest of {asked.platform}; there are: {', '.join(dict.fromkeys(others))}; choose one {asked.choose}"
        )
    manifest = part(entry, "SchemaV2Manifest") or part(entry, "OCIManifest") or _raw(entry, asked)
    return _of_manifest(manifest, asked)


def _raw(entry: Any, asked: Asked) -> Any:
    import base64  # few manifests are written so, and every run of the program comes by here
    import binascii

    try:
        return json.loads(base64.b64decode(text(entry, "Raw") or "", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        raise asked.error(f"'Raw' holds no manifest; print it again: docker manifest inspect -v {asked.name}") from None


def _of_skopeo(content: Any, asked: Asked) -> Told:
    found = [
        {"digest": layer.get("Digest"), "size": layer.get("Size"), "mediaType": layer.get("MIMEType")}
        for layer in maps(content, "LayersData")
    ]
    if not found or any(layer["size"] == -1 for layer in found):
        raise asked.error(
            f"no sizes of layers, as older versions of skopeo print it; print the manifest itself: "
            f"skopeo inspect --raw docker://{asked.name}{asked.into}"
        )
    return _of_manifest({"layers": found}, asked)


def _layer(digest: str, size: int, media_type: str) -> FoundLayer:
    return FoundLayer(digest, size, media_type, size if media_type.endswith(".tar") else None)


def _of_manifest(content: Any, asked: Asked) -> Told:
    if part(content, "fsLayers") is not None:
        raise asked.error(
            f"a manifest of schema 1, which has no sizes; print the image's manifest of today: "
            f"crane manifest {asked.name}"
        )
    given = part(content, "layers")
    if not isinstance(given, list) or not given:
        raise asked.error("a manifest without layers; give an image's manifest: crane manifest IMAGE")
    if len(given) > MOST_LAYERS:
        raise asked.error(f"{len(given):,} layers; at most {MOST_LAYERS:,} are read, and runtimes take 127")
    found: dict[str, FoundLayer] = {}
    empty = others = 0
    for number, layer in enumerate(given):
        where = f"{asked.place}: layer {number}" if asked.place else f"layer {number}"
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
        elif found.setdefault(digest, _layer(digest, size, kind)).compressed != size:
            raise UnreadableError(
                f"{where}: {digest} is {size} B here and {found[digest].compressed} B before; a layer has one size"
            )
    if not found:
        raise asked.error("no layer that a runtime unpacks; give an image's manifest: crane manifest IMAGE")
    remarks = [f"{empty} of size 0 left out"] if empty else []
    remarks += [f"{others} that are no layers left out"] if others else []
    return Told(tuple(found.values()), tuple(remarks))
