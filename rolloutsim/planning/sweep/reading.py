"""The file of a sweep that anyone may have made, read: plain tables alone, and no more than such a file can hold.

Nothing in it is executed: no views, no virtual tables, no columns that are worked out, no functions of others.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolloutsim.errors import UnreadableError, UsageError
from rolloutsim.planning.sweep.rows import KEYS, RESULT_COLUMNS
from rolloutsim.results.archive import json_value, open_file, shown
from rolloutsim.results.files import reason
from rolloutsim.results.sound import LARGEST
from rolloutsim.scenario.conditions import read_threshold

if TYPE_CHECKING:
    from rolloutsim.planning.sweep.file import Columns, SweepRecords

_LONGEST = 64 << 20  # of a value [B] (assumed: a scenario is 16 MB at the most, and its long form a few times as much)
_TEXT, _TEXT_PER_BYTE = 64 << 20, 2  # that a file may hold, at least and for each of its bytes [B]
# Instructions of SQLite's machine that reading may take, at least and for each byte of the file: one or two for each
# value, which takes a byte or more (https://sqlite.org/fileformat2.html#record_format), and some for each row.
_INSTRUCTIONS, _INSTRUCTIONS_PER_BYTE, _LOOK = 5_000_000, 20, 100_000
_VERSION, _WITH_LOG = 19, b"\x02"  # what it takes to read a file: a write-ahead log (the same page, 1.3.3)
_MOST_VALUES = 1_000_000  # of a list in JSON (assumed: ten times the points that a sweep may have)
_NOT_NUMBERS = ("case", "stuck")  # columns of `results` that hold words


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """The file of a sweep, to be read and nothing else.

    Raises
    ------
    UsageError
        If there is none, or it is no database; also for what SQLite finds wrong while it is read.
    """
    again = f"'rolloutsim sweep FILE -o {path.stem}.sqlite' makes one"
    if not os.path.exists(path):
        raise UsageError(f"'{path}' is no file; {again}")
    try:
        with open_file(path) as file:
            size = os.fstat(file.fileno()).st_size
            has_log = file.read(_VERSION + 1)[_VERSION:] == _WITH_LOG
        with closing(_connect(path, has_log)) as database:
            guard(database)
            _bound(database, size)
            yield database
    except OSError as error:
        raise UsageError(f"'{path}' cannot be read: {reason(error)}; {again}") from None
    except (sqlite3.Error, UnreadableError, UnicodeDecodeError) as error:  # the last: of an error in another encoding
        what = "it takes longer to read than a sweep can" if str(error) == "interrupted" else _one_line(error)
        raise UsageError(f"{path} is not the file of a sweep ({what}); {again}") from None


def guard(database: sqlite3.Connection) -> None:
    """Bound the size of a value, and let nothing in a schema call what is not harmless."""
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
    database.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    database.execute("PRAGMA trusted_schema = OFF")
    database.execute("PRAGMA cell_size_check = ON")


def _connect(path: Path, has_log: bool) -> sqlite3.Connection:
    """A connection that only reads; where there is a log, what it is shared by can only be made by who may write."""
    mode = "rw" if has_log else "ro"
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None)
    database.execute("PRAGMA query_only = ON")
    return database


def _bound(database: sqlite3.Connection, size: int) -> None:
    """Interrupt what takes more instructions than such a file can need."""
    left = [(_INSTRUCTIONS + _INSTRUCTIONS_PER_BYTE * size) // _LOOK]

    def look() -> int:
        left[0] -= 1
        return left[0] < 0

    database.set_progress_handler(look, _LOOK)


def _one_line(error: Exception) -> str:
    return shown(str(error)) if isinstance(error, sqlite3.Error) else str(error)


def check_plain(database: sqlite3.Connection, table: str) -> None:
    """Raise UnreadableError if what has a table's name is a view, is virtual, or has columns that are worked out."""
    found = database.execute("SELECT type, rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    if found is None:
        return  # SQLite says so itself
    kind, page = found
    is_plain = kind == "table" and isinstance(page, int) and page > 0
    if not is_plain or any(row[6] for row in database.execute(f"PRAGMA table_xinfo({quoted(table)})")):
        raise UnreadableError(f"its '{shown(table)}' is no plain table")


def rows_of(database: sqlite3.Connection, table: str, order: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The columns and rows of a plain table."""
    check_plain(database, table)
    (pages,), (size,) = (database.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size"))
    most = _TEXT + _TEXT_PER_BYTE * pages * size
    cursor = database.execute(f"SELECT * FROM {quoted(table)} ORDER BY {order}")
    rows, length = [], 0
    for row in cursor:
        length += sum(len(value) for value in row if isinstance(value, (str, bytes)))
        if length > most:
            raise UnreadableError(f"its '{shown(table)}' has more text than the {most:,} bytes that are read")
        rows.append(row)
    return [column[0] for column in cursor.description], rows


def check_records(records: SweepRecords) -> None:
    """Whether the rows of a file are those of its points, replications and cases, and of their types.

    Raises
    ------
    UnreadableError
        If not; the message says where.
    """
    head, results = records.head, records.results
    count = len(head.points)
    _require(records.points.get("point") == list(range(count)), f"its points are not numbered 0 to {count - 1}")
    missing = [name for name in RESULT_COLUMNS if name not in results]
    _require(not missing, f"its 'results' has no '{missing[0] if missing else ''}'")
    for table, columns in records.tables.items():
        _check_keys(records, table, columns)
    places = set(zip(*(results[name] for name in KEYS), strict=True))
    _require(len(places) == len(results["point"]), "its 'results' has two rows of one point, replication and case")
    for name, values in results.items():
        if name in RESULT_COLUMNS and name not in _NOT_NUMBERS or name in head.metrics:
            _require(all(map(_is_number, values)), f"its 'results' has a '{shown(name)}' that is no number")
    missing = [name for name in head.metrics if name not in results]
    _require(not missing, f"its 'results' has no '{missing[0] if missing else ''}'")
    _require(all(isinstance(seed, int) for seed in results["seed"]), "its 'results' has a seed that is no whole number")
    for text in results["stuck"]:
        if text is not None:
            words = json_list(text, "its 'results' has a 'stuck'")
            _require(all(isinstance(one, str) for one in words), "its 'results' has a 'stuck' that is not of texts")
    _check_thresholds(records)


def _check_keys(records: SweepRecords, table: str, columns: Columns) -> None:
    """Whether each row is of a point, a replication and a case, and has numbers or words."""
    here = f"its '{shown(table)}'"
    for name in KEYS:
        _require(name in columns, f"{here} has no '{name}'")
    for name, count in (("point", len(records.head.points)), ("replication", records.head.replications)):
        within = all(isinstance(value, int) and 0 <= value < count for value in columns[name])
        _require(within, f"{here} has a {name} that is not 0 to {count - 1}")
    _require(all(isinstance(case, str) for case in columns["case"]), f"{here} has a case that is no text")
    for name, values in columns.items():
        fits = all(_is_number(value) or isinstance(value, str) for value in values)
        _require(fits, f"{here} has a '{shown(name)}' that is neither a number nor a text")


def _check_thresholds(records: SweepRecords) -> None:
    """Whether conditions and their values can be read."""
    rows = records.tables.get("thresholds")
    if rows is None:
        return
    for name in ("metric", "check", "severity"):
        _require(name in rows, f"its 'thresholds' has no '{name}'")
    for metric, check, severity in set(zip(rows["metric"], rows["check"], rows["severity"], strict=True)):
        is_text = isinstance(metric, str) and isinstance(check, str) and severity in ("error", "warn")
        _require(is_text, "its 'thresholds' has a condition that is none")
        try:
            read_threshold(metric, check, severity)
        except UsageError as error:
            raise UnreadableError(f"its 'thresholds' has a condition that is none: {shown(str(error))}") from None
    _require(all(map(_is_number, rows.get("value", []))), "its 'thresholds' has a value that is no number")


def _is_number(value: Any) -> bool:
    """Whether a value of a column is a number that can be reckoned with, or unknown."""
    return value is None or (isinstance(value, (int, float)) and abs(value) <= LARGEST)


def json_of(text: Any, what: str) -> Any:
    """The value of a JSON text; UnreadableError if it is none."""
    _require(isinstance(text, str), f"{what} that is no JSON")
    try:
        return json_value(text, _MOST_VALUES)
    except UnreadableError as error:
        raise UnreadableError(f"{what} that cannot be read: {error}") from None


def json_list(text: Any, what: str) -> list[Any]:
    """The list of a JSON text; UnreadableError if it is none."""
    found = json_of(text, what)
    _require(isinstance(found, list), f"{what} that is no list")
    return found  # type: ignore[no-any-return]


def _require(holds: bool, words: str) -> None:
    if not holds:
        raise UnreadableError(words)


def quoted(name: str) -> str:
    """A name in SQL."""
    return '"' + name.replace('"', '""') + '"'
