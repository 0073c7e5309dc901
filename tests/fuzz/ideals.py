"""Ideal scenarios, and networks, in which events tie or nearly do, against exact arithmetic."""

from __future__ import annotations

from random import Random

from tests.theory import ties


def check(number: int) -> None:
    """One of them; times, bytes, peaks, saturated times and causes are those of exact arithmetic."""
    random = Random(f"ideals {number}")
    kind = random.choice((*ties.KINDS, "uneven", "uneven"))
    found = ties.found(kind, random)
    assert not found, f"{kind}, {' '.join(found[0].split(' of ')[:1])}: {'; '.join(found[:3])}"
