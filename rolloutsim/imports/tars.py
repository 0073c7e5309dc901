"""The members of a tar, read once from its beginning to its end, and never written anywhere.

Of the format (POSIX.1-2017, pax; GNU tar manual, "Basic Tar Format") what archives of images have: files, folders,
links, long names. What has a use elsewhere only is refused: devices, holes, members of several volumes.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from rolloutsim.errors import UnreadableError
from rolloutsim.structs import struct

BLOCK = 512
MOST_MEMBERS = 20_000  # (assumed: `docker save` of 100 images has 6,000)
MOST_BYTES = 200_000_000_000  # of all of them (assumed: ten times the largest images)
_MOST_EXTENDED = 2**20  # bytes of a header's extensions (assumed: names of files are at most 4 KiB)
FILE, LINK, SYMBOLIC, FOLDER = "file", "link", "symbolic link", "folder"
_KINDS = {"\0": FILE, "0": FILE, "7": FILE, "1": LINK, "2": SYMBOLIC, "5": FOLDER}
_REFUSED = {
    "3": "a device", "4": "a device", "6": "a named pipe", "S": "a file with holes", "M": "a part of a file",
    "V": "a volume's label", "D": "a list of a folder", "N": "a list of long names",
}  # fmt: skip
_USED, _HOLES = (b"path", b"linkpath", b"size"), b"GNU.sparse."  # keys of pax; the latter of GNU tar
_NEXT = "archives of images have files, folders and links only; write it again: docker save IMAGE -o FILE"


@struct
class Member:
    """A member of a tar: its name, what it is, what a link points at, and its size [B]."""

    name: str
    kind: str
    target: str
    size: int


def is_tar(head: bytes) -> bool:
    """Whether a tar begins with these 512 bytes."""
    return len(head) >= BLOCK and _is_header(head[:BLOCK])


class Tar:
    """The members of a tar, in order; of each its content can be taken before the next.

    Parameters
    ----------
    origin : str
        What people call it.
    stream : iterator of bytes
        Its bytes.
    """

    def __init__(self, origin: str, stream: Iterator[bytes]) -> None:
        self._origin = origin
        self._stream = stream
        self._held, self._at = b"", 0  # bytes of the stream, and how many of them were taken
        self._left = 0  # bytes of the member's content that were not taken
        self._padding = 0
        self._bytes = 0

    def members(self) -> Iterator[Member]:
        """Its members.

        Raises
        ------
        UnreadableError
            If it is cut, is none, or has what archives of images have not.
        """
        extended: dict[str, str] = {}
        count = 0
        while (header := self._header()) is not None:
            kind = chr(header[156])
            size = self._size(header)
            count += 1
            if count > MOST_MEMBERS:
                raise UnreadableError(
                    f"{self._origin}: more than {MOST_MEMBERS:,} members; a container's files (docker export) have no "
                    "layers; give the image: docker save IMAGE | rolloutsim import -"
                )
            if kind in "xgXLK":
                self._keep_small(size, header)
                data = self._exactly(size)
                self._exactly(-size % BLOCK)
                if kind in "xX":
                    extended |= self._records(data)
                elif kind in "LK":
                    extended["path" if kind == "L" else "linkpath"] = _text(data)
                continue
            yield self._member(header, kind, size, extended)
            extended = {}
            for _ in self.content():
                pass
            self._exactly(self._padding)
        for number, _ in enumerate(self._stream):  # a pipe's writer fails if its last bytes are not taken
            if number:
                break

    def content(self) -> Iterator[bytes]:
        """What was not taken yet of the content of the member, in pieces."""
        while self._left:
            piece = self._some(self._left)
            if not piece:
                raise self._cut(f"{self._left:,} B of its last member are missing")
            self._left -= len(piece)
            yield piece

    def _member(self, header: bytes, kind: str, size: int, extended: dict[str, str]) -> Member:
        prefix = _text(header[345:500]) if header[257:263] == b"ustar\0" else ""
        name = extended.get("path") or "/".join(one for one in (prefix, _text(header[:100])) if one)
        place = f"{self._origin}: {name!r:.200}"
        kind = "S" if "holes" in extended else kind
        if kind not in _KINDS:
            raise UnreadableError(f"{place} is {_REFUSED.get(kind, f'of the unknown type {kind!r}')}; {_NEXT}")
        if "size" in extended:
            text = extended["size"]
            size = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else MOST_BYTES + 1
        what = FOLDER if name.endswith("/") and _KINDS[kind] == FILE else _KINDS[kind]
        size = size if what == FILE else 0
        self._bytes += size
        if self._bytes > MOST_BYTES:
            raise UnreadableError(
                f"{place} is to have {size:,} B; at most {MOST_BYTES // 10**9} GB are read of an archive; write it "
                "again, of fewer images: docker save IMAGE -o FILE"
            )
        self._left, self._padding = size, -size % BLOCK
        return Member(inside(name, place), what, extended.get("linkpath") or _text(header[157:257]), size)

    def _header(self) -> bytes | None:
        """The next header; None at the archive's end, a block of zeros or no more bytes."""
        header = self._exactly(BLOCK, may_end=True)
        if not header.strip(b"\0"):
            return None
        if not _is_header(header):
            raise UnreadableError(f"{self._origin}: no tar behind its first members; {_NEXT}")
        return header

    def _size(self, header: bytes) -> int:
        return _number(header[124:136], f"{self._origin}: {_text(header[:100])!r:.200}")

    def _keep_small(self, size: int, header: bytes) -> None:
        if size > _MOST_EXTENDED:
            raise UnreadableError(
                f"{self._origin}: {_text(header[:100])!r:.200}: a header's extension of {size:,} B; at most "
                f"{_MOST_EXTENDED:,} B are read; {_NEXT}"
            )

    def _records(self, data: bytes) -> dict[str, str]:
        """Extended attributes: a length, a key and a value each (POSIX.1-2017, pax Extended Header)."""
        found, at = {}, 0
        while at < len(data):
            length, _, _ = data[at : at + 20].partition(b" ")
            end = at + int(length) if length.isdigit() else -1
            if not at + len(length) < end <= len(data):
                raise UnreadableError(f"{self._origin}: a header's extension is not as pax writes it; {_NEXT}")
            key, _, value = data[at + len(length) + 1 : end - 1].partition(b"=")
            if key in _USED or key.startswith(_HOLES):
                found["holes" if key.startswith(_HOLES) else _text(key)] = _text(value)
            at = end
        return found

    def _some(self, most: int) -> bytes:
        if self._at == len(self._held):
            self._held, self._at = next(self._stream, b""), 0
        taken = self._held[self._at : self._at + most]
        self._at += len(taken)
        return taken

    def _exactly(self, size: int, may_end: bool = False) -> bytes:
        taken = bytearray()
        while len(taken) < size:
            piece = self._some(size - len(taken))
            if not piece:
                if may_end and not taken:
                    return b""
                raise self._cut("it ends within a member")
            taken += piece
        return bytes(taken)

    def _cut(self, how: str) -> UnreadableError:
        return UnreadableError(f"{self._origin}: cut: {how}; write it again: docker save IMAGE -o FILE")


def inside(name: str, place: str) -> str:
    """A name within an archive, in its plain form.

    Raises
    ------
    UnreadableError
        If it leads out of it.
    """
    if name.startswith("/") or ".." in name.split("/"):
        raise UnreadableError(f"{place} leads out of the archive; nothing outside is read; {_NEXT}")
    return posixpath.normpath(name)


def _is_header(block: bytes) -> bool:
    # The sum of the header's bytes, those of the sum itself taken as blanks; old ones add them as signed.
    try:
        told = int(block[148:156].strip(b" \0") or b"x", 8)
    except ValueError:
        return False
    rest = block[:148] + block[156:]
    unsigned = 8 * 32 + sum(rest)
    return told in (unsigned, unsigned - 256 * sum(byte > 127 for byte in rest))


def _number(field: bytes, place: str) -> int:
    """A number of a header, in octal, or in base 256 as GNU writes large ones."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0") or b"0"
    if not digits.isdigit() or b"8" in digits or b"9" in digits:
        raise UnreadableError(f"{place} has the size {field!r}, which is no octal number; {_NEXT}")
    return int(digits, 8)


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "replace")
