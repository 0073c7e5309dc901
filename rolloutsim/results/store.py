"""A run as one file, `records.npz`, and back: everything that was simulated, to be looked at again later.

The file is a zip archive. `metadata.json` holds the format's version and the run as JSON, in which each array is named;
the arrays lie beside it as `<name>.npy`, so that `numpy.load` reads them as well. Nothing in it is executed when it is
read. The same run gives the same bytes.

Dataclasses are written as plain JSON values, and read back by their type hints. One is an object of its fields, a tuple
a list, a mapping an object; an array is `{"$array": name}` and stands beside it by that name, which is its path
(`cases/0/pulls/asked`). A number that JSON does not know is `{"$float": "nan"}`. Where a hint allows several
dataclasses, `$type` says which it is. A mapping with a key that begins with `$` is `{"$map": [[key, value], ...]}`. A
field whose metadata say `unless_empty` is left out where it is.

On the way back a field that is missing, or null where it cannot be, takes its default, and one that the dataclass does
not know (any more) is left out: what was added or taken away since does not make an old file unreadable. One that has
another name since is found by what its metadata say that it `was`.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping, MutableMapping
from dataclasses import MISSING, fields, is_dataclass, replace
from functools import cache
from io import BytesIO
from math import isfinite
from pathlib import Path
from types import UnionType
from typing import IO, Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt

from rolloutsim.errors import UnreadableError, UsageError
from rolloutsim.results import archive, sound
from rolloutsim.results.archive import CONTROL, shown
from rolloutsim.results.facts.columns import codes
from rolloutsim.results.facts.records import CaseRecords, Run
from rolloutsim.results.files import COMPARISON, RECORDS, reason
from rolloutsim.results.outcome import Outcome, Replication
from rolloutsim.scenario.routes import routes
from rolloutsim.structs import struct

Array = npt.NDArray[Any]

FORMAT = "rolloutsim.records/1"

_RESULT = "result.json"
_METADATA = "metadata.json"
_NOT_FINITE = ("nan", "inf", "-inf")
_LARGEST = 2**63  # what fits into 64 bits with a sign
_DEEPEST = 40  # steps of a path (assumed: results need 14)
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip archive can hold
_LEVEL = 1  # the columns shrink to a third; higher levels take longer and save no more (measured at 10,000 nodes)
_WHAT = "a result is a folder written by `rolloutsim run FILE -o DIR`, or the records.npz or result.json in it"


def load(path: str | Path) -> Outcome:
    """Read a run, and the figures of its replications where there are several.

    Parameters
    ----------
    path : str or pathlib.Path
        A folder written by `rolloutsim run -o`, the result.json in it, or the file itself.

    Raises
    ------
    UsageError
        If that is no result.
    """
    try:
        file = _located(Path(path))
        with archive.open_file(file) as stream:
            return _read(stream)
    except OSError as error:
        raise UsageError(f"'{path}' cannot be read: {reason(error)}; {_WHAT}") from None
    except UnreadableError as error:
        raise UsageError(f"'{file}' is no result that can be read: {error}; {_WHAT}") from None


def side_by_side(path: str | Path) -> dict[str, Path]:
    """The folders of results that `rolloutsim run -o` wrote side by side, by the names of the variants; empty: none."""
    file = Path(path, COMPARISON)
    if not os.path.exists(file):
        return {}
    try:
        document = archive.json_file(file)
    except OSError as error:
        raise UsageError(f"'{file}' cannot be read: {reason(error)}; {_WHAT}") from None
    except UnreadableError as error:
        raise UsageError(f"'{file}' cannot be read: {error}; {_WHAT}") from None
    rows = document.get("scenarios") if isinstance(document, dict) else None
    named = [row.get("name") if isinstance(row, dict) else None for row in rows] if isinstance(rows, list) else []
    names = [name for name in named if isinstance(name, str) and _is_folder(name)]
    if not names or len(names) < len(named):
        raise UsageError(f"'{file}' does not name folders beside it, each as `name` in `scenarios`; {_WHAT}")
    return {name: file.parent / name for name in names}


def _is_folder(name: str) -> bool:
    """Whether a name is that of a folder beside a file, and leads nowhere else."""
    return bool(name) and name not in (".", "..") and not CONTROL.search(name) and not set(name) & set("/\\\0")


def is_result(path: str | Path) -> bool:
    """Whether a path names a result rather than a scenario file: a folder, or a file that ends like one."""
    return os.path.isdir(path) or Path(path).suffix in (".npz", ".json")


def to_bytes(outcome: Outcome) -> bytes:
    """A run, and the figures of its replications, as the content of its file."""
    arrays: dict[str, Array] = {}
    metadata = {
        "format": FORMAT,
        "run": to_plain(outcome.run, arrays, "run"),
        "replications": to_plain(outcome.replications, arrays, "replications"),
    }
    if outcome.draws:
        metadata["draws"] = to_plain(outcome.draws, arrays, "draws")
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        _add(archive, _METADATA, json.dumps(metadata, ensure_ascii=False, allow_nan=False).encode())
        for name in sorted(arrays):
            column = BytesIO()
            np.lib.format.write_array(column, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            _add(archive, f"{name}.npy", column.getvalue())
    return content.getvalue()


def from_bytes(content: bytes) -> Outcome:
    """What `to_bytes` was given.

    Raises
    ------
    UnreadableError
        If it is none, or of another format.
    """
    return _read(BytesIO(content))


def _read(stream: IO[bytes]) -> Outcome:
    metadata, arrays = archive.read(stream, _METADATA)
    if not isinstance(metadata, dict):
        raise UnreadableError(f"its {_METADATA} is no object")
    if metadata.get("format") != FORMAT:
        raise UnreadableError(f"its format is {shown(metadata.get('format'))}, and this version reads {FORMAT}")
    _put_refusals_together(metadata.get("run"), arrays)
    run: Run = from_plain(metadata.get("run"), Run, arrays, "run")
    sound.check_scenario(run)
    cases = tuple(case if case.sources else _with_sources(run, case) for case in map(_with_commits, run.cases))
    run = replace(run, cases=cases)
    replications, draws = (
        from_plain(metadata.get(name, []), tuple[Replication, ...], arrays, name) for name in ("replications", "draws")
    )
    sound.check_records(run)
    sound.check_replications(run, replications, "replications")
    sound.check_replications(run, draws, "draws")
    return Outcome(run, replications, draws)


def _put_refusals_together(run: Any, arrays: dict[str, Array]) -> None:
    """Turn the refusals of a file that has a row for each of them into those of one that counts them."""
    for number, case in enumerate(_inside(run, "cases", [])):
        refusals = _inside(_inside(case, "orchestration", {}), "refusals", {})
        path = f"run/cases/{number}/orchestration/refusals"
        fetch, again = arrays.get(f"{path}/fetch"), arrays.get(f"{path}/again")
        if fetch is None or again is None or fetch.shape != again.shape or fetch.dtype.kind + again.dtype.kind != "ib":
            continue
        count = np.ones(len(fetch), np.int64)
        new = {"layer": fetch >= 0, "count": count, "again": again.astype(np.int64), "width": np.zeros(len(fetch)),
               "unanswered": fetch[(fetch >= 0) & ~again]}  # fmt: skip
        for name, column in new.items():
            arrays[f"{path}/{name}"] = column
            refusals[name] = {"$array": f"{path}/{name}"}


def _inside(plain: Any, key: str, missing: Any) -> Any:
    """What an object that may be none has under a key, if that is of the same type as what stands for it."""
    found = plain.get(key) if isinstance(plain, dict) else None
    return found if isinstance(found, type(missing)) else missing


def _with_commits(case: CaseRecords) -> CaseRecords:
    """A case of a file that is older than commits, when a layer was on the disk with its last byte."""
    if len(case.fetches.committed):
        return case
    return replace(case, fetches=replace(case.fetches, committed=case.fetches.fetched))


def _with_sources(run: Run, case: CaseRecords) -> CaseRecords:
    """A case of a file that is older than sources, when all layers came from the registry of their image."""
    sound.check_sources(case)
    sources = tuple(run.scenario.registries)
    of_image = np.array([sources.index(image.registry) for image in case.images], np.int32)
    source = np.where(np.isnan(case.fetches.started), -1, of_image[case.pulls.image[case.fetches.pull]])
    fetches = replace(case.fetches, source=codes(source))
    of_scenario = next(one for one in run.scenario.cases if one.name == case.name)
    return replace(case, fetches=fetches, sources=sources, routes=tuple(routes(run.scenario, of_scenario)))


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    member = zipfile.ZipInfo(name, _LONG_AGO)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.create_system = 3  # Unix, wherever it is written
    member.external_attr = 0o644 << 16
    archive.writestr(member, content, compresslevel=_LEVEL)


def _located(path: Path) -> Path:
    """The file that a path means."""
    if os.path.isdir(path):
        if not os.path.exists(path / RECORDS) and (several := side_by_side(path)):
            one_of = ", ".join(map(str, several.values()))
            raise UsageError(f"'{path}' holds the results of several variants; name one of them: {one_of}")
        if not os.path.exists(path / RECORDS):
            raise UsageError(f"'{path}' holds no {RECORDS}; {_WHAT}")
        return path / RECORDS
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):  # the last: of a name with a null byte
        raise UsageError(f"'{path}' does not exist; {_WHAT}") from None
    if path.suffix == ".json":
        beside = path.with_name(RECORDS)
        if path.name != _RESULT or not os.path.exists(beside):
            raise UsageError(f"'{path}' has no {RECORDS} beside it; {_WHAT}")
        return beside
    if path.suffix in (".yaml", ".yml"):
        raise UsageError(f"'{path}' is no result but a scenario: 'rolloutsim run {path} -o DIR' makes one")
    if path.suffix in (".sqlite", ".sqlite3", ".db"):
        raise UsageError(f"'{path}' is no result but a sweep, which rolloutsim.Sweep.read reads")
    if path.suffix != ".npz":
        raise UsageError(f"'{path}' is no result; {_WHAT}")
    return path


def to_plain(value: Any, arrays: MutableMapping[str, Array], path: str = "") -> Any:
    """A value as JSON knows it.

    Parameters
    ----------
    value : object
        A dataclass, tuple, mapping with text as keys, array, text, number, boolean or None.
    arrays : mutable mapping
        Takes the arrays found in it, by path.
    path : str
        Where the value stands.

    Raises
    ------
    TypeError
        If it holds anything else.
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return float(value) if isfinite(value) else {"$float": repr(float(value))}
    if isinstance(value, np.ndarray):
        arrays[path] = value
        return {"$array": path}
    if isinstance(value, np.generic):
        return to_plain(value.item(), arrays, path)
    if is_dataclass(value) and not isinstance(value, type):
        every = ((field, getattr(value, field.name)) for field in fields(value))
        named = {field.name: item for field, item in every if not _is_left_out(field.metadata, item)}
        return {"$type": type(value).__name__} | _object(named, arrays, path)
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        if any(key.startswith("$") for key in value):
            return {"$map": [[key, to_plain(item, arrays, _below(path, key))] for key, item in value.items()]}
        return _object(value, arrays, path)
    if isinstance(value, (tuple, list)):
        if all(type(item) is str for item in value):
            return list(value)
        return [to_plain(item, arrays, _below(path, str(i))) for i, item in enumerate(value)]
    raise TypeError(f"{path or 'the value'} is of type {type(value).__name__}, which a result cannot hold")


def from_plain(plain: Any, hint: Any, arrays: Mapping[str, Array], path: str = "") -> Any:
    """The value that `to_plain` was given; its type is `hint`, a dataclass or the type hint of one's field.

    Raises
    ------
    UnreadableError
        If a field without a default is missing, or a value is of another type than its hint.
    """
    form = _form(hint)
    if isinstance(plain, dict):
        return _from_object(plain, form, arrays, path)
    if isinstance(plain, list):
        return _from_list(plain, form, arrays, path)
    if plain is None:
        fits = form.anything or form.null
    elif isinstance(plain, str):
        fits = form.anything or str in form.plain or plain in form.words
        if fits and not plain.isprintable() and CONTROL.search(plain):
            raise UnreadableError(f"{shown(path)} has control characters: '{shown(plain)}'")
    elif isinstance(plain, bool):
        fits = form.anything or bool in form.plain
    elif isinstance(plain, int):
        fits = (form.anything or int in form.plain or float in form.plain) and -_LARGEST <= plain < _LARGEST
    else:
        fits = (form.anything or float in form.plain) and isfinite(plain)
    if not fits:
        raise UnreadableError(f"{shown(path)}: {_brief(plain)} stands where {form.expected} should")
    return plain


def _from_object(plain: dict[str, Any], form: _Form, arrays: Mapping[str, Array], path: str) -> Any:
    if "$array" in plain:
        return _array(plain, form, arrays, path)
    if "$float" in plain:
        word = plain["$float"]
        if not (form.anything or float in form.plain) or len(plain) > 1 or word not in _NOT_FINITE:
            raise UnreadableError(f"{shown(path)}: {_brief(plain)} stands where {form.expected} should")
        return float(word)
    if form.dataclasses:
        name = plain.get("$type")
        one = next((one for one in form.dataclasses if one.__name__ == name), form.dataclasses[0])
        return _built(one, plain, arrays, path)
    inner = Any if form.anything else form.inner
    if inner is None:
        raise UnreadableError(f"{shown(path)}: an object stands where {form.expected} should")
    pairs = list(plain.items()) if "$map" not in plain else _pairs(plain["$map"], path)
    if path.count("/") > _DEEPEST:
        raise UnreadableError(f"{shown(path)} is nested too deep")
    if any(CONTROL.search(key) for key, _ in pairs):
        raise UnreadableError(f"{shown(path)} has a key with control characters")
    return {key: from_plain(item, inner, arrays, _below(path, key)) for key, item in pairs}


def _pairs(plain: Any, path: str) -> list[tuple[str, Any]]:
    """The keys and values of a mapping that is written as a list."""
    is_list = isinstance(plain, list) and all(
        isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) for pair in plain
    )
    if not is_list or len({key for key, _ in plain}) < len(plain):
        raise UnreadableError(f"{shown(path)}: its '$map' is no list of keys with their values, each once")
    return [(key, value) for key, value in plain]


def _from_list(plain: list[Any], form: _Form, arrays: Mapping[str, Array], path: str) -> tuple[Any, ...]:
    hints = (Any,) * len(plain) if form.anything else (form.item,) * len(plain) if form.item is not None else form.items
    if hints is None or len(hints) != len(plain):
        raise UnreadableError(f"{shown(path)}: a list of {len(plain):,} stands where {form.expected} should")
    if form.item is str:  # names of thousands of nodes
        text = "".join(plain) if all(type(item) is str for item in plain) else None
        if text is not None and (text.isprintable() or not CONTROL.search(text)):
            return tuple(plain)
    if path.count("/") > _DEEPEST:
        raise UnreadableError(f"{shown(path)} is nested too deep")
    each = enumerate(zip(plain, hints, strict=True))
    return tuple(from_plain(item, inner, arrays, _below(path, str(i))) for i, (item, inner) in each)


def _array(plain: dict[str, Any], form: _Form, arrays: Mapping[str, Array], path: str) -> Array:
    """A column, in the type that it has in a record."""
    name = plain["$array"]
    if not isinstance(name, str) or len(plain) > 1 or name not in arrays:
        raise UnreadableError(f"{shown(path)}: its column is missing")
    column = arrays[name]
    if form.anything or column.dtype in form.columns:
        return column
    whole = max((one for one in form.columns if one.kind == "i"), key=lambda one: one.itemsize, default=None)
    if whole is not None and column.dtype.kind == "i":
        if not column.size or (np.iinfo(whole).min <= column.min() and column.max() <= np.iinfo(whole).max):
            return column.astype(whole)
        raise UnreadableError(f"{shown(path)}: its column has numbers that are too large for it")
    raise UnreadableError(f"{shown(path)}: a column of {column.dtype} stands where {form.expected} should")


def _brief(plain: Any) -> str:
    """A value of JSON in an error."""
    if isinstance(plain, dict):
        return "'$float'" if "$float" in plain else "an object"
    return shown(json.dumps(plain, ensure_ascii=False))


def _is_left_out(metadata: Mapping[Any, Any], item: Any) -> bool:
    """Whether a field says that a value like this one is not written down."""
    return bool(metadata.get("unless_empty") and not item) or bool(metadata.get("unless_none") and item is None)


def _object(named: Mapping[str, Any], arrays: MutableMapping[str, Array], path: str) -> dict[str, Any]:
    return {key: to_plain(item, arrays, _below(path, key)) for key, item in named.items()}


def _built(dataclass: Any, plain: Mapping[str, Any], arrays: Mapping[str, Array], path: str) -> Any:
    hints = _hints(dataclass)
    values: dict[str, Any] = {}
    for field in fields(dataclass):
        if not field.init:
            continue
        name = field.name if field.name in plain else field.metadata.get("was", field.name)
        has_default = field.default is not MISSING or field.default_factory is not MISSING
        can_be_null = name in plain and type(None) in get_args(hints[field.name])
        if has_default and plain.get(name) is None and not can_be_null:
            continue
        if name in plain:
            values[field.name] = from_plain(plain[name], hints[field.name], arrays, _below(path, name))
        else:
            raise UnreadableError(f"{shown(_below(path, field.name))} is missing")
    return dataclass(**values)


@struct
class _Form:
    """What a hint allows.

    Parameters
    ----------
    anything : bool
        Whatever JSON and arrays can hold.
    null : bool
        None.
    plain : frozenset of type
        Of `str`, `int`, `float`, `bool`.
    words : frozenset of str
        These alone.
    columns : tuple of numpy.dtype
        Arrays of these.
    dataclasses : tuple of type
        Objects of their fields.
    inner : hint or None
        An object whose values are of this hint.
    item : hint or None
        A list whose items are all of this hint.
    items : tuple of hint or None
        A list of just these.
    """

    anything: bool = False
    null: bool = False
    plain: frozenset[Any] = frozenset()
    words: frozenset[Any] = frozenset()
    columns: tuple[np.dtype[Any], ...] = ()
    dataclasses: tuple[Any, ...] = ()
    inner: Any = None
    item: Any = None
    items: tuple[Any, ...] | None = None

    @property
    def expected(self) -> str:
        """In words."""
        kinds = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
        found = [words for kind, words in kinds.items() if kind in self.plain]
        found += [f"one of {', '.join(map(repr, sorted(self.words)))}"] if self.words else []
        found += [f"a column of {self.columns[0]}"] if self.columns else []
        found += ["an object"] if self.dataclasses or self.inner is not None else []
        found += ["a list"] if self.item is not None else []
        found += [f"a list of {len(self.items)}"] if self.items is not None else []
        return " or ".join([*found, *(["null"] if self.null else [])])


@cache
def _form(hint: Any) -> _Form:
    """What a hint allows; TypeError for one that no record has."""
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    found = _Form()
    for option in options:
        origin, arguments = get_origin(option), get_args(option)
        if option is Any:
            found = replace(found, anything=True)
        elif option is type(None):
            found = replace(found, null=True)
        elif option in (str, int, float, bool):
            found = replace(found, plain=found.plain | {option})
        elif origin is Literal:
            found = replace(found, words=found.words | set(arguments))
        elif origin is np.ndarray:
            found = replace(found, columns=(*found.columns, np.dtype(get_args(arguments[1])[0])))
        elif is_dataclass(option):
            found = replace(found, dataclasses=(*found.dataclasses, option))
        elif origin in (dict, Mapping):
            found = replace(found, inner=arguments[1])
        elif origin is tuple and arguments[-1] is Ellipsis:
            found = replace(found, item=arguments[0])
        elif origin is tuple:
            found = replace(found, items=arguments)
        else:
            raise TypeError(f"a record has a field of type {option}, which a result cannot hold")
    return found


@cache
def _hints(dataclass: Any) -> Mapping[str, Any]:
    """The type hints of a dataclass's fields, also of those that `metrics` does not import for bare pulls."""
    from rolloutsim.results.load.disks import DiskSummary
    from rolloutsim.results.load.lazy import LazySummary
    from rolloutsim.results.load.peers import ModelRange
    from rolloutsim.results.load.supply import SupplySummary
    from rolloutsim.results.load.volumes import VolumeSummary
    from rolloutsim.results.pods.groups import GroupSummary
    from rolloutsim.results.pods.prepulls import PrepullSummary
    from rolloutsim.results.pods.rollouts import RolloutSummary

    summaries = (
        DiskSummary, GroupSummary, LazySummary, ModelRange, PrepullSummary, RolloutSummary, SupplySummary,
        VolumeSummary,
    )  # fmt: skip
    known = {one.__name__: one for one in summaries}
    return get_type_hints(dataclass, localns=known)


def _below(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name
