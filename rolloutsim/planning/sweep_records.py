"""What is in the file of a sweep: its head, and its tables as columns."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rolloutsim.errors import UsageError
from rolloutsim.planning.sweep_head import Head
from rolloutsim.planning.sweep_rows import RESULTS
from rolloutsim.planning.sweep_store import OF_RUN, connect, read_head
from rolloutsim.structs import struct

Columns = Mapping[str, list[Any]]

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
        `results`, `links`, `thresholds`, …: see `rolloutsim.planning.sweep_store`.
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
    """What is in the file of a sweep.

    Raises
    ------
    UsageError
        If there is no such file, or it is not of a sweep.
    """
    if not path.is_file():
        raise UsageError(f"'{path}' is no file; 'rolloutsim sweep FILE -o {path.stem}.sqlite' makes one")
    read_head(path)
    database = connect(path)
    try:
        return SweepRecords.of(database, interrupted)
    finally:
        database.close()


def _columns(database: sqlite3.Connection, table: str, order: str) -> Columns:
    cursor = database.execute(f'SELECT * FROM "{table}" ORDER BY {order}')
    names = [column[0] for column in cursor.description]
    rows = cursor.fetchall()
    return {name: [row[i] for row in rows] for i, name in enumerate(names)}
