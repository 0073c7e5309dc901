"""The same nested figures of several replications, number by number: one value each, and one interval.

Mappings, rows of lists (matched by their name, the first text in them) and dataclasses are walked in parallel. A
number becomes the mean of its values, a percentile (`p50`, `p95`, `p99`) or a maximum their median, so that they keep
their order; the intervals are those of
`rolloutsim.results.facts.intervals`. A boolean holds if it holds in all. What is unknown in one replication is unknown;
a number that only some have (of a cause, of a reason) is zero in the others; of all else the first's stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

from rolloutsim.results.facts.intervals import Interval, mean, mean_interval, median, quantile_interval

PERCENTILES = ("p50", "p95", "p99", "max")


def combine(values: Sequence[Any], key: str = "") -> tuple[Any, Any]:
    """One value for all, and the intervals of its numbers in the same form; None where there is none.

    The value's key tells percentiles and maxima from other numbers.
    """
    first = values[0]
    if any(value is None for value in values):
        return None, None
    if isinstance(first, bool):
        return all(values), None
    if isinstance(first, (int, float)):
        return centre_of(values, key), interval_of(values, key)
    if isinstance(first, Mapping):
        return _mappings(values)
    if is_dataclass(first):
        parts = {
            each.name: combine([getattr(value, each.name) for value in values], each.name) for each in fields(first)
        }
        whole = replace(first, **{name: part for name, (part, _) in parts.items()})  # type: ignore[type-var]
        return whole, _intervals(parts)
    if isinstance(first, (list, tuple)) and first and all(map(row_name, first)):
        return _rows(values)
    return first, None


def centre_of(values: Sequence[float], key: str = "") -> float:
    """The mean of a number's values; of a percentile's or a maximum's their median."""
    return median(values) if key in PERCENTILES else mean(values)


def interval_of(values: Sequence[float | None], key: str = "") -> Interval | None:
    """The interval around `centre_of`; None where one is unknown, or there are too few."""
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    return quantile_interval(known, 0.5) if key in PERCENTILES else mean_interval(known)


def row_name(row: Any) -> str | None:
    """The name of a row of a list: the first text in it."""
    if is_dataclass(row):
        row = {each.name: getattr(row, each.name) for each in fields(row)}
    return next((value for value in row.values() if isinstance(value, str)), None) if isinstance(row, Mapping) else None


def _mappings(values: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], Any]:
    keys = dict.fromkeys(key for value in values for key in value)
    parts = {key: combine(_filled([value.get(key, _MISSING) for value in values]), key) for key in keys}
    return {key: part for key, (part, _) in parts.items()}, _intervals(parts)


def _rows(values: Sequence[Sequence[Any]]) -> tuple[Any, Any]:
    """Rows by name, in the order in which they are first met; two of one name are left as they are."""
    named = [{str(row_name(row)): row for row in value} for value in values]
    if any(len(rows) < len(value) for rows, value in zip(named, values, strict=True)):
        return values[0], None
    names = dict.fromkeys(name for rows in named for name in rows)
    parts = {name: combine(_or_zero([rows.get(name) for rows in named])) for name in names}
    whole = type(values[0])(part for part, _ in parts.values())  # type: ignore[call-arg]
    return whole, _intervals(parts)


def _or_zero(rows: list[Any]) -> list[Any]:
    """In the place of a row that is missing one with zeros; of a dataclass the rows that are there."""
    known = [row for row in rows if row is not None]
    if not isinstance(known[0], Mapping):
        return known
    zero = {key: 0.0 if type(value) in (int, float) else value for key, value in known[0].items()}
    return [zero if row is None else row for row in rows]


_MISSING = object()


def _filled(values: list[Any]) -> list[Any]:
    """Zero in the place of a number that is missing; anything else that is missing is left out."""
    known = [value for value in values if value is not _MISSING]
    numbers = all(isinstance(value, (int, float)) for value in known)
    return [0.0 if value is _MISSING else value for value in values] if numbers else known


def _intervals(parts: Mapping[str, tuple[Any, Any]]) -> dict[str, Any] | None:
    """The intervals of parts that have one."""
    return {key: interval for key, (_, interval) in parts.items() if interval is not None} or None
