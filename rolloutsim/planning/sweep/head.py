"""What a sweep is of: scenario, design, points, seeds; the same in memory and in its file, and as a command.

Two sweeps with equal heads have equal results.
"""

from __future__ import annotations

import json
import shlex
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import islice
from math import prod
from typing import Any
from unicodedata import category

from rolloutsim.errors import ScenarioError, UnreadableError, UsageError
from rolloutsim.planning.sweep.designs import KINDS, MOST_POINTS, Design, Point, Range, from_options
from rolloutsim.planning.sweep.reading import json_list, json_of, rows_of
from rolloutsim.planning.sweep.rows import RESULT_COLUMNS
from rolloutsim.results.archive import CONTROL, shown
from rolloutsim.results.sound import LARGEST, check_document
from rolloutsim.scenario.conditions import read_figure
from rolloutsim.scenario.model.planning import MOST_REPLICATIONS
from rolloutsim.scenario.numbers import SCALES, measure
from rolloutsim.scenario.resolved import ResolvedScenario
from rolloutsim.structs import struct
from rolloutsim.version import __version__

SCHEMA = "rolloutsim.sweep/1"

_KEY = "INTEGER PRIMARY KEY"

# The columns of table `sweep` with their SQLite types.
_COLUMNS = {
    "schema": "TEXT", "version": "TEXT", "name": "TEXT", "scenario": "TEXT", "sha256": "TEXT", "design": "TEXT",
    "points": "INTEGER", "replications": "INTEGER", "seed": "INTEGER", "complete": "INTEGER", "metrics": "TEXT",
}  # fmt: skip


@struct
class ParameterColumns:
    """A parameter: its path, its columns among the points, and its values or range as JSON.

    `number` is the column of its values in SI base units; None where they have no unit.
    """

    path: str
    column: str
    number: str | None
    values: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The column of its values as written, and that of their numbers if they have a unit."""
        return (self.column,) if self.number is None else (self.column, self.number)


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
    points : tuple of tuple
        Of each point the hash of its resolved scenario, then the values of the parameters' columns.
    schema, version : str
        Of the file's form, and of rolloutsim.
    complete : bool
        Whether all runs are there; no part of what two sweeps are compared by.
    metrics : tuple of str
        What is measured beside the figures of the cases, `pull_time{group=web} p95`: columns of the results.
    """

    name: str
    scenario: str
    sha256: str
    design: str
    replications: int
    seed: int
    parameters: tuple[ParameterColumns, ...]
    points: tuple[tuple[Any, ...], ...]
    schema: str = SCHEMA
    version: str = __version__
    complete: bool = False
    metrics: tuple[str, ...] = ()

    @property
    def runs(self) -> int:
        """How many runs it has in all."""
        return len(self.points) * self.replications

    def tables(self) -> Iterator[tuple[str, Mapping[str, str], list[list[Any]]]]:
        """Its tables in a file: the name, columns with their SQLite types, and rows."""
        own = {"points": len(self.points), "complete": int(self.complete), "metrics": json.dumps(self.metrics)}
        yield "sweep", _COLUMNS, [[own.get(name, getattr(self, name)) for name in _COLUMNS]]
        columns = {"parameter": _KEY, "path": "TEXT", "column": "TEXT", "number_column": "TEXT", "values": "TEXT"}
        rows = [[i, one.path, one.column, one.number, one.values] for i, one in enumerate(self.parameters)]
        yield "parameters", columns, rows
        columns = {"point": _KEY, "sha256": "TEXT NOT NULL"}
        names = [name for parameter in self.parameters for name in parameter.columns]
        for name, values in zip(names, islice(zip(*self.points, strict=True), 1, None), strict=True):
            columns[name] = _type([value for value in values if value is not None])
        yield "points", columns, [[number, *point] for number, point in enumerate(self.points)]

    def differences(self, asked: Head) -> list[str]:
        """In what a file with this head is not what is asked for, in words."""
        pairs = (
            ("it is of rolloutsim {}, not {}", self.version, asked.version),
            ("its design is {}, not {}", self.design, asked.design),
            ("it varies {}, not {}", _paths(self), _paths(asked)),
            ("it has {} points, not {}", len(self.points), len(asked.points)),
            ("its replications are {}, not {}", self.replications, asked.replications),
            ("its seed is {}, not {}", self.seed, asked.seed),
            ("it shows {}, not {}", _metrics(self), _metrics(asked)),
        )
        found = [words.format(shown(mine), theirs) for words, mine, theirs in pairs if mine != theirs]
        if not found:
            others = {p.path: p.values for p in asked.parameters}
            found = [
                f"it has other values of {shown(p.path)}" for p in self.parameters if others.get(p.path) != p.values
            ]
        if not found and [point[0] for point in self.points] != [point[0] for point in asked.points]:
            found = ["it was made of another scenario, or of this one before it was changed"]
        return found

    @classmethod
    def read(cls, database: sqlite3.Connection) -> Head:
        """The head in a file; `sqlite3.Error` or UnreadableError: it has none, UsageError: it is of another form."""
        row = next(_rows(database, "sweep", "rowid"), None)
        if row is None:
            raise UnreadableError("its table 'sweep' is empty")
        if row.get("schema", SCHEMA) != SCHEMA:
            raise UsageError(f"is of the form {shown(row['schema'])}; this release reads {SCHEMA}")
        parameters = tuple(_parameter(one) for one in _rows(database, "parameters", "parameter"))
        names = ["sha256", *(name for parameter in parameters for name in parameter.columns)]
        points = list(_rows(database, "points", "point"))
        metrics = json_list(row.get("metrics") or "[]", "it has 'metrics'")  # files of the versions before have none
        for each in fields(cls):
            if each.name not in (*row, "parameters", "metrics"):
                raise UnreadableError(f"it has no '{each.name}'")
        missing = [name for name in names if points and name not in points[0]]
        if missing:
            raise UnreadableError(f"its 'points' has no '{shown(missing[0])}'")
        row |= {
            "parameters": parameters,
            "points": tuple(tuple(point[name] for name in names) for point in points),
            "metrics": tuple(metrics),
        }
        found = cls(**{each.name: row[each.name] for each in fields(cls)} | {"complete": bool(row["complete"])})
        _check(found)
        return found


def _parameter(row: Mapping[str, Any]) -> ParameterColumns:
    """A row of `parameters`."""
    names = ("path", "column", "number_column", "values")
    missing = [name for name in names if name not in row]
    if missing:
        raise UnreadableError(f"its 'parameters' has no '{missing[0]}'")
    path, column, number, values = (row[name] for name in names)
    if not (isinstance(path, str) and isinstance(column, str) and (number is None or isinstance(number, str))):
        raise UnreadableError("its 'parameters' has a name that is no text")
    found = json_of(values, "its 'parameters' has 'values'")
    is_range = isinstance(found, dict) and found.keys() == {"from", "to", "scale"} and found["scale"] in SCALES
    if not is_range and not (isinstance(found, list) and found):
        raise UnreadableError("its 'parameters' has 'values' that are neither a list nor a range")
    return ParameterColumns(path, column, number, values)


def _check(found: Head) -> None:
    """Whether a head that was read is of a sweep; raises UnreadableError."""
    texts = (found.name, found.scenario, found.sha256, found.version, *found.metrics)
    numbers = (found.replications, found.seed)
    if not all(isinstance(one, str) for one in texts) or not all(isinstance(one, int) for one in numbers):
        raise UnreadableError("its 'sweep' has a value of another type than it should")
    if any(CONTROL.search(one) for one in (found.name, found.version, *found.metrics)):
        raise UnreadableError("its 'sweep' has a text with control characters")
    if found.design not in KINDS:
        raise UnreadableError(f"its design is {shown(found.design)}, and not one of {', '.join(KINDS)}")
    if not 1 <= found.replications <= MOST_REPLICATIONS or not 1 <= len(found.points) <= MOST_POINTS:
        raise UnreadableError("it has no points or replications, or too many of them")
    paths = [one.path for one in found.parameters]
    columns = [name for one in found.parameters for name in one.columns]
    if not paths or len(set(paths)) < len(paths) or len(set(columns)) < len(columns):
        raise UnreadableError("it varies nothing, or something twice")
    if any(CONTROL.search(text) for text in (*paths, *columns)):
        raise UnreadableError("its 'parameters' has a name with control characters")
    values = [json.loads(one.values) for one in found.parameters]
    lists = [len(one) for one in values if isinstance(one, list)]
    count = prod(lists) if found.design == "grid" else lists[0] if lists else 0
    if found.design != "sobol" and (len(lists) < len(values) or count != len(found.points)):
        raise UnreadableError(f"its points are not those of its parameters, of design {found.design}")
    kinds = [kind for one in found.parameters for kind in (("value",) if one.number is None else ("value", "number"))]
    for sha256, *row in found.points:
        fits = isinstance(sha256, str) and all(map(_fits, row, kinds))
        if not fits:
            raise UnreadableError("its 'points' has a value of another type than it should")
    try:
        for metric in found.metrics:
            read_figure(metric)
    except UsageError as error:
        raise UnreadableError(f"it shows what is no metric: {shown(error)}") from None
    if not found.scenario:
        raise UnreadableError("it has no scenario")
    check_document(found.scenario, "its scenario")


def _fits(value: Any, kind: str) -> bool:
    """Whether a value may stand in a column of points."""
    if kind == "value" and isinstance(value, str):
        return value.isprintable() or not any(category(letter) == "Cc" for letter in value)
    return (value is None and kind == "number") or (isinstance(value, (int, float)) and abs(value) <= LARGEST)


def head(
    base: ResolvedScenario,
    design: Design,
    points: Sequence[Point],
    replications: int,
    seed: int,
    metrics: tuple[str, ...] = (),
) -> Head:
    """The head of a sweep of a scenario; the others as in `Head`."""
    parameters: list[ParameterColumns] = []
    columns: list[list[Any]] = [[point.sha256 for point in points]]
    taken = {"point", "sha256", *RESULT_COLUMNS, *(metric.lower() for metric in metrics)}
    for number, parameter in enumerate(design.parameters):
        values = [point.values[number] for point in points]
        measures = [measure(parameter.path, value) for value in values]
        # A share has no unit, but may be written as one, `20%`.
        suffixes = ("share" if one.kind == "share" else one.suffix for one in measures if one is not None)
        suffix = next(filter(None, suffixes), None)
        column = _free(parameter.key, taken)
        columns.append([_text(value) for value in values] if _type(values) == "TEXT" else values)
        name = None
        if suffix is not None:
            name = _free(f"{column}_{suffix}", taken)
            columns.append([None if one is None else one.number for one in measures])
        parameters.append(ParameterColumns(parameter.key, column, name, _as_json(parameter.values)))
    rows = tuple(zip(*columns, strict=True))
    return Head(
        base.name, base.document, base.sha256, design.kind, replications, seed, tuple(parameters), rows, metrics=metrics
    )


def _rows(database: sqlite3.Connection, table: str, order: str) -> Iterator[dict[str, Any]]:
    names, rows = rows_of(database, table, order)
    return (dict(zip(names, row, strict=True)) for row in rows)


def _metrics(head: Head) -> str:
    return ", ".join(head.metrics) or "no metrics"


def _paths(head: Head) -> str:
    return ", ".join(parameter.path for parameter in head.parameters)


def _type(values: Sequence[Any]) -> str:
    kinds = {type(value) for value in values}
    return "INTEGER" if kinds == {int} else "REAL" if kinds <= {int, float} else "TEXT"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _as_json(value)


def _as_json(value: Any) -> str:
    if isinstance(value, Range):
        value = {"from": value.low, "to": value.high, "scale": value.scale}
    return json.dumps(value, ensure_ascii=False)


def _free(name: str, taken: set[str]) -> str:
    """A name for a column that no other has; SQLite's do not differ by case alone."""
    free, number = name, 1
    while free.lower() in taken:
        number += 1
        free = f"{name}_{number}"
    taken.add(free.lower())
    return free


def command_of(head: Head, file: str = "scenario.yaml", output: str = "FILE.sqlite") -> str:
    """What one types to get the same sweep of the same scenario, which is saved as `file`; `output` is written."""
    return shlex.join(["rolloutsim", "sweep", file, *_options(head), "-o", output])


def _options(head: Head) -> Iterator[str]:
    for parameter in head.parameters:
        yield from ("-p", _option(parameter))
    if head.design != "grid":
        yield from ("--design", head.design)
    if head.design == "sobol":
        yield from ("--points", str(len(head.points)))
    yield from ("--replications", str(head.replications))
    for metric in head.metrics:
        yield from ("--show", metric)
    if not any(parameter.path == "seed" for parameter in head.parameters):  # else it would take their place
        yield from ("--seed", str(head.seed))


def _option(parameter: ParameterColumns) -> str:
    """`K=V1,V2` or `K=FROM..TO`; quotes only where a value needs them."""
    values = json.loads(parameter.values)
    if isinstance(values, dict):
        log = " log" if values["scale"] == "log" else ""
        return f"{parameter.path}={values['from']}..{values['to']}{log}"
    simple = f"{parameter.path}={','.join(map(_text, values))}"
    return simple if _read(simple) == values else f"{parameter.path}={','.join(map(_as_json, values))}"


def _read(option: str) -> Any:
    """The values of an option; None: it cannot be read."""
    try:
        values = from_options([option]).parameters[0].values
    except (UsageError, ScenarioError):
        return None
    return list(values) if isinstance(values, tuple) else None
