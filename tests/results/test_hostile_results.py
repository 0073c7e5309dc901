"""Files of results that nobody wrote in good faith: each ends in one line that says what is wrong."""

from __future__ import annotations

import json
import os
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rolloutsim.errors import UnreadableError, UsageError
from rolloutsim.results.facts.records import CaseRecords, Run
from rolloutsim.results.outcome import Outcome, figures_of
from rolloutsim.results.store import from_bytes, load, side_by_side, to_bytes
from rolloutsim.scenario import loads
from rolloutsim.simulation import simulate
from tests.fuzz.results import FULL, METADATA, Parts, column_bytes, members_of, packed, parts

CASE = "run/cases/0"
PULL = f"{CASE}/pulls/node"


@cache
def result() -> bytes:
    """A result with workloads, faults, background traffic and replications."""
    run = simulate(loads(FULL[0]).resolve())
    return to_bytes(Outcome(run, (figures_of(run),) * 3))


def error_of(content: bytes) -> str:
    with pytest.raises(UnreadableError) as caught:
        from_bytes(content)
    words = str(caught.value)
    assert words.isprintable()
    return words


def test_what_is_changed_below_can_be_read() -> None:
    assert from_bytes(packed(members_of(parts(result())))).to_json() == from_bytes(result()).to_json()


# ---- the archive -----------------------------------------------------------------------------------------


def end(content: bytes, **fields: int) -> bytes:
    """The archive with another end: sizes and places that it does not have."""
    names = ("disk", "start_disk", "here", "count", "length", "start", "comment")
    found = dict(zip(names, struct.unpack("<4H2LH", content[-18:]), strict=True)) | fields
    return content[:-18] + struct.pack("<4H2LH", *found.values())


def entry(content: bytes, offset: int, field: bytes, name: str = METADATA) -> bytes:
    """The archive with other bytes in the directory's entry for a member."""
    place = content.rindex(name.encode()) - 46 + offset
    return content[:place] + field + content[place + len(field) :]


def stored() -> bytes:
    return packed(members_of(parts(result())))


def with_member(name: str, content: bytes = b"") -> bytes:
    return packed([*members_of(parts(result())), (name, content)])


def squeezed(name: str, size: int) -> bytes:
    """A member of zeros that shrink to a thousandth."""
    members = [one for one in members_of(parts(result())) if one[0] != name]
    return packed([*members, (name, bytes(size))], zipfile.ZIP_DEFLATED)


def lying(name: str, size: int, says: int) -> bytes:
    """The same that says to be smaller, or larger."""
    content = squeezed(name, size)
    place = content.rindex(name.encode()) - 46 + 24
    return content[:place] + struct.pack("<L", says) + content[place + 4 :]


ARCHIVES: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "too short for a zip archive"),
    "one byte": (lambda: b"P", "too short for a zip archive"),
    "text": (lambda: b"rolloutsim: 1\n" * 100, "does not end like a zip archive"),
    "zeros": (lambda: bytes(10_000), "does not end like a zip archive"),
    "gzip": (lambda: b"\x1f\x8b" + bytes(1000), "does not end like a zip archive"),
    "the first half": (lambda: result()[: len(result()) // 2], "does not end like a zip archive"),
    "without its last byte": (lambda: result()[:-1], "does not end like a zip archive"),
    "more behind it": (lambda: result() + b"x", "does not end like a zip archive"),
    "a comment": (lambda: end(result(), comment=1) + b"x", "does not end like a zip archive"),
    "bytes before it": (lambda: b"#!/bin/sh\n" + result(), "its directory is not where it should be"),
    "an end alone": (lambda: end(result()[-22:], count=0, length=0, start=0), "it has no metadata.json"),
    "a directory beyond the end": (lambda: end(result(), start=2**32 - 1), "its directory is not where it should be"),
    "a directory of 4 GB": (lambda: end(result(), length=2**32 - 1), "its directory is not where it should be"),
    "a directory of no bytes": (lambda: end(result(), length=0), "its directory is not where it should be"),
    "65,535 members": (lambda: end(result(), count=65535), "members, and says 65,535"),
    "no members": (lambda: end(result(), count=0), "members, and says 0"),
    "a 64-bit end that is none": (
        lambda: result()[:-22] + struct.pack("<4sLQL", b"PK\x06\x07", 0, 2**63, 1) + result()[-22:],
        "its 64-bit end is not where it should be",
    ),
    "a directory that is none": (
        lambda: result().replace(b"PK\x01\x02", b"PK\x01\x03"), "Bad magic number for central directory",
    ),
    "a member twice": (
        lambda: packed([*members_of(parts(result())), members_of(parts(result()))[0]]), "two members of one name",
    ),
    "no JSON": (lambda: packed(members_of(parts(result()))[1:]), "it has no metadata.json"),
    "a program": (lambda: with_member("setup.exe"), "a member 'setup.exe', which no result has"),
    "a folder": (lambda: with_member("run/"), "a member 'run/', which no result has"),
    "a member above": (lambda: with_member("../x.npy"), "a member '../x.npy', which no result has"),
    "a member far above": (lambda: with_member("run/../../x.npy"), "a member 'run/../../x.npy', which no result has"),
    "a member of the system": (lambda: with_member("/etc/x.npy"), "a member '/etc/x.npy', which no result has"),
    "a name that steers": (lambda: with_member("\x1b[2J.exe"), "a member '\\x1b[2J.exe', which no result has"),
    "a name that turns round": (lambda: with_member("\u202eexe"), "a member '\\u202eexe', which no result has"),
    "a name of 60,000 letters": (lambda: with_member("a" * 60_000), "which no result has"),
    "bzip2": (lambda: packed(members_of(parts(result())), zipfile.ZIP_BZIP2), "packed in a way that no result is"),
    "lzma": (lambda: packed(members_of(parts(result())), zipfile.ZIP_LZMA), "packed in a way that no result is"),
    "an unknown packing": (lambda: entry(stored(), 10, b"\x63\x00"), "packed in a way that no result is"),
    "encrypted": (lambda: entry(stored(), 8, b"\x01\x00"), "its member 'metadata.json' is encrypted"),
    "a patch": (lambda: entry(stored(), 8, b"\x20\x00"), "it is damaged"),
    "a member elsewhere": (lambda: entry(stored(), 42, struct.pack("<L", 2**31)), "it is damaged"),
    "another checksum": (lambda: entry(stored(), 16, b"\0\0\0\0"), "Bad CRC-32 for file 'metadata.json'"),
    "a byte of a column": (
        lambda: stored().replace(b"\x93NUMPY\x01\x00v\x00{", b"\x93NUMPY\x01\x00v\x00[", 1), "Bad CRC-32",
    ),
    "a bomb of a column": (lambda: squeezed("run/x.npy", 200 << 20), "its columns have 209,"),
    "a bomb of JSON": (lambda: squeezed(METADATA, 80 << 20), "its metadata.json has 83,886,080 bytes, more than"),
    "a bomb that says to be small": (lambda: lying("run/x.npy", 100 << 20, 128), "Bad CRC-32 for file 'run/x.npy'"),
    "a column that says to have 4 GB": (lambda: lying("run/x.npy", 1000, 2**32 - 2), "its columns have 4,29"),
    "JSON that says to have 4 GB": (lambda: lying(METADATA, 1000, 2**32 - 2), "its metadata.json has 4,294,967,294"),
    "JSON that says to be longer": (lambda: lying(METADATA, 1000, 2000), "has another size than it says"),
}  # fmt: skip


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_that_no_result_is(name: str) -> None:
    make, words = ARCHIVES[name]
    assert words in error_of(make())


# ---- columns as NumPy writes them ------------------------------------------------------------------------


def column(
    kind: str = "'<i4'", order: str = "False", shape: str = "(3,)", data: bytes = bytes(12), version: bytes = b"\1\0",
    pad: bytes = b"\n", length: int | None = None,
) -> bytes:  # fmt: skip
    """A column whose header says what it likes."""
    header = f"{{'descr': {kind}, 'fortran_order': {order}, 'shape': {shape}, }}".encode() + pad
    size = (len(header) if length is None else length).to_bytes(2 if version == b"\1\0" else 4, "little")
    return b"\x93NUMPY" + version + size + header + data


NONE, HEADER, OTHERS = "is none of NumPy's", "has a header that no result's has", "values, and has others"
COLUMNS: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", NONE),
    "text": (b"1, 2, 3\n", NONE),
    "a pickle": (b"\x80\x04\x95\x10\0\0\0\0\0\0\0\x8c\x02os\x94.", NONE),
    "another version": (column(version=b"\3\0"), NONE),
    "an unknown version": (column(version=b"\xff\xff"), NONE),
    "a header that is cut": (column()[:30], HEADER),
    "no length": (column()[:8], HEADER),
    "a header of 65,535 bytes": (column(length=65535), HEADER),
    "a header of 4 GB": (column(version=b"\2\0", length=2**32 - 1), HEADER),
    "a header of a million blanks": (column(version=b"\2\0", pad=b" " * 10**6 + b"\n"), HEADER),
    "a header without an end": (column(pad=b""), HEADER),
    "a header that calls": (column("__import__('os').system('x')"), HEADER),
    "a header nested deep": (column(shape="(" * 400 + ")" * 400), HEADER),
    "a header with a huge number": (column(shape=f"({'9' * 400},)"), HEADER),
    "structures": (column("[('a', '<i4'), ('b', '<f8')]"), HEADER),
    "a shape of 8 TB": (column("'<f8'", shape="(1099511627776,)"), f"says to have 1,099,511,627,776 {OTHERS}"),
    "a shape beyond 64 bits": (column(shape="(999999999999999999, 999999999999999999)"), OTHERS),
    "a negative shape": (column(shape="(-3,)"), HEADER),
    "a broken shape": (column(shape="(1.5,)"), HEADER),
    "a shape that is a text": (column(shape="'3'"), HEADER),
    "no dimension": (column(shape="()", data=bytes(4)), "has the shape (), which no result's has"),
    "three dimensions": (column(shape="(1, 1, 3)"), "has the shape (1, 1, 3), which no result's has"),
    "two dimensions by columns": (column(order="True", shape="(1, 3)"), "has the shape (1, 3), which no result's has"),
    "an order that is none": (column(order="None"), HEADER),
    "objects": (column("'|O'"), "is of type '|O'; columns are numbers or booleans, never objects"),
    "complex numbers": (column("'<c16'", data=bytes(48)), "is of type '<c16'"),
    "times": (column("'<M8[s]'", data=bytes(24)), "is of type '<M8[s]'"),
    "spans of time": (column("'<m8[ns]'", data=bytes(24)), "is of type '<m8[ns]'"),
    "texts": (column("'<U1'"), "is of type '<U1'"),
    "bytes": (column("'|S4'"), "is of type '|S4'"),
    "anything": (column("'|V4'"), "is of type '|V4'"),
    "numbers without a sign": (column("'<u4'"), "is of type '<u4'"),
    "half numbers": (column("'<f2'", data=bytes(6)), "is of type '<f2'"),
    "long numbers": (column("'<f16'", data=bytes(48)), "is of type '<f16'"),
    "an unknown type": (column("'<q9'"), "is of type '<q9'"),
    "too few values": (column(data=bytes(11)), f"says to have 3 {OTHERS}"),
    "too many values": (column(data=bytes(13)), f"says to have 3 {OTHERS}"),
    "no values": (column(data=b""), f"says to have 3 {OTHERS}"),
    "neither true nor false": (column("'|b1'", data=b"\0\1\2"), "has values that are neither true nor false"),
    "numbers of another kind": (column("'<f8'", data=bytes(24)), "float64 stands where a column of int32 should"),
    "booleans": (column("'|b1'", data=bytes(3)), "bool stands where a column of int32 should"),
    "larger numbers": (column("'<i8'", data=b"\xff" * 7 + b"\x7f" + bytes(16)), "numbers that are too large for it"),
}  # fmt: skip


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_that_no_result_has(name: str) -> None:
    content, words = COLUMNS[name]
    members = dict(members_of(parts(result())))
    found = error_of(packed([*(members | {f"{PULL}.npy": content}).items()]))
    assert words in found
    assert PULL in found or PULL.replace("cases/0", "cases/all") in found


def test_numbers_of_the_other_byte_order_and_of_more_bytes_are_read() -> None:
    found = parts(result())
    for name, kind in ((PULL, ">i4"), (f"{CASE}/pulls/asked", ">f8"), (f"{CASE}/pulls/image", "<i8")):
        found.columns[name] = found.columns[name].astype(kind)
    assert from_bytes(packed(members_of(found))).to_json() == from_bytes(result()).to_json()


# ---- JSON ------------------------------------------------------------------------------------------------


def with_json(text: str | bytes) -> bytes:
    content = text if isinstance(text, bytes) else text.encode()
    return packed([(METADATA, content), *members_of(parts(result()))[1:]])


TEXTS: dict[str, tuple[str | bytes, str]] = {
    "nothing": ("", "its JSON cannot be read: Expecting value"),
    "a text": ('"x"', "its metadata.json is no object"),
    "null": ("null", "its metadata.json is no object"),
    "a list": ("[]", "its metadata.json is no object"),
    "an empty object": ("{}", "its format is None, and this version reads rolloutsim.records/1"),
    "a format to come": ('{"format": "rolloutsim.records/9"}', "its format is rolloutsim.records/9"),
    "a format that is a list": ('{"format": ["rolloutsim.records/1"]}', "its format is ['rolloutsim.records/1']"),
    "a format that steers": ('{"format": "\\u001b[2J"}', "its format is \\x1b[2J"),
    "a format that is long": (json.dumps({"format": "x" * 10**6}), "x…, and this version reads"),
    "no run": ('{"format": "rolloutsim.records/1"}', "run: null stands where an object should"),
    "nested 200,000 deep": ("[" * 200_000, "its JSON is nested too deep"),
    "objects nested 200,000 deep": ('{"a":' * 200_000, "its JSON is nested too deep"),
    "not UTF-8": (b"\xff\xfe{\0}\0", "its JSON is not UTF-8"),
    "UTF-16": ('{"format": 1}'.encode("utf-16"), "its JSON is not UTF-8"),
    "a byte order mark": ("\ufeff{}", "its JSON cannot be read"),
    "NaN": ('{"format": NaN}', "its JSON cannot be read: NaN is no number"),
    "Infinity": ('{"format": Infinity}', "its JSON cannot be read: Infinity is no number"),
    "a key twice": ('{"format": 1, "format": 2}', "an object has a key twice"),
    "a number of 5,000 digits": (f'{{"format": {"9" * 5000}}}', "a number has too many digits"),
    "it is cut": ('{"format": "rolloutsim.records/1", "run": {', "its JSON cannot be read: Expecting property name"),
    "two values": ("{} {}", "its JSON cannot be read: Extra data"),
    "control characters": ('{"format": "\x01"}', "its JSON cannot be read: Invalid control character"),
    "ten million values": ("[" + "0," * 10**7 + "0]", "its JSON has up to 10,000,001 values, more than the"),
    "five million objects": ("[" + "{}," * 5 * 10**6 + "0]", "values, more than the"),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_json_that_no_result_has(name: str) -> None:
    text, words = TEXTS[name]
    assert words in error_of(with_json(text))


def at(found: Any, path: str) -> tuple[Any, Any]:
    """What holds the value at a path, and its key there."""
    *above, last = path.split("/")
    for step in above:
        found = found[int(step)] if isinstance(found, list) else found[step]
    return found, int(last) if isinstance(found, list) else last


GONE = object()


def with_value(path: str, value: Any) -> bytes:
    """The result with another value in its JSON, or without it."""
    found = parts(result())
    above, key = at(found.metadata, path)
    if value is GONE:
        del above[key]
    else:
        above[key] = value
    return packed(members_of(found))


def nested(depth: int) -> Any:
    found: Any = 1
    for _ in range(depth):
        found = {"a": found}
    return found


S, C = "run/scenario", CASE
VALUES: dict[str, tuple[str, Any, str]] = {
    "the run is a list": ("run", [], "run: a list of 0 stands where an object should"),
    "the run is a text": ("run", "x", 'run: "x" stands where an object should'),
    "the run is a column": ("run", {"$array": PULL}, "run: a column of int32 stands where an object should"),
    "no scenario": (S, GONE, "run/scenario is missing"),
    "no cases": ("run/cases", GONE, "run/cases is missing"),
    "an empty list of cases": ("run/cases", [], "run/cases: there is none"),
    "cases are an object": ("run/cases", {}, "run/cases: an object stands where a list should"),
    "a case is null": (C, None, "run/cases/0: null stands where an object should"),
    "a seed that is a text": ("run/seed", "1", 'run/seed: "1" stands where a whole number should'),
    "a seed that is broken": ("run/seed", 1.5, "run/seed: 1.5 stands where a whole number should"),
    "a seed that is true": ("run/seed", True, "run/seed: true stands where a whole number should"),
    "a seed beyond 64 bits": ("run/seed", 2**63, "stands where a whole number should"),
    "a seed of 400 digits": ("run/seed", 10**400, "stands where a whole number should"),
    "versions are numbers": ("run/provenance", {"rolloutsim": 1}, "1 stands where a text should"),
    "versions are a list": ("run/provenance", ["1"], "run/provenance: a list of 1 stands where an object should"),
    "a key that steers": ("run/provenance", {"\x1b[2J": "1"}, "run/provenance has a key with control characters"),
    "a name that steers": (f"{S}/name", "\x1b[2J", "run/scenario/name has control characters: '\\x1b[2J'"),
    "half a character": (f"{S}/name", "\ud800", "run/scenario/name has control characters: '\\ud800'"),
    "a name that is null": (f"{S}/name", None, "run/scenario/name: null stands where a text should"),
    "an unknown model": (f"{S}/model", "magic", "stands where one of 'ideal', 'real' should"),
    "a negative latency": (f"{S}/path_latency", -1.0, "run/scenario/path_latency: -1.0 is negative"),
    "an endless latency": (f"{S}/path_latency", {"$float": "inf"}, "inf is no number that it can have"),
    "a latency that is NaN": (f"{S}/path_latency", {"$float": "nan"}, "nan is no number that it can have"),
    "a latency beyond all bounds": (f"{S}/path_latency", 1e300, "1e+300 is no number that it can have"),
    "a number that is a word": (f"{S}/path_latency", {"$float": "1e5"}, "'$float' stands where a number should"),
    "a number that is a number": (f"{S}/path_latency", {"$float": 1}, "'$float' stands where a number should"),
    "a number and more": (f"{S}/path_latency", {"$float": "inf", "a": 1}, "'$float' stands where a number should"),
    "a number that is code": (f"{S}/path_latency", {"$float": "exit()"}, "'$float' stands where a number should"),
    "a mapping that is no list": (f"{S}/links", {"$map": 1}, "its '$map' is no list of keys with their values"),
    "a mapping of single values": (f"{S}/links", {"$map": [["a"]]}, "its '$map' is no list of keys with their values"),
    "a mapping with numbers as keys": (f"{S}/links", {"$map": [[1, 2]]}, "its '$map' is no list of keys"),
    "a mapping with a key twice": (f"{S}/links", {"$map": [["a", 1], ["a", 2]]}, "its '$map' is no list of keys"),
    "a mapping nested deep": ("replications/0/cases/all", nested(100), "is nested too deep"),
    "lists nested deep": ("replications/0/cases/all/x", json.loads("[" * 100 + "]" * 100), "is nested too deep"),
    "no groups": (f"{S}/groups", [], "run/scenario/groups: 0 nodes; there are 1 to 1,000,000"),
    "a billion nodes": (f"{S}/groups/0/count", 10**9, "1,000,000,002 nodes; there are 1 to 1,000,000"),
    "fewer nodes": (f"{S}/groups/0/count", 3, "node_group: its nodes are not those of the groups"),
    "two groups of one name": (f"{S}/groups/1/name", "web", "run/scenario/groups: two have one name"),
    "a rack that is not there": (f"{S}/groups/0/racks", ["x"], "'x.down' is none of its links"),
    "a cached image that is not there": (f"{S}/groups/0/cached", {"x": 1}, "'x' is none of its images"),
    "a host that is not there": (f"{S}/groups/0/hosts", ["x"], "'x' is none of its hosts"),
    "a way that is not there": (f"{S}/registries/hub/path", ["x"], "'x' is none of its links"),
    "a registry of another name": (f"{S}/registries/hub/name", "x", "it is called 'x' there"),
    "no registry": (f"{S}/registries", {}, "'hub' is none of its registries"),
    "an image of no registry": (f"{S}/images/api/registry", "x", "'x' is none of its registries"),
    "a case of no image": (f"{S}/cases/0/workloads/0/images", ["x"], "'x' is none of its images"),
    "workloads after none": (f"{S}/cases/0/workloads/0/after", ["x"], "'x' is none of its workloads"),
    "a document that is none": (f"{S}/document", "{", "its JSON cannot be read"),
    "a document that is a list": (f"{S}/document", "[]", "run/scenario/document: it is no object"),
    "a document nested deep": (f"{S}/document", '{"a":' * 100_000, "its JSON is nested too deep"),
    "a document that is not valid": (f"{S}/document", '{"rolloutsim": 1}', "it is no valid scenario"),
    "an unknown case": (f"{C}/name", "x", "'x' is no case of the scenario"),
    "names that are numbers": (f"{C}/node_names", [1] * 6, "run/cases/0/node_names/0: 1 stands where a text should"),
    "too few names": (f"{C}/node_names", ["a"], "node_names: its nodes are not those of the groups"),
    "names twice": (f"{C}/node_names", ["a"] * 6, "node_names: two have one name"),
    "a name that is a column": (f"{C}/node_names", {"$array": PULL}, "int32 stands where a list should"),
    "a column that is not there": (f"{C}/pulls/node", {"$array": "x"}, "run/cases/0/pulls/node: its column is missing"),
    "a column by a number": (f"{C}/pulls/node", {"$array": 1}, "run/cases/0/pulls/node: its column is missing"),
    "a column by a list": (f"{C}/pulls/node", {"$array": []}, "run/cases/0/pulls/node: its column is missing"),
    "a column and more": (f"{C}/pulls/node", {"$array": PULL, "a": 1}, "run/cases/0/pulls/node: its column is missing"),
    "a column that is a list": (f"{C}/pulls/node", [0, 1], "a list of 2 stands where a column of int32 should"),
    "a column that is a number": (f"{C}/pulls/node", 3, "3 stands where a column of int32 should"),
    "a column that is gone": (f"{C}/pulls/asked", GONE, "run/cases/0/pulls/asked is missing"),
    "a column in the place of another": (
        f"{C}/pulls/asked", {"$array": f"{C}/fetches/started"}, "pulls: its columns have several lengths",
    ),
    "no causes": (f"{C}/causes", [], "of which there are 0"),
    "an unknown cause": (f"{C}/causes/0", "magic", "'magic' is neither a cause nor a link"),
    "no layers": (f"{C}/layers", [], "a layer is none of the case's"),
    "an image of no scenario": (f"{C}/images/0/name", "x", "'x' is none of the scenario's"),
    "an image twice": (f"{C}/images/1/name", "api", "run/cases/all/images: two have one name"),
    "a route from nowhere": (f"{C}/routes/0/source", 9, "a source is none of the case's"),
    "a route to nowhere": (f"{C}/routes/0/group", -1, "a group is none of the scenario's"),
    "a route without a way": (f"{C}/routes/0/paths", [], "a way has no links"),
    "a route through nothing": (f"{C}/routes/0/paths", [["x"]], "a link is none of the case's"),
    "a link that is none": (f"{C}/shared_links/name/0", "x", "a link is none of the scenario's"),
    "an end that is NaN": (f"{C}/end", {"$float": "nan"}, "run/cases/all/end: nan is no number that it can have"),
    "an end before the beginning": (f"{C}/end", -1.0, "run/cases/all/end: -1.0 is negative"),
    "fewer events than none": (f"{C}/events", -1, "run/cases/all/events: -1 is negative"),
    "replications that are none": ("replications", {"a": 1}, "replications: an object stands where a list should"),
    "a replication that is null": ("replications/1", None, "replications/1: null stands where an object should"),
    "a replication of no case": ("replications/0/cases", {}, "0/cases: its cases are not those of the run"),
    "a replication without thresholds": (
        "replications/1/measured", [], "replications/1/measured: its thresholds are not those of the first",
    ),
    "figures that are null": ("replications/0/summary", None, "replications/0/summary: null stands where"),
}  # fmt: skip


@pytest.mark.parametrize("name", VALUES)
def test_a_value_that_no_result_has(name: str) -> None:
    path, value, words = VALUES[name]
    assert words in error_of(with_value(path, value))


# ---- columns that do not belong together -----------------------------------------------------------------


def with_numbers(name: str, change: Callable[[Any], Any]) -> bytes:
    found = parts(result())
    found.columns[f"{C}/{name}"] = change(found.columns[f"{C}/{name}"].copy())
    return packed(members_of(found))


def first(value: float) -> Callable[[Any], Any]:
    def change(column: Any) -> Any:
        column.reshape(-1)[0] = value
        return column

    return change


def shorter(column: Any) -> Any:
    return column[:-1]


def longer(column: Any) -> Any:
    return np.concatenate([column, column[:1]])


NAN, INF = float("nan"), float("inf")
NUMBERS: dict[str, tuple[str, Callable[[Any], Any], str]] = {
    "a pull on no node": ("pulls/node", first(6), "pulls/node: 6 is no number of nodes, of which there are 6"),
    "a pull on a node before the first": ("pulls/node", first(-1), "pulls/node: -1 is no number of nodes"),
    "a pull of no image": ("pulls/image", first(99), "pulls/image: 99 is no number of images"),
    "a pull for no reason": ("pulls/reason", first(99), "pulls/reason: 99 is no number of reasons"),
    "a pull before a reason": ("pulls/reason", first(-2), "pulls/reason: -2 is no number of reasons"),
    "a fetch of no pull": ("fetches/pull", first(2**31 - 1), "fetches/pull: 2147483647 is no number of pulls"),
    "a fetch of no layer": ("fetches/layer", first(-(2**31)), "fetches/layer: -2147483648 is no number of layers"),
    "a fetch of another image's layer": ("fetches/layer", lambda one: (one + 1) % 3, "a layer is none of its pull's"),
    "a fetch from nowhere": ("fetches/source", first(7), "fetches/source: 7 is no number of sources"),
    "a fetch for no cause": ("fetches/cause", first(999), "fetches/cause: 999 is no number of causes"),
    "a fetch after none": ("fetches/freed_by", first(10**6), "fetches/freed_by: 1000000 is no number of fetches"),
    "an unpacking of no fetch": ("unpacks/fetch", first(-1), "unpacks/fetch: -1 is no number of fetches"),
    "an unpacking that never began": ("unpacks/started", first(NAN), "unpacks/started: a number is NaN"),
    "a pod of no pull": ("pods/pull", first(10**6), "pods/pull: 1000000 is no number of pulls"),
    "a pod of no workload": ("pods/workload", first(2), "pods/workload: 2 is no number of workloads"),
    "a pod on no node": ("pods/node", first(6), "pods/node: 6 is no number of nodes"),
    "a step of no pod": ("orchestration/steps/pod", first(999), "steps/pod: 999 is no number of pods"),
    "a step of no kind": ("orchestration/steps/cause", first(99), "steps/cause: 99 is no number of steps"),
    "a step after nothing": ("orchestration/steps/trigger", first(10**6), "trigger: a pod is none of the case's"),
    "a step after less": ("orchestration/steps/trigger", first(-2), "trigger: a number is"),
    "an old pod that went upon none": ("orchestration/old_pods/trigger", first(999), "a pod is none of the case's"),
    "an old pod of no workload": ("orchestration/old_pods/workload", first(5), "5 is no number of workloads"),
    "a change of two pods": ("orchestration/replicas/new", first(2), "new: a number is not between -1 and 1"),
    "a group of no scenario": ("node_group", first(7), "node_group: its nodes are not those of the groups"),
    "a node in another group": ("node_group", first(1), "node_group: its nodes are not those of the groups"),
    "bytes that are NaN": ("fetches/bytes_done", first(NAN), "fetches/bytes_done: a number is NaN"),
    "fewer bytes than none": ("fetches/bytes_done", first(-1.0), "fetches/bytes_done: a number is negative"),
    "endless bytes": ("fetches/bytes_done", first(INF), "fetches/bytes_done: a number is beyond 1e+30"),
    "bytes beyond all bounds": ("fetches/bytes_done", first(1e308), "fetches/bytes_done: a number is beyond 1e+30"),
    "hardly any bytes": ("fetches/bytes_done", first(5e-324), "a number is nearer to 0 than 1e-100"),
    "asked never": ("pulls/asked", first(NAN), "pulls/asked: a number is NaN"),
    "asked before the beginning": ("pulls/asked", first(-1.0), "pulls/asked: a number is negative"),
    "pulled in the end of days": ("pulls/pulled", first(INF), "pulls/pulled: a number is beyond 1e+30"),
    "pulled before the beginning": ("pulls/pulled", first(-INF), "pulls/pulled: a number is beyond 1e+30"),
    "fewer requests than none": ("pulls/requests", first(-1), "pulls/requests: a number is negative"),
    "a link without an end": ("shared_links/capacity", first(INF), "shared_links/capacity: a number is beyond"),
    "a link that is NaN": ("shared_links/bytes", first(NAN), "shared_links/bytes: a number is NaN"),
    "a link of fewer flows": ("shared_links/peak_flows", first(-5), "shared_links/peak_flows: a number is negative"),
    "a disk of fewer bytes": ("private_links/0/bytes", first(-5), "private_links/bytes: a number is negative"),
    "a disk of no node": ("private_links/0/node", first(6), "private_links/node: 6 is no number of nodes"),
    "times in two dimensions": ("pulls/asked", lambda one: one.reshape(-1, 1), "pulls/asked: it has two dimensions"),
    "nodes in two dimensions": ("pulls/node", lambda one: one.reshape(1, -1), "pulls/node: it has two dimensions"),
    "a pull less": ("pulls/asked", shorter, "pulls: its columns have several lengths"),
    "a pull more": ("pulls/failed", longer, "pulls: its columns have several lengths"),
    "no pulls": ("pulls/resolved", lambda one: one[:0], "pulls: its columns have several lengths: 0, "),
    "a fetch less": ("fetches/again", shorter, "fetches: its columns have several lengths"),
    "an unpacking more": ("unpacks/unpacked", longer, "unpacks: its columns have several lengths"),
    "a pod less": ("pods/ready", shorter, "pods: its columns have several lengths"),
    "a step less": ("orchestration/steps/ended", shorter, "steps: its columns have several lengths"),
    "a link less": ("shared_links/saturated", shorter, "shared_links: its columns have several lengths"),
    "readings of two numbers": ("background/bandwidth", lambda one: one[:, :2], "its rows are not of three numbers"),
    "readings in a row": ("background/bandwidth", lambda one: one.reshape(-1), "its rows are not of three numbers"),
    "readings of nothing": ("background/bandwidth", first(1.0), "a row is of nothing that is there"),
    "readings of a half": ("background/bandwidth", first(0.5), "a row is of nothing that is there"),
    "readings of NaN": ("background/bandwidth", first(NAN), "a row is of nothing that is there"),
    "readings of less than nothing": ("background/bandwidth", first(-1.0), "a row is of nothing that is there"),
}  # fmt: skip


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_that_no_result_has(name: str) -> None:
    path, change, words = NUMBERS[name]
    assert words in error_of(with_numbers(path, change))


# ---- what a path may lead to -----------------------------------------------------------------------------


def fifo(path: Path) -> None:
    os.mkfifo(path)


def round_link(path: Path) -> None:
    path.symlink_to(path)


def sparse(size: int, path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(size)


FILES: dict[str, tuple[str, Callable[[Path], Any], str]] = {
    "a folder": ("records.npz", Path.mkdir, "holds no records.npz"),
    "a pipe": ("records.npz", fifo, "it is a pipe, a socket or a device, no file"),
    "zeros without an end": ("records.npz", lambda one: one.symlink_to("/dev/zero"), "it is a pipe, a socket or a"),
    "nothing": ("records.npz", lambda one: one.symlink_to("/dev/null"), "it is a pipe, a socket or a device"),
    "a link to nothing": ("records.npz", lambda one: one.symlink_to("nowhere"), "does not exist"),
    "a link to itself": ("records.npz", round_link, "cannot be read: too many levels of symbolic links"),
    "4 TB of nothing": ("records.npz", partial(sparse, 4 << 40), "does not end like a zip archive"),
    "a folder in a folder": ("r/records.npz", lambda one: one.mkdir(parents=True), "it is a folder, no file"),
    "a pipe in a folder": ("r/records.npz", lambda one: (one.parent.mkdir(), fifo(one)), "it is a pipe"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_what_is_no_file(name: str, tmp_path: Path) -> None:
    where, make, words = FILES[name]
    make(tmp_path / where)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError) as caught:
        load(tmp_path / Path(where).parent if "/" in where else tmp_path / where)
    assert words in str(caught.value)
    assert "a result is a folder written by" in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_name_that_no_file_can_have() -> None:
    with pytest.raises(UsageError, match="cannot be read: file name too long"):
        load("x" * 5000)
    with pytest.raises(UsageError, match="does not exist"):
        load("a\0b")


COMPARISONS: dict[str, tuple[str | bytes, str]] = {
    "nothing": ("", "its JSON cannot be read"),
    "a list": ("[]", "does not name folders beside it"),
    "no scenarios": ("{}", "does not name folders beside it"),
    "none": ('{"scenarios": []}', "does not name folders beside it"),
    "a text": ('{"scenarios": "abc"}', "does not name folders beside it"),
    "numbers": ('{"scenarios": [1]}', "does not name folders beside it"),
    "names that are numbers": ('{"scenarios": [{"name": 1}]}', "does not name folders beside it"),
    "names that are null": ('{"scenarios": [{"name": null}]}', "does not name folders beside it"),
    "a folder above": ('{"scenarios": [{"name": ".."}]}', "does not name folders beside it"),
    "a folder elsewhere": ('{"scenarios": [{"name": "../../etc"}]}', "does not name folders beside it"),
    "a folder of the system": ('{"scenarios": [{"name": "/etc"}]}', "does not name folders beside it"),
    "no name": ('{"scenarios": [{"name": ""}]}', "does not name folders beside it"),
    "a name that steers": ('{"scenarios": [{"name": "\\u001b[2J"}]}', "does not name folders beside it"),
    "nested deep": ("[" * 200_000, "its JSON is nested too deep"),
    "not UTF-8": (b"\xff", "its JSON is not UTF-8"),
}  # fmt: skip


@pytest.mark.parametrize("name", COMPARISONS)
def test_a_comparison_that_names_no_folders(name: str, tmp_path: Path) -> None:
    text, words = COMPARISONS[name]
    path = tmp_path / "comparison.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    for attempt in (side_by_side, load):
        with pytest.raises(UsageError) as caught:
            attempt(tmp_path)
        assert words in str(caught.value)


def test_a_comparison_that_is_none(tmp_path: Path) -> None:
    fifo(tmp_path / "comparison.json")
    with pytest.raises(UsageError, match="it is a pipe"):
        side_by_side(tmp_path)
    (tmp_path / "comparison.json").unlink()
    sparse(1 << 40, tmp_path / "comparison.json")
    with pytest.raises(UsageError, match="it has 1,099,511,627,776 bytes, more than the 67,108,864 that are read"):
        side_by_side(tmp_path)


def test_parts_of_a_result_are_as_many_as_are_told(tmp_path: Path) -> None:
    every = (ARCHIVES, COLUMNS, TEXTS, VALUES, NUMBERS, FILES, COMPARISONS)
    assert sum(map(len, every)) >= 200
    assert isinstance(parts(result()), Parts)
    assert column_bytes(np.zeros(1)).startswith(b"\x93NUMPY")


PEERS = """\
rolloutsim: 1
nodes: {web: {count: 3, hosts: [swarm, registry], nic: 1 Gbit/s, disk: {rate: 1 GB/s, capacity: 40 GB}}}
network: 1 Gbit/s
images: {a: 10 MB}
peers: {swarm: {}}
workloads: {w: {images: a, replicas: 3}}
rollout: {startup: {min: 0 s, max: 1 s}}
"""


@cache
def of_peers() -> Run:
    return simulate(loads(PEERS).resolve())


# A change of the records of a case, and what is said of it.
UNRELATED: dict[str, tuple[Callable[[CaseRecords], CaseRecords], str]] = {
    "other sources": (lambda case: replace(case, sources=("registry", "nobody")), "its sources are not those of"),
    "no peers": (lambda case: replace(case, sources=("registry",)), "its sources are not those of"),
    "random by nothing": (lambda case: replace(case, drawn=("dice",)), "'dice' is nothing that is random"),
    "an answer that is none": (
        lambda case: replace(case, orchestration=replace(case.orchestration, refusals=replace(
            case.orchestration.refusals, status=np.full_like(case.orchestration.refusals.status, 100)))),
        "a status is no answer",
    ),
    "a disk of nothing": (
        lambda case: replace(case, orchestration=replace(case.orchestration, disks=replace(
            case.orchestration.disks, capacity=np.zeros_like(case.orchestration.disks.capacity)))),
        "a disk has no capacity",
    ),
    "a pull that asked nobody": (
        lambda case: replace(case, pulls=replace(case.pulls, requests=np.zeros_like(case.pulls.requests))),
        "a pull asked more often than it did",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", UNRELATED)
def test_records_that_do_not_belong_together(name: str) -> None:
    change, message = UNRELATED[name]
    run = of_peers()
    assert message in error_of(to_bytes(Outcome(replace(run, cases=tuple(map(change, run.cases))))))
