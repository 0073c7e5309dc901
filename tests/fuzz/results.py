"""Files of results that are damaged or made up: an error of one line, or a result that commands can work with."""

from __future__ import annotations

import json
import os
import warnings
import zipfile
from functools import cache
from io import BytesIO
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rolloutsim.errors import RolloutsimError
from rolloutsim.results.outcome import Outcome, figures_of
from rolloutsim.results.store import from_bytes, load, to_bytes
from rolloutsim.scenario import loads
from rolloutsim.simulation import simulate
from tests.fuzz.uses import use
from tests.fuzz.valid import valid

if TYPE_CHECKING:
    from collections.abc import Callable

Array = npt.NDArray[Any]

METADATA = "metadata.json"

# One with each part that records can have; others are drawn.
FULL = (
    """\
rolloutsim: 1
nodes: {web: {count: 4, racks: [r1, r2], nic: 10 Gbit/s, disk: 400 MB/s}, gpu: {count: 2, nic: 10 Gbit/s}}
network: {racks: {uplink: 40 Gbit/s}, links: {wan: {capacity: 1 Gbit/s, latency: 18 ms}}}
registries: {hub: {uplink: 10 Gbit/s, via: [wan], rate_limit: 100/min}}
images: {api: {layers: [40 MB, 20 MB]}, log: 12 MB}
workloads: {payments: {images: [api], replicas: 8}, agent: {images: [log], daemonset: true}}
rollout: {strategy: rolling, startup: {p50: 4 s, p95: 9 s}}
background: {shop: {links: [wan], rate: 100 Mbit/s}}
failures: {crash: {node: web-003, at: 10 s, back_after: 20 s}}
thresholds: {rollout_time: max < 60 s}
""",
    """\
rolloutsim: 1
nodes: {web: {count: 4, hosts: [swarm, registry]}, gpu: {count: 2, snapshotter: stargz}}
network: 1 Gbit/s
images: {a: {layers: [10 MB, 30 MB]}, b: 5 MB}
peers: {swarm: {}}
""",
    """\
rolloutsim: 1
nodes:
  web: {count: 4, nic: 10 Gbit/s, racks: [r1, r2], hosts: [rack-cache, registry], disk: {rate: 4 GB/s, capacity: 40 GB}}
network: {buffer: 20 ms, racks: {uplink: 40 Gbit/s}}
registry: {uplink: 2 Gbit/s}
caches: {rack-cache: {in: rack, profile: nexus, uplink: 9 Gbit/s}}
images: {api: {layers: [70 MB, 40 MB, 9 MB]}, old: 30 MB}
workloads: {api: {images: api, replicas: 8, startup: 3 s}}
rollout: {strategy: rolling}
prepulls: {night: {images: api, by: image_pull_job, parallelism: 2, at: -10m, rate: 500 Mbit/s}}
background: {shop: {links: [registry.uplink], request: {size: 50 kB, every: 1 s}}}
pushes: {ci: {images: [api], link: 1 Gbit/s}}
failures: {flaky: {registry: registry, flaky: 20%}}
""",
    """\
rolloutsim: 1
nodes: {web: {count: 6, hosts: [swarm, registry]}}
network: 1 Gbit/s
images: {a: {layers: [40 MB, 30 MB]}}
peers: {swarm: {}}
""",
    "{rolloutsim: 1, name: one, model: ideal, nodes: 3, network: 1 Gbit/s, images: {a: 10 MB}}",
)
DRAWN = 24  # more results that are changed
USED = 3  # ways in which one that is read is used

ODD = (
    None, True, False, 0, -1, 1, 2, 7, 2**31, 2**63, -(2**63), 10**400, 0.5, -0.5, 1e30, 1e308, 5e-324, "", "x", "web",
    "a\x1b[31m", "\ud800", "../../x", "nan", [], {}, [None], [[]], [1, 2, 3], ["a"], {"a": 1}, {"$array": "nowhere"},
    {"$array": "run/cases/0/pulls/node"}, {"$array": ["x"]}, {"$array": None}, {"$float": "nan"}, {"$float": "inf"},
    {"$float": "-inf"}, {"$float": "1e5"}, {"$float": 3}, {"$map": []}, {"$map": {}}, {"$map": [["a"]]},
    {"$map": [["a", 1], ["a", 2]]}, {"$map": [[1, 2]]}, {"$type": "Nothing"}, {"$type": ["x"]},
)  # fmt: skip
NUMBERS = (-1, 0, 1, 2, 5, 100, 32767, -32768, 2**31 - 1, -(2**31))
FLOATS = (0.0, -0.0, 1.0, -1.0, 1e-9, 5e-324, 1e9, 1e29, 1e300, float("nan"), float("inf"), float("-inf"))


class Parts(NamedTuple):
    """What is in a result: its JSON, and its columns."""

    metadata: Any
    columns: dict[str, Array]


@cache
def originals() -> tuple[bytes, ...]:
    """Results as they are written."""
    found = []
    for number in range(len(FULL) + DRAWN):
        is_drawn = number >= len(FULL)
        text = json.dumps(valid(Random(f"result {number}"), odd=0.0)) if is_drawn else FULL[number]
        try:
            run = simulate(loads(text).resolve())
            figures = figures_of(run)
        except Exception:
            if is_drawn:  # what those cases end with is asked elsewhere
                continue
            raise
        several = (figures,) * 3
        found.append(to_bytes(Outcome(run, *(((), ()), (several, ()), ((), several))[number % 3])))
    return tuple(found)


@cache
def original(number: int) -> Outcome:
    """One of them, read."""
    return from_bytes(originals()[number])


def parts(content: bytes) -> Parts:
    """What is in a result, to be changed."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        columns = {
            name[:-4]: np.lib.format.read_array(BytesIO(archive.read(name)))
            for name in archive.namelist()
            if name != METADATA
        }
        return Parts(json.loads(archive.read(METADATA)), columns)


def column_bytes(column: Array) -> bytes:
    """A column as NumPy writes it, objects included."""
    out = BytesIO()
    np.lib.format.write_array(out, column, allow_pickle=True)
    return out.getvalue()


def packed(members: list[tuple[str, bytes]], how: int = zipfile.ZIP_STORED) -> bytes:
    """An archive of these members."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", how) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that are there twice
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, how)
    return out.getvalue()


def members_of(found: Parts) -> list[tuple[str, bytes]]:
    """The members of the archive of a result."""
    return [
        (METADATA, json.dumps(found.metadata).encode()),
        *((f"{name}.npy", column_bytes(column)) for name, column in found.columns.items()),
    ]


def check(number: int) -> None:
    """One file."""
    random = Random(f"results {number}")
    which = random.randrange(len(originals()))
    content = random.choice((_bytes, _archive, _headers, _json, _json, _json, _columns, _columns, _columns))(
        random, originals()[which]
    )
    try:
        outcome = _read(random, content)
    except RolloutsimError as error:
        check_words(str(error))
        return
    for _ in range(USED):
        use(random, outcome, original(which))


def check_words(words: str) -> None:
    """Whether an error is one clear line."""
    assert words.isprintable(), f"the error is no clear line: {words[:200]!r}"
    assert len(words) < 2000, f"the error is too long: {words[:200]!r}"


def _read(random: Random, content: bytes) -> Outcome:
    """What is in the bytes, now and then by way of a file."""
    if random.random() < 0.8:
        return from_bytes(content)
    with TemporaryDirectory() as folder:
        path = Path(folder, random.choice(("records.npz", "x.npz")))
        path.write_bytes(content)
        if random.random() < 0.2:
            os.symlink(path, path.with_name("link.npz"))
            path = path.with_name("link.npz")
        return load(path)


def _bytes(random: Random, content: bytes) -> bytes:
    """Some bytes changed, put in, taken out, or doubled."""
    changed = bytearray(content)
    for _ in range(random.choice((1, 1, 2, 5, 50))):
        # The end and the beginning of an archive say most.
        place = random.choice((random.randrange(len(changed)), max(0, len(changed) - random.randrange(1, 200)),
                               random.randrange(min(200, len(changed)))))  # fmt: skip
        how = random.randrange(4)
        if how == 0:
            changed[place] = random.choice((0, 1, 0xFF, random.randrange(256)))
        elif how == 1:
            changed[place:place] = random.randbytes(random.choice((1, 4, 100)))
        elif how == 2:
            del changed[place : place + random.choice((1, 4, 100, 10_000))]
        else:
            changed[place : place + 4] = random.choice((b"\xff" * 4, b"\0" * 4, b"\x80\0\0\0", b"\0\0\0\x80"))
        if not changed:
            return b""
    return bytes(changed)


def _archive(random: Random, content: bytes) -> bytes:
    """The archive put together otherwise."""
    members = members_of(parts(content))
    how = random.randrange(7)
    place = random.randrange(len(members))
    name, inside = members[place]
    if how == 0:
        members.append(members[place])
    elif how == 1:
        del members[place]
    elif how == 2:
        odd = (
            "../x.npy",
            "/etc/x.npy",
            "x.exe",
            "",
            "a\x1b.npy",
            "\ud7ff.npy",
            "a" * 5000 + ".npy",
            ".npy",
            "x\\y.npy",
        )
        members[place] = (random.choice(odd), inside)
    elif how == 3:
        members[place] = (name, inside[: random.randrange(len(inside) + 1)])
    elif how == 4:
        members[place] = (name, random.choice((b"", b"{}", b"[]", b"null", b"\xff\xfe", b"\0" * 1000, b"[" * 200_000)))
    elif how == 5:
        members[place] = (name, members[random.randrange(len(members))][1])
    return packed(
        members, random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
    )


def _headers(random: Random, content: bytes) -> bytes:
    """A column with another header."""
    members = members_of(parts(content))
    place = random.randrange(1, len(members))
    name, inside = members[place]
    kind = random.choice(
        ("<f8", ">f8", "<i4", "|O", "|b1", "<c16", "<M8[s]", "<U5", "|S9", "<f2", "|V8", "[('a', '<i4')]")
    )
    shape = random.choice(
        ("()", "(3,)", "(1000000000000,)", "(-1,)", "(2, 3)", "(0,)", "(1, 2, 3)", "(9" * 40 + ",)", "(1e3,)")
    )
    order = random.choice(("False", "True", "None", "__import__('os')"))
    header = f"{{'descr': '{kind}', 'fortran_order': {order}, 'shape': {shape}, }}".encode()
    header += b" " * random.choice((0, 10, 100_000)) + b"\n"
    version = random.choice((b"\x01\x00", b"\x01\x00", b"\x02\x00", b"\x03\x00", b"\x09\x09"))
    size = len(header).to_bytes(2 if version == b"\x01\x00" and len(header) < 65536 else 4, "little")
    members[place] = (name, b"\x93NUMPY" + version + size + header + inside[128:])
    return packed(members)


def _json(random: Random, content: bytes) -> bytes:
    """Values of the JSON changed, taken out, put in other places."""
    found = parts(content)
    for _ in range(random.choice((1, 1, 1, 2, 5))):
        _change(random, _somewhere(random, found.metadata))
    return packed(members_of(found))


def _somewhere(random: Random, metadata: Any) -> Any:
    """All of the JSON, or a part of it that says much."""
    try:
        run = metadata["run"]
        return random.choice((metadata, run, run["scenario"], run["scenario"], *run["cases"], metadata["replications"]))
    except (KeyError, TypeError, IndexError):
        return metadata


def _change(random: Random, value: Any) -> None:
    """One value somewhere in a JSON value, changed."""
    above: Any = None
    key: Any = None
    while isinstance(value, (dict, list)) and value and (above is None or random.random() < 0.95):
        above, key = value, random.choice(list(value) if isinstance(value, dict) else range(len(value)))
        value = value[key]
    if above is None:
        return
    how = random.randrange(8)
    if how < 3:
        above[key] = random.choice(ODD)
    elif how == 3:
        del above[key]
    elif how == 4 and isinstance(above, list):
        above.append(above[key])
    elif how == 4:
        above[random.choice(("x", "$type", "$array", "$float", "$map", "a\x1b"))] = above.pop(key)
    elif how == 5:
        other = random.choice(list(above) if isinstance(above, dict) else range(len(above)))
        above[key], above[other] = above[other], above[key]
    elif how == 6 and isinstance(value, str):
        above[key] = random.choice((value + "x", value[:-1], value.upper(), value * 50, json.dumps(value)))
    elif how == 7 and isinstance(value, (int, float)) and not isinstance(value, bool):
        factor = random.choice((1e6, 1e-6, 1e30)) if abs(value) < 1e200 else 1  # a whole number may be beyond doubles
        above[key] = random.choice((-value, value + 1, value - 1, value * factor, int(value)))
    else:
        nested: Any = random.choice(ODD)
        for _ in range(random.choice((1, 5, 50, 150))):
            nested = random.choice(([nested], {"a": nested}))
        above[key] = nested


def _columns(random: Random, content: bytes) -> bytes:
    """Columns changed: single values, all of them, their length or type."""
    found = parts(content)
    names = sorted(found.columns)
    filled = [name for name in names if found.columns[name].size] or names
    for _ in range(random.choice((1, 1, 1, 2, 5))):
        name = random.choice(filled)
        found.columns[name] = random.choice(_OF_A_COLUMN)(random, found.columns[name])
        if random.random() < 0.1:
            one, other = random.choice(names), random.choice(names)
            found.columns[one], found.columns[other] = found.columns[other], found.columns[one]
    return packed(members_of(found))


def _some_values(random: Random, column: Array) -> Array:
    changed = column.copy().reshape(-1)
    if column.dtype == object:
        return column
    for _ in range(random.choice((1, 1, 2, 10))):
        if changed.size:
            kind = changed.dtype.kind
            value = (
                random.choice(FLOATS)
                if kind == "f"
                else random.random() < 0.5
                if kind == "b"
                else random.choice(NUMBERS)
            )
            if kind in "iu":
                value = max(np.iinfo(changed.dtype).min, min(np.iinfo(changed.dtype).max, int(value)))
            changed[random.randrange(changed.size)] = value
    return changed.reshape(column.shape)


def _all_values(random: Random, column: Array) -> Array:
    changed = _some_values(random, column)
    if changed.size:
        changed[...] = changed.reshape(-1)[random.randrange(changed.size)]
    return changed


def _shuffled(random: Random, column: Array) -> Array:
    order = list(range(len(column)))
    random.shuffle(order)
    return column[order]


def _near_by(random: Random, column: Array) -> Array:
    """Values a little different, so that they stay what they could be."""
    if column.dtype.kind != "f" or not column.size:
        return _shuffled(random, column)
    changed: Array = column.copy()
    flat = changed.reshape(-1)
    place = random.randrange(flat.size)
    flat[place] = random.choice((flat[place] * 2, flat[place] / 2, flat[place] + 1, 0.0, flat[place] * (1 + 1e-15)))
    return changed


def _other_length(random: Random, column: Array) -> Array:
    return random.choice(
        (column[:-1], column[:0], np.concatenate([column, column]), np.concatenate([column, column[:1]]))
    )


def _other_type(random: Random, column: Array) -> Array:
    dtypes = ("<f8", "<f4", "<i4", "<i8", "<i2", ">i4", ">f8", "|b1", "<c16", "<u8", "|O", "<U3")
    with np.errstate(all="ignore"):
        return column.astype(random.choice(dtypes))


def _other_shape(random: Random, column: Array) -> Array:
    return random.choice((column.reshape(-1), column.reshape(1, -1), column.reshape(-1, 1), np.asarray(1.0)))


_OF_A_COLUMN: tuple[Callable[[Random, Array], Array], ...] = (
    _some_values, _some_values, _some_values, _all_values, _shuffled, _near_by, _near_by, _other_length, _other_type,
    _other_shape,
)  # fmt: skip
