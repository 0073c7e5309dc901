"""A sweep as one SQLite file, which grows while it runs and can be gone on with after a kill.

Readable by everything that reads SQLite: `sqlite3`, datasette, pandas, DuckDB. Sizes are bytes, times seconds, shares
0 to 1; NULL is what is unknown or never happened. Rows stand in the order of points, replications and cases.

==========  ========================================================================================================
table       columns
==========  ========================================================================================================
sweep       one row: `schema` (`rolloutsim.sweep/1`), `version` of rolloutsim, `name`, `scenario` (the scenario that is
            varied, as JSON, which `rolloutsim run` reads too), `sha256` (of its resolved form), `design`, `points`,
            `replications`, `seed`, `complete` (0 or 1), `metrics` (JSON: what is shown beside the rollout time)
parameters  one row each: `parameter` (from 0), `path` (as in `--set`), `column` and `number_column` in `points`,
            `values` (JSON: the values, or the range)
points      one row each: `point` (from 0), `sha256` (of the resolved scenario), a column for each parameter with the
            value as written, and one with its number where it has a unit: `network`, `network_bytes_per_s`
results     one row for each `point`, `replication` and `case`: `seed`, `finished`, `rollout_time_s`, `alone_time_s`,
            `bytes_on_wire`, `pull_time_mean_s`, …: every number that a case of the JSON contract has for itself (but
            not its `why`, which takes long), and each of `metrics`, in SI base units: `"pull_time{group=web} p95"`
links, …    one row for each entry of a list of such a case (`links`, `thresholds`, …), with the keys above in front
time_split  one row for each `cause` of a case: `time_s`, summed over its pods
joined      a view: `points` and `results` side by side
==========  ========================================================================================================

While it is written, new rows are in a write-ahead log beside the file (`-wal`), and `-lock` keeps others from writing
into it; in the end one file remains. After a kill what is left of these is taken up by `--resume`.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from rolloutsim.errors import OutputError, UsageError
from rolloutsim.planning.sweep.head import Head
from rolloutsim.planning.sweep.reading import check_plain, check_records, guard, opened, rows_of
from rolloutsim.planning.sweep.rows import KEYS, RESULT_COLUMNS, RESULTS, Rows
from rolloutsim.results.archive import shown
from rolloutsim.results.files import locked, reason
from rolloutsim.structs import struct

Columns = Mapping[str, list[Any]]

OF_RUN = "_of_run"  # what follows a list's name in that of its index

_OWN_TABLES = ("sweep", "parameters", "points", "joined")


class SweepStore:
    """The file of a sweep, open for writing; in memory without a path.

    Parameters
    ----------
    path : pathlib.Path or None
        The file.
    head : Head
        What is swept.
    resume : bool
        Go on with the file if it is there.

    Raises
    ------
    UsageError
        If the file is there and may not be gone on with, is not of this sweep, or another one is writing into it.
    OutputError
        If it cannot be written.
    """

    def __init__(self, path: Path | None, head: Head, resume: bool = False) -> None:
        self.path = path
        self._known: dict[str, dict[str, str]] = {}
        if path is not None and os.path.isdir(path):
            raise OutputError(f"cannot write {path}: is a directory; nothing was simulated; name a file")
        self._only = ExitStack()
        if path is not None:
            self._only.enter_context(_only_writer(path))
        try:
            self._open(path, head, resume)
        except BaseException:
            self._only.close()
            raise

    def _open(self, path: Path | None, head: Head, resume: bool) -> None:
        there = path is not None and os.path.exists(path)
        if there and path is not None and not resume:
            if not _is_empty(path):
                read_head(path)  # nobody goes on with what is no sweep
            raise UsageError(f"{path} exists; go on with it by --resume, or write to another file with -o")
        begun = there and path is not None and not _is_empty(path)
        if begun and path is not None and (differences := read_head(path).differences(head)):
            raise UsageError(
                f"{path} is of another sweep: {', '.join(differences)}; ask for what it holds, or write to another "
                "file with -o"
            )
        with self._writing(), ExitStack() as unless_opened:
            self.database = connect(path)  # from which others read what is there so far
            unless_opened.callback(self.database.close)
            guard(self.database)
            if begun:
                self._check(head)
                self._learn_columns()
            self.database.execute("PRAGMA journal_mode = WAL")
            self.database.execute("PRAGMA synchronous = NORMAL")
            if not begun:
                self._create(head)
            unless_opened.pop_all()

    def done(self) -> set[tuple[int, int]]:
        """The (point, replication) that are there."""
        with self._writing():
            return set(self.database.execute("SELECT DISTINCT point, replication FROM results"))

    def write(self, tables: Mapping[str, Rows]) -> None:
        """Add the rows of runs: all of them, or none and an OutputError if that fails."""
        with self._writing(), self._transaction():
            for table, rows in tables.items():
                self._insert(table if table not in _OWN_TABLES else f"case_{table}", rows)

    def close(self, complete: bool) -> None:
        """End the log, so that one file remains, and say whether all runs are there."""
        with self._only, self._writing():
            if complete:
                self.database.execute("UPDATE sweep SET complete = 1")
            if self.path is not None:
                self.database.execute("PRAGMA busy_timeout = 0")
                with _unless_locked():
                    self.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                with suppress(sqlite3.OperationalError):  # others read it: the last of them takes the log away
                    self.database.execute("PRAGMA journal_mode = DELETE")
                self.database.close()

    def _create(self, head: Head) -> None:
        with self._transaction():
            for name, columns, rows in head.tables():
                self._table(name, columns)
                self._insert(name, Rows(tuple(columns), rows))
            columns = {**RESULT_COLUMNS, **dict.fromkeys(head.metrics, "REAL")}
            self._table(RESULTS, columns, f", PRIMARY KEY ({_quoted(KEYS)})")
            self.database.execute("CREATE VIEW joined AS SELECT * FROM points JOIN results USING (point)")

    def _insert(self, table: str, rows: Rows) -> None:
        """Add rows; a table or a column that is not there yet is made where a value of it is known."""
        if table not in self._known:
            self._table(table, {name: RESULT_COLUMNS[name] for name in KEYS})
            name = f"{table}{OF_RUN}"
            self.database.execute(f"CREATE INDEX {_quoted([name])} ON {_quoted([table])} ({_quoted(KEYS)})")
        known = self._known[table]
        places = []
        for place, name in enumerate(rows.columns):
            if name not in known:
                value = next((row[place] for row in rows.values if len(row) > place and row[place] is not None), None)
                if value is None:
                    continue
                known[name] = _type(value)
                self.database.execute(f"ALTER TABLE {_quoted([table])} ADD COLUMN {_quoted([name])} {known[name]}")
            places.append(place)
        width = len(rows.columns)
        padded = (row if len(row) == width else [*row, *[None] * (width - len(row))] for row in rows.values)
        chosen = padded if len(places) == width else ([row[place] for place in places] for row in padded)
        self.database.executemany(
            f"INSERT INTO {_quoted([table])} ({_quoted(rows.columns[place] for place in places)}) "
            f"VALUES ({', '.join('?' * len(places))})",
            chosen,
        )

    def _table(self, name: str, columns: Mapping[str, str], more: str = "") -> None:
        self._known[name] = dict(columns)
        typed = ", ".join(f"{_quoted([column])} {kind}" for column, kind in columns.items())
        self.database.execute(f"CREATE TABLE {_quoted([name])} ({typed}{more})")

    def _check(self, head: Head) -> None:
        """UsageError if writing would do more than add rows, or the runs that are there are none of the sweep's."""
        database = self.database
        for name, kind, table, sql in database.execute(_SCHEMA).fetchall():
            own = isinstance(sql, str) and _TABLE.fullmatch(sql)
            if kind == "trigger" or (kind == "table" and table in (*_OWN_TABLES, RESULTS) and not own):
                raise UsageError(
                    f"{self.path} has a {kind} '{shown(name)}' that no sweep makes, so nothing is added to it; write "
                    "to another file with -o"
                )
        check_plain(database, RESULTS)
        if database.execute(_OTHERS, (len(head.points), head.replications)).fetchone()[0]:
            raise UsageError(
                f"{self.path} has results of no point or replication of the sweep, so nothing is added to it; write to "
                "another file with -o"
            )

    def _learn_columns(self) -> None:
        for (table,) in self.database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            rows = self.database.execute(f"PRAGMA table_info({_quoted([table])})")
            self._known[table] = {name: kind for _, name, kind, *_ in rows}

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            with suppress(sqlite3.Error):  # it may be rolled back already, and what happened first is what counts
                self.database.execute("ROLLBACK")
            raise
        self.database.execute("COMMIT")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.IntegrityError as error:
            raise OutputError(
                f"cannot write {self.path}: another process writes into it; its rows are kept, those of this one are "
                "dropped"
            ) from error
        except sqlite3.Error as error:
            raise OutputError(
                f"cannot write {self.path}: {error}; what it holds is kept, and --resume goes on with it"
                if self.path is not None and os.path.exists(self.path)
                else f"cannot write {self.path}: {error}; choose another file with -o"
            ) from error


@contextmanager
def _unless_locked() -> Iterator[None]:
    """Leave a log to whoever is last: a query that was interrupted has the database still."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_BUSY):
            raise


def connect(path: Path | None) -> sqlite3.Connection:
    """A connection whose transactions are begun and ended by name."""
    # No relative path: SQLite takes one that begins with `file:` for an address.
    if path is None:
        return sqlite3.connect(":memory:", isolation_level=None, factory=_OfItsReaders)
    return sqlite3.connect(path.absolute(), isolation_level=None)


class _OfItsReaders(sqlite3.Connection):
    """Ends with the last object that reads it, as the rows in it do; Python warns of others that nobody closed."""

    def __del__(self) -> None:
        self.close()


def read_head(path: Path) -> Head:
    """What is swept in a file; UsageError if it is no file of a sweep, or of a later version."""
    with opened(path) as database:
        return _head(database, path)


def _head(database: sqlite3.Connection, path: Path) -> Head:
    try:
        return Head.read(database)
    except UsageError as error:
        raise UsageError(f"{path} {error}") from None


def _is_empty(path: Path) -> bool:
    """Whether a file is there of which nothing was written before its sweep was killed."""
    try:
        with closing(connect(path)) as database:
            return not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    except (sqlite3.Error, UnicodeDecodeError):  # the latter where an error of SQLite quotes what is no text
        return False


@contextmanager
def _only_writer(path: Path) -> Iterator[None]:
    """Keep others from writing into a sweep's file; UsageError if somebody does.

    What is locked is a file beside it: locks on the file itself are SQLite's.
    """
    real = Path(os.path.realpath(path))
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(real.with_name(f"{real.name}-lock")))
        except BlockingIOError:
            raise UsageError(
                f"another sweep is writing into {path}; wait until it is done, or write to another file with -o"
            ) from None
        except OSError as error:
            raise OutputError(f"cannot write {path}: {reason(error)}; choose another file with -o") from error
        yield


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "INTEGER"
    return "REAL" if isinstance(value, (int, float)) else "TEXT"


def _quoted(names: Iterable[str]) -> str:
    return ", ".join('"' + name.replace('"', '""') + '"' for name in names)


_SCHEMA = "SELECT name, type, tbl_name, sql FROM sqlite_master"

# Results of no run of a sweep.
_OTHERS = (
    "SELECT count(*) FROM results WHERE typeof(point) <> 'integer' OR point NOT BETWEEN 0 AND ? - 1 "
    "OR typeof(replication) <> 'integer' OR replication NOT BETWEEN 0 AND ? - 1"
)

# A table as it is made here, a column at a time.
_COLUMN = r'"(?:[^"]|"")+" (?:INTEGER PRIMARY KEY|INTEGER NOT NULL|TEXT NOT NULL|INTEGER|REAL|TEXT)'
_TABLE = re.compile(rf'CREATE TABLE "(?:[^"]|"")+" \({_COLUMN}(?:, {_COLUMN})*(?:, PRIMARY KEY \([^()]*\))?\)')

# The lists among the tables, in the order in which they were made: each has an index named after it.
_LISTS = f"SELECT tbl_name FROM sqlite_master WHERE type = 'index' AND name = tbl_name || '{OF_RUN}' ORDER BY rowid"


@struct(eq=False)
class SweepRecords:
    """A sweep: its head, and rows of each table in the order of points, replications and cases.

    Parameters
    ----------
    head : Head
        What is swept.
    points : mapping of str to list
        One row a point: its number, and its parameters' columns.
    tables : mapping of str to mapping
        `results`, `links`, `thresholds`, …: see above.
    interrupted : bool
        Whether the keyboard ended it.
    """

    head: Head
    points: Columns
    tables: Mapping[str, Columns]
    interrupted: bool = False

    @property
    def results(self) -> Columns:
        """One row a point, replication and case."""
        return self.tables[RESULTS]

    @property
    def runs_done(self) -> int:
        """How many runs are there."""
        return len(set(zip(self.results["point"], self.results["replication"], strict=True)))

    @property
    def complete(self) -> bool:
        """Whether all runs are there."""
        return self.head.complete

    @property
    def cases(self) -> tuple[str, ...]:
        """The cases of all points, in the order in which they first occur."""
        return tuple(dict.fromkeys(self.results["case"]))

    @classmethod
    def of(cls, database: sqlite3.Connection, interrupted: bool = False) -> SweepRecords:
        """What is in a database."""
        head = Head.read(database)
        # Others may have put tables of their own beside them, as SQLite's ANALYZE does.
        names = [RESULTS, *(name for (name,) in database.execute(_LISTS))]
        tables = {name: _columns(database, name, "point, replication, rowid") for name in names}
        return cls(head, _columns(database, "points", "point"), tables, interrupted)


def read_records(path: Path, interrupted: bool = False) -> SweepRecords:
    """What is in the file of a sweep; UsageError if there is no such file, or it is not of a sweep."""
    with opened(path) as database:
        _head(database, path)
        records = SweepRecords.of(database, interrupted)
        check_records(records)
        return records


def _columns(database: sqlite3.Connection, table: str, order: str) -> Columns:
    names, rows = rows_of(database, table, order)
    return {name: [row[i] for row in rows] for i, name in enumerate(names)}
