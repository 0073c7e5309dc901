"""Bytes of files and pipes, in order and within bounds: nothing is held that is not looked at."""

from __future__ import annotations

import errno
import os
import stat
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from rolloutsim.errors import UnreadableError

PIECE = 2**20  # bytes that are held at a time (assumed: more is not quicker)
_FED = 2**16  # bytes that are decompressed at a time: what is left of them is copied for each piece
MOST_TIMES = 100  # unpacked bytes for each compressed one (assumed: layers have 2 to 4; of zeros gzip makes 1,032)
AT_LEAST = 1_000_000_000  # unpacked bytes that are taken anyway (assumed: a large file of zeros)
_IS_GZIP = b"\x1f\x8b\x08"  # RFC 1952, 2.3.1: ID1, ID2, CM
# RFC 8878, 3.1.1 and 3.1.2: a frame's magic number, and the least and most of a skippable one's.
_IS_ZSTD, _SKIPPABLE = b"\x28\xb5\x2f\xfd", (0x184D2A50, 0x184D2A5F)
# What file(1) knows them by; each is unpacked by a command of its own, and read from the standard input.
_OTHERS = {b"\xfd7zXZ\x00": "xz", b"BZh": "bzip2", b"\x04\x22\x4d\x18": "lz4"}
_OWN = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")  # pipes that are open already: what a shell's <(…) names


class TooMuchError(Exception):
    """What is unpacked is more than is taken."""


def opened(path: Path) -> BinaryIO:
    """A file to read; never a device, nor a pipe that nobody may ever write to.

    Raises
    ------
    OSError
        If it cannot be opened.
    UnreadableError
        If it is no file.
    """
    try:
        mode = path.stat().st_mode
    except ValueError:  # with a zero byte, or half of a pair of surrogates in it
        raise FileNotFoundError(errno.ENOENT, "no file can have this name", str(path)) from None
    _keep_files(path, mode)  # before it is opened: opening a device may do something already
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(path, flags)
    try:
        _keep_files(path, os.fstat(descriptor).st_mode)
        if hasattr(os, "O_NONBLOCK"):
            os.set_blocking(descriptor, True)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def _keep_files(path: Path, mode: int) -> None:
    if stat.S_ISREG(mode) or (stat.S_ISFIFO(mode) and str(path).startswith(_OWN)):
        return
    kinds = ((stat.S_ISFIFO, "a named pipe"), (stat.S_ISSOCK, "a socket"), (stat.S_ISDIR, "a folder"))
    what = next((what for is_one, what in kinds if is_one(mode)), "a device")
    raise UnreadableError(
        f"{path}: {what}; files and folders are read, and the standard input: cat FILE | rolloutsim import -, or "
        "calibrate SCENARIO --events -"
    )


def pieces(file: BinaryIO, head: bytes = b"") -> Iterator[bytes]:
    """The bytes of a file from where it stands, behind what was read of it before."""
    if head:
        yield head
    while piece := file.read(PIECE):
        yield piece


def packing(head: bytes) -> str:
    """How bytes are compressed, of their first six: `gzip`, `zstd`, `xz` and others; empty for not at all."""
    if head.startswith(_IS_GZIP):
        return "gzip"
    if head.startswith(_IS_ZSTD) or _SKIPPABLE[0] <= int.from_bytes(head[:4], "little") <= _SKIPPABLE[1]:
        return "zstd"
    return next((name for magic, name in _OTHERS.items() if head.startswith(magic)), "")


class Gunzip:
    """What gzip unpacks to, member after member, piece by piece.

    The sizes at the end of gzip's members are not used: they are modulo 2³² and of the last member alone (RFC 1952,
    2.3.1), and layers whose files can be fetched one by one have a member for each.
    """

    def __init__(self, most: int = 2**63) -> None:
        self._member = zlib.decompressobj(wbits=31)
        self._most = most
        self._fed = 0
        self.unpacked = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What more bytes of the compressed stream unpack to.

        Raises
        ------
        ValueError
            If they are not gzip.
        TooMuchError
            If they unpack to more than is taken.
        """
        for start in range(0, len(data), _FED):
            rest = data[start : start + _FED]
            self._fed += len(rest)
            while rest:
                if self._member.eof:
                    rest = rest.lstrip(b"\0")  # padding, as gzip(1) takes it
                    if not rest:
                        break
                    self._member = zlib.decompressobj(wbits=31)
                try:
                    piece = self._member.decompress(rest, PIECE)
                except zlib.error as error:
                    raise ValueError(str(error).rpartition(": ")[2]) from None
                rest = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
                self.unpacked += len(piece)
                if self.unpacked > min(self._most, AT_LEAST + MOST_TIMES * self._fed):
                    raise TooMuchError
                yield piece

    def end(self) -> None:
        """Look whether the stream is complete.

        Raises
        ------
        ValueError
            If it is not.
        """
        if not self._member.eof:
            raise ValueError("it ends before its end")


def gunzipped(origin: str, compressed: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes of a file of gzip.

    Raises
    ------
    UnreadableError
        If it is none, is cut, or unpacks to more than is taken.
    """
    unpacking = Gunzip()
    try:
        for piece in compressed:
            yield from unpacking.feed(piece)
        unpacking.end()
    except ValueError as error:
        raise UnreadableError(f"{origin}: not gzip to its end: {error}; is the file cut? write it again") from None
    except TooMuchError:
        raise UnreadableError(
            f"{origin}: unpacks to more than {MOST_TIMES} times its size, which archives of images do not; "
            "look what it is: gunzip -c FILE | head -c 1000000 | tar -t"
        ) from None
