"""Columns of facts, such as the nodes of a case; as a DataFrame on demand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


class Table(Mapping[str, Sequence[Any]]):
    """Columns by name; units are in the names, NaN is what never happened.

    Parameters
    ----------
    columns : mapping of str to sequence
        Columns of equal length: numpy arrays, or lists of names.
    """

    def __init__(self, columns: Mapping[str, Sequence[Any]]) -> None:
        self._columns = dict(columns)

    def __getitem__(self, column: str) -> Sequence[Any]:
        if column not in self._columns:
            raise KeyError(f"no column {column!r}; columns: {', '.join(self._columns)}")
        return self._columns[column]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(next(iter(self._columns.values()), ()))

    def to_pandas(self) -> pd.DataFrame:
        """The table as a DataFrame; needs pandas, which rolloutsim does not."""
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError("to_pandas() needs pandas: pip install 'rolloutsim[pandas]'") from error
        return pd.DataFrame(self._columns)

    def __repr__(self) -> str:
        return f"<Table of {self.rows} rows: {', '.join(self)}>"

    def _repr_html_(self, most: int = 20) -> str:
        from rolloutsim.api.html import of_columns

        return of_columns(self, self.rows, most)
