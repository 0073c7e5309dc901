"""A case of the JSON contract as rows of tables: its own numbers in one, each list of its in another."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from rolloutsim.structs import struct

RESULTS = "results"

# Columns of every case with their SQLite types, known or not; anything else is added when it is first known.
RESULT_COLUMNS: Mapping[str, str] = {
    "point": "INTEGER NOT NULL",
    "replication": "INTEGER NOT NULL",
    "case": "TEXT NOT NULL",
    "seed": "INTEGER NOT NULL",
    "finished": "INTEGER",
    "stuck": "TEXT",
    "rollout_time_s": "REAL",
    "alone_time_s": "REAL",
    "bytes_on_wire": "REAL",
    **{f"pull_time_{name}_s": "REAL" for name in ("mean", "p50", "p95", "p99", "max")},
    **{f"slowdown_{name}": "REAL" for name in ("mean", "p50", "p95", "max")},
}
KEYS = ("point", "replication", "case")

# Units that a heading ends with: `pull_time_s` with its `p95` is `pull_time_p95_s`.
_UNITS = ("_bytes_per_s", "_bytes", "_s")

# Maps whose keys are names of this scenario and not of the contract: a table with a row for each.
_BY_NAME = {
    "time_split_s": ("time_split", ("cause", "time_s")),
    "failed_pull_reasons": ("failed_pull_reasons", ("reason", "pulls")),
}


@struct
class Rows:
    """Rows of one table: names of the columns, and values in their order; a row may end before the last column."""

    columns: tuple[str, ...]
    values: list[list[Any]]


class Gathering:
    """Rows of several runs, table by table, in the order in which they come."""

    def __init__(self) -> None:
        self._tables: dict[str, _Table] = {}

    def add_run(self, point: int, replication: int, seed: int, cases: Sequence[Mapping[str, Any]]) -> None:
        """Add the rows of one run.

        Parameters
        ----------
        point, replication, seed : int
            What was simulated.
        cases : sequence of mapping
            Its cases in the JSON contract at detail `summary`.
        """
        for case in cases:
            keys = (point, replication, case["case"])
            own: dict[str, Any] = {"seed": seed}
            for name, value in case.items():
                if name in _BY_NAME:
                    table, columns = _BY_NAME[name]
                    for pair in (value or {}).items():
                        self._table(table).add(columns, keys, pair)
                elif isinstance(value, list) and value and isinstance(value[0], dict):
                    for row in value:
                        flat: dict[str, Any] = {}
                        _flatten(flat, "", row)
                        self._table(name).add(tuple(flat), keys, flat.values())
                elif name != "case":
                    _flatten(own, name, value)
            self._table(RESULTS).add(tuple(own), keys, own.values())

    def tables(self) -> dict[str, Rows]:
        """All rows so far, by table."""
        return {name: Rows(tuple(table.places), table.rows) for name, table in self._tables.items()}

    def _table(self, name: str) -> _Table:
        table = self._tables.get(name)
        if table is None:
            table = self._tables[name] = _Table()
        return table


class _Table:
    """Rows whose columns are found out as they come."""

    def __init__(self) -> None:
        self.places = {name: i for i, name in enumerate(KEYS)}
        self.rows: list[list[Any]] = []
        self._known: dict[tuple[str, ...], list[int]] = {}  # where the values of rows with these columns go

    def add(self, columns: tuple[str, ...], keys: tuple[Any, ...], values: Iterable[Any]) -> None:
        known = self._known.get(columns)
        if known is None:
            known = self._known[columns] = [self.places.setdefault(name, len(self.places)) for name in columns]
        row = [*keys, *[None] * (len(self.places) - len(keys))]
        for place, value in zip(known, values, strict=True):
            row[place] = value
        self.rows.append(row)


def _flatten(flat: dict[str, Any], name: str, value: Any) -> None:
    """Add a value of the contract as columns of plain values: a map is a column for each of its keys."""
    if isinstance(value, dict):
        for key, inner in value.items():
            column = heading(name, key)
            if isinstance(inner, (dict, list)):
                _flatten(flat, column, inner)
            else:
                flat[column] = inner
    elif isinstance(value, list):
        flat[name] = json.dumps(value, ensure_ascii=False) if value else None
    else:
        flat[name] = value


@cache
def heading(name: str, key: str) -> str:
    """What the column of a map's key is called."""
    if not name:
        return key
    unit = next((unit for unit in _UNITS if name.endswith(unit)), "")
    if not unit or key.endswith(unit):
        return f"{name}_{key}"
    return f"{name.removesuffix(unit)}_{key}{unit}"
