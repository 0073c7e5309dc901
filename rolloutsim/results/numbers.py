"""Figures as JSON shows them: whole bytes without a decimal point, what never happened as null."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from rolloutsim.results.columns import Columns


def number(value: float | None) -> float | None:
    """Whole bytes and flows without a decimal point."""
    return int(value) if value is not None and float(value).is_integer() and abs(value) < 2**53 else value


def plain_rows(columns: Columns) -> Iterator[dict[str, Any]]:
    """Columns as rows of plain values."""
    plain = [values.tolist() if isinstance(values, np.ndarray) else values for values in columns.values()]
    for values in zip(*plain, strict=True):
        yield {
            key: number(value) if key == "bytes" else None if value != value else value
            for key, value in zip(columns, values, strict=True)
        }
