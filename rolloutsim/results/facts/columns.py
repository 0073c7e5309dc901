"""Columns of records: what stands in one, and how records are made of them."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

# What stands in a column.
Times = npt.NDArray[np.float64]  # sizes and rates as well
Ids = npt.NDArray[np.int32]
Shorts = npt.NDArray[np.int16]
Codes = npt.NDArray[np.int16] | npt.NDArray[np.int32]  # the wider only where there are so many names
Flags = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]
_DTYPES: Mapping[Any, Any] = {
    "Times": np.float64, "Ids": np.int32, "Shorts": np.int16, "Flags": np.bool_, "Counts": np.int64,
}  # fmt: skip

Record = TypeVar("Record")

_SHORT = np.iinfo(np.int16).max


def frozen(record: type[Record], columns: Any, **others: Any) -> Record:
    """A record made of columns with the names of its fields, in the types that these are annotated with.

    Parameters
    ----------
    record : type
        One of those below.
    columns : object, mapping or sequence
        Holds the columns as attributes or items; or the rows, whose attributes they are.
    others
        Columns that have other names there, or are to be worked out.
    """

    def column(name: str) -> Any:
        if isinstance(columns, Mapping):
            return columns[name]
        if isinstance(columns, Sequence):
            return [getattr(row, name) for row in columns]
        return getattr(columns, name)

    made: dict[str, Any] = {}
    for one in fields(record):  # type: ignore[arg-type]
        values = others[one.name] if one.name in others else column(one.name)
        if one.type == "Codes":
            made[one.name] = codes(values)
        elif one.type not in _DTYPES:
            made[one.name] = tuple(values)
        elif isinstance(values, array):
            # Not copied, since nothing is added to it any more.
            made[one.name] = np.asarray(values, _DTYPES[one.type])
        else:
            made[one.name] = np.array(values, _DTYPES[one.type])
    return record(**made)


def codes(values: Any) -> Codes:
    """Numbers as shorts, or as integers where there are more names than these can tell apart."""
    found: npt.NDArray[np.int32] = np.asarray(values, np.int32)
    return found if np.any(found > _SHORT) else found.astype(np.int16)


def empty(record: Any) -> Any:
    """A record without rows."""
    return record(*(np.zeros(0, _DTYPES[one.type]) if one.type in _DTYPES else () for one in fields(record)))
