"""Archives of images and OCI layouts, damaged: headers, links, blobs, the JSON in them, and how they are compressed."""

from __future__ import annotations

import gzip
import json
import tarfile
import zlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from rolloutsim.imports import tars
from tests.fuzz.foreign_damage import changed, damaged
from tests.imports.saved import LAYERS, MANIFEST, ZIPPED, Blobs, docker_24, layout, named, saved, tar, text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

_ARCHIVES = Path(__file__).parents[1] / "data" / "imports" / "archives"
_TARGETS = (
    "../../etc/passwd",
    "/etc/passwd",
    "manifest.json",
    "index.json",
    "blobs",
    "x/../x",
    "",
    "a" * 200,
    "..",
    ".",
    "\x00",
)
_KINDS = (
    tarfile.LNKTYPE,
    tarfile.SYMTYPE,
    tarfile.CHRTYPE,
    tarfile.FIFOTYPE,
    tarfile.DIRTYPE,
    tarfile.GNUTYPE_SPARSE,
    b"Q",
)
_PAX = (
    {"path": "../x"}, {"path": "manifest.json"}, {"linkpath": "/etc/passwd"}, {"size": "-1"}, {"size": "9" * 30},
        {"size": "x"},
    {"GNU.sparse.realsize": "1000000000000"}, {"GNU.sparse.map": "0,1"}, {"path": "é" * 300}, {"": ""}, {"size": "5"},
    {"hdrcharset": "BINARY"}, {"path": "\ud800"}, {"mtime": "nan"},
)  # fmt: skip


@cache
def _sources() -> tuple[Mapping[str, bytes | str], ...]:
    plain, several, of_containerd = Blobs(), Blobs(), Blobs()
    plain.finish(plain.image())
    arm, amd = several.image("arm64"), several.image(**named("quay.io/team/api:1.2", "1.2"))
    several.finish(several.index(arm, amd), several.image(**named("b:2", "2")))
    of_containerd.finish(of_containerd.image(**named("docker.io/library/a:1", "1")))
    real = []
    for path in sorted(_ARCHIVES.iterdir()):
        with tarfile.open(path) as archive:
            real.append({one.name: archive.extractfile(one).read() for one in archive if one.isfile()})  # type: ignore[union-attr]
    return (docker_24(), plain, several, saved(of_containerd, ZIPPED, "a:1"), *real)


def written(random: Random, path: Path) -> Path:
    """Write an archive or a layout, nearly always damaged; where it is."""
    files = dict(random.choice(_sources()))
    for _ in range(random.choice((0, 1, 1, 2))):
        _damage(random, files)
    kept: dict[str, bytes] = {name: content for name, content in files.items() if isinstance(content, bytes)}
    if random.random() < 0.3 and "index.json" in kept:
        layout(path, {name: content for name, content in kept.items() if not name.endswith("/") and _may_stand(name)})
        return path
    raw = tar(files, random.choice((tarfile.PAX_FORMAT, tarfile.GNU_FORMAT)))
    if random.random() < 0.4:
        raw = _headers(random, raw)
    if random.random() < 0.1:
        raw = _member(random) + raw
    if random.random() < 0.1:
        raw = damaged(random, raw, "x.log", [raw])
    suffix = random.choice((".tar", ".tar.gz", ".tgz", ".json", ""))
    path = path.with_name(path.name + suffix)
    path.write_bytes(_packed(random, raw))
    return path


def _may_stand(name: str) -> bool:
    return (
        not name.startswith("/")
        and ".." not in name
        and "\x00" not in name
        and len(name) < 150
        and name == name.strip("/")
    )


def _damage(random: Random, files: dict[str, bytes | str]) -> None:
    """Change a file of an archive."""
    name = random.choice(list(files))
    content = files[name]
    match random.randrange(7):
        case 0:
            del files[name]
        case 1:
            files[random.choice(("x", "manifest.json", "index.json", "oci-layout"))] = content
        case 2 if isinstance(content, bytes):
            files[name] = damaged(random, content, "x.log", [b"x"])
        case 3:
            files[name] = random.choice(_TARGETS)  # a link
        case 4:
            files[name] = random.choice(
                (LAYERS[0], ZIPPED[1], b"", b"\x28\xb5\x2f\xfd" + b"x" * 40, gzip.compress(gzip.compress(b"x" * 999)))
            )
        case _:
            of_json = [one for one, raw in files.items() if isinstance(raw, bytes) and raw[:1] in (b"{", b"[")]
            name = random.choice(of_json or [name])
            try:
                data = json.loads(files[name])
                files[name] = text(changed(random, data))
            except (ValueError, UnicodeError, TypeError, RecursionError):
                files[name] = b"{"
            if MANIFEST.encode() in (raw := files[name]) and isinstance(raw, bytes) and random.random() < 0.8:
                _renamed(files, name, raw)


def _renamed(files: dict[str, bytes | str], name: str, raw: bytes) -> None:
    """Give a manifest that was changed its own digest, so that more is read than that it is another."""
    blobs = Blobs()
    entry = blobs.put(raw, MANIFEST)
    files.pop(name)
    files |= blobs
    files["index.json"] = text({"schemaVersion": 2, "manifests": [entry]})


def _headers(random: Random, raw: bytes) -> bytes:
    """Headers with other sizes, types, names and targets, and the sums of these."""
    heads = [at for at in range(0, len(raw), 512) if tars.is_tar(raw[at : at + 512])]
    for at in random.sample(heads, min(len(heads), random.choice((1, 1, 2)))):
        block = bytearray(raw[at : at + 512])
        place, length = random.choice(((0, 100), (124, 12), (156, 1), (157, 100), (257, 8), (345, 155)))
        value = random.choice((
            random.randbytes(random.randint(1, length)), random.choice(_TARGETS).encode()[:length],
                b"\x80" + b"\xff" * (length - 1),
            random.choice(_KINDS), b"77777777777"[:length], b"\0" * length, b"-1"[:length],
        ))  # fmt: skip
        block[place : place + len(value)] = value[:length]
        block[148:156] = b" " * 8
        if random.random() < 0.9:
            block[148:156] = f"{sum(block):06o}\0 ".encode()
        raw = raw[:at] + bytes(block[:512]) + raw[at + 512 :]
    return raw


def _member(random: Random) -> bytes:
    """A member as no archive of images has it, or with another's name."""
    info = tarfile.TarInfo(random.choice(("x", "manifest.json", "index.json", "../x", "/x", "é" * 90, "a/" * 60 + "b")))
    info.type, info.linkname = random.choice((tarfile.REGTYPE, *_KINDS)), random.choice(_TARGETS)
    info.size = random.choice((0, 5, 10**12, 2**40, 513))
    info.pax_headers = random.choice(({}, *_PAX))
    try:
        raw = info.tobuf(random.choice((tarfile.PAX_FORMAT, tarfile.GNU_FORMAT)), "utf-8", "surrogateescape")
    except (ValueError, UnicodeError):
        return b""
    return raw + b"12345".ljust(512, b"\0") if info.size == 5 else raw


def _packed(random: Random, raw: bytes) -> bytes:
    """Compressed, or not; whole, cut, in several members, with something behind."""
    match random.randrange(8):
        case 0 | 1 | 2:
            return raw
        case 3:
            return gzip.compress(raw, 1)
        case 4:
            packed = gzip.compress(raw, 1)
            return packed[: random.randint(0, len(packed))]
        case 5:
            middle = random.randint(0, len(raw))
            return b"".join(gzip.compress(one, 1) for one in (raw[:middle], b"", raw[middle:]))
        case 6:
            return gzip.compress(raw, 1) + random.choice(
                (b"\0" * 600, b"x", gzip.compress(b"x" * 600), b"\x1f\x8b", random.randbytes(30))
            )
        case _:
            packed = bytearray(random.choice((gzip.compress(raw, 1), zlib.compress(raw, 1))))
            packed[random.randrange(len(packed))] ^= 1 << random.randrange(8)
            return bytes(packed)
