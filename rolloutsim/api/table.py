"""Columns of facts, such as the nodes of a case; as a DataFrame on demand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    import pandas as pd

_MOST_NAMED = 8  # columns in a table's repr (assumed: a line)


class Table:
    """Rows with named columns: `table["ready_s"]` is a column, `table[0]` a row, `table[:10]` the first ten.

    Units are in the names of columns, NaN is what never happened. Iterating gives the rows, each a dict; `len` is their
    number.

    Parameters
    ----------
    columns : mapping of str to sequence, or iterable of mappings
        Columns of equal length: numpy arrays, or lists of names. Or rows, each with the names of the first.
    """

    def __init__(self, columns: Mapping[str, Sequence[Any]] | Iterable[Mapping[str, Any]]) -> None:
        if not isinstance(columns, Mapping):
            rows = list(columns)
            columns = {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}
        self._columns = dict(columns)
        lengths = {name: len(column) for name, column in self._columns.items()}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} has {length}" for name, length in lengths.items())
            raise ValueError(f"the columns of a table have as many rows each, but {told}")

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(self._columns)

    def __len__(self) -> int:
        return len(next(iter(self._columns.values()), ()))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        plain = [column.tolist() if hasattr(column, "tolist") else column for column in self._columns.values()]
        return (dict(zip(self._columns, row, strict=True)) for row in zip(*plain, strict=True))

    @overload
    def __getitem__(self, key: str) -> Sequence[Any]: ...
    @overload
    def __getitem__(self, key: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, key: slice) -> Table: ...
    def __getitem__(self, key: str | int | slice) -> Any:
        if isinstance(key, slice):
            return Table({name: column[key] for name, column in self._columns.items()})
        if hasattr(key, "__index__"):
            row = range(len(self))[key]
            return next(iter(self[row : row + 1]))
        if key not in self._columns:
            raise KeyError(f"no column {key!r}; columns: {', '.join(self._columns)}")
        return self._columns[key]

    def __contains__(self, column: object) -> bool:
        return column in self._columns

    def to_pandas(self) -> pd.DataFrame:
        """The table as a DataFrame; needs pandas, which rolloutsim does not."""
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError("to_pandas() needs pandas: pip install 'rolloutsim[pandas]'") from error
        return pd.DataFrame(self._columns)

    def __repr__(self) -> str:
        named, more = self.columns[:_MOST_NAMED], len(self.columns) - _MOST_NAMED
        rows = "1 row" if len(self) == 1 else f"{len(self)} rows"
        return f"<Table of {rows}: {', '.join(named)}{f' and {more} more' if more > 0 else ''}>"

    def _repr_html_(self, most: int = 20) -> str:
        from rolloutsim.api.html import of_columns

        return of_columns(self._columns, len(self), most)

    def _ipython_key_completions_(self) -> tuple[str, ...]:
        return self.columns
