"""Archives and layouts of images, as docker, containerd, skopeo and crane write them."""

from __future__ import annotations

import gzip
import io
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from rolloutsim import loads
from rolloutsim.errors import UnreadableError
from rolloutsim.imports import imported
from tests.imports.saved import (
    BASE,
    INDEX,
    LAYER,
    LAYERS,
    TOP,
    ZIPPED,
    Blobs,
    config,
    docker_24,
    layout,
    named,
    saved,
    sha256,
    tar,
    text,
)

DATA = Path(__file__).parent.parent / "data" / "imports" / "archives"
ON_THE_WIRE = [
    {"compressed": f"{len(zipped)} B", "unpacked": f"{len(layer)} B", "digest": f"sha256:{sha256(zipped)}"}
    for zipped, layer in zip(ZIPPED, LAYERS, strict=True)
]
UNPACKED = [{"unpacked": f"{len(layer)} B", "digest": f"sha256:{sha256(layer)}"} for layer in LAYERS]
NAME = "docker.io/team/api:1.2"


def images(*given: object, platform: str = "linux/amd64") -> dict[str, object]:
    made = imported([str(one) for one in given], platform)
    loads(made.text)
    return yaml.safe_load(made.text)["images"]


def archive(folder: Path, files: Mapping[str, bytes | str], name: str = "api.tar", **how: int) -> Path:
    path = folder / name
    raw = tar(files, **how)
    path.write_bytes(gzip.compress(raw) if name.endswith("gz") else raw)
    return path


def from_stdin(monkeypatch: pytest.MonkeyPatch, raw: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(raw)))


def test_an_archive_of_skopeo_holds_unpacked_layers() -> None:
    # Written by skopeo 1.9.3 from the image of the next test: two layers of 10,240 B (tar's least), by diff ID.
    name = "quay.io/team/api:1.2"
    assert images(DATA / "skopeo-docker-archive.tar.gz") == {
        name: {
            "ratio": 2.67,
            "layers": [
                {"unpacked": "10240 B",
                 "digest": "sha256:abb9925889d9cb78bede9a305a0a8a63457a0b2de076447baecbc10673b1ffad"},
                {"unpacked": "10240 B",
                 "digest": "sha256:ab2d9d84906884215f468227365ffd90fff53364cf4628f78332c5a61abb5131"},
            ],
        }
    }  # fmt: skip


@pytest.mark.parametrize("platform", ["linux/amd64", "linux/arm64"])
def test_an_oci_archive_of_skopeo_holds_what_is_on_the_wire(platform: str) -> None:
    assert images(DATA / "skopeo-oci-archive.tar.gz", platform=platform) == {
        "quay.io/team/api:1.2": {
            "layers": [
                {"compressed": "105 B", "unpacked": "10240 B",
                 "digest": "sha256:2e0a7cd68a4ff5b007dd7c4c808cea52bdefb4efb49b23971df35248737065f6"},
                {"compressed": "104 B", "unpacked": "10240 B",
                 "digest": "sha256:2ca95f9911e0e44aeaf368f232244c98ac5a58ac26b9025edc3b83c2b44b5c32"},
            ]
        }
    }  # fmt: skip


@pytest.mark.parametrize("name", ["api.tar", "api.tar.gz"])
@pytest.mark.parametrize("format", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_a_layer_that_is_a_link_is_the_one_it_points_at(tmp_path: Path, name: str, format: int) -> None:
    given = archive(tmp_path, docker_24(), name, format=format)
    assert images(given) == {"team/api:1.2": {"ratio": 2.67, "layers": UNPACKED}}


def test_unpacked_layers_are_assumed_to_compress_and_the_command_that_tells_is_named(tmp_path: Path) -> None:
    made = imported([str(archive(tmp_path, docker_24()))])
    assumed = next(one for one in made.assumed if one.key == "images.team/api:1.2.ratio")
    assert assumed.command.startswith("crane manifest --platform linux/amd64 team/api:1.2 >")
    assert "2.67  # assumed: unpacked / compressed bytes of its layers" in made.text


def test_a_manifest_beside_an_archive_tells_what_is_on_the_wire(tmp_path: Path) -> None:
    given = archive(tmp_path, docker_24(own=config(layers=(*LAYERS, LAYERS[0]))))
    layers = [{"digest": f"sha256:{sha256(one)}", "size": len(one), "mediaType": f"{LAYER}+gzip"} for one in ZIPPED]
    manifest = tmp_path / "m.json"
    manifest.write_bytes(text({"layers": layers}))
    expected = {"team/api:1.2": {"layers": ON_THE_WIRE}}
    assert images(given, f"team/api:1.2={manifest}") == expected
    assert images(f"team/api:1.2={manifest}", given) == expected
    manifest.write_bytes(text({"layers": layers[:1]}))
    made = imported([f"team/api:1.2={manifest}", str(given)])
    assert "api.tar is not used: it has 2 layers, and m.json has 1" in made.notes


@pytest.mark.parametrize("tags", [None, []])
def test_an_image_without_a_tag_has_the_name_of_its_file(tmp_path: Path, tags: object) -> None:
    given = archive(tmp_path, docker_24(tags))
    assert list(images(given)) == ["api"]
    assert list(images(f"team/web:3={given}")) == ["team/web:3"]


def test_an_image_of_several_tags_stands_under_each(tmp_path: Path) -> None:
    given = archive(tmp_path, docker_24(["team/api:1.2", "team/api:latest"]))
    assert list(images(given)) == ["team/api:1.2", "team/api:latest"]


def test_docker_save_since_25_is_not_taken_to_be_compressed(tmp_path: Path) -> None:
    blobs = Blobs()
    entry = blobs.image(layers=LAYERS, kind=LAYER, **named(NAME, "1.2"))
    given = archive(tmp_path, saved(blobs.finish(entry), LAYERS, "team/api:1.2"))
    assert images(given) == {"team/api:1.2": {"ratio": 2.67, "layers": UNPACKED}}


@pytest.mark.parametrize("index", [{"manifests": None}, {"manifests": []}, None])
def test_docker_25_0_without_layers_or_manifests_in_its_oci_part_is_read(tmp_path: Path, index: object) -> None:
    # moby#47065: a manifest without layers; moby#47210: no list of manifests.
    blobs = Blobs()
    entry = blobs.image(layers=(), kind=LAYER, **named(NAME, "1.2"))
    files = saved(blobs.finish(entry), LAYERS, "team/api:1.2")
    if index is not None:
        files["index.json"] = text(index)
    assert images(archive(tmp_path, files)) == {"team/api:1.2": {"ratio": 2.67, "layers": UNPACKED}}


def test_docker_save_from_containerds_store_is_what_is_on_the_wire(tmp_path: Path) -> None:
    blobs = Blobs()
    index = blobs.index(
        blobs.image(platform={"os": "linux", "architecture": "amd64"}),
        blobs.image("arm64", platform={"os": "linux", "architecture": "arm64"}),
        {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": f"sha256:{'0' * 64}", "size": 566,
         "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
         "platform": {"os": "unknown", "architecture": "unknown"}},
        **named(NAME, "1.2"),
    )  # fmt: skip
    given = archive(tmp_path, saved(blobs.finish(index), ZIPPED, "team/api:1.2"))
    assert images(given) == {NAME: {"layers": ON_THE_WIRE}}
    assert images(given, platform="linux/arm64") == {NAME: {"layers": ON_THE_WIRE}}
    with pytest.raises(UnreadableError, match=r"no image of linux/s390x; its platforms: linux/amd64, linux/arm64; ch"):
        images(given, platform="linux/s390x")


def test_an_archive_of_crane_holds_what_is_on_the_wire(tmp_path: Path) -> None:
    files = {f"sha256:{sha256(config())}": config()}
    files |= {f"{sha256(layer)}.tar.gz": layer for layer in ZIPPED}
    files["manifest.json"] = text([{
        "Config": f"sha256:{sha256(config())}", "RepoTags": ["quay.io/team/api:1.2"],
        "Layers": [f"{sha256(layer)}.tar.gz" for layer in ZIPPED],
    }])  # fmt: skip
    assert images(archive(tmp_path, files)) == {"quay.io/team/api:1.2": {"layers": ON_THE_WIRE}}


def test_a_folder_with_a_layout_is_one_document(tmp_path: Path) -> None:
    blobs = Blobs()
    folder = layout(tmp_path / "api", blobs.finish(blobs.image()))
    assert images(folder) == {"api": {"layers": ON_THE_WIRE}}
    assert images(f"quay.io/team/api:1.2={folder}/") == {"quay.io/team/api:1.2": {"layers": ON_THE_WIRE}}


def test_a_layout_of_several_images_names_them(tmp_path: Path) -> None:
    blobs = Blobs()
    one, two = blobs.image(**named(NAME, "1.2")), blobs.image("arm64")
    old = blobs.image(own=LAYERS[:1], layers=ZIPPED[:1], annotations={"org.opencontainers.image.ref.name": "old"})
    folder = layout(tmp_path / "api", blobs.finish(one, old))
    assert {name: len(image["layers"]) for name, image in images(folder).items()} == {NAME: 2, "api:old": 1}
    with pytest.raises(UnreadableError, match=r"2 images \(docker.io/team/api:1.2, old\); .*leave x= out"):
        images(f"x={folder}")
    # Manifests of one name are platforms of one image, which their configurations tell.
    folder = layout(tmp_path / "web", blobs.finish(two, blobs.image()))
    assert images(folder) == {"web": {"layers": ON_THE_WIRE}}
    folder = layout(tmp_path / "two", blobs.finish(blobs.image(), blobs.image(own=LAYERS[:1])))
    with pytest.raises(UnreadableError, match="2 images of linux/amd64 without different names; save each by itself"):
        images(folder)


def test_an_image_of_another_platform_is_refused(tmp_path: Path) -> None:
    blobs = Blobs()
    with pytest.raises(UnreadableError, match="its platforms: linux/arm64; choose one of them with --platform"):
        images(layout(tmp_path / "api", blobs.finish(blobs.image("arm64"))))
    own = config("arm64", (*LAYERS, LAYERS[0]))
    with pytest.raises(UnreadableError, match=r"team/api:1.2: it is of linux/arm64, not of linux/amd64; choose that: "):
        images(archive(tmp_path, docker_24(own=own)))


def test_blobs_that_are_not_there_leave_the_unpacked_size_unknown(tmp_path: Path) -> None:
    blobs = Blobs()
    blobs.finish(blobs.image())
    del blobs[f"blobs/sha256/{sha256(ZIPPED[1])}"]
    folder = layout(tmp_path / "api", blobs)
    layers = images(folder)["api"]["layers"]
    assert layers == [ON_THE_WIRE[0], {key: ON_THE_WIRE[1][key] for key in ("compressed", "digest")}]
    assert "unpacked size of 1 of 2 layers not known: its blob is not there" in imported([folder]).text


def test_a_manifest_that_is_not_there_is_an_error_with_the_command_for_it(tmp_path: Path) -> None:
    blobs = Blobs()
    entry = {"digest": f"sha256:{'1' * 64}", "size": 3, "platform": {"os": "linux", "architecture": "amd64"}}
    with pytest.raises(
        UnreadableError, match=r"sha256:1+ of linux/amd64 is not in it; .*skopeo copy --override-arch a"
    ):
        images(layout(tmp_path / "api", blobs.finish(blobs.index(entry))))


def test_indexes_are_followed_to_the_second(tmp_path: Path) -> None:
    blobs = Blobs()
    inner = blobs.index(blobs.image())
    assert images(layout(tmp_path / "a", blobs.finish(inner))) == {"a": {"layers": ON_THE_WIRE}}
    with pytest.raises(UnreadableError, match=r"an index in an index of index.json; at most 2 are read"):
        images(layout(tmp_path / "b", blobs.finish(blobs.index(inner))))


def test_gzip_of_several_members_is_counted_to_its_end(tmp_path: Path) -> None:
    # The last member's own size is 12,000 B of 32,000: what stands at the end of the file says too little.
    zipped = gzip.compress(BASE, mtime=0) + gzip.compress(TOP, mtime=0) + bytes(512)
    blobs = Blobs()
    folder = layout(tmp_path / "api", blobs.finish(blobs.image(layers=(zipped,), own=LAYERS[:1])))
    assert int.from_bytes(gzip.compress(TOP)[-4:], "little") == len(TOP)
    assert images(folder)["api"]["layers"][0]["unpacked"] == f"{len(BASE) + len(TOP)} B"


@pytest.mark.parametrize(
    ("begin", "kind", "unpacked"),
    [(b"\x28\xb5\x2f\xfd", "+zstd", None), (b"\x50\x2a\x4d\x18", "+zstd", None), (b"plain!", "", "1006 B")],
)
def test_zstd_is_not_unpacked_and_says_so(tmp_path: Path, begin: bytes, kind: str, unpacked: str | None) -> None:
    blobs = Blobs()
    entry = blobs.image(layers=(begin + bytes(1000),), kind=LAYER + kind, own=LAYERS[:1])
    folder = layout(tmp_path / "api", blobs.finish(entry))
    assert images(folder)["api"]["layers"][0].get("unpacked") == unpacked
    assert ("1 layers not known: zstd is not unpacked here" in imported([folder]).text) == (unpacked is None)


@pytest.mark.parametrize("how", [bytes, gzip.compress])
def test_an_archive_from_the_standard_input_is_read_in_one_pass(monkeypatch: pytest.MonkeyPatch, how: object) -> None:
    from_stdin(monkeypatch, how(tar(docker_24())))
    assert images("-") == {"team/api:1.2": {"ratio": 2.67, "layers": UNPACKED}}
    from_stdin(monkeypatch, how(tar(docker_24())))
    assert list(images("web:1=-")) == ["web:1"]
    from_stdin(monkeypatch, text({"layers": [{"size": 5, "digest": "sha256:ab"}]}))
    assert images("-") == {"app": {"layers": [{"compressed": "5 B", "digest": "sha256:ab"}]}}


def test_an_archive_gives_a_workload_its_layers(tmp_path: Path) -> None:
    pod = {"containers": [{"name": "c", "image": "team/api:1.2"}]}
    workload = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}}
    (tmp_path / "d.json").write_bytes(text(workload | {"spec": {"template": {"spec": pod}}}))
    blobs = Blobs()
    given = archive(tmp_path, saved(blobs.finish(blobs.image(**named(NAME, "1.2"))), ZIPPED, "team/api:1.2"))
    assert images(given, tmp_path / "d.json") == {"team/api:1.2": {"layers": ON_THE_WIRE}}


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        ("a.tar", tar({"bin/sh": b"x"}), "neither index.json nor manifest.json in it: no archive of images; a "),
        ("a.gz", gzip.compress(b"{}", mtime=0), "gzip of what is no tar; unpack it: gunzip -c FILE |"),
        ("a.zst", b"\x28\xb5\x2f\xfd" + bytes(600), "compressed with zstd, which is not unpacked here; unpack it: zs"),
        ("a.xz", b"\xfd7zXZ\x00" + bytes(600), "compressed with xz, which is not unpacked here; unpack it: xz -dc "),
        ("a.tar", tar({"manifest.json": b"{}"}), "manifest.json: no list of images"),
        ("a.tar", tar({"manifest.json": b"[]"}), "manifest.json: no image in it"),
        ("a.tar", tar({"index.json": b"[]"}), "index.json: no list of manifests"),
        ("a.tar", tar({"index.json": b'{"manifests": []}'}), "index.json: no manifest in it"),
        ("a.tar", tar({"index.json": b"hello"}), "index.json: no JSON"),
        ("a.tar", tar({"index.json": b"{"}), "index.json: not JSON"),
        ("a.tar", tar({"manifest.json": text([{"Config": "x", "Layers": []}])}), "its configuration x is not there"),
        ("a.tar", tar(docker_24(own=config())), "3 layers, and 2 in its configuration"),
        ("a.tar", tar({"index.json": text({"manifests": [{"mediaType": INDEX, "digest": "sha256:../../x"}]})}),
         "'sha256:../../x' is no digest; allowed: sha256:…"),
    ],
)  # fmt: skip
def test_what_is_no_archive_of_images(tmp_path: Path, name: str, raw: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(raw)
    with pytest.raises(UnreadableError) as raised:
        imported([str(path)])
    assert message in str(raised.value)
    assert str(raised.value).startswith(str(path))
