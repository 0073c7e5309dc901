"""The rows of a table by a number that each has: sorted once, so that none looks through all rows for its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.signedinteger[Any]]


class Grouped:
    """The rows with each number.

    Parameters
    ----------
    numbers : numpy.ndarray
        A number from 0 for each row; one below 0 is nobody's.
    count : int
        How many numbers there are.
    """

    def __init__(self, numbers: Rows, count: int) -> None:
        self.order: Rows = np.argsort(numbers, kind="stable")
        self.first: Rows = np.searchsorted(numbers[self.order], np.arange(count + 1))

    def of(self, number: int) -> Rows:
        """The rows with a number, ascending."""
        return self.order[self.first[number] : self.first[number + 1]]
