"""To come."""

from __future__ import annotations


def check(number: int) -> None:
    """One case."""
    raise NotImplementedError(number)
