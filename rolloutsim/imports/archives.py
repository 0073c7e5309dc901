"""Images of archives and folders: OCI layouts, and what `docker save`, skopeo, crane and podman write.

An archive of `docker save` has a `manifest.json`, and since Docker 25 an OCI layout of the same. With Docker's own
image store its layers are not compressed, and its OCI part is not to be trusted: Docker 25.0 left out the layers or the
manifests there (moby#47065, moby#47210, moby#51389). With containerd's image store the layers are those of the
registry, and the OCI part has all platforms. So the layers themselves tell which part is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rolloutsim.errors import UnreadableError
from rolloutsim.imports import manifests
from rolloutsim.imports.blobs import DOCKER, INDEX, Blob, Holder, data
from rolloutsim.imports.documents import Document
from rolloutsim.imports.found import FoundImage, FoundLayer
from rolloutsim.imports.shapes import mapping, maps, part, text, whole
from rolloutsim.manifests import layers as told_by

MOST_IMAGES = 1000  # of an archive, and of an index (assumed: nobody saves more together)
MOST_DEPTH = 2  # indexes below one another, index.json the first: what containers/image and containerd write
# containerd core/images/annotations.go, OCI image-spec annotations.md: an image's reference, its tag or reference.
_NAMES = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
_INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
_GZIP, _ZSTD = (f"application/vnd.oci.image.layer.v1.tar+{how}" for how in ("gzip", "zstd"))
_AGAIN = "write it again: skopeo copy docker://IMAGE oci-archive:FILE"


def images(one: Document, platform: str) -> Iterator[FoundImage]:
    """The images of an archive or a layout.

    Parameters
    ----------
    one : Document
        Its content is a `Holder`.
    platform : str
        Which manifest of an image for several platforms.

    Raises
    ------
    UnreadableError
        If it is no archive of images, has none of that platform, or contradicts itself.
    """
    holder: Holder = one.content
    saved, index = data(holder, DOCKER, one.place), data(holder, INDEX, one.place)
    if saved is None and index is None:
        raise UnreadableError(
            f"{one.place}: neither {INDEX} nor {DOCKER} in it: no archive of images; a container's files "
            "(docker export) have no layers; give the image: docker save IMAGE | rolloutsim import -"
        )
    if saved is not None and not isinstance(saved, list):
        raise UnreadableError(f"{one.place}: {DOCKER}: no list of images; {_AGAIN}")
    if saved is not None and (index is None or not _is_compressed(holder, saved)):
        yield from _of_docker(one, saved, platform)
    else:
        yield from _of_layout(one, index, platform)


def _is_compressed(holder: Holder, saved: list[Any]) -> bool:
    """Whether a layer of an archive of `docker save` is as the registry has it."""
    names = (name for entry in saved[:MOST_IMAGES] for name in _names(entry, "Layers")[: told_by.MOST_LAYERS])
    return any(blob.packing for name in names if (blob := holder.find(name)) is not None)


def _names(entry: Any, key: str) -> list[str]:
    found = part(entry, key)
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def _of_docker(one: Document, saved: list[Any], platform: str) -> Iterator[FoundImage]:
    _keep_few(one, DOCKER, len(saved))
    if not saved:
        raise UnreadableError(f"{one.place}: {DOCKER}: no image in it; {_AGAIN}")
    many = len(saved) > 1
    for number, entry in enumerate(saved):
        tags = _names(entry, "RepoTags")
        place = f"{one.place}: {DOCKER}: image {tags[0] if tags else number}"
        layers, whys = _layers(one, entry, place, platform)
        is_unpacked = any(layer.compressed is None for layer in layers)
        remarks = ["its layers stand there unpacked, with the digests of that"] if is_unpacked else []
        remarks += _not_known(whys, len(layers))
        if one.is_named and many:
            raise _several(one, [str(_names(other, "RepoTags")[:1]) for other in saved])
        names = [one.name] if one.is_named else tags[:MOST_IMAGES]
        for name in names or [f"{one.name}-{number}" if many else one.name]:
            yield FoundImage(name, bool(names), one.label, layers, tuple(remarks))


def _layers(one: Document, entry: Any, place: str, platform: str) -> tuple[tuple[FoundLayer, ...], list[str]]:
    """The layers of an image of `docker save`, the base first; and why unpacked sizes of them are not known."""
    holder: Holder = one.content
    name = text(entry, "Config")
    config = mapping(data(holder, name, place)) if name else {}
    if not config:
        raise UnreadableError(f"{place}: its configuration {name or ''} is not there; is the archive cut? {_AGAIN}")
    _keep_platform(place, told_by.platform_of(config), platform)
    names, digests = part(entry, "Layers"), part(config, "rootfs", "diff_ids")
    if not isinstance(names, list) or not isinstance(digests, list) or len(names) != len(digests) or not names:
        counts = [f"{len(each):,}" if isinstance(each, list) else "none" for each in (names, digests)]
        raise UnreadableError(
            f"{place}: {counts[0]} layers, and {counts[1]} in its configuration; is this an archive of "
            f"docker save? {_AGAIN}"
        )
    if len(names) > told_by.MOST_LAYERS:
        raise UnreadableError(
            f"{place}: {len(names):,} layers; at most {told_by.MOST_LAYERS:,} are read, and runtimes take 127"
        )
    layers: dict[str, FoundLayer] = {}
    whys = []
    for number, (file, digest) in enumerate(zip(names, digests, strict=True)):
        where = f"{place}: layer {number}"
        blob = holder.find(file) if isinstance(file, str) else None
        if blob is None:
            raise UnreadableError(f"{where}: {str(file)!r:.200} is not there; is the archive cut? {_AGAIN}")
        if blob.packing:
            layer = FoundLayer(blob.digest, blob.size, _ZSTD if blob.packing == "zstd" else _GZIP, blob.unpacked)
        elif blob.digest != digest:
            raise UnreadableError(
                f"{where}: {file!r:.200} has the digest {blob.digest}, and {str(digest)!r:.100} in the configuration; "
                f"it was changed or is cut; {_AGAIN}"
            )
        else:
            layer = FoundLayer(blob.digest, None, "", blob.size)
        if layer.digest not in layers:
            layers[layer.digest] = layer
            whys += [blob.why] if layer.unpacked is None else []
    return tuple(layers.values()), whys


def _of_layout(one: Document, index: Any, platform: str) -> Iterator[FoundImage]:
    named: dict[str | None, list[Mapping[str, Any]]] = {}
    if not isinstance(part(index, "manifests"), list):
        raise UnreadableError(
            f"{one.place}: {INDEX}: no list of manifests, as Docker 25.0.0 and 25.0.1 wrote it; {_AGAIN}"
        )
    for entry in _entries(one, index, INDEX):
        name = next((found for key in _NAMES if (found := text(entry, "annotations", key))), None)
        named.setdefault(name, []).append(entry)
    if not named:
        raise UnreadableError(f"{one.place}: {INDEX}: no manifest in it; {_AGAIN}")
    if one.is_named and len(named) > 1:
        raise _several(one, [name or "without a name" for name in named])
    for name, entries in named.items():
        content = _manifest(one, entries, platform)
        if one.is_named or name is None:
            image = manifests.image(one, content, one.name, one.is_named)
        elif "/" in name or ":" in name:
            image = manifests.image(one, content, name, True)
        else:  # a tag alone
            image = manifests.image(one, content, f"{one.name}:{name}" if len(named) > 1 else one.name, False)
        yield _unpacked(one, image)


def _entries(one: Document, index: Any, name: str) -> list[Mapping[str, Any]]:
    found = [entry for entry in maps(index, "manifests") if not told_by.is_attestation(entry)]
    _keep_few(one, name, len(found))
    return found


def _manifest(one: Document, entries: list[Mapping[str, Any]], platform: str) -> Any:
    """The manifest of that platform; the only one, if nothing says of which it is."""
    found = list(_platforms(one, entries, 1))
    wanted = [entry for own, entry in found if told_by.is_wanted(own, platform)]
    if not wanted and len(found) == 1 and not found[0][0]:
        wanted = [found[0][1]]
    if not wanted:
        there = ", ".join(dict.fromkeys(own or "none named" for own, _ in found)) or "none"
        raise UnreadableError(
            f"{one.place}: no image of {platform}; its platforms: {there}; choose one of them with --platform"
        )
    first = next(own for own, entry in found if entry is wanted[0])
    alike = {text(entry, "digest") for own, entry in found if own == first}
    if len(alike) > 1:
        raise UnreadableError(
            f"{one.place}: {len(alike)} images of {first or 'no platform'} without different names; save each by itself"
        )
    content = _described(one, wanted[0])
    if content is None:
        raise UnreadableError(
            f"{one.place}: the manifest {text(wanted[0], 'digest')} of {platform} is not in it; fetch that as well: "
            f"skopeo copy --override-arch {platform.split('/')[1] if '/' in platform else platform} "
            "docker://IMAGE oci-archive:FILE"
        )
    return content


def _platforms(one: Document, entries: list[Mapping[str, Any]], depth: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The platform and the descriptor of each manifest, through indexes of indexes."""
    for entry in entries:
        own = told_by.platform_of(part(entry, "platform"))
        content = None if own else _described(one, entry)
        if isinstance(part(content, "manifests"), list) or text(entry, "mediaType") in _INDEXES:
            if depth >= MOST_DEPTH:
                raise UnreadableError(
                    f"{one.place}: an index in an index of {INDEX}; at most {MOST_DEPTH} are read; {_AGAIN}"
                )
            content = content if content is not None else _described(one, entry)
            yield from _platforms(one, _entries(one, content, text(entry, "digest") or "?"), depth + 1)
        elif own or content is None:
            yield own, entry
        else:
            yield told_by.platform_of(_described(one, mapping(content, "config"))), entry


def _described(one: Document, entry: Mapping[str, Any]) -> Any:
    """The JSON that a descriptor points at; None if it is not there."""
    holder: Holder = one.content
    digest = text(entry, "digest")
    if digest is None:
        return None
    blob = _blob(one, digest)
    if blob is None:
        return None
    _keep_size(one.place, digest, whole(entry, f"{one.place}: {digest}", "size"), blob)
    return data(holder, blob.name, one.place)


def _blob(one: Document, digest: str) -> Blob | None:
    if not told_by.DIGEST.fullmatch(digest):
        raise UnreadableError(f"{one.place}: {digest!r:.80} is no digest; allowed: sha256:…")
    algorithm, _, encoded = digest.partition(":")
    holder: Holder = one.content
    blob = holder.find(f"blobs/{algorithm}/{encoded}")
    if blob is not None and blob.digest != digest:  # of an algorithm that is not computed here
        raise UnreadableError(f"{one.place}: {digest} cannot be verified; allowed: sha256:…, sha512:…")
    return blob


def _unpacked(one: Document, image: FoundImage) -> FoundImage:
    """An image with what its layers unpack to, where their blobs are there."""
    layers, whys = [], []
    for layer in image.layers:
        blob = _blob(one, layer.digest)
        if blob is not None:
            _keep_size(one.place, layer.digest, layer.compressed, blob)
        unpacked = layer.unpacked if blob is None else blob.unpacked
        if unpacked is None:
            whys.append("its blob is not there" if blob is None else blob.why)
        layers.append(FoundLayer(layer.digest, layer.compressed, layer.media_type, unpacked))
    remarks = (*image.remarks, *_not_known(whys, len(layers)))
    return FoundImage(image.name, image.is_named, image.origin, tuple(layers), remarks)


def _not_known(whys: list[str], layers: int) -> list[str]:
    return [f"unpacked size of {whys.count(why)} of {layers} layers not known: {why}" for why in dict.fromkeys(whys)]


def _keep_size(place: str, digest: str, told: int | None, blob: Blob) -> None:
    if told != blob.size:
        said = "no size" if told is None else f"{told:,} B"
        raise UnreadableError(
            f"{place}: {digest} has {said} in its descriptor, and {blob.size:,} B as a blob; one of them "
            f"is wrong; {_AGAIN}"
        )


def _keep_platform(place: str, own: str, platform: str) -> None:
    if own and not told_by.is_wanted(own, platform):
        raise UnreadableError(f"{place}: it is of {own}, not of {platform}; choose that: --platform {own}")


def _keep_few(one: Document, name: str, count: int) -> None:
    if count > MOST_IMAGES:
        raise UnreadableError(
            f"{one.place}: {name}: {count:,} images; at most {MOST_IMAGES:,} are read; save fewer together"
        )


def _several(one: Document, names: list[str]) -> UnreadableError:
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return UnreadableError(
        f"{one.place}: {len(names)} images ({shown}); a name stands before an archive of one: leave {one.name}= out"
    )
