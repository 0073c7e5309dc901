"""A run as one file, `records.npz`, and back: everything that was simulated, to be looked at again later.

The file is a zip archive. `metadata.json` holds the format's version and the run as JSON (see
`rolloutsim.results.plain`), in which each array is named; the arrays lie beside it as `<name>.npy`, so that
`numpy.load` reads them as well. Nothing in it is executed when it is read. The same run gives the same bytes.

A file without what was added to the records since is still read where that has a default.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from rolloutsim.errors import UsageError
from rolloutsim.results.files import reason, write_file
from rolloutsim.results.plain import Array, UnreadableError, from_plain, to_plain
from rolloutsim.results.records import Run
from rolloutsim.results.replicated import Replication

RECORDS = "records.npz"
FORMAT = "rolloutsim.records/1"

_RESULT = "result.json"
_METADATA = "metadata.json"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip archive can hold
_LEVEL = 1  # the columns shrink to a third; higher levels take longer and save no more (measured at 10,000 nodes)
_WHAT = "a result is a folder written by `rolloutsim run FILE -o DIR`, or the records.npz or result.json in it"


def save_run(run: Run, path: str | Path, replications: tuple[Replication, ...] = ()) -> None:
    """Write a run to a file.

    Parameters
    ----------
    run : Run
        What happened.
    path : str or pathlib.Path
        The file, `records.npz` by custom.
    replications : tuple of Replication
        The figures of all replications, where there are several.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    write_file(Path(path), to_bytes(run, replications))


def load_run(path: str | Path) -> Run:
    """Read a run.

    Parameters
    ----------
    path : str or pathlib.Path
        A folder written by `rolloutsim run -o`, the result.json in it, or the file itself.

    Raises
    ------
    UsageError
        If that is no result.
    """
    return load_result(path)[0]


def load_result(path: str | Path) -> tuple[Run, tuple[Replication, ...]]:
    """Read a run and the figures of its replications, none if there is only the run; otherwise as `load_run`."""
    file = _located(Path(path))
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(f"'{file}' cannot be read: {reason(error)}; {_WHAT}") from None
    try:
        return from_bytes(content)
    except UnreadableError as error:
        raise UsageError(f"'{file}' is no result that can be read: {error}; {_WHAT}") from None


def is_result(path: str | Path) -> bool:
    """Whether a path names a result rather than a scenario file: a folder, or a file that ends like one."""
    return Path(path).is_dir() or Path(path).suffix in (".npz", ".json")


def to_bytes(run: Run, replications: tuple[Replication, ...] = ()) -> bytes:
    """A run as the content of its file."""
    arrays: dict[str, Array] = {}
    metadata = {
        "format": FORMAT,
        "run": to_plain(run, arrays, "run"),
        "replications": to_plain(replications, arrays, "replications"),
    }
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        _add(archive, _METADATA, json.dumps(metadata, ensure_ascii=False, allow_nan=False).encode())
        for name in sorted(arrays):
            column = BytesIO()
            np.lib.format.write_array(column, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            _add(archive, f"{name}.npy", column.getvalue())
    return content.getvalue()


def from_bytes(content: bytes) -> tuple[Run, tuple[Replication, ...]]:
    """The run and its replications from a file's content.

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
    run: Run = from_plain(metadata["run"], Run, arrays, "run")
    return run, _replications(metadata, arrays)


def _replications(metadata: Mapping[str, Any], arrays: Mapping[str, Array]) -> tuple[Replication, ...]:
    found: tuple[Replication, ...] = from_plain(
        metadata.get("replications", []), tuple[Replication, ...], arrays, "replications"
    )
    return found


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
    if path.suffix != ".npz":
        raise UsageError(f"'{path}' is no result; {_WHAT}")
    return path
