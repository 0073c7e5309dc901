"""What a sweep is of: scenario, design, points, seeds; the same in memory and in its file, and as a command.

Two sweeps with equal heads have equal results.
"""

from __future__ import annotations

import json
import shlex
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from rolloutsim.errors import ScenarioError, UsageError
from rolloutsim.planning.sweep.designs import Design, Range, from_options
from rolloutsim.planning.sweep.points import Point
from rolloutsim.planning.sweep.rows import RESULT_COLUMNS
from rolloutsim.scenario.numbers import Measure, measure
from rolloutsim.scenario.resolved import ResolvedScenario
from rolloutsim.structs import struct
from rolloutsim.version import __version__

SCHEMA = "rolloutsim.sweep/1"

_SHARE = "share"  # what the column of a share's number ends with


@struct
class ParameterColumns:
    """A parameter: its path, its columns among the points, and its values or range as JSON.

    `number` is the column of its values in SI base units; None where they have no unit.
    """

    path: str
    column: str
    number: str | None
    values: str


@struct
class Head:
    """What a sweep is of.

    Parameters
    ----------
    name : str
        The scenario's.
    scenario : str
        The scenario that is varied, as JSON.
    sha256 : str
        Of its resolved form.
    design : str
        `grid`, `zip` or `sobol`.
    replications, seed : int
        How often each point is simulated, and with which seed the first time.
    parameters : tuple of ParameterColumns
        What is varied.
    types : tuple of str
        The SQLite type of each parameter's values.
    points : tuple of tuple
        Of each point the hash of its resolved scenario, the values as written, and their numbers.
    schema, version : str
        Of the file's form, and of rolloutsim.
    complete : bool
        Whether all runs are there; no part of what two sweeps are compared by.
    """

    name: str
    scenario: str
    sha256: str
    design: str
    replications: int
    seed: int
    parameters: tuple[ParameterColumns, ...]
    types: tuple[str, ...]
    points: tuple[tuple[str, tuple[Any, ...], tuple[float | None, ...]], ...]
    schema: str = SCHEMA
    version: str = __version__
    complete: bool = False

    @property
    def runs(self) -> int:
        """How many runs it has in all."""
        return len(self.points) * self.replications

    def row(self) -> Iterator[tuple[str, str, Any]]:
        """The row of table `sweep`: name, type and value of each column."""
        yield "schema", "TEXT", self.schema
        yield "version", "TEXT", self.version
        yield "name", "TEXT", self.name
        yield "scenario", "TEXT", self.scenario
        yield "sha256", "TEXT", self.sha256
        yield "design", "TEXT", self.design
        yield "points", "INTEGER", len(self.points)
        yield "replications", "INTEGER", self.replications
        yield "seed", "INTEGER", self.seed
        yield "complete", "INTEGER", int(self.complete)

    def parameter_rows(self) -> list[dict[str, Any]]:
        """The rows of table `parameters`."""
        return [
            {"parameter": i, "path": p.path, "column": p.column, "number_column": p.number, "values": p.values}
            for i, p in enumerate(self.parameters)
        ]

    def point_columns(self) -> list[tuple[str, str]]:
        """Names and types of the columns of table `points`, but for its key."""
        columns = [("sha256", "TEXT NOT NULL")]
        for parameter, kind in zip(self.parameters, self.types, strict=True):
            columns.append((parameter.column, kind))
            if parameter.number is not None:
                columns.append((parameter.number, "REAL"))
        return columns

    def point_rows(self) -> list[dict[str, Any]]:
        """The rows of table `points`."""
        rows = []
        for number, (sha256, values, numbers) in enumerate(self.points):
            row: dict[str, Any] = {"point": number, "sha256": sha256}
            for parameter, value, size in zip(self.parameters, values, numbers, strict=True):
                row[parameter.column] = value
                if parameter.number is not None:
                    row[parameter.number] = size
            rows.append(row)
        return rows

    def differences(self, asked: Head) -> list[str]:
        """In what a file with this head is not what is asked for, in words."""
        pairs = (
            ("it is of rolloutsim {}, not {}", self.version, asked.version),
            ("its design is {}, not {}", self.design, asked.design),
            ("it varies {}, not {}", _listed(self), _listed(asked)),
            ("it has {} points, not {}", len(self.points), len(asked.points)),
            ("its replications are {}, not {}", self.replications, asked.replications),
            ("its seed is {}, not {}", self.seed, asked.seed),
        )
        found = [words.format(mine, theirs) for words, mine, theirs in pairs if mine != theirs]
        if not found:
            others = {p.path: p.values for p in asked.parameters}
            found = [f"it has other values of {p.path}" for p in self.parameters if others[p.path] != p.values]
        if not found and [point[0] for point in self.points] != [point[0] for point in asked.points]:
            found = ["it was made of another scenario, or of this one before it was changed"]
        return found

    @classmethod
    def read(cls, database: sqlite3.Connection) -> Head:
        """The head in a file; `sqlite3.Error` or KeyError where it has none."""
        cursor = database.execute("SELECT * FROM sweep")
        found = cursor.fetchone()
        if found is None:
            raise sqlite3.DataError("its table 'sweep' is empty")
        row = dict(zip([column[0] for column in cursor.description], found, strict=True))
        parameters = tuple(
            ParameterColumns(*found)
            for found in database.execute(
                'SELECT path, "column", number_column, "values" FROM parameters ORDER BY parameter'
            )
        )
        types = {name: kind for _, name, kind, *_ in database.execute("PRAGMA table_info(points)")}
        cursor = database.execute("SELECT * FROM points ORDER BY point")
        names = [column[0] for column in cursor.description]
        points = []
        for values in cursor:
            point = dict(zip(names, values, strict=True))
            points.append(
                (
                    point["sha256"],
                    tuple(point[p.column] for p in parameters),
                    tuple(None if p.number is None else point[p.number] for p in parameters),
                )
            )
        return cls(
            row["name"], row["scenario"], row["sha256"], row["design"], row["replications"], row["seed"], parameters,
            tuple(types[p.column] for p in parameters), tuple(points), row["schema"], row["version"],
            bool(row["complete"]),
        )  # fmt: skip


def head(
    base: ResolvedScenario, text: str, design: Design, points: Sequence[Point], replications: int, seed: int
) -> Head:
    """The head of a sweep.

    Parameters
    ----------
    base : ResolvedScenario
        The scenario that is varied.
    text : str
        The same as JSON.
    design : Design
        What is varied.
    points : sequence of Point
        All of its points.
    replications, seed : int
        As in `Head`.
    """
    columns: list[tuple[ParameterColumns, str, list[Any], list[float | None]]] = []
    taken = {"point", "sha256", *RESULT_COLUMNS}
    for number, parameter in enumerate(design.parameters):
        raw = [point.values[number] for point in points]
        measures = [measure(parameter.path, value) for value in raw]
        kind = _kind(raw)
        column = _free(parameter.key, taken)
        suffix = next((_suffix(one) for one in measures if one is not None and _suffix(one)), None)
        name = None if suffix is None else _free(f"{column}_{suffix}", taken)
        values = [_text(value) if kind == "TEXT" else value for value in raw]
        numbers = [None if name is None or one is None else one.number for one in measures]
        columns.append((ParameterColumns(parameter.key, column, name, _json(parameter.values)), kind, values, numbers))
    rows = tuple(
        (point.scenario.sha256, tuple(one[2][i] for one in columns), tuple(one[3][i] for one in columns))
        for i, point in enumerate(points)
    )
    return Head(
        base.name, text, base.sha256, design.kind, replications, seed,
        tuple(one[0] for one in columns), tuple(one[1] for one in columns), rows,
    )  # fmt: skip


def _listed(head: Head) -> str:
    return ", ".join(parameter.path for parameter in head.parameters)


def _suffix(measured: Measure) -> str:
    return _SHARE if measured.kind == "share" else measured.suffix


def _kind(values: Sequence[Any]) -> str:
    kinds = {type(value) for value in values}
    if kinds == {int}:
        return "INTEGER"
    return "REAL" if kinds and all(issubclass(kind, (int, float)) and kind is not bool for kind in kinds) else "TEXT"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _json(values: tuple[Any, ...] | Range) -> str:
    if isinstance(values, Range):
        return json.dumps({"from": values.low, "to": values.high, "scale": values.scale}, ensure_ascii=False)
    return json.dumps(list(values), ensure_ascii=False)


def _free(name: str, taken: set[str]) -> str:
    """A name for a column that no other has; SQLite's do not differ by case alone."""
    free, number = name, 1
    while free.lower() in taken:
        number += 1
        free = f"{name}_{number}"
    taken.add(free.lower())
    return free


_SEED = "seed"


def command_of(head: Head, file: str = "scenario.yaml", output: str = "FILE.sqlite") -> str:
    """What one types to get the same sweep of the same scenario.

    Parameters
    ----------
    head : Head
        What was swept.
    file : str
        What its `scenario` is saved as.
    output : str
        The file to write.
    """
    return shlex.join(["rolloutsim", "sweep", file, *_options(head), "-o", output])


def _options(head: Head) -> Iterator[str]:
    for parameter in head.parameters:
        yield "-p"
        yield _option(parameter)
    if head.design != "grid":
        yield from ("--design", head.design)
    if head.design == "sobol":
        yield from ("--points", str(len(head.points)))
    yield from ("--replications", str(head.replications))
    if not any(parameter.path == _SEED for parameter in head.parameters):  # else it would take their place
        yield from ("--seed", str(head.seed))


def _option(parameter: ParameterColumns) -> str:
    """`K=V1,V2` or `K=FROM..TO`; quotes only where a value needs them."""
    values = json.loads(parameter.values)
    if isinstance(values, dict):
        log = " log" if values["scale"] == "log" else ""
        return f"{parameter.path}={values['from']}..{values['to']}{log}"
    simple = f"{parameter.path}={','.join(value if isinstance(value, str) else _as_json(value) for value in values)}"
    return simple if _read(simple) == values else f"{parameter.path}={','.join(map(_as_json, values))}"


def _read(option: str) -> Any:
    """The values of an option; None: it cannot be read."""
    try:
        values = from_options([option]).parameters[0].values
    except (UsageError, ScenarioError):
        return None
    return list(values) if isinstance(values, tuple) else None


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
