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
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt

from rolloutsim.errors import UsageError
from rolloutsim.results.facts.columns import codes
from rolloutsim.results.facts.records import CaseRecords, Run
from rolloutsim.results.files import COMPARISON, RECORDS, reason
from rolloutsim.results.outcome import Outcome, Replication
from rolloutsim.scenario.routes import routes

Array = npt.NDArray[Any]

FORMAT = "rolloutsim.records/1"

_RESULT = "result.json"
_METADATA = "metadata.json"
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
    file = Path(path)
    try:
        file = _located(file)
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(f"'{file}' cannot be read: {reason(error)}; {_WHAT}") from None
    try:
        return from_bytes(content)
    except UnreadableError as error:
        raise UsageError(f"'{file}' is no result that can be read: {error}; {_WHAT}") from None


def side_by_side(path: str | Path) -> dict[str, Path]:
    """The folders of results that `rolloutsim run -o` wrote side by side, by the names of the variants; empty: none."""
    file = Path(path, COMPARISON)
    if not os.path.isfile(file):
        return {}
    try:
        named = [one["name"] for one in json.loads(file.read_bytes())["scenarios"]]
        return {name: file.parent / name for name in named}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"'{file}' cannot be read ({error}); {_WHAT}") from None


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
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            metadata = json.loads(archive.read(_METADATA))
            if metadata["format"] != FORMAT:
                raise UnreadableError(f"its format is {metadata['format']}, and this version reads {FORMAT}")
            arrays = {name[:-4]: _column(archive, name) for name in archive.namelist() if name.endswith(".npy")}
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, EOFError) as error:
        raise UnreadableError(f"it is damaged, or no such file ({error})") from None
    _put_refusals_together(metadata["run"], arrays)
    run: Run = from_plain(metadata["run"], Run, arrays, "run")
    cases = tuple(case if case.routes else _with_sources(run, case) for case in map(_with_commits, run.cases))
    replications, draws = (
        from_plain(metadata.get(name, []), tuple[Replication, ...], arrays, name) for name in ("replications", "draws")
    )
    return Outcome(replace(run, cases=cases), replications, draws)


def _put_refusals_together(run: Any, arrays: dict[str, Array]) -> None:
    """Turn the refusals of a file that has a row for each of them into those of one that counts them."""
    for number, case in enumerate(run.get("cases", ())):
        refusals = case.get("orchestration", {}).get("refusals", {})
        path = f"run/cases/{number}/orchestration/refusals"
        fetch, again = arrays.get(f"{path}/fetch"), arrays.get(f"{path}/again")
        if fetch is None or again is None:
            continue
        count = np.ones(len(fetch), np.int64)
        new = {"layer": fetch >= 0, "count": count, "again": again.astype(np.int64), "width": np.zeros(len(fetch)),
               "unanswered": fetch[(fetch >= 0) & ~again]}  # fmt: skip
        for name, column in new.items():
            arrays[f"{path}/{name}"] = column
            refusals[name] = {"$array": f"{path}/{name}"}


def _with_commits(case: CaseRecords) -> CaseRecords:
    """A case of a file that is older than commits, when a layer was on the disk with its last byte."""
    if len(case.fetches.committed):
        return case
    return replace(case, fetches=replace(case.fetches, committed=case.fetches.fetched))


def _with_sources(run: Run, case: CaseRecords) -> CaseRecords:
    """A case of a file that is older than sources, when all layers came from the registry of their image."""
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


def _column(archive: zipfile.ZipFile, name: str) -> Array:
    column: Array = np.lib.format.read_array(BytesIO(archive.read(name)), allow_pickle=False)
    return column


def _located(path: Path) -> Path:
    """The file that a path means."""
    if path.is_dir():
        if not (path / RECORDS).exists() and (several := side_by_side(path)):
            one_of = ", ".join(map(str, several.values()))
            raise UsageError(f"'{path}' holds the results of several variants; name one of them: {one_of}")
        if not (path / RECORDS).exists():
            raise UsageError(f"'{path}' holds no {RECORDS}; {_WHAT}")
        return path / RECORDS
    if not path.exists():
        raise UsageError(f"'{path}' does not exist; {_WHAT}")
    if path.suffix == ".json":
        beside = path.with_name(RECORDS)
        if path.name != _RESULT or not beside.exists():
            raise UsageError(f"'{path}' has no {RECORDS} beside it; {_WHAT}")
        return beside
    if path.suffix in (".yaml", ".yml"):
        raise UsageError(f"'{path}' is no result but a scenario: 'rolloutsim run {path} -o DIR' makes one")
    if path.suffix in (".sqlite", ".sqlite3", ".db"):
        raise UsageError(f"'{path}' is no result but a sweep, which rolloutsim.Sweep.read reads")
    if path.suffix != ".npz":
        raise UsageError(f"'{path}' is no result; {_WHAT}")
    return path


class UnreadableError(Exception):
    """Plain values do not make the dataclass that they should; the message says where and why."""


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
        If a field without a default is missing, or a value has another form than its hint.
    """
    if isinstance(plain, dict) and "$array" in plain:
        try:
            return arrays[plain["$array"]]
        except KeyError:
            raise UnreadableError(f"{path}: its column is missing") from None
    if isinstance(plain, dict) and "$float" in plain:
        return float(plain["$float"])
    options = _options(hint)
    if isinstance(plain, dict):
        plain = dict(plain["$map"]) if "$map" in plain else plain
        dataclass = _dataclass(options, plain.get("$type"))
        if dataclass is not None:
            return _built(dataclass, plain, arrays, path)
        inner = next((get_args(one)[1] for one in options if len(get_args(one)) == 2), Any)
        return {key: from_plain(item, inner, arrays, _below(path, key)) for key, item in plain.items()}
    if isinstance(plain, list):
        inner_hints = _items(options, len(plain))
        return tuple(
            from_plain(item, inner, arrays, _below(path, str(i)))
            for i, (item, inner) in enumerate(zip(plain, inner_hints, strict=True))
        )
    if plain is not None and len(options) == 1 and isinstance(options[0], type) and is_dataclass(options[0]):
        raise UnreadableError(f"{path}: {plain!r} stands where an object should")
    return plain


def _is_left_out(metadata: Mapping[Any, Any], item: Any) -> bool:
    """Whether a field says that a value like this one is not written down."""
    return bool(metadata.get("unless_empty") and not item) or bool(metadata.get("unless_none") and item is None)


def _object(named: Mapping[str, Any], arrays: MutableMapping[str, Array], path: str) -> dict[str, Any]:
    return {key: to_plain(item, arrays, _below(path, key)) for key, item in named.items()}


def _built(dataclass: Any, plain: Mapping[str, Any], arrays: Mapping[str, Array], path: str) -> Any:
    hints = _hints(dataclass)
    values = {}
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
            raise UnreadableError(f"{_below(path, field.name)} is missing")
    return dataclass(**values)


def _dataclass(options: tuple[Any, ...], name: str | None) -> Any:
    """The dataclass that a hint means; its name decides where there are several."""
    found = [one for one in options if is_dataclass(one)]
    return next((one for one in found if getattr(one, "__name__", None) == name), found[0] if found else None)


def _items(options: tuple[Any, ...], count: int) -> tuple[Any, ...]:
    """The hints of a tuple's items."""
    for option in options:
        arguments = get_args(option)
        if get_origin(option) is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
            return (arguments[0],) * count
        if get_origin(option) is tuple and len(arguments) == count:
            return arguments
        if len(arguments) == 1:  # Sequence and the like
            return (arguments[0],) * count
    return (Any,) * count


def _options(hint: Any) -> tuple[Any, ...]:
    """What a hint allows, None left out."""
    if get_origin(hint) in (Union, UnionType):
        return tuple(one for one in get_args(hint) if one is not type(None))
    return (hint,)


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
