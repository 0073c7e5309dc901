"""A sweep as a DataFrame, a Dataset or a Parquet file: for those who have pandas, xarray or pyarrow.

Without what it needs each function raises ImportError.
"""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rolloutsim.planning.sweep.figures import ROLLOUT_TIME, STUCK, figures, joined, numbers, stuck
from rolloutsim.planning.sweep.file import Columns, SweepRecords
from rolloutsim.results.files import write_file

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

_EXTRAS = {"pandas": "pandas", "xarray": "xarray", "pyarrow": "parquet"}


def need(what: str, *modules: str) -> None:
    """Raise ImportError, with how to install it, if one of the modules is missing that `what` needs."""
    from importlib.util import find_spec

    for module in modules:
        if find_spec(module) is None:
            raise ImportError(f"{what} needs {module}: pip install 'rolloutsim[{_EXTRAS[module]}]'")


def to_pandas(records: SweepRecords, table: str = "joined") -> pd.DataFrame:
    """A table as a DataFrame; `joined` has parameters and results side by side, KeyError if there is no such table."""
    need("to_pandas()", "pandas")
    import pandas as pd

    tables: dict[str, Columns] = {"points": records.points, **records.tables}
    if table != "joined" and table not in tables:
        raise KeyError(f"no table {table!r}; tables: joined, {', '.join(sorted(tables))}")
    columns = joined(records) if table == "joined" else tables[table]
    return pd.DataFrame({name: _plain(name, values) for name, values in columns.items()})


def to_parquet(records: SweepRecords, path: Path) -> None:
    """Write the joined table as a Parquet file, which appears whole or not at all; OutputError if it cannot be."""
    need("Parquet", "pandas", "pyarrow")
    frame = to_pandas(records)
    content = BytesIO()
    frame.to_parquet(content, engine="pyarrow", index=False)
    write_file(path, content.getvalue())


def to_xarray(records: SweepRecords, replications: bool = False) -> xr.Dataset:
    """All numbers as a Dataset; see `rolloutsim.api.sweep.Sweep.to_xarray`."""
    need("to_xarray()", "xarray")
    import xarray as xr

    points, sizes, coordinates = _axes(records)
    cases, count = records.cases, records.head.replications
    coordinates["case"] = ("case", list(cases))
    data: dict[str, tuple[tuple[str, ...], npt.NDArray[Any]]] = {}
    if replications:
        dimensions, sizes = (*points, "case", "replication"), (*sizes, len(cases), count)
        coordinates["replication"] = ("replication", list(range(count)))
        for name in numbers(records):
            data[name] = (dimensions, _each(records, name).reshape(sizes))
    else:
        dimensions, sizes = (*points, "case"), (*sizes, len(cases))
        found = {name: figures(records, name) for name in numbers(records)}
        values = {name: {place: one.value for place, one in its.items()} for name, its in found.items()}
        intervals = {place: one.interval for place, one in figures(records).items()}
        for end, which in enumerate(("low", "high")):
            name = ROLLOUT_TIME.replace("_s", f"_ci_{which}_s")
            values[name] = {place: None if pair is None else pair[end] for place, pair in intervals.items()}
        for name, by_place in values.items():
            filled = [[_number(by_place.get((point, case))) for case in cases] for point in records.points["point"]]
            data[name] = (dimensions, np.array(filled, dtype=np.float64).reshape(sizes))
    data[STUCK] = (dimensions, _stuck(records, replications).reshape(sizes))
    return xr.Dataset(data, coordinates)


def _axes(records: SweepRecords) -> tuple[tuple[str, ...], tuple[int, ...], dict[str, Any]]:
    """Names and lengths of the dimensions of the points, and the coordinates on them."""
    parameters = records.head.parameters
    if records.head.design != "grid":
        columns = ["point", *(column for parameter in parameters for column in parameter.columns)]
        points = {column: ("point", records.points[column]) for column in columns}
        return ("point",), (len(records.head.points),), points
    coordinates = {}
    sizes = tuple(len(json.loads(parameter.values)) for parameter in parameters)
    for axis, parameter in enumerate(parameters):
        # The last parameter varies fastest, so an axis' values lie this far apart.
        step = int(np.prod(sizes[axis + 1 :], initial=1))
        for column in parameter.columns:
            coordinates[column] = (parameter.column, records.points[column][: step * sizes[axis] : step])
    return tuple(parameter.column for parameter in parameters), sizes, coordinates


def _each(records: SweepRecords, name: str) -> npt.NDArray[np.float64]:
    """A column by point, case and replication; NaN where there is no value."""
    results, number = records.results, {case: i for i, case in enumerate(records.cases)}
    filled = np.full((len(records.head.points), len(number), records.head.replications), np.nan)
    columns = (results[key] for key in ("point", "case", "replication", name))
    for point, case, replication, value in zip(*columns, strict=True):
        filled[point, number[case], replication] = _number(value)
    return filled


def _stuck(records: SweepRecords, replications: bool) -> npt.NDArray[np.str_]:
    """What did not go on, by point and case; of all replications, or of each. Empty where it went on."""
    cases, count = records.cases, records.head.replications if replications else 1
    found: list[dict[str, None]] = [{} for _ in range(len(records.head.points) * len(cases) * count)]
    for (point, case, replication), words in stuck(records).items():
        place = (point * len(cases) + cases.index(case)) * count + (replication if replications else 0)
        found[place].update(dict.fromkeys(words))
    return np.array(["; ".join(one) for one in found], dtype=np.str_)


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)


def _plain(name: str, values: list[Any]) -> Any:
    """Values as one type, so that a column of unknown numbers is one of numbers, as it is in other sweeps."""
    if name == "finished":
        return [bool(value) for value in values]
    known = [value for value in values if value is not None]
    if len(known) < len(values) and all(isinstance(value, (int, float)) for value in known) and name.endswith("_s"):
        return np.array([_number(value) for value in values])
    return values
