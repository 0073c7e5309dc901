"""Archives and layouts, member for member as docker, containerd, skopeo and crane write them."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
BASE, TOP = b"base" * 5000, b"top" * 4000  # content of the two layers' files


def tar(files: Mapping[str, bytes | str], format: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar; text is a symbolic link's target, and a name that ends in a slash a folder."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=format) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name.rstrip("/"))
            if name.endswith("/"):
                info.type = tarfile.DIRTYPE
            elif isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
            else:
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)
    return raw.getvalue()


LAYERS = (tar({"etc/base": BASE}), tar({"app/top": TOP}))
ZIPPED = tuple(gzip.compress(layer, mtime=0) for layer in LAYERS)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def text(data: object) -> bytes:
    return json.dumps(data).encode()


def config(architecture: str = "amd64", layers: tuple[bytes, ...] = LAYERS) -> bytes:
    digests = [f"sha256:{sha256(layer)}" for layer in layers]
    return text({"architecture": architecture, "os": "linux", "rootfs": {"type": "layers", "diff_ids": digests}})


class Blobs(dict[str, bytes]):
    """Files of an OCI layout."""

    def put(self, data: bytes, media_type: str, **more: object) -> dict[str, object]:
        """A blob's descriptor."""
        self[f"blobs/sha256/{sha256(data)}"] = data
        return {"mediaType": media_type, "digest": f"sha256:{sha256(data)}", "size": len(data), **more}

    def image(
        self, architecture: str = "amd64", layers: tuple[bytes, ...] = ZIPPED, kind: str = f"{LAYER}+gzip",
        own: tuple[bytes, ...] = LAYERS, **more: object,
    ) -> dict[str, object]:  # fmt: skip
        """The descriptor of an image's manifest."""
        content = {
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": self.put(config(architecture, own), "application/vnd.oci.image.config.v1+json"),
            "layers": [self.put(layer, kind) for layer in layers],
        }  # fmt: skip
        return self.put(text(content), MANIFEST, **more)

    def index(self, *entries: object, **more: object) -> dict[str, object]:
        """The descriptor of an index."""
        return self.put(text({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}), INDEX, **more)

    def finish(self, *entries: object) -> Blobs:
        """All files, with what stands beside the blobs."""
        self["oci-layout"] = b'{"imageLayoutVersion":"1.0.0"}'
        self["index.json"] = text({"schemaVersion": 2, "manifests": entries})
        return self


def named(name: str, tag: str) -> dict[str, object]:
    """What containerd and docker remark of an image's name."""
    return {"annotations": {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": tag}}


def layout(folder: Path, blobs: Mapping[str, bytes]) -> str:
    """Write a layout's files."""
    for name, content in blobs.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return str(folder)


def docker_24(tags: object = ("team/api:1.2",), own: bytes | None = None) -> dict[str, bytes | str]:
    """`docker save` until 24: a folder for each layer, of which the second here is a link to one that is there."""
    own = config(layers=(*LAYERS, LAYERS[0])) if own is None else own
    files: dict[str, bytes | str] = {}
    for name, layer in (("a" * 64, LAYERS[0]), ("b" * 64, LAYERS[1]), ("c" * 64, f"../{'a' * 64}/layer.tar")):
        files |= {f"{name}/": b"", f"{name}/VERSION": b"1.0", f"{name}/json": text({"id": name})}
        files[f"{name}/layer.tar"] = layer
    files[f"{sha256(own)}.json"] = own
    layers = [f"{letter * 64}/layer.tar" for letter in "abc"]
    files["manifest.json"] = text([{"Config": f"{sha256(own)}.json", "RepoTags": tags, "Layers": layers}])
    files["repositories"] = text({"team/api": {"1.2": "c" * 64}})
    return files


def saved(blobs: Blobs, layers: tuple[bytes, ...], *tags: str) -> Blobs:
    """The `manifest.json` of docker save since 25 and of containerd beside an OCI layout."""
    own = config()
    blobs[f"blobs/sha256/{sha256(own)}"] = own
    blobs |= {f"blobs/sha256/{sha256(layer)}": layer for layer in layers}
    blobs["manifest.json"] = text([{
        "Config": f"blobs/sha256/{sha256(own)}", "RepoTags": list(tags) or None,
        "Layers": [f"blobs/sha256/{sha256(layer)}" for layer in layers],
    }])  # fmt: skip
    return blobs
