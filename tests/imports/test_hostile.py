"""Files that mean harm: refused with a located message, in bounded memory and time; nothing outside is opened."""

from __future__ import annotations

import gzip
import io
import json
import os
import sys
import tarfile
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rolloutsim.errors import UnreadableError
from rolloutsim.imports import blobs, imported, streams, tars
from tests.imports.refusing import read_or_refused
from tests.imports.saved import (
    INDEX,
    LAYER,
    LAYERS,
    MANIFEST,
    ZIPPED,
    Blobs,
    config,
    docker_24,
    layout,
    saved,
    sha256,
    tar,
    text,
)


class Stream:
    """A pipe that gives its pieces, and remembers how much was taken."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = b""
        self.taken = 0

    def read(self, most: int) -> bytes:
        while len(self._held) < most and (piece := next(self._pieces, b"")):
            self._held += piece
        taken, self._held = self._held[:most], self._held[most:]
        self.taken += len(taken)
        return taken


def piped(monkeypatch: pytest.MonkeyPatch, pieces: Iterator[bytes]) -> Stream:
    stream = Stream(pieces)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=stream))
    return stream


def refused(given: object) -> str:
    with pytest.raises(UnreadableError) as raised:
        imported([str(given)])
    return str(raised.value)


def written(folder: Path, raw: bytes, name: str = "x.tar") -> Path:
    path = folder / name
    path.write_bytes(raw)
    return path


def header(name: str, size: int = 0, kind: bytes = b"0", target: str = "", pax: dict[str, str] | None = None) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname, info.pax_headers = size, kind, target, pax or {}
    return info.tobuf(tarfile.PAX_FORMAT if pax else tarfile.GNU_FORMAT)


def bomb(gigabytes: int) -> bytes:
    """Gzip of zeros, a member for each 10 MB."""
    return gzip.compress(bytes(10**7), 9, mtime=0) * (gigabytes * 100)


def test_a_layer_that_is_a_bomb_is_counted_to_the_bound_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "AT_LEAST", 10_000_000)  # of 1 GB: the test is to be quick
    zipped = bomb(100)
    blobs = Blobs()
    folder = layout(tmp_path / "api", blobs.finish(blobs.image(layers=(zipped,), own=LAYERS[:1])))
    made = imported([folder])
    assert yaml.safe_load(made.text)["images"]["api"]["layers"] == [
        {"compressed": f"{len(zipped)} B", "digest": f"sha256:{sha256(zipped)}"}
    ]
    assert (
        "unpacked size of 1 of 1 layers not known: more than 100 times its size, and not counted further" in made.text
    )


def test_what_layers_unpack_to_is_counted_to_a_bound_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs, "MOST_UNPACKED", len(LAYERS[0]) + len(LAYERS[1]) - 1)
    files = Blobs()
    made = imported([layout(tmp_path / "api", files.finish(files.image()))])
    layers = yaml.safe_load(made.text)["images"]["api"]["layers"]
    assert [layer.get("unpacked") for layer in layers] == [f"{len(LAYERS[0])} B", None]
    assert "1 of 2 layers not known: more than 0 GB with all others, and not counted further" in made.text


def test_an_archive_that_is_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "AT_LEAST", 10_000_000)
    raw = gzip.compress(header("layer.tar", 10**9) + bytes(30_000_000))
    message = refused(written(tmp_path, raw, "x.tar.gz"))
    assert "x.tar.gz: unpacks to more than 100 times its size, which archives of images do not" in message


def test_members_without_end_are_read_to_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    def pieces() -> Iterator[bytes]:
        while True:
            yield header("x") * 100

    monkeypatch.setattr(tars, "MOST_MEMBERS", 2000)  # of 20,000: the test is to be quick
    stream = piped(monkeypatch, pieces())
    assert "more than 2,000 members; a container's files (docker export) have no layers; give the" in refused("-")
    assert stream.taken < 2000 * 512 + 4 * streams.PIECE


def test_a_million_layers_are_refused(tmp_path: Path) -> None:
    many = ["a"] * 1_000_000
    files = {
        "c": text({"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": many}}),
        "manifest.json": text([{"Config": "c", "RepoTags": ["a:1"], "Layers": many}]),
    }
    assert "image a:1: 1,000,000 layers; at most 1,000 are read, and runtimes take 127" in refused(
        written(tmp_path, tar(files))
    )
    blobs = Blobs()
    layers = [{"digest": "sha256:ab", "size": 1}] * 100_000
    folder = layout(tmp_path / "api", blobs.finish(blobs.put(text({"layers": layers}), "application/json")))
    assert "100,000 layers; at most 1,000 are read" in refused(folder)


def test_a_million_images_are_refused(tmp_path: Path) -> None:
    entries = [{"digest": "sha256:ab"}] * 100_000
    message = refused(written(tmp_path, tar({"index.json": text({"manifests": entries})})))
    assert "index.json: 100,000 images; at most 1,000 are read; save fewer together" in message
    message = refused(written(tmp_path, tar({"manifest.json": text([{}] * 100_000)})))
    assert "manifest.json: 100,000 images; at most 1,000 are read; save fewer together" in message


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"../../etc/cron.d/x": b"x"}, "'../../etc/cron.d/x' leads out of the archive; nothing outside is read"),
        ({"/etc/passwd": b"x"}, "'/etc/passwd' leads out of the archive"),
        ({"a/../../b": b"x"}, "'a/../../b' leads out of the archive"),
        ({"manifest.json": "../../etc/passwd"}, "'manifest.json', a link to '../../etc/passwd', leads out of the arch"),
        ({"manifest.json": "/etc/passwd"}, "'manifest.json', a link to '/etc/passwd', leads out of the archive"),
        ({"a/b": "../../x"}, "'a/b', a link to '../../x', leads out of the archive"),
        ({"manifest.json": "index.json", "index.json": "manifest.json"},
         "'manifest.json' is a link to a link, 10 times or round and round"),
        ({"manifest.json": "manifest.json"}, "'manifest.json' is a link to a link"),
        ({f"{number}" if number else "manifest.json": f"{number + 1}" for number in range(11)}, "10 times or round"),
    ],
)  # fmt: skip
def test_names_and_links_stay_within_the_archive(tmp_path: Path, members: dict[str, bytes | str], message: str) -> None:
    assert message in refused(written(tmp_path, tar(members)))


def test_hard_links_are_followed_within_the_archive(tmp_path: Path) -> None:
    blobs = Blobs()
    files = blobs.finish(blobs.image())
    index = files.pop("index.json")
    raw = header("the/index", len(index)) + index + bytes(-len(index) % 512)
    raw += header("index.json", kind=tarfile.LNKTYPE, target="the/index") + tar(files)
    assert list(yaml.safe_load(imported([str(written(tmp_path, raw))]).text)["images"]) == ["x"]
    raw = header("index.json", kind=tarfile.LNKTYPE, target="/etc/passwd") + bytes(1024)
    assert "'index.json', a link to '/etc/passwd', leads out of the archive" in refused(written(tmp_path, raw))
    raw = header("index.json", kind=tarfile.LNKTYPE, target="nowhere") + bytes(1024)
    assert "neither index.json nor manifest.json in it" in refused(written(tmp_path, raw))


@pytest.mark.parametrize(
    ("kind", "what"),
    [(tarfile.CHRTYPE, "a device"), (tarfile.BLKTYPE, "a device"), (tarfile.FIFOTYPE, "a named pipe"),
     (tarfile.GNUTYPE_SPARSE, "a file with holes"), (b"M", "a part of a file"), (b"Q", "of the unknown type 'Q'")],
)  # fmt: skip
def test_members_that_no_archive_of_images_has_are_refused(tmp_path: Path, kind: bytes, what: str) -> None:
    message = refused(written(tmp_path, header("dev/x", kind=kind) + tar(docker_24())))
    assert f"'dev/x' is {what}; archives of images have files, folders and links only; write it again: doc" in message


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (header("layer.tar", 10**12), "'layer.tar' is to have 1,000,000,000,000 B; at most 200 GB are read of an arch"),
        (header("layer.tar", pax={"size": "9" * 30}), "at most 200 GB are read of an archive"),
        (header("layer.tar", pax={"GNU.sparse.realsize": "1000000000000"}), "'layer.tar' is a file with holes"),
        (header("x", 10**9, b"x"), "a header's extension of 1,000,000,000 B; at most 1,048,576 B are read"),
        (header("x", 10**9, b"g"), "a header's extension of 1,000,000,000 B"),
        (header("x", 10**9, b"L"), "a header's extension of 1,000,000,000 B"),
        (header("manifest.json", 10**9), "'manifest.json' is to have 1,000,000,000 B; at most 8,000,000 B are read of"),
        (header("x", 4, b"x") + b"99 a" + bytes(508), "a header's extension is not as pax writes it"),
        (header("x", 4, b"x") + b"0 a=" + bytes(508), "a header's extension is not as pax writes it"),
        (header("a", 5000), "cut: 5,000 B of its last member are missing"),
        (header("a", 5) + b"12345", "cut: it ends within a member"),
        (header("a") + b"no header" * 100, "no tar behind its first members"),
        (header("a") + header("b")[:200], "cut: it ends within a member"),
        (header("a") + header("b").replace(b"b", b"c", 1), "no tar behind its first members"),
    ],
)  # fmt: skip
def test_headers_that_lie(tmp_path: Path, raw: bytes, message: str) -> None:
    assert message in refused(written(tmp_path, raw))


def test_sums_of_headers_may_be_those_of_signed_bytes(tmp_path: Path) -> None:
    # Older programs add the bytes of a header as signed ones (GNU tar manual, "Basic Tar Format": chksum).
    old = bytearray(header("\u00e9"))
    old[148:156] = b" " * 8
    old[148:156] = f"{sum(old) - 256 * sum(byte > 127 for byte in old):06o}\0 ".encode()
    raw = bytes(old) + tar(docker_24())
    assert list(yaml.safe_load(imported([str(written(tmp_path, raw))]).text)["images"]) == ["team/api:1.2"]


def test_a_size_that_is_no_number(tmp_path: Path) -> None:
    for field in (b"-0000000001\0", b"0000000009x\0", b"\xff" * 12):
        raw = bytearray(header("layer.tar"))
        raw[124:136] = field
        raw[148:156] = b" " * 8
        raw[148:156] = f"{sum(raw):06o}\0 ".encode()
        assert "'layer.tar' has the size" in refused(written(tmp_path, bytes(raw)))


def test_extensions_that_are_long_are_read_in_linear_time(tmp_path: Path) -> None:
    # 150,000 records: quadratic time would be minutes.
    records = b"6 a=b\n" * 150_000
    raw = header("x", len(records), b"x") + records + bytes(-len(records) % 512) + tar(docker_24())
    assert list(yaml.safe_load(imported([str(written(tmp_path, raw))]).text)["images"]) == ["team/api:1.2"]


def test_a_file_of_zeros_is_no_archive(tmp_path: Path) -> None:
    assert "x.tar: neither JSON nor YAML" in refused(written(tmp_path, bytes(10_000)))


def test_a_manifest_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    blobs = Blobs()
    folder = layout(tmp_path / "api", blobs.finish(blobs.put(b"{" + b" " * 9_000_000 + b"}", "application/json")))
    assert "9,000,002 B, of which at most 8,000,000 B are read; is this an archive of images?" in refused(folder)
    (tmp_path / "api" / "index.json").write_bytes(b"{" + b" " * 9_000_000)
    assert "index.json: 9,000,001 B, of which at most 8,000,000 B are read; is this a layout?" in refused(folder)


def test_json_that_is_nested_deep_is_refused(tmp_path: Path) -> None:
    assert "index.json: nested too deep" in refused(written(tmp_path, tar({"index.json": b"[" * 100_000})))
    assert "index.json: not JSON" in refused(written(tmp_path, tar({"index.json": b"[" + b"1" * 10_000 + b"]"})))


def test_manifests_are_kept_to_a_bound(tmp_path: Path) -> None:
    one = b"{" + b" " * 7_900_000 + b"}"
    files = {str(number): one for number in range(9)}
    assert "more than 64 MB of manifests and configurations; save fewer" in refused(written(tmp_path, tar(files)))


def test_a_blob_that_is_not_what_its_name_says_is_an_error(tmp_path: Path) -> None:
    blobs = Blobs()
    files = blobs.finish(blobs.image())
    name = f"blobs/sha256/{sha256(ZIPPED[0])}"
    other = gzip.compress(b"evil")
    for one in (written(tmp_path, tar(files | {name: other})), layout(tmp_path / "api", files | {name: other})):
        message = refused(one)
        assert f"{name}: its bytes have the digest sha256:{sha256(other)}; it was changed or is cut" in message


def test_an_unpacked_layer_that_is_not_what_the_configuration_says_is_an_error(tmp_path: Path) -> None:
    files = docker_24(own=config(layers=(LAYERS[1], LAYERS[0], LAYERS[0])))
    message = refused(written(tmp_path, tar(files)))
    assert f"layer 0: '{'a' * 64}/layer.tar' has the digest sha256:{sha256(LAYERS[0])}, and 'sha256:" in message


@pytest.mark.parametrize(("told", "said"), [(5, "5 B"), (10**9, "1,000,000,000 B")])
def test_sizes_that_lie_are_named_both(tmp_path: Path, told: int, said: str) -> None:
    blobs = Blobs()
    large = os.urandom(5_000_000)
    layer = blobs.put(large, f"{LAYER}+gzip") | {"size": told}
    own = blobs.put(config(), "application/vnd.oci.image.config.v1+json")
    entry = blobs.put(text({"config": own, "layers": [layer]}), "application/vnd.oci.image.manifest.v1+json")
    message = refused(layout(tmp_path / "api", blobs.finish(entry)))
    assert (
        f"sha256:{sha256(large)} has {said} in its descriptor, and 5,000,000 B as a blob; one of them is w" in message
    )
    message = refused(layout(tmp_path / "api", blobs.finish(entry | {"size": 1})))
    assert "has 1 B in its descriptor, and" in message


def test_a_member_that_stands_twice_must_be_the_same(tmp_path: Path) -> None:
    first, second = tar({"a": b"1"})[:1024], tar(docker_24() | {"a": b"2"})
    assert "'a' is there twice, with other bytes" in refused(written(tmp_path, first + second))


@pytest.mark.parametrize("step", ["blobs", "blobs/sha256", "index.json", "blobs/sha256/{}"])
def test_links_of_a_folder_are_not_followed(tmp_path: Path, step: str) -> None:
    blobs = Blobs()
    folder = Path(layout(tmp_path / "api", blobs.finish(blobs.image())))
    path = folder / step.format(sha256(ZIPPED[0]))
    path.rename(tmp_path / "away")
    path.symlink_to("/etc/passwd" if "{" in step else tmp_path / "away")
    assert refused(folder) == (
        f"{path}: a symbolic link, which is not followed; copy the folder without: cp -RL {folder} COPY"
    )


def test_a_blob_that_is_a_pipe_is_not_opened(tmp_path: Path) -> None:
    blobs = Blobs()
    folder = Path(layout(tmp_path / "api", blobs.finish(blobs.image())))
    path = folder / "blobs" / "sha256" / sha256(ZIPPED[0])
    path.unlink()
    os.mkfifo(path)
    assert f"{path}: a named pipe; files and folders are read" in refused(folder)


@pytest.mark.parametrize("name", ["\\ud800", "a\\u0000b"])
def test_a_layer_that_no_file_can_be_called_like_is_not_there(tmp_path: Path, name: str) -> None:
    blobs = Blobs()
    folder = Path(layout(tmp_path / "api", blobs.finish(blobs.image())))
    (folder / "manifest.json").write_text(f'[{{"Config": "x.json", "RepoTags": ["api:1"], "Layers": ["{name}"]}}]')
    assert "image api:1: its configuration x.json is not there" in refused(folder)


def test_pipes_and_devices_are_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "x.json")
    assert "x.json: a named pipe; files and folders are read, and the standard input: cat FILE |" in refused(
        tmp_path / "x.json"
    )
    assert "/dev/zero: a device; files and folders are read" in refused("/dev/zero")

    def never(*_: object) -> None:
        raise AssertionError("opened")  # a tape winds back when it is opened

    monkeypatch.setattr(os, "open", never)
    assert "/dev/zero: a device" in refused("/dev/zero")


def test_a_pipe_that_a_shell_opened_is_read() -> None:
    reading, writing = os.pipe()
    try:
        with os.fdopen(writing, "wb") as file:
            file.write(tar(docker_24())[:60_000])
        assert "cut" in refused(f"/dev/fd/{reading}")
    finally:
        os.close(reading)


def test_what_is_read_of_an_archive_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    size = 100_000_000

    def pieces() -> Iterator[bytes]:
        yield header("layer.tar", size)
        for _ in range(size // 10**6):
            yield bytes(10**6)
        yield bytes(-size % 512)
        yield tar(docker_24())

    piped(monkeypatch, pieces())
    imported(["-"])
    piped(monkeypatch, pieces())
    tracemalloc.start()
    imported(["-"])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * streams.PIECE


def test_nothing_is_opened_while_an_archive_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = tar(docker_24())
    imported_once = iter([raw])
    piped(monkeypatch, imported_once)
    imported(["-"])  # whatever is imported at the first time is

    def never(*_: object, **__: object) -> None:
        raise AssertionError("opened")

    piped(monkeypatch, iter([raw]))
    for module, name in ((os, "open"), (io, "open"), (tarfile, "open"), (os, "mkdir"), (os, "symlink")):
        monkeypatch.setattr(module, name, never)
    monkeypatch.setattr("builtins.open", never)
    assert imported(["-"]).summary


def _cut(raw: bytes, data: st.DataObject) -> bytes:
    return raw[: data.draw(st.integers(0, len(raw)))]


def _changed(raw: bytes, data: st.DataObject) -> bytes:
    block = data.draw(st.integers(0, len(raw) // 512 - 1))
    at = 512 * block + data.draw(st.integers(0, 511))
    return raw[:at] + data.draw(st.binary(min_size=1, max_size=30)) + raw[at + 1 :]


def _sized(raw: bytes, data: st.DataObject) -> bytes:
    """A header's size, type or name changed, with the right sum."""
    heads = [at for at in range(0, len(raw), 512) if tars.is_tar(raw[at : at + 512])]
    at = data.draw(st.sampled_from(heads))
    block = bytearray(raw[at : at + 512])
    place, length = data.draw(st.sampled_from([(0, 100), (124, 12), (156, 1), (157, 100), (345, 155)]))
    value = data.draw(st.binary(min_size=1, max_size=length))
    block[place : place + len(value)] = value
    block[148:156] = b" " * 8
    block[148:156] = f"{sum(block):06o}\0 ".encode()
    return raw[:at] + bytes(block) + raw[at + 512 :]


_BLOBS = Blobs()
_RAW = (tar(docker_24()), tar(saved(_BLOBS.finish(_BLOBS.image()), ZIPPED, "a:1")))


@given(st.sampled_from(_RAW), st.sampled_from([_cut, _changed, _sized]), st.booleans(), st.data())
def test_archives_that_are_cut_or_changed_are_read_or_refused(
    raw: bytes, change: Callable[[bytes, st.DataObject], bytes], is_zipped: bool, data: st.DataObject
) -> None:
    raw = change(raw, data)
    with TemporaryDirectory() as folder:
        path = written(Path(folder), gzip.compress(raw, 1) if is_zipped else raw)
        read_or_refused([str(path)], "x.tar")


_ODD = (
    None, -1, 0, 2**70, 1.5, True, "", "x", [], {}, [None], {"a": 1}, ["x"] * 3, "sha256:ab", f"sha256:{'0' * 64}",
    "../x", "/etc/passwd", "a\nb", "a" * 5000,
)  # fmt: skip


def _paths(content: object, path: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    """Where something stands in JSON."""
    yield path
    for key, value in content.items() if isinstance(content, dict) else enumerate(content or ()):
        if isinstance(value, dict | list):
            yield from _paths(value, (*path, key))
        else:
            yield (*path, key)


def _replaced(content: object, path: tuple[object, ...], value: object) -> object:
    if not path:
        return value
    other = dict(content) if isinstance(content, dict) else list(content)
    other[path[0]] = _replaced(other[path[0]], path[1:], value)
    return other


@given(st.sampled_from(["manifest.json", "config", "index.json", "index", "manifest"]), st.data())
def test_json_of_archives_that_is_changed_is_read_or_refused(which: str, data: st.DataObject) -> None:
    def changed(raw: bytes) -> bytes:
        content = json.loads(raw)
        path = data.draw(st.sampled_from(list(_paths(content))))
        return text(_replaced(content, path, data.draw(st.sampled_from(_ODD))))

    files = Blobs()
    entry = files.image(platform={"os": "linux", "architecture": "amd64"})
    if which in ("manifest.json", "config"):
        files.update(docker_24())
        name = which if which in files else next(name for name in files if len(name) == 69 and name.endswith(".json"))
        files[name] = changed(files[name])
    elif which == "index":
        files.finish(files.put(changed(text({"manifests": [entry, files.image("arm64")]})), INDEX))
    elif which == "manifest":
        files.finish(files.put(changed(files[f"blobs/{entry['digest'].replace(':', '/')}"]), MANIFEST))
    else:
        files.finish(entry)
        files["index.json"] = changed(files["index.json"])
    with TemporaryDirectory() as folder:
        path = written(Path(folder), tar(files))
        read_or_refused([str(path)], "x.tar")


BOMB = "\n".join([f"a0: &a0 [{'x' * 50}]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30))])
MERGED = "\n".join(
    ["a0: &a0 {x: 1}", *(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}], y{n}: 1}}" for n in range(1, 30))]
)


@pytest.mark.parametrize("bomb", [BOMB, MERGED, "images: &a [*a]"])
def test_aliases_that_stand_for_much_are_refused(tmp_path: Path, bomb: str) -> None:
    message = refused(written(tmp_path, f"{bomb}\n".encode(), "x.yaml"))
    assert message.endswith("x.yaml: its aliases repeat more than 1,000,000 characters; write out what is meant")


def test_many_documents_of_json_are_read_in_linear_time(tmp_path: Path) -> None:
    # 9,000 of 7 kB: to copy the rest of the text for each would be 280 GB.
    raw = b'{"kind": "Service", "apiVersion": "v1", "x": "' + b"x" * 7000 + b'"}\n'
    assert "x.json: only Service;" in refused(written(tmp_path, raw * 9000, "x.json"))


def test_long_names_are_cut_in_messages(tmp_path: Path) -> None:
    raw = text({"kind": "x" * 100_000, "apiVersion": "v1"})
    message = refused(written(tmp_path, raw, "x.json"))
    assert len(message) < 2000
    assert f"x.json: only {'x' * 199}…{'x' * 100}"[:200] in message


def test_objects_beside_a_configuration_are_not_all_that_was_given(tmp_path: Path) -> None:
    toml = written(
        tmp_path, b"version = 3\n[plugins.'io.containerd.cri.v1.images']\nmax_concurrent_downloads = 7\n", "x.toml"
    )
    service = written(tmp_path, text({"kind": "Service", "apiVersion": "v1"}), "x.json")
    with pytest.raises(UnreadableError, match="no image in what was given"):
        imported([str(service), str(toml)])
