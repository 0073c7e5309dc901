"""The files of an archive of images or an OCI layout: what each is, of which size, and what it unpacks to."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from rolloutsim.errors import UnreadableError
from rolloutsim.imports import tars
from rolloutsim.imports.streams import (
    MOST_TIMES,
    Gunzip,
    TooMuchError,
    gunzipped,
    opened,
    packing,
    pieces,
)
from rolloutsim.structs import struct

MOST_JSON = 8_000_000  # bytes of a manifest or configuration (registries take manifests of 4 MiB; twice that)
MOST_KEPT = 64_000_000  # bytes of all of them (assumed: 100 images have a tenth)
MOST_UNPACKED = 64_000_000_000  # bytes that are counted (assumed: three times the largest images; some minutes)
MOST_LINKS = 10  # from one to the next (assumed: older versions of docker save make one)
INDEX, DOCKER, LAYOUT = "index.json", "manifest.json", "oci-layout"
# OCI image-spec, image-layout.md and descriptor.md: where a blob stands, and which digests are registered.
_BLOB = re.compile(r"blobs/(sha256|sha512)/([0-9a-f]{64}(?:[0-9a-f]{64})?)")


@struct
class Blob:
    """A file of an archive or a layout.

    Parameters
    ----------
    name : str
        Its name there.
    size : int
        Its size [B].
    digest : str
        `sha256:` and the digest of its bytes; of another algorithm where its name says so.
    packing : str
        How it is compressed: `gzip`, `zstd` and others; empty for not at all.
    unpacked : int or None
        What it unpacks to [B]; None if that is not known.
    why : str
        Why it is not known.
    content : bytes or None
        Its bytes, if it may be JSON and is small.
    """

    name: str
    size: int
    digest: str
    packing: str
    unpacked: int | None
    why: str
    content: bytes | None


class Holder(Protocol):
    """What holds blobs: a tar, or a folder."""

    origin: str

    def find(self, name: str) -> Blob | None:
        """The blob of a name, verified if its name is its digest; None if it is not there."""


class _Reading:
    """Reads blobs, and remembers how much was kept and unpacked of all of them."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._kept = 0
        self._unpacked = 0

    def blob(self, name: str, content: Iterable[bytes]) -> Blob:
        """What the bytes of a blob are."""
        named = _BLOB.fullmatch(name)
        algorithm = named[1] if named else "sha256"
        digest, size = hashlib.new(algorithm), 0
        counting: _Counting | None = None
        kept: bytearray | None = None
        how = ""
        for piece in content:
            if not size:
                how = packing(piece[:6])
                counting = _Counting(MOST_UNPACKED - self._unpacked) if how == "gzip" else None
                kept = bytearray() if piece[:1] in (b"{", b"[") else None
            size += len(piece)
            digest.update(piece)
            if counting is not None:
                counting.feed(piece)
            if kept is not None:
                kept += piece
                if len(kept) > MOST_JSON:
                    kept = None
        if kept is not None:
            self._kept += len(kept)
            if self._kept > MOST_KEPT:
                raise UnreadableError(
                    f"{self._origin}: more than {MOST_KEPT // 10**6} MB of manifests and configurations; "
                    "save fewer images"
                )
        found = f"{algorithm}:{digest.hexdigest()}"
        if named and found != f"{algorithm}:{named[2]}":
            raise UnreadableError(
                f"{self._origin}: {name}: its bytes have the digest {found}; it was changed or is cut; fetch it again"
            )
        unpacked, why = (None, f"{how} is not unpacked here") if how else (size, "")
        if counting is not None:
            unpacked, why = counting.result()
            self._unpacked += counting.unpacked
        return Blob(name, size, found, how, unpacked, why, None if kept is None else bytes(kept))


class _Counting:
    """How many bytes gzip unpacks to, as far as that is counted."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._gunzip = Gunzip(most)
        self._why = ""

    @property
    def unpacked(self) -> int:
        return self._gunzip.unpacked

    def feed(self, piece: bytes) -> None:
        if self._why:
            return
        try:
            for _ in self._gunzip.feed(piece):
                pass
        except TooMuchError:
            is_spent = self.unpacked > self._most
            limit = f"{MOST_UNPACKED // 10**9} GB with all others" if is_spent else f"{MOST_TIMES} times its size"
            self._why = f"more than {limit}, and not counted further"
        except ValueError as error:
            self._why = f"not gzip to its end: {error}"

    def result(self) -> tuple[int | None, str]:
        if not self._why:
            try:
                self._gunzip.end()
            except ValueError as error:
                self._why = f"not gzip to its end: {error}"
        return (None, self._why) if self._why else (self.unpacked, "")


class Tarred:
    """The files of a tar, read once from its beginning to its end."""

    def __init__(self, origin: str, stream: Iterator[bytes]) -> None:
        self.origin = origin
        self._files: dict[str, Blob] = {}
        self._links: dict[str, str] = {}
        reading, tar = _Reading(origin), tars.Tar(origin, stream)
        for member in tar.members():
            place = f"{origin}: {member.name!r:.200}"
            if member.kind == tars.FILE:
                if member.name in (INDEX, DOCKER, LAYOUT) and member.size > MOST_JSON:
                    raise UnreadableError(
                        f"{place} is to have {member.size:,} B; at most {MOST_JSON:,} B are read of it; is this an "
                        "archive of images? docker save IMAGE | rolloutsim import -"
                    )
                blob = reading.blob(member.name, tar.content())
                if self._files.setdefault(member.name, blob) != blob:
                    raise UnreadableError(f"{place} is there twice, with other bytes; write the archive again")
            elif member.kind == tars.SYMBOLIC:
                self._links[member.name] = _target(member.name, member.target, place)
            elif member.kind == tars.LINK:
                self._links[member.name] = tars.inside(member.target, f"{place}, a link to {member.target!r:.200},")

    def find(self, name: str) -> Blob | None:
        """The file of a name, through links within the archive."""
        at = tars.inside(name, f"{self.origin}: {name!r:.200}")
        for _ in range(MOST_LINKS):
            if at in self._files or at not in self._links:
                return self._files.get(at)
            at = self._links[at]
        raise UnreadableError(
            f"{self.origin}: {name!r:.200} is a link to a link, {MOST_LINKS} times or round and round; write the "
            "archive again: docker save IMAGE -o FILE"
        )


def _target(name: str, target: str, place: str) -> str:
    """What a symbolic link points at, within the archive."""
    place = f"{place}, a link to {target!r:.200},"
    steps = name.split("/")[:-1]
    for step in target.split("/"):
        if step == "..":
            if not steps:
                tars.inside("..", place)
            steps.pop()
        elif step not in ("", "."):
            steps.append(step)
    return tars.inside("/" if target.startswith("/") else "/".join(steps), place)


class Layout:
    """The files of a folder with an OCI layout, each read when it is asked for."""

    def __init__(self, origin: str, folder: Path) -> None:
        self.origin = origin
        self._folder = folder
        self._reading = _Reading(origin)
        self._found: dict[str, Blob | None] = {}

    def find(self, name: str) -> Blob | None:
        """The file of a name; links are not followed."""
        if name not in self._found:
            self._found[name] = self._read(tars.inside(name, f"{self.origin}: {name!r:.200}"))
        return self._found[name]

    def _read(self, name: str) -> Blob | None:
        path = self._folder
        for step in name.split("/"):
            path = path / step
            if os.path.islink(path):
                raise UnreadableError(
                    f"{path}: a symbolic link, which is not followed; copy the folder without: "
                    f"cp -RL {self._folder} COPY"
                )
        try:
            with opened(path) as file:
                size = os.fstat(file.fileno()).st_size
                most = MOST_JSON if name in (INDEX, DOCKER, LAYOUT) else tars.MOST_BYTES
                if size > most:
                    raise UnreadableError(
                        f"{path}: {size:,} B, of which at most {most:,} B are read; is this a layout?"
                    )
                return self._reading.blob(name, pieces(file))
        except FileNotFoundError:
            return None
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            raise UnreadableError(f"{path}: {reason}; make it readable, or copy the folder") from None


def is_layout(folder: Path) -> bool:
    """Whether a folder is an OCI layout."""
    return os.path.isfile(folder / LAYOUT) and not os.path.islink(folder / LAYOUT)


def tarred(origin: str, head: bytes, file: BinaryIO) -> Tarred | None:
    """The archive in a file or pipe, None if it is no archive.

    Parameters
    ----------
    origin : str
        What people call it.
    head : bytes
        Its first 512 bytes.
    file : binary file
        The rest.

    Raises
    ------
    UnreadableError
        If it is compressed otherwise than with gzip, is cut, or is no tar inside.
    """
    if tars.is_tar(head):
        return Tarred(origin, pieces(file, head))
    how = packing(head)
    if how == "gzip":
        inner = gunzipped(origin, pieces(file, head))
        begin = b""
        while len(begin) < tars.BLOCK and (piece := next(inner, b"")):
            begin += piece
        if not tars.is_tar(begin):
            raise UnreadableError(f"{origin}: gzip of what is no tar; unpack it: gunzip -c FILE | rolloutsim import -")
        return Tarred(origin, _behind(begin, inner))
    if how:
        raise UnreadableError(
            f"{origin}: compressed with {how}, which is not unpacked here; unpack it: "
            f"{how} -dc FILE | rolloutsim import -"
        )
    return None


def _behind(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from rest


def data(holder: Holder, name: str, place: str) -> Any:
    """The JSON of a file; None if it is not there.

    Raises
    ------
    UnreadableError
        If it is too large, or no JSON.
    """
    blob = holder.find(name)
    if blob is None:
        return None
    if blob.content is None:
        what = f"{blob.size:,} B, of which at most {MOST_JSON:,} B are read" if blob.size > MOST_JSON else "no JSON"
        raise UnreadableError(f"{place}: {name}: {what}; is this an archive of images?")
    try:
        return json.loads(blob.content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else f"not JSON: {error}"
        raise UnreadableError(f"{place}: {name}: {reason}; write the archive again") from None
