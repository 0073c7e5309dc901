"""What is read of a file that anyone may have made: sizes, counts and types are known before anything takes memory.

A file may take some times as much memory as those of its length that rolloutsim writes: so much for each of its own
bytes, and beside it what small ones need. Whoever asks for more is refused by what the file says of itself, before it
is unpacked.
"""

from __future__ import annotations

import json
import os
import re
import stat
import zipfile
import zlib
from pathlib import Path
from struct import Struct
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from rolloutsim.errors import UnreadableError
from rolloutsim.scenario.fields import CONTROLS

Array = npt.NDArray[Any]

CONTROL = re.compile(rf"[{CONTROLS}\ud800-\udfff]")  # halves of surrogate pairs are in no file that is UTF-8

# Bytes that the columns of a file may have, and the text of its JSON: at least, and for each byte of the file. Files of
# the shipped scenarios have 18 times as many as they are long at the most (measured: all nodes in step).
_COLUMNS, _COLUMNS_PER_BYTE = 128 << 20, 100
_TEXT, _TEXT_PER_BYTE = 64 << 20, 20
_VALUES, _BYTES_PER_VALUE = 4_000_000, 8  # in JSON; each takes 60 to 100 bytes of memory (measured, CPython)
_MOST_JSON = 64 << 20  # of a JSON file beside a result [B] (assumed: a thousand times the largest that was seen)
_LONGEST_NAME = 1000  # letters of a column's name (assumed: those of long names of images)
_LONGEST_SHOWN = 80  # letters of a stranger's text in an error (assumed: half a line)
_LONGEST_HEADER = 1000  # of a column (assumed: ours have 118)

# PKWARE's APPNOTE.TXT, 4.3.14 to 4.3.16: the archive's end without a comment; the same with 64 bits, and where it is.
_END, _END64, _LOCATOR = Struct("<4s4H2LH"), Struct("<4sQ2H2L4Q"), Struct("<4sLQL")
_ENCRYPTED = 0x1
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError, OverflowError, EOFError, OSError,
)  # fmt: skip

# NumPy's NEP 1: the header of a column as NumPy writes it, and nothing else that Python could make of it.
_MAGIC = b"\x93NUMPY"
_HEADER = re.compile(
    rb"\{'descr': '([<>|=]?[a-zA-Z][^',]{0,20})', 'fortran_order': (True|False), "
    rb"'shape': \(((?:\d{1,18}, ?)*(?:\d{1,18})?)\), \} *\n"
)
_TYPES = frozenset({"f8", "i8", "i4", "i2", "b1"})


def open_file(path: Path) -> IO[bytes]:
    """A file to be read; OSError if it cannot be, UnreadableError if it is a pipe, a device or the like."""
    # One without a writer would be waited for.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        raise UnreadableError(f"it is {'a folder' if stat.S_ISDIR(mode) else 'a pipe, a socket or a device'}, no file")
    return os.fdopen(handle, "rb")


def json_file(path: Path) -> Any:
    """The value in a JSON file; OSError if it cannot be read, UnreadableError if it is none, or too large."""
    with open_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > _MOST_JSON:
            raise UnreadableError(f"it has {size:,} bytes, more than the {_MOST_JSON:,} that are read")
        return json_value(file.read(_MOST_JSON))


def json_value(text: bytes | str, most: int = _VALUES) -> Any:
    """The value of a JSON text, whose numbers are finite and whose keys differ.

    Raises
    ------
    UnreadableError
        If it is none, or has more than so many values.
    """
    try:
        decoded = text if isinstance(text, str) else text.decode()
    except UnicodeDecodeError:
        raise UnreadableError("its JSON is not UTF-8") from None
    count = sum(map(decoded.count, ",:[{"))
    if count > most:
        raise UnreadableError(f"its JSON has up to {count:,} values, more than the {most:,} that are read")
    try:
        return json.loads(decoded, parse_constant=_no_number, object_pairs_hook=_object)
    except RecursionError:
        raise UnreadableError("its JSON is nested too deep") from None
    except ValueError as error:
        what = str(error) if isinstance(error, json.JSONDecodeError) else "a number has too many digits"
        raise UnreadableError(f"its JSON cannot be read: {what}") from None


def read(stream: IO[bytes], text: str) -> tuple[Any, dict[str, Array]]:
    """The JSON and the columns in an archive.

    Parameters
    ----------
    stream : binary file
        The archive.
    text : str
        The name of the member with the JSON; all others are columns.

    Raises
    ------
    UnreadableError
        If it is none, or has anything else in it.
    """
    size = stream.seek(0, os.SEEK_END)
    try:
        count = _members(stream, size)
        with zipfile.ZipFile(stream) as archive:
            members = _checked(archive, count, size, text)
            found = json_value(_content(archive, members.pop(text)), _VALUES + size // _BYTES_PER_VALUE)
            return found, {name[:-4]: _column(name, _content(archive, one)) for name, one in members.items()}
    except _DAMAGED as error:
        raise UnreadableError(f"it is damaged, or no such file ({shown(str(error))})") from None


def shown(text: Any) -> str:
    """A stranger's text, or anything else, in an error: short, and without what could steer a terminal."""
    words = str(text)
    short = words if len(words) <= _LONGEST_SHOWN else f"{words[:_LONGEST_SHOWN]}…"
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in short)


def _no_number(text: str) -> Any:
    raise json.JSONDecodeError(f"{text} is no number", "", 0)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise json.JSONDecodeError("an object has a key twice", "", 0)
    return found


def _members(stream: IO[bytes], size: int) -> int:
    """How many members an archive says that it has, if its directory is where it should be."""
    end = size - _END.size
    if end < 0:
        raise zipfile.BadZipFile("it is too short for a zip archive")
    stream.seek(end)
    sign, *_, count, length, start, comment = _END.unpack(stream.read(_END.size))
    if sign != b"PK\x05\x06" or comment:
        raise zipfile.BadZipFile("it does not end like a zip archive")
    if end >= _LOCATOR.size + _END64.size:
        stream.seek(end - _LOCATOR.size)
        if (locator := _LOCATOR.unpack(stream.read(_LOCATOR.size)))[0] == b"PK\x06\x07":
            end -= _LOCATOR.size + _END64.size
            stream.seek(end)
            sign, *_, count, length, start = _END64.unpack(stream.read(_END64.size))
            if sign != b"PK\x06\x06" or locator[2] != end:
                raise zipfile.BadZipFile("its 64-bit end is not where it should be")
    if start + length != end:
        raise zipfile.BadZipFile("its directory is not where it should be")
    stream.seek(0)
    return int(count)


def _checked(archive: zipfile.ZipFile, count: int, size: int, text: str) -> dict[str, zipfile.ZipInfo]:
    """The members of an archive by name, if they may be read."""
    every = archive.infolist()
    if len(every) != count:
        raise zipfile.BadZipFile(f"it has {len(every):,} members, and says {count:,}")
    members = {one.filename: one for one in every}
    if len(members) < count:
        raise UnreadableError("it has two members of one name")
    if text not in members:
        raise UnreadableError(f"it is damaged, or no such file (it has no {text})")
    for name, one in members.items():
        parts = name.split("/")
        if len(name) > _LONGEST_NAME or (name != text and (not name.endswith(".npy") or not parts[0] or ".." in parts)):
            raise UnreadableError(f"it has a member '{shown(name)}', which no result has")
        if one.flag_bits & _ENCRYPTED:
            raise UnreadableError(f"its member '{shown(name)}' is encrypted")
        if one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise UnreadableError(f"its member '{shown(name)}' is packed in a way that no result is")
    most = _TEXT + _TEXT_PER_BYTE * size
    if members[text].file_size > most:
        raise UnreadableError(f"its {text} has {members[text].file_size:,} bytes, more than the {most:,} that are read")
    most = _COLUMNS + _COLUMNS_PER_BYTE * size
    total = sum(one.file_size for name, one in members.items() if name != text)
    if total > most:
        raise UnreadableError(f"its columns have {total:,} bytes, more than the {most:,} that are read of such a file")
    return members


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """The content of a member, and no more than it says to have: `read` would unpack all that comes."""
    with archive.open(member) as file:
        content = file.read(member.file_size)
        if len(content) != member.file_size or file.read(1):
            raise zipfile.BadZipFile(f"'{member.filename}' has another size than it says")
    return content


def _column(name: str, content: bytes) -> Array:
    """A column, which is not copied: numbers or booleans in at most two dimensions, exactly as many as there are."""
    what = f"its column '{shown(name[:-4])}'"
    wide = {b"\x01\x00": 2, b"\x02\x00": 4}.get(content[6:8])  # of the header's length, by version [B]
    if wide is None or not content.startswith(_MAGIC):
        raise UnreadableError(f"{what} is none of NumPy's")
    begin = 8 + wide
    length = int.from_bytes(content[8:begin], "little")
    header = _HEADER.fullmatch(content[begin : begin + length]) if length <= _LONGEST_HEADER else None
    if header is None:
        raise UnreadableError(f"{what} has a header that no result's has")
    kind = header[1].decode("latin-1")
    if kind.lstrip("<>|=") not in _TYPES:
        raise UnreadableError(f"{what} is of type '{shown(kind)}'; columns are numbers or booleans, never objects")
    shape = tuple(map(int, header[3].replace(b",", b" ").split()))
    if not 1 <= len(shape) <= 2 or (len(shape) == 2 and header[2] == b"True"):
        raise UnreadableError(f"{what} has the shape {shape}, which no result's has")
    dtype = np.dtype(kind)
    count = shape[0] * (shape[1] if len(shape) == 2 else 1)
    if count * dtype.itemsize != len(content) - begin - length:
        raise UnreadableError(f"{what} says to have {count:,} values, and has others")
    column: Array = np.frombuffer(content, dtype, count, begin + length).reshape(shape)
    if dtype.kind == "b" and np.any(column.view(np.uint8) > 1):
        raise UnreadableError(f"{what} has values that are neither true nor false")
    return column if dtype.isnative else column.astype(dtype.newbyteorder("="))
